import { describe, expect, test } from 'vitest';
import { plain } from '../../src/report/text.ts';
import { explainBlocker } from '../../src/rules/index.ts';
import { type SignOfLife, signInRun, signOfLife } from '../../src/rules/live-evidence.ts';
import type { Target } from '../../src/rules/target.ts';
import { config, DATABASE_EPOCH, holdAgainst, inFlight, registration, type Scene } from '../support/builders.ts';
import { evidenceOf, type StartedRow } from '../support/newest-roots.ts';

/* Rule 5 where the target is not the latest version: each test fails when its clause is taken out. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = DATABASE_EPOCH;

type Details = Omit<StartedRow, 'version' | 'at'>;

/** Rows of a version, by their age in minutes. */
const on = (version: string | null, ages: readonly number[], details: Details = {}): readonly StartedRow[] =>
  ages.map((age) => ({ version, at: NOW - age * MINUTE, ...details }));
const old = (ages: readonly number[], details?: Details) => on('1.0.0', ages, details);
const latest = (ages: readonly number[], details?: Details) => on('2.0.0', ages, details);
/** So many ages from one to another, in minutes, both included. */
const spread = (count: number, from: number, to: number) =>
  Array.from({ length: count }, (_, index) => from + ((to - from) * index) / Math.max(1, count - 1));

const inOrder = (rows: readonly StartedRow[]) => rows.toSorted((a, b) => a.at - b.at);
const seen = (rows: readonly StartedRow[]) => evidenceOf(inOrder(rows));

interface Situation {
  /** How long ago 2.0.0 became the latest, in minutes. */
  readonly launched?: number;
  readonly target?: Target;
  readonly latest?: readonly string[];
  readonly reachesBack?: boolean;
  readonly othersFill?: boolean;
  readonly showsParents?: boolean;
}

function sign(rows: readonly StartedRow[], situation: Situation = {}): SignOfLife | undefined {
  const { launched = 60, target = '1.0.0', latest: versions = ['2.0.0'], ...changes } = situation;
  const since = NOW - launched * MINUTE;
  return signOfLife(target, { versions: new Set(versions), since }, evidenceOf(inOrder(rows), changes), NOW);
}

const isLive = (...situation: Parameters<typeof sign>) => sign(...situation) !== undefined;

