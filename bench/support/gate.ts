import { fileURLToPath } from 'node:url';
import { type ActionRun, type RunOptions, runAction } from '../../tests/support/runner.ts';
import type { BenchDatabase } from './database.ts';
import { TARGET } from './population.ts';

const PEAK_MEMORY = fileURLToPath(new URL('./peak-memory.mjs', import.meta.url));

/** Matches the first log line that shows a poll. */
export const FIRST_POLL = /\d in flight/;

/** Runs the action as GitHub's runner does, to retire the target. */
export function gate(
  database: BenchDatabase,
  inputs: NonNullable<RunOptions['inputs']>,
  env: NonNullable<RunOptions['env']> = {},
): ActionRun {
  return runAction({ inputs: { 'database-url': database.url, 'retire-version': TARGET, ...inputs }, env });
}

/** Returns the peak memory of the action in one check, in bytes: the resident set that the operating system reports. */
export async function peakMemory(database: BenchDatabase): Promise<number> {
  const { stderr, outputs } = await gate(
    database,
    { mode: 'check', 'poll-timeout': '5m' },
    { NODE_OPTIONS: `--import=${PEAK_MEMORY}` },
  ).finished;
  const [, kilobytes] = /^peak (\d+)$/m.exec(stderr) ?? [];
  if (outputs['verdict'] !== 'in-flight' || kilobytes === undefined) throw new Error(stderr);
  return Number(kilobytes) * 1024;
}
