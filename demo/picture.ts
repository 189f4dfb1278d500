import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { checksIn } from '../tests/support/check-runs.ts';
import { artifactPath } from './artifacts.ts';
import { annotationPage, checkPage, summaryPage } from './page.ts';
import { reviewedChange } from './reviewed-change.ts';

/*
 * `npm run picture`: draws the pictures of the README and of the page about the review, in both of GitHub's themes: the
 * job summary of a held deploy, the check run of one that holds, and an annotation of the review. The first two come from
 * the demo's own output, and the third from the built review. Chromium draws them: the command in CHROMIUM, or `chromium`.
 */

const PICTURES = fileURLToPath(new URL('../docs/pictures', import.meta.url));
const WIDTH = 1100;

const summary = readFileSync(artifactPath('never.md'), 'utf8');
const check = checksIn(readFileSync(artifactPath('slow-check.json'), 'utf8')).find(
  ({ status }) => status === 'in_progress',
);
if (check === undefined) throw new Error('Run the demo again: its last hold has published no check in progress.');
const change = await reviewedChange();
const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-picture-'));
try {
  mkdirSync(PICTURES, { recursive: true });
  for (const theme of ['light', 'dark'] as const) {
    draw(`held-deploy-${theme}`, summaryPage(firstScreen(summary), theme));
    draw(`check-run-${theme}`, checkPage(check, theme));
    draw(`review-${theme}`, annotationPage(change, theme));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function draw(name: string, html: string): void {
  const page = path.join(folder, `${name}.html`);
  writeFileSync(page, html);
  const picture = path.join(PICTURES, `${name}.png`);
  chromium(page, heightOf(page), `--screenshot=${picture}`);
  console.log(`Drew ${path.relative('', picture)}.`);
}

/** Returns what comes before the first folded section. */
function firstScreen(markdown: string): string {
  return markdown.split('<details>', 1)[0] ?? '';
}

/** Returns the height of a page in pixels, which the page has written into its title. */
function heightOf(page: string): number {
  const [, height = ''] = /<title>(\d+)<\/title>/.exec(chromium(page, WIDTH, '--dump-dom')) ?? [];
  return Number(height);
}

function chromium(page: string, height: number, what: string): string {
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--virtual-time-budget=5000'];
  return execFileSync(
    process.env['CHROMIUM'] ?? 'chromium',
    [...flags, `--user-data-dir=${folder}/profile`, `--window-size=${WIDTH},${height}`, what, `file://${page}`],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 26 },
  );
}
