import { fileURLToPath } from 'node:url';
import { type ActionRun, type RunOptions, runAction } from '../../tests/support/runner.ts';
import type { BenchDatabase } from './database.ts';
import { TARGET } from './population.ts';

const USED_RESOURCES = fileURLToPath(new URL('./used-resources.mjs', import.meta.url));

/** Makes a run print what it has used, to its standard error. */
export const WITH_RESOURCES = { NODE_OPTIONS: `--import=${USED_RESOURCES}` };

/** Matches the first log line that shows a poll. */
export const FIRST_POLL = /\d in flight/;

/** Runs the action as GitHub's runner does, to retire the target. `action` is the folder of another build of it. */
export function gate(
  database: BenchDatabase,
  inputs: NonNullable<RunOptions['inputs']>,
  { env = {}, action }: Pick<RunOptions, 'env' | 'action'> = {},
): ActionRun {
  return runAction({
    inputs: { 'database-url': database.url, 'retire-version': TARGET, ...inputs },
    env,
    ...(action !== undefined && { action }),
  });
}

/** Returns the processor time of a check, until its first log line that shows a poll or until its end. */
export async function processorTime(run: ActionRun, until: 'first poll' | 'whole run') {
  const { stderr, outputs } = await run.finished;
  const [, microseconds] = new RegExp(`^${until} (\\d+) µs$`, 'm').exec(stderr) ?? [];
  if (outputs['verdict'] !== 'in-flight' || microseconds === undefined) throw new Error(stderr);
  return { overriddenDuration: Number(microseconds) / 1000 };
}

/** Returns the peak memory of the action in one check, in bytes: the resident set that the operating system reports. */
export async function peakMemory(database: BenchDatabase): Promise<number> {
  const { stderr, outputs } = await gate(database, { mode: 'check', 'poll-timeout': '5m' }, { env: WITH_RESOURCES })
    .finished;
  const [, kilobytes] = /^peak (\d+) kB$/m.exec(stderr) ?? [];
  if (outputs['verdict'] !== 'in-flight' || kilobytes === undefined) throw new Error(stderr);
  return Number(kilobytes) * 1024;
}
