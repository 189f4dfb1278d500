import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { EXAMINED_ROWS, NEWEST_ROWS } from '../../src/dbos/snapshot/newest-roots.ts';
import { holdOn, seenIn } from '../support/holding.ts';
import { launchOn, systemDatabases, type TestDatabase, type WorkflowRow } from '../support/system-databases.ts';

/* Rule 5 where the latest version is not the one that runs, with rows as the SDKs write them. */

const databases = systemDatabases();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Launched {
  readonly version: string;
  /** How long ago it was registered. In milliseconds, as all ages here. */
  readonly ago: number;
}

/** A database in which versions were registered so long ago, the latest last. */
async function launched(...versions: readonly Launched[]): Promise<TestDatabase> {
  const database = await databases.create();
  await database.register(...versions.map(({ version }) => ({ version, owner: 'shop' })));
  for (const version of versions) await registeredAgo(database, version);
  return database;
}

async function registeredAgo(database: TestDatabase, { version, ago }: Launched): Promise<void> {
  await database.query(
    'UPDATE dbos.application_versions SET version_timestamp = $2, created_at = $2 WHERE version_name = $1',
    [version, Date.now() - ago],
  );
}

const old = { version: '1.0.0', ago: 48 * HOUR };
const launchedAgo = (ago: number) => launched(old, { version: '2.0.0', ago });

/** Finished workflows that a version started, by their ages. */
function ran(version: string | null, ages: readonly number[], changes: WorkflowRow = {}): readonly WorkflowRow[] {
  return ages.map((age) => ({
    status: 'SUCCESS',
    application_version: version,
    application_name: 'shop',
    created_at: Date.now() - age,
    updated_at: Date.now() - age,
    ...changes,
  }));
}

/** A schedule has enqueued on a version every minute, and nobody takes it up. */
function cronOn(version: string, minutes: number): readonly WorkflowRow[] {
  return Array.from({ length: minutes }, (_, minute) => {
    const at = Date.now() - minute * MINUTE;
    return {
      workflow_uuid: `sched-report-${new Date(at).toISOString()}`,
      status: 'ENQUEUED',
      queue_name: '_dbos_internal_queue',
      application_version: version,
      application_name: 'shop',
      created_at: at,
      updated_at: at,
    };
  });
}

const every = (interval: number, from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / interval) }, (_, index) => from + index * interval);

/** What a check answers about 1.0.0. */
async function checked(database: TestDatabase, changes: Partial<GateConfig> = {}) {
  const { verdict, blockers } = await holdOn(database, { mode: 'check', ...changes });
  return { verdict, blockers: blockers.at(-1) };
}

const stillLive = { verdict: 'still-live', blockers: ['receives-work'] };
const drained = { verdict: 'drained', blockers: [] };

