import pg from 'pg';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { readDatabaseUrl } from '../../src/postgres/url.ts';
import { POSTGRES_MAJOR } from './postgres/binaries.ts';

/** The URL of another database on the same server, with the same credentials. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/**
 * Creates a database on the server of the URL, and returns its URL: a copy of the template if there is one, else an
 * empty one.
 */
export async function createDatabase(serverUrl: string, name: string, template?: string): Promise<string> {
  // Half the CPU time of a copy through the log, where there is a choice.
  const strategy = POSTGRES_MAJOR >= 15 ? ' STRATEGY file_copy' : '';
  const copy = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}${strategy}`;
  await run(serverUrl, [`CREATE DATABASE ${pg.escapeIdentifier(name)}${copy}`]);
  return databaseUrl(serverUrl, name);
}

/** Drops the databases that are still there, whoever is connected to them. `WITH (FORCE)` came with Postgres 13. */
export function dropDatabases(serverUrl: string, names: readonly string[]): Promise<void> {
  const statements = names.flatMap((name) => [
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${pg.escapeLiteral(name)}`,
    `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)}`,
  ]);
  return run(serverUrl, statements);
}

async function run(serverUrl: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The configuration that the action would make of the URL. */
export function databaseConfig(url: string, schema = 'dbos'): DatabaseConfig {
  const inputs = { url, schema, password: undefined, tlsCa: undefined, environment: {}, readFile: () => '' };
  return readDatabaseUrl(inputs).database;
}
