import pg from 'pg';
import { databaseUrl, dropDatabases } from './databases.ts';
import { launchApp, type SdkRelease } from './dbos-app.ts';
import { POSTGRES_MAJOR } from './postgres/binaries.ts';

/**
 * Resolves with the name of the template database of an SDK release: the release has made its schema in it, and left it
 * without workflows and without registered versions. The first caller makes it, in whatever process; the others wait.
 */
export async function templateDatabase(serverUrl: string, sdk: SdkRelease): Promise<string> {
  const name = `made_by_${sdk.replaceAll('.', '_')}`;
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await admin.query('SELECT pg_advisory_lock(hashtext($1))', [name]);
    const { rows } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rows.length === 0) await make(admin, serverUrl, name, sdk);
    return name;
  } finally {
    await admin.end();
  }
}

/** It gets its name when it is whole: what a killed test file has left unfinished is no template. */
async function make(admin: pg.Client, serverUrl: string, name: string, sdk: SdkRelease): Promise<void> {
  const unfinished = `un${name}`;
  await dropDatabases(serverUrl, [unfinished]);
  await admin.query(`CREATE DATABASE ${unfinished}`);
  const url = databaseUrl(serverUrl, unfinished);
  await makeReadyForSdks(url);
  const app = await launchApp({ sdk, version: 'template', databaseUrl: url });
  await app.stop();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(`SELECT to_regclass('dbos.application_versions') AS versions`);
    if (rows[0]?.versions) await client.query('DELETE FROM dbos.application_versions');
  } finally {
    await client.end();
  }
  await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${name}`);
}

/** On Postgres 12 only an extension has `gen_random_uuid()`, which SDKs after 4.10 call. */
async function makeReadyForSdks(url: string): Promise<void> {
  if (POSTGRES_MAJOR >= 13) return;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('CREATE EXTENSION pgcrypto');
  } finally {
    await client.end();
  }
}