describe('launched 1.0.0, 2.0.0, and 1.0.0 again', () => {
  test('holds 1.0.0, though 2.0.0 is the latest', async () => {
    const database = await launchedAgo(24 * HOUR);
    await database.insert(
      ...ran('2.0.0', every(5 * MINUTE, 23 * HOUR, 24 * HOUR)),
      ...ran('1.0.0', every(HOUR, 2 * MINUTE, 23 * HOUR)),
    );
    expect(await checked(database)).toEqual(stillLive);
    expect(await checked(database, { targets: { kind: 'all-but-latest' } })).toEqual(stillLive);
    expect(await checked(database, { onLive: 'latest-only' })).toEqual(drained);
  });

  test('holds it with a cron that enqueues on the dead 2.0.0', async () => {
    const database = await launchedAgo(24 * HOUR);
    await database.insert(...cronOn('2.0.0', 23 * 60), ...ran('1.0.0', every(HOUR, 50 * MINUTE, 23 * HOUR)));
    expect(await checked(database)).toEqual(stillLive);
  });

  test('holds it when the rows of that cron are all that the gate reads', async () => {
    const database = await launchedAgo(47 * HOUR);
    await database.insert(...cronOn('2.0.0', NEWEST_ROWS), ...ran('1.0.0', [40 * HOUR]));
    expect(await checked(database)).toEqual(stillLive);
    // A child that ran there shows that it lives.
    await database.insert(...ran('2.0.0', [MINUTE], { parent_workflow_id: 'order' }));
    expect(await checked(database)).toEqual(drained);
  });

  test('holds it on a quiet application whose last workflow is a day old', async () => {
    const database = await launchedAgo(30 * HOUR);
    await database.insert(...ran('2.0.0', [29 * HOUR]), ...ran('1.0.0', [24 * HOUR, 26 * HOUR]));
    expect(await checked(database)).toEqual(stillLive);
  });

  test('holds it while the gate of 2.0.0 still holds', async () => {
    const database = await launchedAgo(10 * MINUTE);
    await database.insert(...ran('2.0.0', [5 * MINUTE]), ...ran('1.0.0', [11 * MINUTE]));
    const { verdict, blockers } = await holdOn(database, { timeoutMs: 20_000 }, () =>
      database.insert(...ran('1.0.0', [0])),
    );
    expect(verdict).toBe('timed-out');
    expect(blockers.slice(0, 3)).toEqual([[], ['still-starting'], ['receives-work']]);
  });

  test.each([
    ['of 2.0.0, which was the latest', { kind: 'all-but-latest' }, '2.0.0'],
    ['of 1.0.0, which runs again', { kind: 'named', versions: ['1.0.0'] }, '1.0.0'],
  ] as const)('holds while 3.0.0 registers in the run, and does not take the work %s', async (_, targets, runs) => {
    const database = await launchedAgo(24 * HOUR);
    await database.insert(...ran(runs, [30_000, HOUR]));
    const changes = { targets, settleMs: 15_000, timeoutMs: 60_000 };
    const { verdict, blockers } = await holdOn(database, changes, async () => {
      await database.register({ version: '3.0.0', owner: 'shop' });
      await registeredAgo(database, { version: '3.0.0', ago: 0 });
    });
    expect(verdict).toBe('timed-out');
    expect(blockers.at(-1)).toEqual(['receives-work']);
  });

  test('holds one of two versions that both take work', async () => {
    const database = await launchedAgo(3 * HOUR);
    await database.insert(
      ...ran('2.0.0', every(10 * MINUTE, MINUTE, 3 * HOUR)),
      ...ran('1.0.0', every(10 * MINUTE, 6 * MINUTE, 3 * HOUR)),
    );
    expect(await checked(database)).toEqual(stillLive);
  });

  test('holds a version of Java that is the name of one process', async () => {
    const [first, second] = ['unknown-1795700000000', 'unknown-1795700000123'];
    const database = await launched({ version: first, ago: HOUR }, { version: second, ago: HOUR - 1000 });
    await database.insert(...ran(first, [10 * MINUTE]), ...ran(second, every(MINUTE, MINUTE, 9 * MINUTE)));
    expect(await checked(database, { targets: { kind: 'named', versions: [first] } })).toEqual(stillLive);
  });

  test('a process without a version counts as another version', async () => {
    const database = await launchedAgo(3 * HOUR);
    await database.insert(...ran('1.0.0', [70 * MINUTE]));
    expect(await checked(database)).toEqual(stillLive);
    await database.insert(...ran(null, [5 * MINUTE]));
    expect(await checked(database)).toEqual(drained);
  });

  test('holds it with a real SDK', async () => {
    const database = await databases.create();
    for (const version of ['1.0.0', '2.0.0', '1.0.0']) {
      const app = await launchOn(database, { sdk: '5.3.0', version });
      const id = await app.startReceiving();
      await app.finish(id);
      await app.stop();
      // What has been done so far was half an hour earlier.
      await database.query('UPDATE dbos.workflow_status SET created_at = created_at - 1800000');
      await database.query(
        'UPDATE dbos.application_versions SET version_timestamp = version_timestamp - 1800000, created_at = created_at - 1800000',
      );
    }
    const [latest] = await database.query(
      'SELECT version_name FROM dbos.application_versions ORDER BY version_timestamp DESC LIMIT 1',
    );
    expect(latest).toEqual({ version_name: '2.0.0' });
    expect(await checked(database)).toEqual(stillLive);
  });
});

