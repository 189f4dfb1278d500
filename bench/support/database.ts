import pg from 'pg';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { databaseConfig } from '../../tests/support/databases.ts';
import { launchApp, type SdkRelease } from '../../tests/support/dbos-app.ts';
import type { PostgresServer } from '../../tests/support/postgres.ts';
import { LATEST, TARGET } from './population.ts';

/** A system database to measure on. Connections to it exist only while a statement runs. */
export interface BenchDatabase {
  readonly name: string;
  readonly url: string;
  readonly config: DatabaseConfig;
  /** Runs a statement as the owner of the tables, on its own connection. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  columns(table: string): Promise<ReadonlySet<unknown>>;
}

/** The release that makes the newest schema. */
export const NEWEST = '5.3.0' satisfies SdkRelease;

/** Durable commits, as in production. No autovacuum, so that nothing runs in the background of a measurement. */
export const SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_wal_size: '16GB',
  autovacuum: 'off',
};

/** Runs the work on a new system database, created by a real SDK release, with two versions registered. Drops it after. */
export async function withDatabase<T>(
  server: PostgresServer,
  sdk: SdkRelease,
  work: (database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const name = `bench_${sdk.replaceAll('.', '_')}`;
  const database = openDatabase(name, await server.createDatabase(name));
  try {
    for (const version of [TARGET, LATEST]) {
      const app = await launchApp({ sdk, version, databaseUrl: database.url });
      await app.stop();
    }
    return await work(database);
  } finally {
    await query(server.url(), `DROP DATABASE ${name} WITH (FORCE)`);
  }
}

function openDatabase(name: string, url: string): BenchDatabase {
  return {
    name,
    url,
    config: databaseConfig(url),
    query: (sql, values) => query(url, sql, values),
    async columns(table) {
      const rows = await query(
        url,
        `SELECT column_name FROM information_schema.columns WHERE table_schema = 'dbos' AND table_name = $1`,
        [table],
      );
      return new Set(rows.map((row) => row['column_name']));
    },
  };
}

/** Runs one statement on its own connection, and returns the rows. */
export async function query(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
