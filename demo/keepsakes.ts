import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FinishedRun } from '../tests/support/runner.ts';
import { pageOf } from './page.ts';

/** What is left of the demo: everything else is gone when it ends. */
const FOLDER = fileURLToPath(new URL('./out', import.meta.url));

const PAGES = {
  held: 'Checked while work was in flight',
  hopeless: 'Held for what cannot end in time',
  drained: 'Held until drained',
} as const;

export type Keepsake = keyof typeof PAGES;

/**
 * Takes away what an earlier run has left.
 *
 * @throws when nothing can be written there, with the fix
 */
export function prepareKeepsakes(): void {
  try {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    accessSync(FOLDER, constants.W_OK);
  } catch {
    throw new Error(`Make ${shown('')} a folder that you may write to: the demo leaves its results there.`);
  }
}

/** The path of a file of the folder. */
export function keepsake(file: string): string {
  return path.join(FOLDER, file);
}

/** The same, as a person in the current folder would type it. */
export function shown(file: string): string {
  return path.relative('', path.join(FOLDER, file)) || '.';
}

/** Keeps a text under this name. */
export function keepText(file: string, text: string): void {
  writeFileSync(keepsake(file), text);
}

/** Keeps the log of a run, its job summary (Markdown, and a page to look at) and its report file. */
export function keep(run: FinishedRun, as: Keepsake): void {
  const pages = Object.entries(PAGES).map(([name, title]) => ({ file: `${name}.html`, title }));
  const page = pageOf(run, { title: PAGES[as], pages });
  writeFileSync(keepsake(`${as}.log`), `${run.shown}\n`);
  writeFileSync(keepsake(`${as}.html`), page);
  writeFileSync(keepsake(`${as}.md`), run.summary);
  if (run.report !== undefined) writeFileSync(keepsake(`${as}.json`), run.report);
}
