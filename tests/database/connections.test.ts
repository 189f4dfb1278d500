import { expect, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/system-database.ts';
import { TransientError } from '../../src/errors.ts';
import { guardedDatabase } from '../support/guarded-database.ts';
import { plainRequest } from '../support/holding.ts';
import { databaseConfig, systemDatabases } from '../support/system-databases.ts';
import { config } from '../unit/builders.ts';

const databases = systemDatabases();
const LOOKS = 1000;
const FAILURES = 20;

test('a thousand looks take one connection at a time, and a new one only after a look that failed', async () => {
  const database = await guardedDatabase(databases);
  const observer = systemDatabase(databaseConfig(database.gateUrl), config(), () => 0);
  const look = () =>
    observer.look(plainRequest, Number.POSITIVE_INFINITY).then(
      () => 'succeeded',
      (error: unknown) => (error instanceof TransientError ? 'failed' : error),
    );
  const outcomes: unknown[] = [];
  const counts = new Set<number>();
  for (let number = 1; number <= LOOKS; number++) {
    outcomes.push(await look());
    if (number % 10 === 0) counts.add(await database.connections());
    if (number % (LOOKS / FAILURES) === 0) await database.disconnect();
  }
  expect(counts).toEqual(new Set([1]));
  // The last of the connections that were ended is noticed by no look any more.
  expect(outcomes.filter((outcome) => outcome !== 'succeeded')).toEqual(Array(FAILURES - 1).fill('failed'));
  await observer.close();
  await expect.poll(database.connections).toBe(0);
});
