import { createRequire } from 'node:module';
import type { DBOSClient } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { config } from '../../tests/support/builders.ts';
import type { SdkRelease } from '../../tests/support/dbos-app.ts';
import { plainRequest, withoutLimit } from '../../tests/support/holding.ts';
import type { BenchDatabase } from './database.ts';
import { TARGET } from './population.ts';
import type { Spread } from './spread.ts';
import { type Rounds, timed } from './timing.ts';

/** A way to count what is in flight on the target. Opens a session on one connection. */
export type Contender = (database: BenchDatabase) => Promise<Session>;

export interface Session {
  ask(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** The gate's poll, as in the middle of a hold. */
export const poll: Contender = async (database) => session(database, false);

/** The poll with a detail scan of the oldest 10,000 workflows, as the gate takes it once per minute. */
export const pollWithDetailScan: Contender = async (database) => session(database, true);

function session(database: BenchDatabase, detailScan: boolean): Session {
  const reader = systemDatabase(database.config, config({}), () => performance.now());
  const ask = () => {
    const pollBefore = Date.now() - 5000;
    const request = {
      startedSince: pollBefore,
      namesSince: pollBefore,
      detailScan,
    };
    return reader.read({ ...plainRequest, ...request }, withoutLimit);
  };
  return { ask, close: () => reader.close() };
}

/**
 * Returns DBOS's documented recipe with the client of that release. The recipe lists only `ENQUEUED` and `PENDING`:
 * `DELAYED` is added, so that every contender counts the same.
 *
 * @param payloads whether inputs and outputs are loaded, as they are with the recipe's options
 */
export function listWorkflows(sdk: SdkRelease, payloads: boolean): Contender {
  return async (database) => {
    const { resolve } = createRequire(new URL('../../tests/sdks/app.ts', import.meta.url));
    const release: { readonly DBOSClient: typeof DBOSClient } = await import(resolve(`dbos-${sdk}`));
    const client = await release.DBOSClient.create({ systemDatabaseUrl: database.url });
    const ask = () =>
      client.listWorkflows({
        applicationVersion: TARGET,
        status: ['PENDING', 'ENQUEUED', 'DELAYED'],
        ...(!payloads && { loadInput: false, loadOutput: false }),
      });
    return { ask, close: () => client.destroy() };
  };
}

/** The obvious SQL, written without knowing which conditions DBOS's indexes serve. */
export const plainSql: Contender = async (database) => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const ask = () =>
    client.query(
      `SELECT status, count(*) FROM dbos.workflow_status
        WHERE application_version = $1 AND status IN ('PENDING', 'ENQUEUED', 'DELAYED') GROUP BY status`,
      [TARGET],
    );
  return { ask, close: () => client.end() };
};

/** Times contenders alternately, each with its own session. */
export async function timesOf<Name extends string>(
  database: BenchDatabase,
  contenders: Readonly<Record<Name, Contender>>,
  rounds: Rounds,
): Promise<Readonly<Record<Name, Spread>>> {
  const sessions = new Map<string, Session>();
  try {
    for (const [name, contender] of Object.entries<Contender>(contenders)) {
      sessions.set(name, await contender(database));
    }
    const questions = [...sessions].map(([name, { ask }]) => [name, ask] as const);
    return await timed(Object.fromEntries(questions) as Record<Name, Session['ask']>, rounds);
  } finally {
    for (const session of sessions.values()) await session.close();
  }
}
