import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { createDatabase, databaseConfig, databaseUrl, dropDatabases } from './databases.ts';
import { type AppOptions, type DbosApp, launchApp, type SdkRelease } from './dbos-app.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres.ts';
import type { SharedServer } from './shared-server.ts';
import { templateDatabase } from './template-databases.ts';

/** Columns of `workflow_status`; what is left out gets a value that a running application would write. */
export type WorkflowRow = Readonly<Record<string, string | number | null>>;

/** A version to register: its name, and the application that owns it unless no application does. */
export type VersionToRegister = string | { readonly version: string; readonly owner: string };

/** A system database of a test's own, and its owner's hand in it. Connections are closed with the test. */
export interface TestDatabase {
  readonly url: string;
  readonly config: DatabaseConfig;
  /** Those that {@link launchOn} has launched on it. */
  readonly applications: Set<DbosApp>;
  /** Runs a statement as the owner of the tables. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  insert(...rows: readonly WorkflowRow[]): Promise<void>;
  /** Registers versions, the oldest first: the last one is the latest. */
  register(...versions: readonly VersionToRegister[]): Promise<void>;
}

/** The server that a test file works on. */
export interface TestServer extends SharedServer {
  /** The connection URL of a database; without a name, of the maintenance database `postgres`. */
  url(database?: string): string;
}

/**
 * What a database of a test is a copy of: what an SDK release makes, without workflows and without registered versions,
 * or a database without any table.
 */
export type Origin = SdkRelease | 'empty';

/** Makes databases on a server, each for one test. */
export interface SystemDatabases<Server extends TestServer = TestServer> {
  server(): Server;
  create(origin?: Origin): Promise<TestDatabase>;
  /** Makes one for a hook, which cannot leave a connection to the test: resolves with its URL. */
  createUrl(origin?: Origin): Promise<string>;
}

/** System databases of any age on the server that all test files share. */
export function systemDatabases(): SystemDatabases {
  const { host, port, user, password } = inject('sharedServer');
  const url = `postgresql://${user}:${password}@${host}:${port}`;
  const server: TestServer = {
    ...{ host, port, user, password },
    url: (database = 'postgres') => databaseUrl(url, database),
  };
  const made: string[] = [];
  afterAll(() => dropDatabases(server.url(), made));
  return databasesOn(
    () => server,
    (name) => made.push(name),
  );
}

/** System databases on a server of the test file's own, for settings that others must not have, or for its log. */
export function systemDatabasesOfItsOwn(options?: PostgresOptions): SystemDatabases<PostgresServer> {
  let started: PostgresServer | undefined;
  beforeAll(async () => {
    started = await startPostgres(options);
  });
  afterAll(() => started?.stop());
  return databasesOn(() => {
    if (started === undefined) throw new Error('The server is there in tests only.');
    return started;
  });
}

function databasesOn<Server extends TestServer>(
  server: () => Server,
  onMade: (name: string) => void = () => {},
): SystemDatabases<Server> {
  const templates = new Map<SdkRelease, Promise<string>>();
  const templateOf = (sdk: SdkRelease) => {
    const template = templates.get(sdk) ?? templateDatabase(server().url(), sdk);
    templates.set(sdk, template);
    return template;
  };
  const createUrl = async (origin: Origin = '5.3.0') => {
    const template = origin === 'empty' ? undefined : await templateOf(origin);
    const name = uniqueName('test');
    onMade(name);
    return createDatabase(server().url(), name, template);
  };
  return { server, createUrl, create: async (origin) => openDatabase(await createUrl(origin)) };
}

/** For what belongs to the server, which other test files share: databases and roles. */
function uniqueName(name: string): string {
  return `${name}_${randomBytes(6).toString('hex')}`;
}

/** A database that is there already. */
export async function openDatabase(url: string): Promise<TestDatabase> {
  const client = await openConnection(url);
  const query: TestDatabase['query'] = async (sql, values = []) => (await client.query(sql, [...values])).rows;
  return {
    url,
    config: databaseConfig(url),
    applications: new Set(),
    query,
    insert: async (...rows) => insertWorkflows(client, rows),
    register: async (...versions) => registerVersions(client, versions),
  };
}

/** Launches an application on a database; its process ends with the test at the latest. */
export async function launchOn(
  { url, applications }: Pick<TestDatabase, 'url' | 'applications'>,
  options: Omit<AppOptions, 'databaseUrl'>,
): Promise<DbosApp> {
  const app = await launchApp({ databaseUrl: url, ...options });
  applications.add(app);
  onTestFinished(() => app.kill());
  return app;
}

/**
 * Freezes the applications of a database at a moment when none is in a transaction, and the condition holds too.
 * Returns the function that lets them continue.
 */
export async function standStill(
  { applications, query }: Pick<TestDatabase, 'applications' | 'query'>,
  condition: () => Promise<boolean> = async () => true,
): Promise<() => Promise<void>> {
  while (applications.size > 0) {
    const thaws = await Promise.all([...applications].map((app) => app.freeze()));
    const thaw = async () => {
      await Promise.all(thaws.map((each) => each()));
    };
    const busy = await query(
      `SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend'
          AND state <> 'idle' AND pid <> ALL ($1)`,
      [[...ownBackends]],
    );
    if (busy.length === 0 && (await condition())) return thaw;
    await thaw();
  }
  return async () => {};
}

/** The sessions of this process, which may be in a transaction for as long as the test wants. */
const ownBackends = new Set<number>();

/** A connection of the owner: a second one can hold a transaction open. It ends with the test. */
export async function openConnection(url: string): Promise<pg.Client> {
  const client = await connectAsOwner(url);
  onTestFinished(() => client.end());
  return client;
}

/** A connection of the owner, for a hook: whoever asks for it ends it. */
export async function connectAsOwner(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  // A fault of the test's own may break it: its next statement fails then.
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  ownBackends.add(rows[0]?.pid);
  return client;
}

/** A role that may log in and nothing else, and the database as it reaches it. */
export interface Role extends Pick<TestDatabase, 'url' | 'config'> {
  /** Quoted, for SQL. */
  readonly name: string;
}

/** Creates a role; its name is made unique, since roles belong to the server. */
export async function createRole(database: TestDatabase, name = 'reader'): Promise<Role> {
  const url = new URL(database.url);
  const unique = uniqueName(name);
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
  const { rows } = await client.query('SELECT max(version_timestamp) AS newest FROM dbos.application_versions');
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