describe('an ordinary deploy drains', () => {
  test('on a quiet application: the last workflow was an hour ago, and 2.0.0 was registered a minute ago', async () => {
    const database = await launchedAgo(MINUTE);
    await database.insert(...ran('1.0.0', [HOUR]));
    expect(await checked(database)).toEqual(drained);
  });

  test('when traffic moved three minutes after the launch', async () => {
    const database = await launchedAgo(4 * MINUTE);
    await database.insert(...ran('1.0.0', every(5000, MINUTE, HOUR)), ...ran('2.0.0', every(5000, 0, MINUTE)));
    expect(await checked(database)).toEqual(drained);
  });

  test('after a canary of two hours', async () => {
    const database = await launchedAgo(2 * HOUR + MINUTE);
    const traffic = every(10_000, 0, 2 * HOUR).map((age, index) => ({ age, isOld: age > MINUTE && index % 10 !== 0 }));
    const ages = (isOld: boolean) => traffic.filter((each) => each.isOld === isOld).map(({ age }) => age);
    await database.insert(...ran('1.0.0', ages(true)), ...ran('2.0.0', ages(false)));
    expect(await checked(database)).toEqual(drained);
  });

  test('when the new version was launched an hour before the shift', async () => {
    const database = await launchedAgo(61 * MINUTE);
    await database.insert(...ran('1.0.0', every(10_000, 30_000, 2 * HOUR)), ...ran('2.0.0', [10_000]));
    expect(await checked(database)).toEqual(drained);
  });

  test('whose old version has a schedule of its own that ticks as long as it lives', async () => {
    const database = await launchedAgo(2 * HOUR);
    const ticks = every(2 * MINUTE, MINUTE, 2 * HOUR).flatMap((age) =>
      ran('1.0.0', [age], { workflow_uuid: `sched-tick-${new Date(Date.now() - age).toISOString()}` }),
    );
    await database.insert(...ticks, ...ran('2.0.0', [HOUR]));
    expect(await checked(database)).toEqual(drained);
  });

  test('whose old version still works off a backlog', async () => {
    const database = await launchedAgo(HOUR);
    await database.insert(
      ...ran('1.0.0', every(10_000, 61 * MINUTE, 2 * HOUR), {
        started_at_epoch_ms: Date.now() - MINUTE,
        queue_name: 'mail',
      }),
      ...ran('2.0.0', [30 * MINUTE]),
    );
    expect(await checked(database)).toEqual(drained);
  });
});

