import pg from 'pg';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { readDatabaseUrl } from '../../src/postgres/url.ts';

/** The URL of another database on the same server, with the same credentials. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

/**
 * Creates an empty database beside the one that the URL names, and returns its URL. For test files that
 * share a server which another process started.
 */
export async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  return databaseUrl(serverUrl, name);
}

/** The configuration that the action would make of the URL. */
export function databaseConfig(url: string, schema = 'dbos'): DatabaseConfig {
  const inputs = { url, schema, password: undefined, tlsCa: undefined, environment: {}, readFile: () => '' };
  return readDatabaseUrl(inputs).database;
}
