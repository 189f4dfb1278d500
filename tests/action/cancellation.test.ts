import { describe, expect, test } from 'vitest';
import { type GuardedDatabase, guardedDatabase } from '../support/guarded-database.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { type ActionRun, runAction } from '../support/runner.ts';
import { openConnection, systemDatabases } from '../support/system-databases.ts';

/* A cancelled job: the runner sends SIGINT, then SIGTERM and SIGKILL within 10 seconds. */

const databases = systemDatabases();
const HOLDING = /\] 1 in flight; /;

interface Place {
  readonly database: GuardedDatabase;
  readonly network: Network;
  run(inputs?: Record<string, string>): ActionRun;
}

async function createPlace(): Promise<Place> {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const url = `${network.through(database.gateUrl)}?sslmode=disable`;
  const fixed = { 'database-url': url, 'retire-version': '1.0.0', timeout: '5h', 'poll-timeout': '1h' };
  return {
    database,
    network,
    run: (inputs) => runAction({ inputs: { ...fixed, 'poll-interval': '100ms', settle: '300ms', ...inputs } }),
  };
}

/** Each brings a gate into the state in which the job is cancelled. */
const moments: readonly [string, (place: Place) => Promise<ActionRun>][] = [
  [
    'connecting',
    async ({ network, run }) => {
      network.goSilent();
      const spoken = network.spoken();
      const gate = run();
      await spoken;
      return gate;
    },
  ],
  [
    'polling',
    async ({ database, run }) => {
      const migration = await openConnection(database.url);
      await migration.query('BEGIN');
      await migration.query('LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
      const gate = run();
      const waiting = `SELECT count(*)::int AS count FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await expect.poll(() => database.query(waiting), { timeout: 60_000 }).toEqual([{ count: 1 }]);
      return gate;
    },
  ],
  [
    'pausing',
    async ({ run }) => {
      const gate = run({ 'poll-interval': '1h' });
      await gate.until(HOLDING);
      return gate;
    },
  ],
  [
    'settling',
    async ({ database, run }) => {
      await database.drain();
      const gate = run({ settle: '1h', 'poll-interval': '1h' });
      await gate.until(/idle, settling for/);
      return gate;
    },
  ],
  [
    'polling a server that has gone silent',
    async ({ network, run }) => {
      const gate = run();
      await gate.until(HOLDING);
      network.goSilent();
      await network.spoken();
      return gate;
    },
  ],
  [
    'pausing with a silent server',
    async ({ network, run }) => {
      const gate = run({ 'poll-interval': '1h' });
      await gate.until(HOLDING);
      network.goSilent();
      return gate;
    },
  ],
  [
    'waiting for a server that refuses connections',
    async ({ network, run }) => {
      const gate = run();
      await gate.until(HOLDING);
      await network.refuse();
      await gate.until(/Retrying in/);
      return gate;
    },
  ],
];

describe('a job that is cancelled while the gate is', () => {
  // A busy machine can take longer, but not every time.
  test.each(moments)(
    '%s exits by itself within two seconds, with all files written',
    { retry: 2 },
    async (_what, bring) => {
      const place = await createPlace();
      const gate = await bring(place);
      const cancelled = performance.now();
      gate.kill('SIGINT');
      await place.network.closed();
      const { exitCode, signal, outputs, summary, report, annotations, stderr } = await gate.finished;
      expect(performance.now() - cancelled).toBeLessThan(2000);
      expect([exitCode, signal, stderr]).toEqual([1, null, '']);
      expect([outputs['verdict'], outputs['drained'], outputs['drained-versions']]).toEqual([
        'cancelled',
        'false',
        '[]',
      ]);
      expect(summary).toContain('## ❌ Cancelled after');
      expect(JSON.parse(report ?? '')).toMatchObject({ verdict: 'cancelled' });
      expect(annotations.at(0)?.message).toContain('Cancelled after');
      // The server stops the query too, even if the lock that it waits for is still held. Behind a silent network, the
      // server stops it once the network is back.
      await place.network.refuse();
      await expect.poll(place.database.connections, { timeout: 10_000 }).toBe(0);
    },
  );
});

test('a second signal stops the gate at once', async () => {
  const { network, run } = await createPlace();
  const gate = run({ 'poll-interval': '1h' });
  await gate.until(HOLDING);
  network.goSilent();
  const farewell = network.spoken();
  gate.kill('SIGINT');
  // It sends the message that closes the connection, and waits briefly for the silent server.
  await farewell;
  gate.kill('SIGINT');
  const { exitCode, signal } = await gate.finished;
  expect([exitCode, signal]).toEqual([null, 'SIGINT']);
});
