import { expect, test } from 'vitest';
import { pollAt } from '../support/holding.ts';
import { createReader, openConnection, systemDatabases } from '../support/system-databases.ts';

/* A role or a database can have timeouts of its own. They hold for no statement of the gate. */

const databases = systemDatabases();

test('a poll that waits for a lock outlasts each timeout of its role', async () => {
  const database = await databases.create();
  const reader = await createReader(database);
  const timeouts = ['transaction_timeout', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];
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
