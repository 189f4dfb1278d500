import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FinishedRun } from '../tests/support/runner.ts';
import { pageOf } from './page.ts';

/** The files that the demo leaves. Everything else is gone when it finishes. */
const FOLDER = fileURLToPath(new URL('./out', import.meta.url));

/** The titles of the pages, one per run of the gate. */
const PAGES = {
  stuck: 'Check failed',
  never: 'Gave up early',
  slow: 'Passed',
} as const;

/** A run of the gate: its files have this name. */
export type RunName = keyof typeof PAGES;

/**
 * Empties the folder of an earlier run's files.
 *
 * @throws when the folder is not writable, with the fix
 */
export function prepareArtifacts(): void {
  try {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    accessSync(FOLDER, constants.W_OK);
  } catch {
    throw new Error(`Make ${shownPath('')} a folder that you can write to: the demo leaves its results there.`);
  }
}

/** Returns the absolute path of a file in the folder. */
export function artifactPath(file: string): string {
  return path.join(FOLDER, file);
}

/** Returns the path as a person in the current folder would type it. */
export function shownPath(file: string): string {
  return path.relative('', artifactPath(file)) || '.';
}

export function writeArtifact(file: string, content: string): void {
  writeFileSync(artifactPath(file), content);
}

/** Writes a run's log, its job summary (as Markdown and as a page) and its report file. */
export function writeRun(run: FinishedRun, name: RunName): void {
  const pages = Object.entries(PAGES).map(([each, title]) => ({ file: `${each}.html`, title }));
  writeArtifact(`${name}.log`, `${run.shown}\n`);
  writeArtifact(`${name}.html`, pageOf(run, { title: PAGES[name], pages }));
  writeArtifact(`${name}.md`, run.summary);
  if (run.report !== undefined) writeArtifact(`${name}.json`, run.report);
}
