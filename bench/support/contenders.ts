import { createRequire } from 'node:module';
import type { DBOSClient } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { config } from '../../tests/support/builders.ts';
import type { SdkRelease } from '../../tests/support/dbos-app.ts';
import { plainRequest } from '../../tests/support/holding.ts';
import type { BenchDatabase } from './database.ts';
import { TARGET } from './population.ts';
import type { Spread } from './spread.ts';
import { type Rounds, timed } from './timing.ts';

/** A way to ask what is in flight on the target, on one connection. */
export type Contender = (database: BenchDatabase) => Promise<Session>;

export interface Session {
  ask(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A poll in the middle of a hold. */
export const poll: Contender = async (database) => session(database, false);

/** The same with a roll: the oldest 10,000 in detail, as once a minute. */
export const pollWithDetailScan: Contender = async (database) => session(database, true);

function session(database: BenchDatabase, detailScan: boolean): Session {
  const reader = systemDatabase(database.config, config({}), () => performance.now());
  const ask = () => {
    const pollBefore = Date.now() - 5000;
    const request = {
      registrationsOf: [TARGET],
      startedSince: pollBefore,
      namesSince: pollBefore,
      detailScan,
    };
    return reader.poll({ ...plainRequest, ...request }, Number.POSITIVE_INFINITY);
  };
  return { ask, close: () => reader.close() };
}

/**
 * DBOS's documented recipe, made complete: it lists `ENQUEUED` and `PENDING` alone.
 *
 * @param payloads What is left out of the recipe's options loads them.
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

/** What a person would type who does not know which shape DBOS's indexes serve. */
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

/** Times contenders in turns, each with a session of its own. */
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
