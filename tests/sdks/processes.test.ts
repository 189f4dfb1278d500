import { beforeAll, describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { type Happening, holdOn } from '../support/holding.ts';
import { connectAsOwner } from '../support/system-databases.ts';
import { chosenReleases } from './chosen.ts';
import type { Application } from './driver.ts';
import { APPLICATION, enqueueBySql, type World, worldsOf } from './world.ts';

/*
 * Two versions of an application, whose processes come and go. The tests of a release follow one another on one
 * database: each but the last leaves nothing in flight, and but the last two leave 1.0.0 and 2.0.0 launched.
 */

const HOUR = 3_600_000;

describe.each(chosenReleases())('$language.name $release.release', ({ language, release }) => {
  const createWorld = worldsOf(language);
  const { abilities } = release;
  let world: World;
  let old: Application;
  let successor: Application;

  beforeAll(async () => {
    world = await createWorld(release);
    old = await world.launch('1.0.0', { executor: 'blue-1' });
    successor = await world.launch('2.0.0', { executor: 'green-1' });
  });

  const status = (id: string, expected: string) =>
    world.row('SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 AND status = $2', id, expected);

  const rowOf = (id: string) =>
    world.row(
      'SELECT application_version AS version, status, executor_id AS executor FROM dbos.workflow_status WHERE workflow_uuid = $1',
      id,
    );

  /** Runs `short` from start to finish. */
  let runs = 0;
  async function run(application: Application) {
    const id = `short-${++runs}`;
    await application.start({ workflow: 'short', id });
    await status(id, 'SUCCESS');
  }

  /** The work that 2.0.0 does shows that traffic has moved there. */
  const trafficMoves = () => run(successor);

  async function held(application: Application, id: string, queue?: 'serial' | 'parallel') {
    await application.start({ workflow: 'held', id, ...(queue !== undefined && { queue }) });
    await status(id, 'PENDING');
  }

  async function finish(application: Application, id: string) {
    await application.release({ id });
    await status(id, 'SUCCESS');
  }

  const check = async (changes: Partial<GateConfig> = {}) => {
    const hold = await holdOn(world, { mode: 'check', ...changes });
    return { ...hold, blockers: hold.blockers.flat() };
  };

  /** A hold whose first poll finds one of these blockers, and which drains once this has happened. */
  async function drainsAfter(blocker: string, ...happenings: readonly Happening[]) {
    const { verdict, blockers } = await holdOn(world, {}, ...happenings, trafficMoves);
    expect(blockers[0]).toContain(blocker);
    expect(verdict).toBe('drained');
  }

  test('writes the schema and the registrations that are expected of it', async () => {
    const [migration] = await world.query('SELECT version::int FROM dbos.dbos_migrations');
    expect(migration).toEqual({ version: abilities.migration });
    const registered = await world.query('SELECT * FROM dbos.application_versions ORDER BY version_timestamp');
    expect(registered.map((row) => row['version_name'])).toEqual(['1.0.0', '2.0.0']);
    const owner = abilities.writesOwner ? APPLICATION : null;
    expect(registered.map((row) => row['application_name'] ?? null)).toEqual([owner, owner]);
    await run(old);
    const [row] = await world.query(
      `SELECT to_jsonb(w) ->> 'serialization' AS serialization FROM dbos.workflow_status w`,
    );
    expect(row).toEqual({ serialization: abilities.serialization });
  });

  test('1.0.0 drains while 2.0.0 runs', async () => {
    await held(old, 'drains');
    expect((await check()).verdict).toBe('in-flight');
    await drainsAfter('in-flight', () => finish(old, 'drains'));
  });

  test.runIf(abilities.debounces !== 'no')(
    'debounced work is no bound, since another call can change its delay',
    async () => {
      await old.debounce({ key: 'cart', millis: 2 * HOUR });
      const waits = abilities.debounces === 'delayed' ? { kind: 'delayed', debounced: true } : { ofDebouncer: true };
      const { id } = await world.row(
        `SELECT workflow_uuid AS id FROM dbos.workflow_status w WHERE application_version = '1.0.0' AND (status = 'DELAYED' OR status = 'PENDING'
          AND EXISTS (SELECT FROM dbos.operation_outputs o WHERE o.workflow_uuid = w.workflow_uuid AND function_name = 'DBOS.sleep'))`,
      );
      const { last, verdict } = await holdOn(world, { timeoutMs: 40_000, pollIntervalMs: 20_000 });
      expect(verdict).toBe('timed-out');
      expect(last?.forecast.statuses.get(String(id))?.activity).toMatchObject(waits);
      expect(last?.forecast.total.earliestEnds).toEqual([]);
      await drainsAfter('in-flight', () => old.cancel({ id: String(id) }));
    },
  );

  test('a fork has the version that is expected of it, and blocks where that is the target', async () => {
    await held(old, 'forked');
    await finish(old, 'forked');
    await trafficMoves();
    const id = await old.fork({ id: 'forked', step: 0 });
    const { version } = await world.row(
      `SELECT application_version AS version FROM dbos.workflow_status WHERE workflow_uuid = $1 AND status = 'PENDING'`,
      id,
    );
    const inherits = abilities.forks === 'inherits';
    if (inherits || abilities.takesUnversioned === 'latest') expect(version).toBe(inherits ? '1.0.0' : '2.0.0');
    const { blockers } = await check();
    expect(blockers.includes('in-flight')).toBe(version === '1.0.0');
    for (const application of [old, successor]) await application.release({ id });
    await status(id, 'SUCCESS');
  });

  test('an enqueue in an open transaction blocks before its row can be seen', async () => {
    const writer = await connectAsOwner(world.url);
    try {
      await trafficMoves();
      await writer.query('BEGIN');
      await enqueueBySql(writer, { id: 'open', queue: 'nobody', version: '1.0.0' });
      let atCommit: readonly string[] = [];
      await drainsAfter(
        'open-transaction',
        async () => {
          await writer.query('COMMIT');
          atCommit = (await check()).blockers;
        },
        () => old.cancel({ id: 'open' }),
      );
      expect(atCommit).toContain('in-flight');
    } finally {
      await writer.end();
    }
  });

  const client = { workflow: 'held', application: APPLICATION } as const;

  test.runIf(abilities.clientVersion === 'own')('work of a client has a version that no process has', async () => {
    await trafficMoves();
    await old.enqueueByClient({ ...client, id: 'of-client', queue: 'parallel', url: world.url });
    for (const [index, application] of [old, successor].entries()) {
      await held(application, `beside-${index}`, 'parallel');
      await finish(application, `beside-${index}`);
    }
    const { version, status: waits } = await rowOf('of-client');
    expect([version, waits]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'ENQUEUED']);
    expect((await check()).verdict).toBe('drained');
    expect((await check({ targets: { kind: 'all-but', keep: ['2.0.0'] } })).verdict).toBe('in-flight');
    await old.cancel({ id: 'of-client' });
  });

  describe.runIf(abilities.clientVersion === 'none')('work without a version', () => {
    test('that waits for its turn blocks where a process of 1.0.0 could take it', async () => {
      await trafficMoves();
      await held(successor, 'ahead', 'serial');
      await successor.enqueueByClient({ ...client, id: 'no-version', queue: 'serial', url: world.url });
      const { version } = await rowOf('no-version');
      expect(version).toBeNull();
      const { blockers } = await check();
      expect(blockers.includes('unversioned')).toBe(!abilities.writesOwner);
      await finish(successor, 'ahead');
      await status('no-version', 'PENDING');
      const taken = await rowOf('no-version');
      if (abilities.takesUnversioned === 'latest') expect(taken).toMatchObject({ version: '2.0.0' });
      for (const application of [old, successor]) await application.release({ id: 'no-version' });
      await status('no-version', 'SUCCESS');
    });

    test('waits for 2.0.0 where that is down, unless 1.0.0 takes it', async () => {
      await successor.stop();
      await old.enqueueByClient({ ...client, id: 'down', queue: 'parallel', url: world.url });
      await held(old, 'later', 'parallel');
      if (abilities.takesUnversioned === 'any') await status('down', 'PENDING');
      const isTaken = abilities.takesUnversioned === 'any';
      expect(await rowOf('down')).toMatchObject(
        isTaken ? { version: '1.0.0', status: 'PENDING' } : { version: null, status: 'ENQUEUED' },
      );
      await finish(old, 'later');
      const { blockers } = await check();
      expect(blockers.includes('unversioned')).toBe(!isTaken && !abilities.writesOwner);
      expect(blockers.includes('in-flight')).toBe(isTaken);
      successor = await world.launch('2.0.0', { executor: 'green-1' });
      await status('down', 'PENDING');
      for (const application of [old, successor]) await application.release({ id: 'down' });
      await status('down', 'SUCCESS');
    });
  });

  test('what a killed process ran stays in flight, until one with its executor id recovers it', async () => {
    await trafficMoves();
    await held(old, 'lost');
    await old.start({ workflow: 'sleepFirst', id: 'overdue', millis: HOUR, timeoutMillis: 1000 });
    await old.kill();
    const lost = () => world.query(`SELECT * FROM dbos.workflow_status WHERE workflow_uuid = 'lost'`);
    const before = await lost();
    const other = await world.launch('1.0.0', { executor: 'blue-2' });
    await run(other);
    await world.row(
      `SELECT FROM dbos.workflow_status
        WHERE workflow_uuid = 'overdue' AND workflow_deadline_epoch_ms < extract(epoch FROM clock_timestamp()) * 1000`,
    );
    if (abilities.cancelsOverdue === 'any') await status('overdue', 'CANCELLED');
    else expect(await rowOf('overdue')).toMatchObject({ status: 'PENDING' });
    const { verdict, last } = await check();
    expect(verdict).toBe('in-flight');
    const detail = last?.evaluation.index?.contents.workflows.items.find(({ id }) => id === 'lost');
    expect(detail).toMatchObject({ executor: 'blue-1', version: '1.0.0' });
    await other.stop();
    expect(await lost()).toEqual(before);

    await drainsAfter('in-flight', async () => {
      old = await world.launch('1.0.0', { executor: 'blue-1' });
      await finish(old, 'lost');
      await status('overdue', 'CANCELLED');
    });
  });

  test.runIf(abilities.rewinds)('a rewound workflow is in flight again', async () => {
    await trafficMoves();
    await world.query(`UPDATE dbos.workflow_status SET created_at = created_at - ${HOUR}`);
    expect((await check()).verdict).toBe('drained');
    // It was released in a process that is gone.
    await old.rewind({ id: 'drains' });
    expect(await rowOf('drains')).toMatchObject({ version: '1.0.0' });
    expect((await check()).verdict).toBe('in-flight');
    await finish(old, 'drains');
  });

  test('a rollback: 1.0.0 is launched again and holds, and 2.0.0 drains once 1.0.0 is promoted', async () => {
    await successor.stop();
    await old.stop();
    // What has been done so far was half an hour earlier.
    await world.query('UPDATE dbos.workflow_status SET created_at = created_at - 1800000');
    await world.query('UPDATE dbos.application_versions SET version_timestamp = version_timestamp - 1800000');
    old = await world.launch('1.0.0', { executor: 'blue-1' });
    await run(old);
    const again = await check();
    expect(again.verdict).toBe('still-live');
    expect(again.blockers).toEqual(['receives-work']);
    expect((await check({ targets: { kind: 'named', versions: ['2.0.0'] } })).blockers).toEqual(['live']);

    if (!abilities.promotes) return;
    await old.setLatest({ version: '1.0.0' });
    expect((await check()).blockers).toEqual(['live']);
    expect((await check({ targets: { kind: 'named', versions: ['2.0.0'] } })).verdict).toBe('drained');
  });

  test.runIf(abilities.schedules !== 'no')(
    'a schedule in a process of 1.0.0 starts its work where it is expected to',
    async () => {
      successor = await world.launch('2.0.0', { executor: 'green-1' });
      await successor.setLatest({ version: '2.0.0' });
      await old.stop();
      old = await world.launch('1.0.0', { executor: 'blue-1', scheduled: true });
      const version = abilities.schedules === 'own' ? '1.0.0' : '2.0.0';
      const tick = () =>
        world.row(
          `SELECT FROM dbos.workflow_status WHERE workflow_uuid LIKE 'sched-%' AND application_version = $1 AND created_at > $2`,
          ...[version, Date.now()],
        );
      await tick();
      const { verdict, blockers } = await holdOn(world, { settleMs: 15_000 }, tick);
      const isOwn = abilities.schedules === 'own';
      // By the moment of the poll, a start of it is in flight, has been made, or is among the newest.
      expect(blockers.flat().some((kind) => kind !== 'open-transaction')).toBe(isOwn);
      if (!isOwn) expect(verdict).toBe('drained');
    },
  );
});
