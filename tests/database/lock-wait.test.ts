import { expect, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { systemClock } from '../../src/time.ts';
import { config } from '../support/builders.ts';
import { plainRequest, withoutLimit } from '../support/holding.ts';
import { createReader, openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* A poll that waits for a lock says for how long, and that time is no load. */

const databases = systemDatabases();

/** Polls while another session has the lock, and lets go once the poll has waited for a while. */
async function pollBehind(database: TestDatabase, role: Pick<TestDatabase, 'config'>, lock: string) {
  const reader = systemDatabase(role.config, config(), systemClock.now);
  const migration = await openConnection(database.url);
  try {
    await reader.read(plainRequest, withoutLimit);
    await migration.query(`BEGIN; ${lock}`);
    const began = performance.now();
    const reading = reader.read(plainRequest, withoutLimit);
    const waiting = () =>
      database.query(
        `SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND clock_timestamp() > query_start + interval '300 ms'`,
      );
    await expect.poll(waiting, { timeout: 30_000, interval: 20 }).toHaveLength(1);
    await migration.query('COMMIT');
    const snapshot = await reading;
    return { snapshot, tookMs: performance.now() - began };
  } finally {
    await migration.end();
    await reader.close();
  }
}

test.each([
  ['a migration that rewrites the table', 'ALTER TABLE dbos.workflow_status ADD COLUMN extra float8 DEFAULT random()'],
  ['a migration of the steps', 'LOCK TABLE dbos.operation_outputs IN ACCESS EXCLUSIVE MODE'],
  ['REINDEX', 'REINDEX INDEX dbos.workflow_status_pkey'],
])('counts a wait for %s apart from the work, with the privileges of a reader alone', async (_, lock) => {
  const database = await databases.create();
  const { snapshot, tookMs } = await pollBehind(database, await createReader(database), lock);
  expect(snapshot.contents).toBeDefined();
  expect(snapshot.lockWaitMs).toBeGreaterThanOrEqual(300);
  expect(snapshot.durationMs + snapshot.lockWaitMs).toBeLessThanOrEqual(tookMs);
});
