import { createRequire } from 'node:module';
import type { DBOSClient } from '@dbos-inc/dbos-sdk';
import pg from 'pg';
import { systemDatabase } from '../../src/dbos/system-database.ts';
import type { SdkRelease } from '../../tests/support/dbos-app.ts';
import { plainRequest } from '../../tests/support/holding.ts';
import { config } from '../../tests/unit/builders.ts';
import type { BenchDatabase } from './database.ts';
import { TARGET } from './population.ts';

/** A way to ask what is in flight on the target, on one connection. */
export type Contender = (database: BenchDatabase) => Promise<Session>;

export interface Session {
  ask(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A look in the middle of a hold. */
export const look: Contender = async (database) => session(database, false);

/** The same with a roll: the oldest 10,000 in detail, as once a minute. */
export const lookWithRoll: Contender = async (database) => session(database, true);

function session(database: BenchDatabase, roll: boolean): Session {
  const observer = systemDatabase(database.config, config({}), () => performance.now());
  const ask = () => {
    const lookBefore = Date.now() - 5000;
    const request = { registrationsOf: [TARGET], startedSince: lookBefore, namesSince: lookBefore, roll };
    return observer.look({ ...plainRequest, ...request }, Number.POSITIVE_INFINITY);
  };
  return { ask, close: () => observer.close() };
}

/** DBOS's documented recipe, made complete: it lists `ENQUEUED` and `PENDING` alone. */
export function listWorkflows(sdk: SdkRelease): Contender {
  return async (database) => {
    const { resolve } = createRequire(new URL('../../tests/sdks/app.ts', import.meta.url));
    const release: { readonly DBOSClient: typeof DBOSClient } = await import(resolve(`dbos-${sdk}`));
    const client = await release.DBOSClient.create({ systemDatabaseUrl: database.url });
    const ask = () =>
      client.listWorkflows({ applicationVersion: TARGET, status: ['PENDING', 'ENQUEUED', 'DELAYED'] });
    return { ask, close: () => client.destroy() };
  };
}

/** What a person would type. */
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
