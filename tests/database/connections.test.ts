import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { TransientError } from '../../src/errors.ts';
import { config } from '../support/builders.ts';
import { databaseConfig } from '../support/databases.ts';
import { type GuardedDatabase, guardedDatabase } from '../support/guarded-database.ts';
import { holdOn, plainRequest, pollAt, withoutLimit } from '../support/holding.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { POSTGRES_MAJOR } from '../support/postgres/binaries.ts';
import { systemDatabases } from '../support/system-databases.ts';

const databases = systemDatabases();
const POLLS = 100;
const CLOSURES = 20;

test('a hundred polls use one connection, and a new one only where it was closed in between', async () => {
  const database = await guardedDatabase(databases);
  const reader = systemDatabase(databaseConfig(database.gateUrl), config(), () => 0);
  const poll = () =>
    reader.read(plainRequest, withoutLimit).then(
      () => 'succeeded',
      (error: unknown) => (error instanceof TransientError ? 'failed' : error),
    );
  const outcomes: unknown[] = [];
  const counts = new Set<number>();
  for (let number = 1; number <= POLLS; number++) {
    outcomes.push(await poll());
    if (number % 10 === 0) counts.add(await database.connections());
    if (number % (POLLS / CLOSURES) === 0) await database.disconnect();
  }
  expect(counts).toEqual(new Set([1]));
  expect(outcomes.filter((outcome) => outcome !== 'succeeded')).toEqual([]);
  await reader.close();
  await expect.poll(database.connections).toBe(0);
});

/** A drained version. Each poll of a hold goes through the network, and in the first pause this happens to it. */
async function drainedThrough(happens: (network: Network, database: GuardedDatabase) => unknown) {
  const database = await guardedDatabase(databases);
  await database.drain();
  const network = await startNetwork(database.url);
  const reader = { config: databaseConfig(network.through(database.gateUrl)) };
  const { verdict, waitedMs, failedPolls } = await holdOn(reader, {}, () => happens(network, database));
  return { verdict, waitedMs, failed: failedPolls.length, most: network.most };
}

const unharmed = { verdict: 'drained', waitedMs: 10_000, failed: 0, most: 1 };

async function endsByItsTimeout(_: Network, database: GuardedDatabase) {
  // It came with Postgres 14.
  if (POSTGRES_MAJOR >= 14) await database.query(`ALTER ROLE ${database.role} SET idle_session_timeout = '500ms'`);
  await database.disconnect();
  await expect.poll(database.connections).toBe(0);
}

test.each([
  ['its role has an `idle_session_timeout` shorter than the pause', endsByItsTimeout],
  [
    'an administrator ends it between two polls',
    async (_: Network, database: GuardedDatabase) => {
      await database.disconnect();
      await expect.poll(database.connections).toBe(0);
    },
  ],
  [
    'something in between closes it between two polls',
    async (network: Network, database: GuardedDatabase) => {
      network.leadTo(database.url);
      await network.closed();
    },
  ],
  ['a NAT forgets it between two polls', (network: Network) => network.forget()],
])('a settle window goes on with a new connection when %s', async (_, happens) => {
  expect(await drainedThrough(happens)).toEqual(unharmed);
});

test.skipIf(process.platform !== 'linux')('TCP keeps an idle connection alive from half a minute on', async () => {
  const database = await guardedDatabase(databases);
  const reader = systemDatabase(databaseConfig(database.gateUrl), config(), () => 0);
  await reader.read(plainRequest, withoutLimit);
  const [client] = await database.query('SELECT client_port FROM pg_stat_activity WHERE usename = $1', [
    new URL(database.gateUrl).username,
  ]);
  const port = Number(client?.['client_port']).toString(16).toUpperCase().padStart(4, '0');
  /** Seconds until the timer for it fires, which has the number 2 ("proc_net_tcp" in the kernel's manual). */
  const timer = () => {
    const socket = readFileSync('/proc/net/tcp', 'utf8').match(
      new RegExp(`^ *\\d+: \\w+:${port} .*? 02:(?<when>[0-9A-F]{8}) `, 'm'),
    );
    return Number.parseInt(socket?.groups?.['when'] ?? '', 16) / 100;
  };
  await expect.poll(timer).toBeLessThanOrEqual(30);
  await reader.close();
});

test('a connection that breaks in the middle of a poll is a failed poll, and starts the settle window over', async () => {
  expect(await drainedThrough((network) => network.forget(1))).toEqual({
    ...unharmed,
    waitedMs: 16_000,
    failed: 1,
  });
});

test('a poll that has been given up makes no new connection', async () => {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const reader = systemDatabase(databaseConfig(network.through(database.gateUrl)), config(), () => 0);
  await reader.read(plainRequest, withoutLimit);
  network.goSilent();
  const spoken = network.spoken();
  const poll = expect(reader.read(plainRequest, withoutLimit)).rejects.toThrow(/^Connection lost/);
  await spoken;
  await reader.close();
  await poll;
  await network.closed();
  expect(network.most).toBe(1);
});

test('a failed poll reports whether the server had let the gate in before', async () => {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const reader = systemDatabase(databaseConfig(network.through(database.gateUrl)), config(), () => 0);
  const connectedBefore = () =>
    reader.read(plainRequest, withoutLimit).then(
      () => 'succeeded',
      (error: unknown) => error instanceof TransientError && error.connectedBefore,
    );
  await network.refuse();
  expect(await connectedBefore()).toBe(false);
  await network.accept();
  expect(await connectedBefore()).toBe('succeeded');
  await network.refuse();
  expect(await connectedBefore()).toBe(true);
  await reader.close();
});

test('a poll stops when the hold has no time left for it, whatever the network does', async () => {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const reader = systemDatabase(databaseConfig(network.through(database.gateUrl)), config(), () => 0);
  network.goSilent();
  await expect(reader.read(plainRequest, AbortSignal.timeout(50))).rejects.toThrow(/Timed out during a poll/);
  await network.closed();
  network.recover();
  expect((await reader.read(plainRequest, AbortSignal.timeout(60_000))).contents).toBeDefined();
  await reader.close();
});

test('a poll goes to the socket in the parameters, whatever host the URL has before them', async () => {
  const { url } = await databases.create();
  const server = new URL(url);
  const base = mkdtempSync(path.join(os.tmpdir(), 'gate-'));
  onTestFinished(() => rmSync(base, { recursive: true }));
  // As Google's proxy names its folders.
  const folder = path.join(base, 'project:region:instance');
  mkdirSync(folder);
  const proxy = createServer((gate) => {
    const behind = connect(Number(server.port), server.hostname);
    for (const socket of [gate, behind]) socket.on('error', () => undefined);
    gate.pipe(behind).pipe(gate);
  });
  proxy.listen(path.join(folder, '.s.PGSQL.5432'));
  onTestFinished(() => void proxy.close());
  await once(proxy, 'listening');
  const { username, password, pathname } = server;
  const throughSocket = `postgres://nobody:${password}@127.0.0.1:1${pathname}?host=${folder}&port=5432&user=${username}`;
  await pollAt({ config: databaseConfig(throughSocket) });
});
