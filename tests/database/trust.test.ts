import { describe, expect, test } from 'vitest';
import { openSnapshot, probeQuery } from '../../src/dbos/schema.ts';
import { holdOn, pollAt } from '../support/holding.ts';
import {
  createRole,
  openConnection,
  type Role,
  systemDatabases,
  type TestDatabase,
} from '../support/system-databases.ts';

/* Rule 9: what a poll must not trust. None of it is allowed to look like "nothing in flight". */

const databases = systemDatabases();

async function databaseInUse(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });
  return database;
}

async function createReader(database: TestDatabase): Promise<Role> {
  const reader = await createRole(database);
  await database.query(`GRANT USAGE ON SCHEMA dbos TO ${reader.name}`);
  await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${reader.name}`);
  return reader;
}

async function distrustIn(database: Pick<TestDatabase, 'config'>) {
  const { verdict, polls } = await holdOn(database, {});
  expect(verdict).toBe('error');
  return polls.flatMap(({ evaluation }) => evaluation.gate);
}

describe('row security', () => {
  test.each([
    ['without a policy', undefined],
    ['with a policy that hides every row', 'false'],
    ['with a policy that hides none', 'true'],
  ])('on workflow_status is an error, %s', async (_, using) => {
    const database = await databaseInUse();
    const reader = await createReader(database);
    await database.query('ALTER TABLE dbos.workflow_status ENABLE ROW LEVEL SECURITY');
    if (using) await database.query(`CREATE POLICY rows ON dbos.workflow_status USING (${using})`);
    expect(await distrustIn(reader)).toEqual([{ kind: 'untrusted-database', reason: 'row-security' }]);
  });

  test.each(['operation_outputs', 'application_versions', 'dbos_migrations'])(
    'on %s is an error that names the fix',
    async (table) => {
      const database = await databaseInUse();
      const reader = await createReader(database);
      await database.query(`ALTER TABLE dbos.${table} ENABLE ROW LEVEL SECURITY`);
      await expect(holdOn(reader, {})).rejects.toThrow(/Row security would hide rows .*BYPASSRLS/);
    },
  );

  test('does not matter to a role with BYPASSRLS, which the message recommends', async () => {
    const database = await databaseInUse();
    const reader = await createReader(database);
    await database.query('ALTER TABLE dbos.workflow_status ENABLE ROW LEVEL SECURITY');
    await database.query(`ALTER ROLE ${reader.name} BYPASSRLS`);
    expect((await holdOn(reader, { mode: 'check' })).blockers).toEqual([['in-flight']]);
  });
});

test.each([
  ['a view', 'CREATE VIEW dbos.workflow_status AS SELECT * FROM dbos.live WHERE false'],
  ['a materialized view', 'CREATE MATERIALIZED VIEW dbos.workflow_status AS SELECT * FROM dbos.live'],
  ['a partitioned table', 'CREATE TABLE dbos.workflow_status (LIKE dbos.live) PARTITION BY LIST (status)'],
])('fails when workflow_status is %s', async (_, definition) => {
  const database = await databaseInUse();
  await database.query('ALTER TABLE dbos.workflow_status RENAME TO live');
  await database.query(definition);
  expect(await distrustIn(database)).toEqual([{ kind: 'untrusted-database', reason: 'not-a-table' }]);
});

test('fails when a table lacks columns that the rules need, and names them', async () => {
  const database = await databaseInUse();
  await database.query('ALTER TABLE dbos.workflow_status RENAME application_version TO v');
  await database.query('ALTER TABLE dbos.workflow_status DROP COLUMN executor_id');
  expect(await distrustIn(database)).toEqual([
    {
      kind: 'untrusted-database',
      reason: { missingColumns: ['executor_id', 'application_version'] },
    },
  ]);
});

test('reads DBOS’s tables and Postgres’s functions, whatever comes first in the search path', async () => {
  const database = await databaseInUse();
  const reader = await createReader(database);
  await database.query(
    `CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 'epoch'::timestamptz $$`,
  );
  await database.query('CREATE TABLE public.workflow_status (LIKE dbos.workflow_status)');
  await database.query(`ALTER ROLE ${reader.name} SET search_path = public, pg_catalog`);
  const { polls, blockers } = await holdOn(reader, { mode: 'check' });
  expect(blockers).toEqual([['in-flight']]);
  expect(polls[0]?.evaluation.snapshot.observedAt).toBeGreaterThan(Date.UTC(2020));
});

test('works without the function that identifies the cluster, which some products lack', async () => {
  const database = await databases.create();
  await database.query('ALTER FUNCTION pg_catalog.pg_control_system() RENAME TO of_another_product');
  const { contents, database: facts } = await pollAt(database);
  expect([facts.cluster, contents?.inFlight]).toEqual([null, []]);
});

test('refuses one shard of a sharded system database', async () => {
  const database = await databaseInUse();
  await database.query('DELETE FROM dbos.workflow_status');
  await database.query('ALTER TABLE dbos.operation_outputs ADD COLUMN shard_key text');
  expect(await distrustIn(database)).toEqual([{ kind: 'untrusted-database', reason: 'shard' }]);
});

describe('whatever the role of the gate has set', () => {
  const settings = [
    'search_path = public, pg_catalog',
    'default_transaction_isolation = serializable',
    'default_transaction_read_only = on',
    'default_transaction_deferrable = on',
  ];

  async function roleWithSettings(database: TestDatabase): Promise<Role> {
    const reader = await createReader(database);
    for (const setting of settings) await database.query(`ALTER ROLE ${reader.name} SET ${setting}`);
    return reader;
  }

  test('it sees a writer, though an operator of others hides it', async () => {
    const database = await databaseInUse();
    await database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);
    await database.query(`
      CREATE FUNCTION public.never(text, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT false';
      CREATE FUNCTION public.never(name, text) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT false';
      CREATE FUNCTION public.never(name, name) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT false';
      CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = public.never);
      CREATE OPERATOR public.= (leftarg = name, rightarg = text, function = public.never);
      CREATE OPERATOR public.= (leftarg = name, rightarg = name, function = public.never);
      CREATE FUNCTION public.version() RETURNS text LANGUAGE sql AS $$ SELECT 'CockroachDB' $$`);
    const writer = await openConnection(database.url);
    await writer.query('BEGIN');
    await writer.query('DELETE FROM dbos.workflow_status');
    const { contents } = await pollAt(await roleWithSettings(database));
    expect(contents?.writers).toHaveLength(1);
  });

  test('it does not wait for a moment without serializable writers', async () => {
    const database = await databaseInUse();
    const reader = await roleWithSettings(database);
    const writer = await openConnection(database.url);
    await writer.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
    await writer.query('SELECT FROM dbos.workflow_status');
    const request = { searchHistoryFor: ['1.0.0'], scanStatuses: true };
    const { contents } = await pollAt(reader, { pollTimeoutMs: 3000 }, request);
    expect(contents?.history?.complete).toBe(true);
  });

  test('a temporary table of a pooler’s session does not replace a catalog', async () => {
    const database = await databaseInUse();
    await database.query('CREATE TEMPORARY TABLE pg_class AS SELECT * FROM pg_catalog.pg_class WHERE false');
    const [row] = await database
      .query(openSnapshot('dbos', 30_000).text)
      .then(() => database.query(probeQuery('dbos').text));
    await database.query('COMMIT');
    expect(row).toMatchObject({ relation_kind: 'r' });
  });
});
