import { readFileSync } from 'node:fs';
import { marked } from 'marked';
import type { FinishedRun } from '../tests/support/runner.ts';

const CSS = readFileSync(new URL('./page.css', import.meta.url), 'utf8');

/** Text goes in here, not HTML. */
interface PageText {
  readonly title: string;
  /** Another page of the same folder. */
  readonly other: { readonly file: string; readonly title: string };
}

/**
 * What people find on the finished job, as one self-contained page: annotations and job summary. GitHub filters
 * the HTML in a summary; here, a policy forbids the page to load or to run anything.
 */
export function pageOf({ annotations, summary }: FinishedRun, { title, other }: PageText): string {
  const notes = annotations.map(
    ({ level, title: heading, message }) =>
      `<div class="annotation ${level}"><strong>${text(heading ?? level)}</strong><p>${text(message)}</p></div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${text(title)}</title>
<style>
${CSS}</style>
</head>
<body>
<nav>${text(title)} · <a href="${text(other.file)}">${text(other.title)}</a></nav>
<h4>Annotations</h4>
${notes.join('\n')}
<h4>Job summary</h4>
<main>
${marked.parse(summary, { async: false, gfm: true })}</main>
</body>
</html>
`;
}

function text(plain: string): string {
  return plain.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
