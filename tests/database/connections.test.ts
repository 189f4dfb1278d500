import { expect, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/system-database.ts';
import { TransientError } from '../../src/errors.ts';
import { databaseConfig } from '../support/databases.ts';
import { guardedDatabase } from '../support/guarded-database.ts';
import { plainRequest } from '../support/holding.ts';
import { startNetwork } from '../support/network.ts';
import { systemDatabases } from '../support/system-databases.ts';
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

test('a failed look tells whether the server had let the gate in before', async () => {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const observer = systemDatabase(databaseConfig(network.through(database.gateUrl)), config(), () => 0);
  const reached = () =>
    observer.look(plainRequest, Number.POSITIVE_INFINITY).then(
      () => 'looked',
      (error: unknown) => error instanceof TransientError && error.reached,
    );
  await network.refuse();
  expect(await reached()).toBe(false);
  await network.accept();
  expect(await reached()).toBe('looked');
  await network.refuse();
  expect(await reached()).toBe(true);
  await observer.close();
});

test('a look ends when the hold has no time left for it, whatever the network does', async () => {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const observer = systemDatabase(databaseConfig(network.through(database.gateUrl)), config(), () => 0);
  network.goSilent();
  await expect(observer.look(plainRequest, 50)).rejects.toThrow(
    /The time ran out while a look was under way/,
  );
  await network.closed();
  network.recover();
  expect((await observer.look(plainRequest, 60_000)).seen).toBeDefined();
  await observer.close();
});