describe('a target whose share of the work has not ended', () => {
  test('is live while it alone starts work', () => {
    expect(sign(old([1, 5, 9]))).toEqual({
      because: 'share',
      startedAt: NOW - MINUTE,
      newer: 0,
      lacking: 1,
      until: undefined,
      oneIsEnoughFrom: NOW + 59 * MINUTE,
    });
  });

  test('is not live when it started nothing since the latest version did', () => {
    expect(isLive([])).toBe(false);
    expect(isLive(latest([1, 2, 3]))).toBe(false);
  });

  test('is not live by what it started within fifteen minutes of the launch', () => {
    expect(isLive(old([45, 46]))).toBe(false);
    expect(isLive(old([44.9, 46]))).toBe(true);
  });

  test.each([
    ['all of the work', 1, 0, 1],
    ['all but a tenth, as beside a canary', 9, 1, 4],
    ['half', 10, 10, 14],
    ['a fifth', 4, 16, 42],
  ])('that had %s ends with a run that would come once in ten thousand times', (_share, own, others, run) => {
    const before = [...old(spread(own, 30, 40)), ...latest(spread(others, 31, 39))];
    expect(isLive([...before, ...latest(spread(run - 1, 1, 29))])).toBe(true);
    expect(isLive([...before, ...latest(spread(run, 1, 29))])).toBe(false);
    expect(sign([...before, ...latest(spread(run - 1, 1, 29))])).toMatchObject({ newer: run - 1, lacking: 1 });
  });

  test('counts a run of whatever other version', () => {
    expect(isLive([...old([30, 35]), ...on('0.9.0', [5])])).toBe(false);
    expect(isLive([...old([30, 35]), ...on(null, [5])])).toBe(false);
    expect(isLive([...old([30, 35]), ...on('', [5])])).toBe(false);
  });

  test('is live for an hour where others have taken up work since, and then no longer', () => {
    const canary = (age: number) => [...old(spread(9, age, age + 9)), ...latest([age + 5, age - 1])];
    expect(sign(canary(59), { launched: 180 })).toMatchObject({ until: NOW + MINUTE, newer: 1, lacking: 3 });
    expect(isLive(canary(60), { launched: 180 })).toBe(false);
  });

  test('stays live where none has: a quiet application whose last workflow is a day old', () => {
    const dayOld = old([DAY / MINUTE, DAY / MINUTE + 3]);
    expect(sign(dayOld, { launched: 3000 })).toMatchObject({ because: 'share', until: undefined });
    expect(isLive([...dayOld, ...latest([5], { untaken: true })], { launched: 3000 })).toBe(true);
  });

  test.each([
    ['a workflow', {}],
    ['scheduled work', { scheduled: true }],
    ['a child', { noRoot: true }],
  ])('ends on a quiet application with %s of the latest version', (_what, details) => {
    const quiet = [...old(spread(9, 90, 99)), ...latest([95])];
    expect(isLive(quiet, { launched: 180 })).toBe(true);
    expect(isLive([...quiet, ...latest([5], details)], { launched: 180 })).toBe(false);
  });

  test('does not end with its own children, or with what its own schedules start', () => {
    const quiet = [...old([90, 95]), ...latest([100])];
    expect(isLive([...quiet, ...old([5], { noRoot: true })], { launched: 180 })).toBe(true);
    expect(isLive([...quiet, ...old([5], { scheduled: true })], { launched: 180 })).toBe(true);
  });

  test.each([
    [1, 99],
    [1, 40],
    [10, 20],
    [50, 100],
    [9, 1],
  ])('says how many more workflows on other versions end it (%i of its own, %i of others)', (own, others) => {
    const before = [...old(spread(own, 50, 60)), ...latest(spread(others, 51, 59))];
    const live = sign(before, { launched: 180 });
    const lacking = live?.because === 'share' ? live.lacking : 0;
    expect(lacking).toBeGreaterThan(0);
    expect(isLive([...before, ...latest(spread(lacking - 1, 1, 49))], { launched: 180 })).toBe(true);
    expect(isLive([...before, ...latest(spread(lacking, 1, 49))], { launched: 180 })).toBe(false);
  });

  test('is judged by the hundred newest roots that count, and no older ones', () => {
    const before = [...latest(spread(90, 40, 44)), ...old(spread(100, 20, 30))];
    expect(isLive(before)).toBe(true);
    // Of all of them it had half.
    expect(isLive([...before, ...latest([1])])).toBe(false);
  });
});

describe('what counts', () => {
  test('a workflow in the queue of another version is nobody’s sign of life', () => {
    expect(isLive([...old([30]), ...latest([1], { untaken: true })])).toBe(true);
  });

  test('a workflow in the queue of the target does', () => {
    expect(isLive(old([30], { untaken: true }))).toBe(true);
  });

  test('a workflow that waits without a version is not the sign of a process that has none', () => {
    expect(isLive(on(null, [30], { untaken: true }), { target: null })).toBe(false);
    expect(isLive(on('', [30], { untaken: true }), { target: null })).toBe(false);
    expect(isLive([...on(null, [30]), ...on('', [20], { untaken: true })], { target: null })).toBe(true);
  });

  test('scheduled work of another version does not, and takes no place among the hundred', () => {
    const cron = latest(spread(300, 1, 29), { scheduled: true });
    expect(isLive([...old([30, 31]), ...cron])).toBe(true);
    expect(isLive([...old([30, 31]), ...latest(spread(300, 1, 29), { scheduled: true, untaken: true })])).toBe(true);
  });

  test('children, forks and ignored workflows do not', () => {
    expect(isLive(old([30], { noRoot: true }))).toBe(false);
    expect(isLive([...old([30]), ...latest([1], { noRoot: true })])).toBe(true);
  });

  test('scheduled work of the target does while the latest version has taken up nothing', () => {
    const ticks = old(spread(40, 1, 40), { scheduled: true });
    expect(isLive(ticks)).toBe(true);
    expect(isLive([...ticks, ...latest([50], { untaken: true })])).toBe(true);
    expect(isLive([...ticks, ...on('0.9.0', [50])])).toBe(true);
  });

  test.each([{}, { scheduled: true }, { noRoot: true }])('and not when it has (%j)', (details) => {
    expect(isLive([...old(spread(40, 1, 40), { scheduled: true }), ...latest([50], details)])).toBe(false);
  });

  test('several versions are the latest where their timestamps are equal', () => {
    const ticks = old([10, 20], { scheduled: true });
    expect(isLive([...ticks, ...on('2.0.1', [50])], { latest: ['2.0.0', '2.0.1'] })).toBe(false);
    const rollback = [...old([1]), ...on('2.0.1', [2])];
    expect(isLive(rollback, { launched: 4, latest: ['2.0.0', '2.0.1'] })).toBe(true);
  });
});

