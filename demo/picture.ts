import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { artifactPath } from './artifacts.ts';
import { summaryPage } from './page.ts';

/*
 * `npm run picture`: draws the pictures in the README, the job summary of a held deploy in both of GitHub's themes. It
 * comes from the demo's own output, and is drawn by Chromium: the command in CHROMIUM, or `chromium`.
 */

const PICTURES = fileURLToPath(new URL('../docs/pictures', import.meta.url));
const WIDTH = 1100;

const summary = readFileSync(artifactPath('never.md'), 'utf8');
const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-picture-'));
try {
  mkdirSync(PICTURES, { recursive: true });
  for (const theme of ['light', 'dark'] as const) {
    const page = path.join(folder, `${theme}.html`);
    writeFileSync(page, summaryPage(firstScreen(summary), theme));
    const picture = path.join(PICTURES, `held-deploy-${theme}.png`);
    chromium(page, heightOf(page), `--screenshot=${picture}`);
    console.log(`Drew ${path.relative('', picture)}.`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
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
