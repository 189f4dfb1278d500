import { readFileSync } from 'node:fs';
import { marked } from 'marked';
import { SCRIPT } from '../tests/mermaid/mermaid.ts';
import type { PublishedCheck } from '../tests/support/check-runs.ts';
import type { FinishedRun } from '../tests/support/runner.ts';

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
