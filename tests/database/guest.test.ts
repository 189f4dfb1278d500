import { expect, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { openSnapshot } from '../../src/dbos/schema.ts';
import { beginReadCommitted } from '../../src/postgres/guards.ts';
import { config } from '../support/builders.ts';
import { holdOn, plainRequest, pollAt, withoutLimit } from '../support/holding.ts';
import {
  createReader,
  openConnection,
  systemDatabasesOfItsOwn,
  type TestDatabase,
} from '../support/system-databases.ts';

/* The gate is a careful client of a production database. */

/** Of its own, for its log. */
const databases = systemDatabasesOfItsOwn();

/** Returns the gate's connections to this database, with the number of locks that each holds. */
function connections(database: TestDatabase) {
  return database.query(
    `SELECT state, (SELECT count(*)::int FROM pg_locks l WHERE l.pid = a.pid) AS locks
       FROM pg_stat_activity a
      WHERE application_name = 'dbos-drain-gate' AND datname = current_database()`,
  );
}

function openingOf(pollTimeoutMs: number): string {
  return openSnapshot('dbos', pollTimeoutMs).text;
}

test('holds with one connection that has no locks between polls, and closes it at the end', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });
  const seen: unknown[] = [];
  const record = async () => seen.push(await connections(database));

  await holdOn(database, {}, record, record, async () => {
    await record();
    await database.query('DELETE FROM dbos.workflow_status');
  });

  expect(seen).toEqual(Array(3).fill([{ state: 'idle', locks: 0 }]));
  await expect.poll(() => connections(database)).toEqual([]);
});

test('disconnects after a failed poll, and can poll again', async () => {
  const database = await databases.create();
  const reader = systemDatabase(database.config, config({ pollTimeoutMs: 300 }), () => 0);
  const migration = await openConnection(database.url);
  await migration.query('BEGIN');
  await migration.query('LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
  try {
    await expect(reader.read(plainRequest, withoutLimit)).rejects.toThrow();
    expect(await connections(database)).toEqual([]);
    await migration.query('ROLLBACK');
    expect((await reader.read(plainRequest, withoutLimit)).contents).toBeDefined();
  } finally {
    await reader.close();
  }
});

test.each([
  ['a poll', openingOf, 'repeatable read'],
  ['a scan', beginReadCommitted, 'read committed'],
])('%s cannot write, and its settings are gone after it', async (_, begin, isolation) => {
  const database = await databases.create();
  const settings = `SELECT current_setting('search_path') AS search_path, current_setting('row_security') AS row_security,
    current_setting('statement_timeout') AS statement_timeout, current_setting('lock_timeout') AS lock_timeout,
    current_setting('enable_seqscan') AS enable_seqscan, current_setting('work_mem') AS work_mem`;
  const before = await database.query(settings);
  await database.query(begin(1000));
  expect(await database.query('SHOW transaction_read_only')).toEqual([{ transaction_read_only: 'on' }]);
  expect(await database.query('SHOW transaction_isolation')).toEqual([{ transaction_isolation: isolation }]);
  await database.query('COMMIT');
  expect(await database.query(settings)).toEqual(before);

  await database.query(begin(1000));
  const writing = database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);
  await expect(writing).rejects.toThrow(/read-only/);
});

test('explains an error at the start of a poll, and leaves no connection', async () => {
  const database = await databases.create();
  const role = await createReader(database);
  await database.query('REVOKE EXECUTE ON FUNCTION pg_is_in_recovery() FROM PUBLIC');
  await expect(pollAt(role)).rejects.toThrow(/is missing a privilege/);
  expect(await connections(database)).toEqual([]);
});

test('the server terminates an abandoned transaction after the poll timeout', async () => {
  const database = await databases.create();
  const lost = await openConnection(database.url);
  const { rows } = await lost.query('SELECT pg_backend_pid() AS pid');
  await lost.query(openingOf(200));
  const alive = () => database.query('SELECT FROM pg_stat_activity WHERE pid = $1', [rows[0]?.pid]);
  await expect.poll(alive, { timeout: 30_000 }).toEqual([]);
});

test('sends no statement outside a transaction that sets what a role could have set', async () => {
  const database = await databases.create();
  const { database: name } = database.config;
  await database.query(`ALTER DATABASE ${name} SET log_statement = 'all'`);
  await pollAt(database, {}, { searchHistoryFor: ['1.0.0'], scanStatuses: true, countFailed: true, detailScan: true });
  const sent = () => [
    ...databases
      .server()
      .log()
      .matchAll(/(?:statement|execute <unnamed>): ([\s\S]*?)(?=\n\S+ \S+ UTC \[|$)/g),
  ];
  await expect.poll(() => sent().filter(([, text]) => text?.trim() === 'COMMIT').length).toBeGreaterThanOrEqual(3);
  const statements = sent()
    .flatMap(([, text = '']) => text.split(/;\s*/))
    .map((each) => each.trim());
  let begun: string | undefined;
  const outside: string[] = [];
  // The log is whole from the first question on, which is for the product.
  expect(statements.findIndex((text) => text.includes('version() AS version'))).toBeOneOf([0, 1]);
  for (const each of statements) {
    if (each.startsWith('BEGIN')) begun = each;
    else if (each === 'COMMIT') begun = undefined;
    else if (each !== '' && begun === undefined) outside.push(each);
    if (begun !== undefined) expect(begun).toMatch(/^BEGIN ISOLATION LEVEL .* READ ONLY NOT DEFERRABLE$/);
  }
  expect(outside).toEqual([]);
});

test('sends only unnamed statements, so that a pooler in transaction mode works', async () => {
  const database = await databases.create();
  await database.query(`ALTER DATABASE ${database.config.database} SET log_statement = 'all'`);
  await pollAt(database, {}, { searchHistoryFor: ['1.0.0'], scanStatuses: true, countFailed: true });
  const executed = () =>
    [
      ...databases
        .server()
        .log()
        .matchAll(/execute (\S+): /g),
    ].map(([, statement]) => statement);
  await expect.poll(() => executed().length).toBeGreaterThanOrEqual(2);
  expect(new Set(executed())).toEqual(new Set(['<unnamed>']));
});
