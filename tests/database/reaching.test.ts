import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ReportableError } from '../../src/errors.ts';
import { databaseConfig } from '../support/databases.ts';
import { pollAt } from '../support/holding.ts';
import { openConnection, systemDatabases } from '../support/system-databases.ts';

/* Each failure to reach DBOS's tables shows its cause and its fix, and never the password. */

const databases = systemDatabases();

async function failure(config: ReturnType<typeof databaseConfig>): Promise<string> {
  const error: unknown = await pollAt({ config }).catch((reason: unknown) => reason);
  if (!(error instanceof Error)) throw new Error('The poll succeeded.');
  expect(error).toBeInstanceOf(ReportableError);
  if (config.password) expect(error.message).not.toContain(config.password);
  return error.message;
}

test('a missing schema is reported with the schema that has the tables', async () => {
  const { url } = await databases.create();
  expect(await failure(databaseConfig(url, 'dbso'))).toMatch(
    /has no schema dbso\..*workflow_status table in the schema dbos.*`schema`/,
  );
  expect(await failure(databaseConfig(url, 'DBOS'))).toMatch(/has no schema DBOS\./);
});

test('a schema without the tables is reported with the schema that has them', async () => {
  const { url } = await databases.create();
  expect(await failure(databaseConfig(url, 'public'))).toMatch(
    /has no DBOS tables \(workflow_status, operation_outputs missing\).*in the schema dbos/,
  );
});

test('a database without any DBOS tables is reported', async () => {
  const database = await databases.create('empty');
  expect(await failure(database.config)).toMatch(/has no schema dbos\..*_dbos_sys/);
  await database.query('CREATE SCHEMA dbos');
  expect(await failure(database.config)).toMatch(/has no DBOS tables.*_dbos_sys/);
});

test('a missing database is reported', async () => {
  expect(await failure(databaseConfig(databases.server().url('nowhere')))).toMatch(
    /This server has no such database \(3D000\)\..*_dbos_sys/,
  );
});

test('a wrong password is reported, and a missing one', async () => {
  const url = new URL(databases.server().url());
  url.password = 'wr0ng!secret';
  expect(await failure(databaseConfig(url.href))).toMatch(/The server rejected the password \(28P01\)/);
  url.password = '';
  expect(await failure(databaseConfig(url.href))).toMatch(
    /requires a password, and none was given\..*`database-password`/,
  );
});

test('a missing role is reported', async () => {
  const url = new URL(databases.server().url());
  url.username = 'nobody';
  expect(await failure(databaseConfig(url.href))).toMatch(/rejected the password|rejected this user/);
});

test('an unknown host is reported', async () => {
  const url = new URL(databases.server().url());
  url.hostname = 'no-such-host.invalid';
  expect(await failure(databaseConfig(url.href))).toMatch(/The host could not be found \((ENOTFOUND|EAI_AGAIN)\)/);
});

test('a port that nothing listens on is reported', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  const url = new URL(databases.server().url());
  url.port = String(address !== null && typeof address === 'object' ? address.port : '');
  expect(await failure(databaseConfig(url.href))).toMatch(
    /Nothing accepts connections at this host and port \(ECONNREFUSED\)/,
  );
});

test('a lock that blocks the poll is reported', async () => {
  const { url, config } = await databases.create();
  const migration = await openConnection(url);
  await migration.query('BEGIN');
  await migration.query('LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
  await expect(pollAt({ config }, { pollTimeoutMs: 300 })).rejects.toThrow(/A lock on DBOS's tables/);
});
