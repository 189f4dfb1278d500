import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { plain } from '../../src/report/text.ts';
import { warningsOf } from '../../src/report/warnings.ts';
import { databaseConfig } from '../support/databases.ts';
import { type Hold, holdOn } from '../support/holding.ts';
import { createRole, openDatabase, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Tables with the names and columns of DBOS's tables that do not hold the application's work. */

const databases = systemDatabases();
const NEVER_USED = expect.stringMatching(/have never held a row\. Is this the right database/);

async function databaseInUse(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });
  return database;
}

function warningsIn({ last }: Hold): readonly string[] {
  return last === undefined ? [] : warningsOf(last.evaluation).map(plain);
}

/** Creates empty tables with the same columns in another schema. */
async function addLookAlikes(database: TestDatabase, schema: string, tables: readonly string[]): Promise<void> {
  await database.query(`CREATE SCHEMA ${schema}`);
  for (const table of tables) {
    await database.query(`CREATE TABLE ${schema}.${table} (LIKE dbos.${table} INCLUDING ALL)`);
  }
}

const TABLES = ['workflow_status', 'operation_outputs', 'application_versions', 'dbos_migrations'];

describe.each<[string, () => Promise<Pick<TestDatabase, 'config'>>]>([
  ['of DBOS in a database that no application has used', () => databases.create()],
  [
    'with the same columns in another schema',
    async () => {
      const database = await databaseInUse();
      await addLookAlikes(database, 'lookalike', TABLES);
      return { config: databaseConfig(database.url, 'lookalike') };
    },
  ],
])('tables %s', (_, make) => {
  test.each<[string, Partial<GateConfig>, string]>([
    ['a target is unknown', {}, 'unknown-version'],
    ['a kept version is unknown', { targets: { kind: 'all-but', keep: ['2.0.0'] } }, 'unknown-version'],
    ['there is no latest version', { targets: { kind: 'all-but-latest' } }, 'error'],
    ['an application is not seen', { application: 'shop' }, 'error'],
  ])('fail, with a warning that they never held a row: %s', async (_, changes, verdict) => {
    const held = await holdOn(await make(), { mode: 'check', ...changes });
    expect(held.verdict).toBe(verdict);
    expect(warningsIn(held)).toContainEqual(NEVER_USED);
    expect(held.last?.evaluation.targets.filter(({ drained }) => drained)).toEqual([]);
  });

  test('let an unknown target pass with on-unknown: pass, with a warning that they never held a row', async () => {
    const held = await holdOn(await make(), { onUnknown: 'pass' });
    expect(held.verdict).toBe('drained');
    expect(warningsIn(held)).toEqual([
      NEVER_USED,
      expect.stringMatching(/Never seen here, and accepted because of.*"1.0.0"/),
    ]);
    expect(held.last?.evaluation.targets).toMatchObject([{ version: '1.0.0', known: false, drained: true }]);
  });
});

test('fails when another schema has only some of the tables', async () => {
  const database = await databaseInUse();
  await addLookAlikes(database, 'lookalike', ['workflow_status', 'operation_outputs']);
  const held = holdOn({ config: databaseConfig(database.url, 'lookalike') }, { onUnknown: 'pass' });
  await expect(held).rejects.toThrow('application_versions missing');
});

test('fails when application_versions is an empty view, which hides that the target is the latest version', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' });
  await database.query('ALTER TABLE dbos.application_versions RENAME TO live');
  await database.query('CREATE VIEW dbos.application_versions AS SELECT * FROM dbos.live WHERE false');
  await expect(holdOn(database, {})).rejects.toThrow(
    'application_versions in the schema dbos is not an ordinary table',
  );
});

test('fails when a table is replaced during the hold', async () => {
  const database = await databaseInUse();
  const replaced = await holdOn(database, {}, async () => {
    await database.query('ALTER TABLE dbos.workflow_status RENAME TO live');
    await database.query('CREATE TABLE dbos.workflow_status (LIKE dbos.live INCLUDING ALL)');
  });
  expect([replaced.verdict, replaced.blockers.at(-1)]).toEqual(['error', ['untrusted-database']]);
});

test('warns about an empty workflow_status even if versions are registered', async () => {
  const database = await databaseInUse();
  await database.query('ALTER TABLE dbos.workflow_status RENAME TO live');
  await database.query('CREATE TABLE dbos.workflow_status (LIKE dbos.live INCLUDING ALL)');
  expect(warningsIn(await holdOn(database, {}))).toContainEqual(expect.stringContaining('have never held a workflow'));
});

test('fails when workflow_status is a foreign table, even if it shows the real rows', async () => {
  const real = await databaseInUse();
  const front = await databases.create();
  const { hostname, port, username, password, pathname } = new URL(real.url);
  await front.query('CREATE EXTENSION postgres_fdw');
  await front.query(
    `CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw
       OPTIONS (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}')`,
  );
  await front.query(
    `CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user '${username}', password '${password}')`,
  );
  await front.query('ALTER TABLE dbos.workflow_status RENAME TO local');
  await front.query('IMPORT FOREIGN SCHEMA dbos LIMIT TO (workflow_status) FROM SERVER elsewhere INTO dbos');
  expect(await front.query('SELECT status FROM dbos.workflow_status')).toEqual([{ status: 'PENDING' }]);
  const { verdict, polls } = await holdOn(front, {});
  expect(verdict).toBe('error');
  expect(polls.flatMap(({ evaluation }) => evaluation.gate)).toEqual([
    { kind: 'untrusted-database', reason: 'not-a-table' },
  ]);
});

test('ignores a temporary table of the same name that belongs to its role', async () => {
  const database = await databaseInUse();
  const reader = await createRole(database);
  await database.query(`GRANT USAGE ON SCHEMA dbos TO ${reader.name}`);
  await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${reader.name}`);
  const other = await openDatabase(reader.url);
  await other.query('CREATE TEMPORARY TABLE workflow_status (LIKE dbos.workflow_status)');
  const { blockers } = await holdOn(reader, { mode: 'check' });
  expect(blockers).toEqual([['in-flight']]);
});

test('a direct start has no queue, which Go before 1.0 writes as an empty name', async () => {
  const database = await databaseInUse();
  await database.query("UPDATE dbos.workflow_status SET queue_name = ''");
  const { last } = await holdOn(database, { mode: 'check', application: 'shop' });
  expect(last?.evaluation.index?.contents.groups.items.map(({ queue }) => queue)).toEqual([null]);
  expect(last?.evaluation.index?.contents.workflows.items.map(({ queue }) => queue)).toEqual([null]);
});
