import { text } from 'node:stream/consumers';
import { SCRIPT } from './mermaid.ts';

/*
 * Charts to look at: `node tests/mermaid/page.ts < summary.md > page.html`. Every chart in the Markdown, and the line
 * below it, on a page of each of GitHub's themes.
 */

const THEMES = [
  { theme: 'default', background: '#ffffff', color: '#1f2328' },
  { theme: 'dark', background: '#0d1117', color: '#f0f6fc' },
];

const html = (plain: string) => plain.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);

const charts = [...(await text(process.stdin)).matchAll(/^```mermaid\n(.*?)\n```\n*([^\n]*)/gms)].map(
  ([, chart = '', after = '']) => `<pre class="mermaid">${html(chart)}</pre>\n<p>${html(after)}</p>`,
);
const sections = THEMES.map(
  ({ theme, background, color }) =>
    `<section id="${theme}" style="background: ${background}; color: ${color}">\n${charts.join('\n')}\n</section>`,
);

console.log(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Charts</title>
<style>body { margin: 0; font: 14px sans-serif } section { padding: 16px }</style>
${sections.join('\n')}
<script>${SCRIPT}</script>
<script type="module">
for (const theme of ${JSON.stringify(THEMES.map(({ theme }) => theme))}) {
  mermaid.initialize({ startOnLoad: false, theme });
  await mermaid.run({ querySelector: '#' + theme + ' .mermaid' });
}
</script>
</html>`);