describe('a target that starts work again soon after the launch', () => {
  const launched = { launched: 5 };

  test('is live for fifteen minutes: it was rolled back', () => {
    const rollback = [...old([1]), ...latest([2])];
    expect(sign(rollback, launched)).toEqual({
      because: 'rollback',
      startedAt: NOW - MINUTE,
      newer: 0,
      lacking: 1,
      until: NOW + 14 * MINUTE,
      oneIsEnoughFrom: undefined,
    });
    expect(isLive([...old([15]), ...latest([16])], { launched: 17 })).toBe(false);
  });

  test('is not live when another version has started work since', () => {
    expect(isLive([...latest([0.5]), ...old([1]), ...latest([2])], launched)).toBe(false);
  });

  test('is not live when the latest version had not started any: the traffic has not moved yet', () => {
    expect(isLive(old([1, 2]), launched)).toBe(false);
    expect(isLive([...old([1]), ...on('0.9.0', [2])], launched)).toBe(false);
  });

  test('is not live by scheduled work of the latest version alone', () => {
    expect(isLive([...old([1]), ...latest([2], { scheduled: true })], launched)).toBe(false);
  });

  test('finds the work of the latest version behind a hundred of its own', () => {
    expect(isLive([...old(spread(150, 0.1, 2)), ...latest([3])], launched)).toBe(true);
  });
});

describe('versions that are each one process’s own', () => {
  const names = { target: 'unknown-1796000000000', latest: ['unknown-1796000000999'], launched: 5 };
  const own = on('unknown-1796000000000', [3]);
  const other = on('unknown-1796000000999', spread(40, 1, 2));

  test('are live while their work is among the newest', () => {
    expect(sign([...own, ...other], names)).toEqual({ because: 'process-name', startedAt: NOW - 3 * MINUTE });
  });

  test('are not live without any work, or behind a hundred others', () => {
    expect(isLive(other, names)).toBe(false);
    expect(isLive([...own, ...on('unknown-1796000000999', spread(100, 1, 2))], names)).toBe(false);
  });

  test.each([
    ['1.0.0', 'unknown-1796000000999'],
    ['unknown-1796000000000', '2.0.0'],
    ['unknown-1796000000000-2', 'unknown-1796000000999'],
  ])('are both so, and exactly so (%s, %s)', (target, newest) => {
    const rows = [...on(target, [3]), ...on(newest, spread(40, 1, 2))];
    expect(isLive(rows, { target, latest: [newest], launched: 5 })).toBe(false);
  });
});

describe('where the newest rows do not reach back to the launch', () => {
  const cut = { reachesBack: false, launched: 600 };
  const deadCron = latest(spread(50, 1, 500), { scheduled: true, untaken: true });

  test('a target is live when no other version took up any of them', () => {
    expect(sign(deadCron, cut)).toEqual({ because: 'nothing-else-runs' });
    expect(isLive([...deadCron, ...old([400], { noRoot: true })], cut)).toBe(true);
  });

  test.each([
    ['a workflow', latest([50])],
    ['a child', latest([50], { noRoot: true })],
    ['scheduled work', latest([50], { scheduled: true })],
    ['work of a version that is neither', on('0.9.0', [50])],
    ['work without a version', on(null, [50])],
  ])('it is not live when another one took up %s', (_what, taken) => {
    expect(isLive([...deadCron, ...taken], cut)).toBe(false);
  });

  test('it is not live where they do reach back', () => {
    expect(isLive(deadCron, { ...cut, reachesBack: true })).toBe(false);
  });

  test('says so where that is because other applications fill them', () => {
    expect(sign([], { ...cut, othersFill: true })).toEqual({ because: 'hidden-by-others' });
    expect(isLive(latest([50]), { ...cut, othersFill: true })).toBe(false);
  });

  test('its own roots are weighed as elsewhere', () => {
    expect(sign([...deadCron, ...old([400])], cut)).toMatchObject({ because: 'share' });
    expect(isLive([...deadCron, ...old([400]), ...latest([300])], cut)).toBe(false);
  });
});

