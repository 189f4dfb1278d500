import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { CheckRuns, PublishedCheck } from '../tests/support/check-runs.ts';
import type { PostgresServer } from '../tests/support/postgres.ts';
import { type FinishedRun, runAction } from '../tests/support/runner.ts';
import { type RunName, shownPath, writeArtifact, writeRun } from './artifacts.ts';
import { start } from './resources.ts';

export interface GateRun {
  readonly server: PostgresServer;
  readonly databaseUrl: string;
  readonly checkRuns: CheckRuns;
  readonly as: RunName;
  /** The `with:` of the step. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Called with each line of the job's log, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** A run, and what it published as its check run, in order. */
export interface FinishedGate extends FinishedRun {
  readonly checks: readonly PublishedCheck[];
}

/** The commit that is deployed. */
const COMMIT = { GITHUB_REPOSITORY: 'owner/shop', GITHUB_SHA: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00' };

/**
 * Runs the built action as GitHub's runner does. Its files are in the server's folder and are removed with it.
 *
 * @throws when the action finished without a verdict
 */
export async function runGate(
  resources: AsyncDisposableStack,
  { server, databaseUrl, checkRuns, as, inputs, onLine }: GateRun,
): Promise<FinishedGate> {
  const folder = path.join(server.folder, as);
  mkdirSync(folder);
  const step = await start(
    resources,
    () =>
      runAction({
        folder,
        inputs,
        env: { DBOS_SYSTEM_DATABASE_URL: databaseUrl, GITHUB_API_URL: checkRuns.url, ...COMMIT },
        ...(onLine !== undefined && { onLine }),
      }),
    (started) => {
      started.kill('SIGKILL');
      return started.finished;
    },
  );
  const run = await step.finished;
  const checks = checkRuns.taken();
  writeRun(run, as);
  writeArtifact(`${as}-check.json`, `${JSON.stringify(checks, null, 2)}\n`);
  if (run.outputs['verdict'] === undefined) {
    throw new Error(`See ${shownPath(`${as}.log`)}: the built action finished without a verdict.`);
  }
  return { ...run, checks };
}
