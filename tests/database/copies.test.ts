import { expect, onTestFinished, test } from 'vitest';
import { databaseConfig } from '../support/databases.ts';
import { holdOn } from '../support/holding.ts';
import { startPostgres } from '../support/postgres.ts';
import { preflightOn } from '../support/preflight.ts';
import { runAction } from '../support/runner.ts';
import {
  createRole,
  openDatabase,
  type Role,
  systemDatabasesOfItsOwn,
  type TestDatabase,
} from '../support/system-databases.ts';

/* Rule 9: a copy of the system database lags behind it, however real it looks. What it shows is never counted. */

const databases = systemDatabasesOfItsOwn({ settings: { wal_level: 'logical' } });

async function databaseInUse(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'SUCCESS', application_version: '1.0.0', application_name: 'shop' });
  return database;
}

async function readerOf(database: TestDatabase): Promise<Role> {
  const reader = await createRole(database);
  await database.query(`GRANT USAGE ON SCHEMA dbos TO ${reader.name}`);
  await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA dbos TO ${reader.name}`);
  return reader;
}

async function distrustIn(url: string) {
  const { verdict, polls } = await holdOn({ config: databaseConfig(url) }, {});
  expect(verdict).toBe('error');
  return polls.flatMap(({ evaluation }) => evaluation.gate);
}

async function verdictOf(url: string) {
  return (await holdOn({ config: databaseConfig(url) }, {})).verdict;
}

const runOn = (url: string) =>
  runAction({ inputs: { 'database-url': url, 'retire-version': '1.0.0', mode: 'check', settle: '0s' } });

/** Runs the built action, and returns what a person sees. */
async function told(url: string) {
  const { exitCode, outputs, annotations, shown, summary } = await runOn(url).finished;
  // What could not be trusted was not counted.
  expect(`${shown}${summary}`).not.toMatch(/\d in flight/);
  return { exitCode, outputs, said: annotations[0]?.message };
}

const statusesIn = (database: TestDatabase) =>
  database.query('SELECT status FROM dbos.workflow_status ORDER BY status');

/** Replication is asynchronous. Times in milliseconds. */
const arriving = { timeout: 20_000, interval: 50 };

test('retries a streaming standby for a minute, with the reason, and continues once it is promoted', async () => {
  const database = await databaseInUse();
  const { url } = await readerOf(database);
  const server = await startPostgres({ standbyOf: databases.server() });
  onTestFinished(() => server.stop());
  const onStandby = (onPrimary: string) => {
    const moved = new URL(onPrimary);
    moved.port = String(server.port);
    return moved.href;
  };
  const standby = await openDatabase(onStandby(database.url));
  const reader = onStandby(url);

  // It is a real standby: writes to the primary arrive.
  await database.insert({ status: 'CANCELLED', application_version: '1.0.0', application_name: 'shop' });
  await expect.poll(() => statusesIn(standby), arriving).toEqual([{ status: 'CANCELLED' }, { status: 'SUCCESS' }]);

  for (const standing of [standby.url, reader]) {
    await expect(holdOn({ config: databaseConfig(standing) }, {})).rejects.toThrow(
      /^This server is a standby\. It lags behind.*Point `database-url` at the primary.*Giving up/,
    );
  }
  // A preflight does not wait, and shows what else there is.
  const preflight = await preflightOn({ config: databaseConfig(reader) });
  expect([preflight.report.verdict, preflight.problems]).toEqual(['error', ['untrusted-database']]);
  expect(preflight.checks).toEqual(expect.arrayContaining(['server: problem', 'privileges: ok', 'versions: ok']));
  const run = runOn(reader);
  await run.until(/Poll failed\. This server is a standby.*Retrying in 1s, giving up in/);
  await standby.query('SELECT pg_promote()');
  const { exitCode, outputs, shown, summary } = await run.finished;
  expect({ exitCode, outputs }).toMatchObject({ exitCode: 0, outputs: { verdict: 'drained' } });
  const [before, after] = shown.split('The database is back');
  expect(after).toMatch(/ 0 in flight; drained/);
  expect(before).not.toMatch(/\d in flight/);
  expect(summary).toMatch(/1 failed poll that was retried/);

  expect(await verdictOf(reader)).toBe('drained');
  // From now on it is an independent database.
  await standby.query(`UPDATE dbos.workflow_status SET status = 'PENDING'`);
  expect((await holdOn({ config: databaseConfig(reader) }, { mode: 'check' })).verdict).toBe('in-flight');
});

test('refuses a logical subscriber, with the reason and for every role, until its subscription is dropped', async () => {
  const publisher = await databaseInUse();
  const subscriber = await databases.create();
  await subscriber.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  const reader = await readerOf(subscriber);
  await publisher.query('CREATE PUBLICATION workflows FOR TABLE dbos.workflow_status');
  // On one server the slot has to exist first: creating it with the subscription would wait for its own transaction.
  await publisher.query(`SELECT pg_create_logical_replication_slot('workflows', 'pgoutput')`);
  const { hostname, port, username, password, pathname } = new URL(publisher.url);
  await subscriber.query(
    `CREATE SUBSCRIPTION workflows
       CONNECTION 'host=${hostname} port=${port} user=${username} password=${password} dbname=${pathname.slice(1)}'
       PUBLICATION workflows WITH (create_slot = false)`,
  );
  await publisher.insert({ status: 'CANCELLED', application_version: '1.0.0', application_name: 'shop' });
  await expect.poll(() => statusesIn(subscriber), arriving).toEqual([{ status: 'CANCELLED' }, { status: 'SUCCESS' }]);

  for (const url of [subscriber.url, reader.url]) {
    expect(await distrustIn(url)).toEqual([{ kind: 'untrusted-database', reason: 'logical-subscriber' }]);
  }
  const asReader = await openDatabase(reader.url);
  await expect(asReader.query('SELECT * FROM pg_subscription')).rejects.toThrow('permission denied');
  expect(await told(reader.url)).toMatchObject({
    exitCode: 1,
    outputs: { verdict: 'error', drained: 'false', 'in-flight': '', unversioned: '', 'drained-versions': '[]' },
    said: expect.stringMatching(/Logical replication .*copy that lags.*Point `database-url` at the database/),
  });

  // A disabled subscription leaves a copy that lags even further behind.
  await subscriber.query('ALTER SUBSCRIPTION workflows DISABLE');
  expect(await distrustIn(reader.url)).toEqual([{ kind: 'untrusted-database', reason: 'logical-subscriber' }]);
  expect(await verdictOf(publisher.url)).toBe('drained');
  await subscriber.query('ALTER SUBSCRIPTION workflows SET (slot_name = NONE)');
  await subscriber.query('DROP SUBSCRIPTION workflows');
  expect(await verdictOf(reader.url)).toBe('drained');
});