test('where the schema shows no parents, neither shares nor rollbacks are judged', () => {
  expect(isLive(old([1, 2]), { showsParents: false })).toBe(false);
  expect(isLive([...old([1]), ...latest([2])], { showsParents: false, launched: 5 })).toBe(false);
});

describe('where another version became the latest during the run', () => {
  const third = (ages: readonly number[], details?: Details) => on('3.0.0', ages, details);
  /** 2.0.0 had become the latest two hours ago, the gate began ten minutes ago, 3.0.0 registered five minutes ago. */
  function signSince(
    rows: readonly StartedRow[],
    target: Target,
    { registered = 5, ...changes }: Situation & { readonly registered?: number } = {},
  ): SignOfLife | undefined {
    const atFirst = { versions: new Set(['2.0.0']), since: NOW - 2 * HOUR, observedAt: NOW - 10 * MINUTE };
    const latestNow = { versions: new Set(['3.0.0']), since: NOW - registered * MINUTE };
    return signInRun(target, latestNow, atFirst, evidenceOf(inOrder(rows), changes), NOW);
  }

  test('the one that was the latest is live when it started work in the run', () => {
    expect(signSince(latest([9, 20]), '2.0.0')).toEqual({
      because: 'unmoved',
      startedAt: NOW - 9 * MINUTE,
      newer: 0,
      lacking: 1,
      until: NOW + 10 * MINUTE,
      oneIsEnoughFrom: undefined,
    });
    expect(signSince(latest([2, 20]), '2.0.0')).toMatchObject({ until: NOW + 13 * MINUTE });
  });

  test('and not when it did not: a quiet application', () => {
    expect(signSince([], '2.0.0')).toBeUndefined();
    expect(signSince(latest([12, 20]), '2.0.0')).toBeUndefined();
    // The clock of the process that stamped it can be a minute behind.
    expect(signSince(latest([10.9]), '2.0.0')).toMatchObject({ because: 'unmoved' });
  });

  test.each([
    ['children', { noRoot: true }],
    ['work of its schedules, which follow the latest version', { scheduled: true }],
  ])('and not by %s', (_, details) => {
    expect(signSince(latest([2, 9], details), '2.0.0')).toBeUndefined();
  });

  test('until the new latest version starts work', () => {
    expect(signSince([...latest([2, 9]), ...third([1])], '2.0.0')).toBeUndefined();
    expect(signSince([...latest([2, 9]), ...third([1], { untaken: true })], '2.0.0')).toBeDefined();
    // Whatever share the other one had until then.
    const half = [...latest(spread(10, 2, 60)), ...old(spread(10, 3, 61))];
    expect(signSince(half, '2.0.0')).toBeDefined();
    expect(signSince([...half, ...third([1])], '2.0.0')).toBeUndefined();
    // Its schedules came to it with the registration, and its traffic did not.
    expect(signSince([...latest([2, 9]), ...third([1], { scheduled: true })], '2.0.0')).toBeDefined();
    // It had some before it was promoted.
    expect(signSince([...latest([9]), ...third([10])], '2.0.0')).toMatchObject({ because: 'unmoved' });
  });

  test('or until neither it has for fifteen minutes', () => {
    expect(signSince(latest([9]), '2.0.0', { registered: 14.9 })).toBeDefined();
    expect(signSince(latest([9]), '2.0.0', { registered: 15 })).toMatchObject({ until: NOW + 6 * MINUTE });
    expect(signSince(latest([9]), '2.0.0', { registered: 0.5 })).toMatchObject({ until: NOW + 14.5 * MINUTE });
  });

  test('a version that was live before stays so, whenever it last started work', () => {
    expect(signSince(old([5, 15, 90]), '1.0.0')).toMatchObject({ because: 'unmoved', startedAt: NOW - 5 * MINUTE });
    expect(signSince(old([50, 60]), '1.0.0')).toMatchObject({ because: 'unmoved', until: NOW + 10 * MINUTE });
    expect(signSince([...old([50, 60]), ...third([1])], '1.0.0')).toBeUndefined();
    expect(signSince(old([50, 60]), '1.0.0', { registered: 15 })).toBeUndefined();
  });

  test('a version that was not live before is not by what another one became', () => {
    expect(signSince([...old([110]), ...latest([30])], '1.0.0')).toBeUndefined();
  });

  test('a version whose traffic had moved to yet another one is not live', () => {
    expect(signSince([...latest([9, 20]), ...on('2.5.0', [7])], '2.0.0')).toBeUndefined();
    expect(signSince([...latest([9, 20]), ...old([11]), ...on('2.5.0', [7])], '2.0.0')).toBeDefined();
  });

  test('a dead latest version’s schedule that hid the rest hides it still, for fifteen minutes', () => {
    const cron = latest(spread(50, 6, 100), { scheduled: true, untaken: true });
    const cut = { reachesBack: false };
    expect(signSince(cron, '1.0.0', cut)).toEqual({ because: 'nothing-else-runs' });
    expect(signSince(cron, '1.0.0', { ...cut, registered: 15 })).toBeUndefined();
    expect(signSince([...cron, ...third([1])], '1.0.0', cut)).toBeUndefined();
  });

  test('where the schema shows no parents, it is not judged', () => {
    expect(signSince(latest([2, 9]), '2.0.0', { showsParents: false })).toBeUndefined();
  });
});

