import { readFileSync } from 'node:fs';
import { marked } from 'marked';
import { SCRIPT } from '../tests/mermaid/mermaid.ts';
import type { PublishedCheck } from '../tests/support/check-runs.ts';
import type { FinishedRun } from '../tests/support/runner.ts';
import type { AnnotatedChange } from './reviewed-change.ts';

const CSS = readFileSync(new URL('./page.css', import.meta.url), 'utf8');

/** Plain text, not HTML. */
interface PageText {
  readonly title: string;
  /** All pages of the folder, including this one. */
  readonly pages: readonly { readonly file: string; readonly title: string }[];
}

/**
 * Returns one self-contained page with the annotations and the job summary of a finished step. Mermaid draws the chart,
 * as on GitHub. GitHub filters the HTML of a summary. Here a content security policy allows Mermaid and blocks every
 * other script and every request.
 */
export function pageOf({ annotations, summary }: FinishedRun, { title, pages }: PageText): string {
  const notes = annotations.map(
    ({ level, title: heading, message }) =>
      `<div class="annotation ${level}"><strong>${text(heading ?? level)}</strong><p>${text(message)}</p></div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-mermaid'">
<title>${text(title)}</title>
<style>
${CSS}</style>
</head>
<body>
<nav>${pages.map((page) => (page.title === title ? text(title) : `<a href="${text(page.file)}">${text(page.title)}</a>`)).join(' · ')}</nav>
<h4>Annotations</h4>
${notes.join('\n')}
<h4>Job summary</h4>
<main>
${htmlOf(summary)}</main>
<script nonce="mermaid">${SCRIPT}</script>
<script nonce="mermaid">
mermaid.initialize({ startOnLoad: false, theme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'default' });
mermaid.run({ querySelector: '.language-mermaid' });
</script>
</body>
</html>
`;
}

export type Theme = 'light' | 'dark';

/** Returns a page with a job summary alone, in one of GitHub's themes. Its title becomes its height in pixels. */
export function summaryPage(summary: string, theme: Theme): string {
  return picturePage(`<main>\n${htmlOf(summary)}</main>`, theme);
}

/** Returns a page with a check run in progress: its line on a pull request, which has the title, and its summary. */
export function checkPage({ name, output }: PublishedCheck, theme: Theme): string {
  const line = `<div class="check">${IN_PROGRESS}<strong>${text(name)}</strong> <span>In progress — ${text(output.title)}</span></div>`;
  return picturePage(`${line}\n<main>\n${htmlOf(output.summary)}</main>`, theme);
}

const IN_PROGRESS =
  '<svg viewBox="0 0 16 16" width="16" height="16"><circle class="ring" cx="8" cy="8" r="7"/><circle class="dot" cx="8" cy="8" r="4"/></svg>';

/** Lines around the change and the annotation, as GitHub shows them. */
const CONTEXT = 3;

/** Returns a page with an annotation as *Files changed* shows it: below its line, in the lines that the change is about. */
export function annotationPage(change: AnnotatedChange, theme: Theme): string {
  const { file, line, level, title, message } = change;
  const rows = diffOf(change);
  const isNear = rows.map((row) => row.sign !== ' ' || row.now === line);
  const [first, last] = [isNear.indexOf(true), isNear.lastIndexOf(true)];
  const shown = rows.slice(Math.max(0, first - CONTEXT), last + CONTEXT + 1);
  const note = `<tr><td colspan="3"><div class="annotation ${level}"><small>Check ${level} on line ${line} in ${text(file)}</small>
<strong>${text(title)}</strong><p>${text(message)}</p></div></td></tr>`;
  const lines = shown.map(
    ({ sign, old, now, code }) =>
      `<tr class="${SIGNS[sign]}"><td>${old ?? ''}</td><td>${now ?? ''}</td><td><pre>${sign} ${text(code)}</pre></td></tr>${now === line ? note : ''}`,
  );
  return picturePage(
    `<main class="diff"><header>${text(file)}</header><table>${lines.join('\n')}</table></main>`,
    theme,
  );
}

const SIGNS = { ' ': 'same', '-': 'removed', '+': 'added' } as const;

interface DiffLine {
  readonly sign: keyof typeof SIGNS;
  readonly old: number | undefined;
  readonly now: number | undefined;
  readonly code: string;
}

/** Returns the lines of both versions: what is between the same beginning and the same end was replaced. */
function diffOf({ before, after }: Pick<AnnotatedChange, 'before' | 'after'>): readonly DiffLine[] {
  const start = before.findIndex((code, index) => code !== after[index]);
  const isSame = (back: number) => before.at(-back) === after.at(-back);
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && isSame(end + 1)) end++;
  const shift = after.length - before.length;
  return [
    ...before.slice(0, start).map((code, index) => ({ sign: ' ', old: index + 1, now: index + 1, code }) as const),
    ...before
      .slice(start, before.length - end)
      .map((code, index) => ({ sign: '-', old: start + index + 1, now: undefined, code }) as const),
    ...after
      .slice(start, after.length - end)
      .map((code, index) => ({ sign: '+', old: undefined, now: start + index + 1, code }) as const),
    ...before.slice(before.length - end).map((code, index) => {
      const old = before.length - end + index + 1;
      return { sign: ' ', old, now: old + shift, code } as const;
    }),
  ];
}

/** Returns a page for a picture. */
function picturePage(content: string, theme: Theme): string {
  const css = CSS.replace('@media (prefers-color-scheme: dark)', theme === 'dark' ? '@media all' : '@media not all');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title></title>
<style>
${css}
html { color-scheme: ${theme}; }
body { margin: 0; padding: 0; max-width: none; }
main { margin: 0; }
</style>
</head>
<body>
${content}
<script>${SCRIPT}</script>
<script>
mermaid.initialize({ startOnLoad: false, theme: '${theme === 'dark' ? 'dark' : 'default'}' });
mermaid.run({ querySelector: '.language-mermaid' }).finally(() => {
  document.title = String(Math.ceil(document.querySelector('main').getBoundingClientRect().bottom));
});
</script>
</body>
</html>
`;
}

function htmlOf(markdown: string): string {
  return marked.parse(markdown, { async: false, gfm: true });
}

function text(plain: string): string {
  return plain.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
