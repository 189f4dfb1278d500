import { describe, expect, test } from 'vitest';
import { type GuardedDatabase, guardedDatabase } from '../support/guarded-database.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { type ActionRun, runAction } from '../support/runner.ts';
import { openConnection, systemDatabases } from '../support/system-databases.ts';

/* A job that is cancelled: the runner sends SIGINT, and has no patience for long. */

const databases = systemDatabases();
const HOLDING = /1 in flight \(1 pending\)/;

interface Scene {
  readonly database: GuardedDatabase;
  readonly network: Network;
  run(inputs?: Record<string, string>): ActionRun;
}

async function scene(): Promise<Scene> {
  const database = await guardedDatabase(databases);
  const network = await startNetwork(database.url);
  const url = `${network.through(database.gateUrl)}?sslmode=disable`;
  const fixed = { 'database-url': url, 'retire-version': '1.0.0', timeout: '5h', 'poll-timeout': '1h' };
  return {
    database,
    network,
    run: (inputs) =>
      runAction({ inputs: { ...fixed, 'poll-interval': '100ms', settle: '300ms', ...inputs } }),
  };
}

/** Brings a gate to where the job is to be cancelled. */
const moments: readonly [string, (scene: Scene) => Promise<ActionRun>][] = [
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
    'looking',
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
      await gate.until(/idle, and must stay so for/);
      return gate;
    },
  ],
  [
    'looking at a server that has gone silent',
    async ({ network, run }) => {
      const gate = run();
      await gate.until(HOLDING);
      network.goSilent();
      await network.spoken();
      return gate;
    },
  ],
  [
    'pausing beside a server that has gone silent',
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
      await gate.until(/Polling again in/);
      return gate;
    },
  ],
];

describe('a job that is cancelled while the gate is', () => {
  // A machine that is busy at the wrong moment may take longer, but not every time.
  test.each(moments)(
    '%s ends by itself, within two seconds, with everything written',
    { retry: 2 },
    async (_what, bring) => {
      const world = await scene();
      const gate = await bring(world);
      const cancelled = performance.now();
      gate.kill('SIGINT');
      await world.network.closed();
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
      // What it ran is ended by the server too, though the lock that it waits for is still held; behind a silent
      // network, when the server hears of it.
      await world.network.refuse();
      await expect.poll(world.database.connections, { timeout: 10_000 }).toBe(0);
    },
  );
});

test('a second signal ends the gate at once', async () => {
  const { network, run } = await scene();
  const gate = run({ 'poll-interval': '1h' });
  await gate.until(HOLDING);
  network.goSilent();
  const farewell = network.spoken();
  gate.kill('SIGINT');
  // It says farewell, and gives the silent server a moment to answer.
  await farewell;
  gate.kill('SIGINT');
  const { exitCode, signal } = await gate.finished;
  expect([exitCode, signal]).toEqual([null, 'SIGINT']);
});
