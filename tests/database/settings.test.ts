import { expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { pollAt } from '../support/holding.ts';
import { POSTGRES_MAJOR } from '../support/postgres/binaries.ts';
import { createReader, openConnection, systemDatabases } from '../support/system-databases.ts';

/* A role or a database can have timeouts of its own. They hold for no statement of the gate. */

const databases = systemDatabases();

/* Before Postgres 13 a statement timeout is that of the whole message, as it was when that arrived. */
const timeouts = ['lock_timeout', 'idle_in_transaction_session_timeout'];
if (POSTGRES_MAJOR >= 13) timeouts.push('statement_timeout');
if (POSTGRES_MAJOR >= 17) timeouts.push('transaction_timeout');

test('a poll that waits for a lock outlasts each timeout of its role', async () => {
  const database = await databases.create();
  const reader = await createReader(database);
  for (const name of timeouts) await database.query(`ALTER ROLE ${reader.name} SET ${name} = '300ms'`);
  const migration = await openConnection(database.url);
  await migration.query('BEGIN; LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
  const poll = pollAt(reader);
  const waitsForLong = () =>
    database.query(
      `SELECT FROM pg_stat_activity
        WHERE usename = $1 AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '600ms'`,
      [reader.config.user],
    );
  await Promise.race([expect.poll(waitsForLong, { timeout: 10_000 }).toHaveLength(1), poll]);
  await migration.query('COMMIT');
  expect((await poll).contents).toBeDefined();
});

test.runIf(POSTGRES_MAJOR === 12)(
  'on Postgres 12 the statement timeout of its role ends a poll that waits for a lock, and the gate retries',
  async () => {
    const database = await databases.create();
    const reader = await createReader(database);
    await database.query(`ALTER ROLE ${reader.name} SET statement_timeout = '100ms'`);
    const migration = await openConnection(database.url);
    await migration.query('BEGIN; LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
    await expect(pollAt(reader)).rejects.toSatisfy((error) => error instanceof TransientError);
  },
);
