import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { databaseConfig } from './databases.ts';
import { type AppOptions, type DbosApp, launchApp, type SdkRelease } from './dbos-app.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres.ts';

/** Columns of `workflow_status`; what is left out gets a value that a running application would write. */
export type WorkflowRow = Readonly<Record<string, string | number | null>>;

/** A version to register: its name, and the application that owns it unless no application does. */
export type VersionToRegister = string | { readonly version: string; readonly owner: string };

/** A system database of a test's own, and its owner's hand in it. Connections are closed with the test. */
export interface TestDatabase {
  readonly url: string;
  readonly config: DatabaseConfig;
  /** Runs a statement as the owner of the tables. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  insert(...rows: readonly WorkflowRow[]): Promise<void>;
  /** Registers versions, the oldest first: the last one is the latest. */
  register(...versions: readonly VersionToRegister[]): Promise<void>;
}

/**
 * Gives a test file a server of its own with system databases of any age. A real SDK release makes the first one
 * of its age; every test gets a copy of that, without workflows and without registered versions.
 */
export function systemDatabases(options?: PostgresOptions): {
  server(): PostgresServer;
  create(sdk?: SdkRelease): Promise<TestDatabase>;
} {
  const templates = new Map<SdkRelease, Promise<string>>();
  let started: PostgresServer | undefined;
  let copies = 0;
  beforeAll(async () => {
    started = await startPostgres(options);
  });
  afterAll(() => started?.stop());
  const server = () => {
    if (started === undefined) throw new Error('The server is there in tests only.');
    return started;
  };
  return {
    server,
    async create(sdk = '5.3.0') {
      const making = templates.get(sdk) ?? makeTemplate(server(), sdk);
      templates.set(sdk, making);
      const template = await making;
      copies += 1;
      const name = `copy_${copies}`;
      const admin = await openConnection(server().url());
      await admin.query(`CREATE DATABASE ${name} TEMPLATE ${pg.escapeIdentifier(template)}`);
      return openDatabase(server().url(name));
    },
  };
}

/** A database that is there already. */
export async function openDatabase(url: string): Promise<TestDatabase> {
  const client = await openConnection(url);
  const query: TestDatabase['query'] = async (sql, values = []) =>
    (await client.query(sql, [...values])).rows;
  return {
    url,
    config: databaseConfig(url),
    query,
    insert: async (...rows) => insertWorkflows(client, rows),
    register: async (...versions) => registerVersions(client, versions),
  };
}

/** Launches an application on a database; its process ends with the test at the latest. */
export async function launchOn(
  { url }: Pick<TestDatabase, 'url'>,
  options: Omit<AppOptions, 'databaseUrl'>,
): Promise<DbosApp> {
  const app = await launchApp({ databaseUrl: url, ...options });
  onTestFinished(() => app.kill());
  return app;
}

/** A connection of the owner: a second one can hold a transaction open. */
export async function openConnection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // A fault of the test's own may break it: its next statement fails then.
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** A role that may log in and nothing else, and the database as it reaches it. */
export interface Role extends Pick<TestDatabase, 'url' | 'config'> {
  /** Quoted, for SQL. */
  readonly name: string;
}

let roles = 0;

/** Creates a role; its name is made unique, since roles belong to the server. */
export async function createRole(database: TestDatabase, name = 'reader'): Promise<Role> {
  roles += 1;
  const url = new URL(database.url);
  const unique = `${name}${roles}`;
  url.username = encodeURIComponent(unique);
  url.password = 'of-the-role';
  const quoted = pg.escapeIdentifier(unique);
  await database.query(`CREATE ROLE ${quoted} LOGIN PASSWORD 'of-the-role'`);
  return { name: quoted, url: url.href, config: databaseConfig(url.href) };
}

/** Creates a role that may read all of DBOS's tables. */
export async function createReader(database: TestDatabase, name?: string): Promise<Role> {
  const role = await createRole(database, name);
  await database.query(`GRANT USAGE ON SCHEMA dbos TO ${role.name}`);
  await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${role.name}`);
  return role;
}

/** Inserts workflows as SQL, in whatever transaction the connection is in. */
export async function insertWorkflows(client: pg.Client, rows: readonly WorkflowRow[]): Promise<void> {
  if (rows.length === 0) return;
  const now = Date.now();
  const complete = rows.map((row) => ({
    workflow_uuid: randomUUID(),
    name: 'order',
    class_name: '',
    executor_id: 'local',
    created_at: now,
    updated_at: now,
    ...row,
  }));
  const columns = [...new Set(complete.flatMap((row) => Object.keys(row)))].join(', ');
  await client.query(
    `INSERT INTO dbos.workflow_status (${columns})
     SELECT ${columns} FROM json_populate_recordset(NULL::dbos.workflow_status, $1)`,
    [JSON.stringify(complete)],
  );
}

async function registerVersions(client: pg.Client, versions: readonly VersionToRegister[]): Promise<void> {
  const { rows } = await client.query(
    'SELECT max(version_timestamp) AS newest FROM dbos.application_versions',
  );
  const after = Number(rows[0]?.newest ?? Date.now());
  for (const [index, each] of versions.entries()) {
    const { version, owner } = typeof each === 'string' ? { version: each, owner: undefined } : each;
    const owned = owner === undefined ? ['', ''] : [', application_name', ', $4'];
    await client.query(
      `INSERT INTO dbos.application_versions (version_id, version_name, version_timestamp, created_at${owned[0]})
       VALUES ($1, $2, $3, $3${owned[1]})`,
      [randomUUID(), version, after + index + 1, ...(owner === undefined ? [] : [owner])],
    );
  }
}

/** Resolves with the name of a database that a release has made and left. */
async function makeTemplate(server: PostgresServer, sdk: SdkRelease): Promise<string> {
  const name = `made_by_${sdk}`;
  const databaseUrl = await server.createDatabase(name);
  const app = await launchApp({ sdk, version: 'template', databaseUrl });
  await app.stop();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query(`SELECT to_regclass('dbos.application_versions') AS versions`);
    if (rows[0]?.versions) await client.query('DELETE FROM dbos.application_versions');
  } finally {
    await client.end();
  }
  return name;
}
