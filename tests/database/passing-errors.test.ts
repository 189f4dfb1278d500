import { expect, test } from 'vitest';
import { ReportableError } from '../../src/errors.ts';
import { holdOn } from '../support/holding.ts';
import { createReader, openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* An error of a server that the gate does not know can pass: it ends no hold. One that is known to stay ends it at once. */

const databases = systemDatabases();

async function drainedDatabase(): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  return database;
}

test('a hold survives a database that lets nobody connect for a while, also before the first poll', async () => {
  const database = await drainedDatabase();
  const reader = await createReader(database);
  const admin = await openConnection(databases.server().url());
  const name = database.config.database;
  const open = () => admin.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`);
  const close = () => admin.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`);
  const disconnect = () =>
    admin.query('SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = $1', [
      reader.config.user,
    ]);
  await close();
  const closeAgain = async () => {
    await close();
    await disconnect();
  };
  const { verdict, failedPolls } = await holdOn(reader, {}, open, closeAgain, () => {}, open);
  expect(verdict).toBe('drained');
  const reasons = failedPolls.map(({ outage: { failure } }) => new ReportableError(failure).message);
  expect(reasons).toEqual([
    expect.stringMatching(/^The database returned an error \(55000\)\. It says: .*not currently accepting/),
    expect.stringMatching(/\(55000\)\. It was /),
    expect.stringMatching(/\(55000\)\. It was /),
  ]);
});