describe('the newest roots', () => {
  const asked = { newestRoots: true };

  test('are the top-level workflows since the latest version was registered, by version', async () => {
    const database = await launchedAgo(HOUR);
    const [registered] = await database.query(
      'SELECT max(version_timestamp)::float8 AS at FROM dbos.application_versions',
    );
    const since = Number(registered?.['at']);
    const row = (id: string, after: number, changes: WorkflowRow = {}): WorkflowRow => ({
      workflow_uuid: id,
      status: 'SUCCESS',
      application_version: '1.0.0',
      created_at: since + after,
      ...changes,
    });
    await database.insert(
      row('before', -1),
      row('at', 0),
      row('child', 3, { parent_workflow_id: 'at' }),
      row('fork', 4, { forked_from: 'at' }),
      row('ignored', 5, { name: 'monitor' }),
      row('sched-tick-2026-01-01T00:00:00.000Z', 7, { status: 'ERROR' }),
      row('queued', 6, { status: 'ENQUEUED', application_version: '2.0.0' }),
      row('delayed', 7, { status: 'DELAYED', application_version: '2.0.0' }),
      row('strange', 8, { status: 'PAUSED', application_version: '2.0.0' }),
      row('running', 9, { status: 'PENDING', application_version: null }),
      row('dead-lettered', 10, { status: 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', application_version: null }),
      row('cancelled', 11, { status: 'CANCELLED', application_version: '' }),
      row('cancelled later', 12, { status: 'CANCELLED', application_version: '', started_at_epoch_ms: since }),
    );
    const { newestRoots } = await seenIn(database, { ignoreWorkflows: ['monitor'] }, asked);
    const root = (after: number, takenUp: boolean, scheduled = false) => ({
      createdAt: since + after,
      takenUp,
      scheduled,
    });
    expect(newestRoots?.versions).toEqual(
      expect.arrayContaining([
        { version: '1.0.0', roots: [root(7, true, true), root(0, true)], newestTakenUpAt: since + 7 },
        { version: '2.0.0', roots: [root(8, false), root(7, false), root(6, false)], newestTakenUpAt: null },
        { version: null, roots: [root(10, true), root(9, true)], newestTakenUpAt: since + 10 },
        { version: '', roots: [root(12, true), root(11, false)], newestTakenUpAt: since + 12 },
      ]),
    );
    expect(newestRoots?.versions).toHaveLength(4);
    expect(newestRoots).toMatchObject({ reachesBack: true, showsParents: true });
  });

  test('are not read unless they are asked for', async () => {
    const database = await launchedAgo(HOUR);
    expect((await seenIn(database)).newestRoots).toBeUndefined();
  });

  test('are read since an earlier moment where that is asked for', async () => {
    const database = await launchedAgo(HOUR);
    await database.insert(...ran('1.0.0', [MINUTE, 2 * HOUR, 4 * HOUR]));
    const read = async (rootsSince: number | undefined) => {
      const { newestRoots } = await seenIn(database, {}, { ...asked, rootsSince });
      return newestRoots?.versions.flatMap(({ roots }) => roots).length;
    };
    const now = Date.now();
    expect(await read(undefined)).toBe(1);
    expect(await read(now - 3 * HOUR)).toBe(2);
    // The registration is earlier.
    expect(await read(now)).toBe(1);
  });

  test('count as of now where they are stamped after it', async () => {
    const database = await launchedAgo(HOUR);
    await database.insert(...ran('1.0.0', [-HOUR]));
    const { newestRoots } = await seenIn(database, {}, asked);
    expect(newestRoots?.versions[0]?.newestTakenUpAt).toBeLessThanOrEqual(Date.now());
  });

  test('are those of the application and those without an owner', async () => {
    const database = await launchedAgo(HOUR);
    await database.insert(
      ...ran('1.0.0', [MINUTE]),
      ...ran('1.0.1', [MINUTE], { application_name: null }),
      ...ran('1.0.2', [MINUTE], { application_name: 'crm' }),
    );
    const { newestRoots } = await seenIn(database, { application: 'shop' }, asked);
    expect(newestRoots?.versions.map(({ version }) => version).sort()).toEqual(['1.0.0', '1.0.1']);
  });

  test('are a hundred of a kind, of the 2,000 newest rows', async () => {
    const database = await launchedAgo(24 * HOUR);
    await database.insert(...ran('1.0.0', every(1000, 1000, NEWEST_ROWS * 1000)));
    const reaches = await seenIn(database, {}, asked);
    expect(reaches.newestRoots).toMatchObject({ reachesBack: true });
    expect(reaches.newestRoots?.versions[0]?.roots).toHaveLength(100);
    await database.insert(...ran('2.0.0', [20 * HOUR, 21 * HOUR]));
    const cut = await seenIn(database, {}, asked);
    expect(cut.newestRoots).toMatchObject({ reachesBack: false });
    // One of the two is the 2,000th row.
    expect(cut.newestRoots?.versions.find(({ version }) => version === '2.0.0')?.roots).toHaveLength(1);
  });

  test('end where another application has filled the newest rows, and say so', async () => {
    const database = await launchedAgo(24 * HOUR);
    await database.insert(...ran('1.0.0', [HOUR]));
    const add = (count: number) =>
      database.query(
        `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_version, application_name, created_at, updated_at)
         SELECT gen_random_uuid()::text, 'SUCCESS', 'other', '7', 'crm', $1, $1 FROM generate_series(1, $2::int)`,
        [Date.now() - MINUTE, count],
      );
    await add(EXAMINED_ROWS - 2);
    const whole = await seenIn(database, { application: 'shop' }, asked);
    expect(whole.newestRoots).toMatchObject({ reachesBack: true, versions: [{ version: '1.0.0' }] });
    await add(2);
    const cut = await seenIn(database, { application: 'shop' }, asked);
    expect(cut.newestRoots).toEqual({ reachesBack: false, othersFill: true, showsParents: true, versions: [] });
    expect(await checked(database, { application: 'shop' })).toEqual(stillLive);
    // One workflow on the new version is enough.
    await database.insert(...ran('2.0.0', [0]));
    expect(await checked(database, { application: 'shop' })).toEqual(drained);
  });

  test('are scheduled where the id ends in the instant of a schedule, as each SDK writes it', async () => {
    const database = await launchedAgo(HOUR);
    const scheduled = [
      'sched-report-2026-01-01T00:00:00.000Z',
      'sched-report-trigger-2026-01-01T00:00:00.000Z',
      'sched-jobs.report-2026-01-01T00:00:00+00:00',
      'sched-main.report-2026-01-01 00:00:00 +0000 UTC',
      'sched-main.report-2026-01-01T00:00:00Z',
      'sched-Jobs/report-2026-01-01T00:00Z[UTC]',
    ];
    const others = ['sched-1', 'sched-order-2026-01-01', 'sched-2026', 'order-2026-01-01T00:00:00Z'];
    for (const [ids, isScheduled] of [
      [scheduled, true],
      [others, false],
    ] as const) {
      await database.query('TRUNCATE dbos.workflow_status CASCADE');
      await database.insert(...ids.flatMap((id) => ran('1.0.0', [MINUTE], { workflow_uuid: id })));
      const { newestRoots } = await seenIn(database, {}, asked);
      expect(newestRoots?.versions.flatMap(({ roots }) => roots.map((root) => root.scheduled))).toEqual(
        ids.map(() => isScheduled),
      );
    }
  });
});