describe('in a hold', () => {
  const registrations = [registration('1.0.0', NOW - 5 * HOUR), registration('2.0.0', NOW - 2 * HOUR)];
  const check = config({ mode: 'check' });
  const relaunched: Scene = { registrations, newestRoots: seen(old([3, 8, 20])) };
  /** The traffic has moved after a canary: it will have been live for an hour in `minutes`. */
  const fading = (minutes: number, at = 0): Scene => ({
    registrations,
    observedAt: NOW + at,
    newestRoots: seen([...old(spread(9, 60 - minutes, 70)), ...latest([65, 1])]),
  });

  async function checked(scene: Scene, changes = {}) {
    const { verdict, last } = await holdAgainst({ ...check, ...changes }, () => scene);
    return { verdict, kinds: last?.evaluation.targets.flatMap(({ blockers }) => blockers.map(({ kind }) => kind)) };
  }

  test.each(['check', 'report'] as const)('%s ends as still-live', async (mode) => {
    expect(await checked(relaunched, { mode })).toEqual({ verdict: 'still-live', kinds: ['receives-work'] });
  });

  test('wait holds, with fail-fast too, and times out', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), () => relaunched);
    expect({ verdict, waitedMs }).toEqual({ verdict: 'timed-out', waitedMs: 30 * MINUTE });
  });

  test('wait drains when the evidence has cured itself', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => fading(10, at));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10 * MINUTE + 10_000 });
  });

  test.each(['latest-only', 'ignore'] as const)('on-live: %s lifts it, and nothing is read for it', async (onLive) => {
    const { verdict, requests } = await holdAgainst({ ...check, onLive }, () => relaunched);
    expect(verdict).toBe('drained');
    expect(requests.some(({ newestRoots }) => newestRoots)).toBe(false);
  });

  test('on-live: latest-only still blocks for the latest version', async () => {
    const promoted = [registration('1.0.0', 3), registration('2.0.0', 2)];
    const { verdict } = await holdAgainst({ ...check, onLive: 'latest-only' }, () => ({ registrations: promoted }));
    expect(verdict).toBe('still-live');
  });

  test('closes the settle window of the target', async () => {
    const { verdict, polls } = await holdAgainst(config({ timeoutMs: MINUTE }), ({ at }) => ({
      registrations,
      newestRoots: seen(at === 5000 ? old([1]) : []),
    }));
    expect(verdict).toBe('drained');
    expect(polls.map(({ evaluation }) => evaluation.targets[0]?.settledForMs)).toEqual([0, undefined, 0, 5000, 10_000]);
  });

  test('is not asked while anything else blocks the target or the gate', async () => {
    const busy = { ...relaunched, inFlight: [inFlight('1.0.0', { pending: 1 })] };
    expect((await checked(busy)).kinds).toEqual(['in-flight']);
    expect(await checked({ ...relaunched, owners: ['shop', 'crm'] })).toEqual({ verdict: 'error', kinds: [] });
  });

  test('is read at the first poll, and again only when nothing else blocks', async () => {
    const { requests, polls } = await holdAgainst(config(), ({ at }) => ({
      registrations,
      inFlight: at < 20_000 ? [inFlight('1.0.0', { pending: 1 })] : [],
    }));
    // The poll that finds nothing in flight lacks the evidence: the next one follows at once.
    expect(requests.map(({ newestRoots }) => newestRoots)).toEqual([
      true,
      false,
      false,
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(polls.map(({ time }) => time.ended)).toEqual([0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000]);
  });

  test('a poll without the evidence opens no settle window', async () => {
    const { verdict } = await holdAgainst(config(), ({ at }) => ({
      registrations,
      inFlight: at < 20_000 ? [inFlight('1.0.0', { pending: 1 })] : [],
      newestRoots: seen(old([1])),
    }));
    expect(verdict).toBe('timed-out');
  });

  test('is judged by itself for each target', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const scene = { ...relaunched, registrations: [registration('0.9.0', 1), ...registrations] };
    const { verdict, last } = await holdAgainst({ ...check, targets }, () => scene);
    expect(verdict).toBe('still-live');
    expect(last?.evaluation.targets.map(({ version, drained }) => [version, drained])).toEqual([
      ['0.9.0', true],
      ['1.0.0', false],
    ]);
  });

  describe('in which 3.0.0 registers', () => {
    const third = registration('3.0.0', NOW + 55_000);
    const keepLatest = { targets: { kind: 'all-but-latest' }, settleMs: 30_000 } as const;
    /** What a poll reads of these rows, in order: those until now, since the registration or since it was asked to. */
    const newestOf = (rows: readonly StartedRow[], since: number, now: number) =>
      evidenceOf(rows.filter(({ at }) => at >= since && at <= now));
    const perMinute = (version: string, from: number) =>
      Array.from({ length: 200 }, (_, minute) => ({ version, at: NOW + (minute - 120 + from) * MINUTE }));

    /** 1.0.0 is in flight for 40 s, 3.0.0 registers after 55 s, and these workflows start. */
    const deploy = (rows: readonly StartedRow[], changes = {}) =>
      holdAgainst(config({ ...keepLatest, ...changes }), ({ at, request }) => {
        const hasThird = at >= 55_000;
        const since = hasThird ? third.timestamp : NOW - 2 * HOUR;
        return {
          registrations: hasThird ? [...registrations, third] : registrations,
          observedAt: NOW + at,
          inFlight: at < 40_000 ? [inFlight('1.0.0', { pending: 1 })] : [],
          newestRoots: newestOf(rows, Math.min(request.rootsSince ?? since, since), NOW + at),
        };
      });
    const drainedOf = ({ last }: Awaited<ReturnType<typeof deploy>>) =>
      last?.evaluation.targets.filter(({ drained }) => drained).map(({ version }) => version);

    test('the one that was the latest, and takes a workflow a minute, is held', async () => {
      const held = await deploy(perMinute('2.0.0', 0));
      expect(held).toMatchObject({ verdict: 'timed-out', waitedMs: 30 * MINUTE });
      expect(drainedOf(held)).toEqual(['1.0.0']);
      const poll = held.polls.find(({ time }) => time.ended === 100_000);
      const blocker = poll?.evaluation.targets.flatMap(({ blockers }) => blockers)[0];
      const text = blocker === undefined ? '' : plain(explainBlocker(blocker));
      expect(text).toContain(
        'none has started on another version since. The latest version was registered or promoted',
      );
      expect(text).toContain('or until 1 more workflow starts on the new version');
    });

    test('it ends with the first workflow on 3.0.0', async () => {
      const before = perMinute('2.0.0', 0).filter(({ at }) => at < NOW + MINUTE);
      const held = await deploy([...before, { version: '3.0.0', at: NOW + 91_000 }]);
      expect(held).toMatchObject({ verdict: 'drained', waitedMs: 125_000 });
    });

    test('it ends fifteen minutes later where neither starts work', async () => {
      const held = await deploy(perMinute('2.0.0', 0).filter(({ at }) => at < NOW + 50_000));
      expect(held).toMatchObject({ verdict: 'drained', waitedMs: 55_000 + 15 * MINUTE + 30_000 });
    });

    test('on a quiet application it ends after its settle window', async () => {
      const held = await deploy(perMinute('2.0.0', 0).filter(({ at }) => at < NOW - 2 * MINUTE));
      expect(held).toMatchObject({ verdict: 'drained', waitedMs: 85_000 });
      expect(drainedOf(held)).toEqual(['1.0.0', '2.0.0']);
    });

    test.each([
      ['named', { kind: 'named', versions: ['1.0.0'] }],
      ['all but the kept', { kind: 'all-but', keep: ['2.0.0'] }],
      ['all but the latest', { kind: 'all-but-latest' }],
    ] as const)('1.0.0, which runs after a relaunch, stays held: %s', async (_, targets) => {
      const held = await deploy(perMinute('1.0.0', 0), { targets });
      expect(held.verdict).toBe('timed-out');
      expect(drainedOf(held)).not.toContain('1.0.0');
    });

    test('and where 2.0.0 is promoted again instead', async () => {
      const { verdict } = await holdAgainst(config(), ({ at, request }) => {
        const promotedAt = at < 55_000 ? NOW - 2 * HOUR : NOW + 55_000;
        const since = Math.min(request.rootsSince ?? promotedAt, promotedAt);
        return {
          registrations: [registration('1.0.0', NOW - 5 * HOUR), registration('2.0.0', promotedAt)],
          observedAt: NOW + at,
          newestRoots: newestOf(perMinute('1.0.0', 0), since, NOW + at),
        };
      });
      expect(verdict).toBe('timed-out');
    });
  });

  test('is void where nothing is registered', async () => {
    const scene = { newestRoots: seen(old([1])), owners: [] };
    for (const none of ['no-table', []] as const) {
      const { verdict } = await holdAgainst(check, () => ({ ...scene, registrations: none }), { history: ['1.0.0'] });
      expect(verdict).toBe('drained');
    }
  });

  describe('says', () => {
    async function explained(scene: Scene): Promise<string> {
      const { last } = await holdAgainst(check, () => ({ registrations, ...scene }));
      const [blocker] = last?.evaluation.targets[0]?.blockers ?? [];
      if (blocker === undefined) throw new Error('Nothing blocks.');
      return plain(explainBlocker(blocker));
    }

    test('how old the newest workflow is, until when, and what ends it sooner', async () => {
      const text = await explained(fading(31));
      expect(text).toContain('started 29m ago, and only 1 has started on another version since');
      expect(text).toContain('live until 00:31 UTC, or until 3 more workflows start on the new version');
      expect(text).toContain('on-live: latest-only');
    });

    test('that one workflow on the new version is enough, after a canary on a quiet application', async () => {
      const quiet = seen([...old(spread(9, 70, 80)), ...latest([75])]);
      expect(await explained({ newestRoots: quiet })).toContain('One workflow on the new version is enough');
      expect(await explained({ newestRoots: seen(old([5, 6])) })).toContain(
        'One workflow on the new version is enough',
      );
    });

    test('from when on one workflow is enough', async () => {
      const young = seen([...old(spread(9, 30, 40)), ...latest([35])]);
      const text = await explained({ newestRoots: young });
      expect(text).toContain('live until 4 workflows start on the new version. From 00:30 UTC, one is enough');
    });

    test('which applications hide the evidence, and what to do', async () => {
      const text = await explained({ newestRoots: evidenceOf([], { reachesBack: false, othersFill: true }) });
      expect(text).toContain('Other applications hide');
      expect(text).toContain('newest 20,000 rows');
      expect(text).toContain('Start one workflow on the version that you keep');
      expect(text).not.toContain('Launch it');
    });

    test.each([
      ['its share', seen(on(null, [3]))],
      ['nothing else that runs', evidenceOf([], { reachesBack: false })],
    ])('what to do about a process without a version, which cannot be kept or promoted: %s', async (_, newestRoots) => {
      const keep = { targets: { kind: 'all-but', keep: ['2.0.0'] }, timeoutMs: MINUTE } as const;
      const { last } = await holdAgainst(config(keep), ({ number }) => ({
        ...{ registrations: registrations.slice(1), newestRoots },
        inFlight: number === 1 ? [inFlight(null, { pending: 1 })] : [],
      }));
      expect(last?.evaluation.targets).toMatchObject([{ version: null }]);
      const text = last?.evaluation.targets.flatMap(({ blockers }) =>
        blockers.map((blocker) => plain(explainBlocker(blocker))),
      );
      expect(text).toEqual([expect.stringContaining('DBOS__APPVERSION')]);
      expect(text).not.toEqual([expect.stringContaining('setLatestApplicationVersion')]);
    });

    test('what to do after a rollback', async () => {
      const text = await explained({ newestRoots: seen(old([3])), serializations: ['js_superjson'] });
      expect(text).toContain('setLatestApplicationVersion');
      expect(text).toContain('the latest is "2.0.0"');
    });
  });
});
