import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import type { WorkflowDetail } from '../../src/dbos/snapshot/index.ts';
import { TransientError } from '../../src/errors.ts';
import { movingTimeLeft } from '../../src/forecast/estimate.ts';
import { SERIES_SAMPLES } from '../../src/forecast/history.ts';
import type { Poll } from '../../src/hold/hold.ts';
import { trusted } from '../../src/message.ts';
import { describeActivity, nextStepFor } from '../../src/report/activity-text.ts';
import { plain } from '../../src/report/text.ts';
import { conclusionOf } from '../../src/rules/verdict.ts';
import {
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  queueInFlight,
  registration,
  type Scene,
  type Script,
  started,
  step,
  twoRegistered,
  workflowDetail,
} from '../support/builders.ts';
import { reportAgainst } from '../support/report-runs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CLOCK_MARGIN = MINUTE;
const BOUND_STANDS = 10_000;

const whole = { omitted: 0, omittedUnversioned: 0 };

/** These and no others are in flight on 1.0.0. */
function consistingOf(...items: readonly WorkflowDetail[]): Scene {
  const count = (wanted: string) => items.filter(({ status }) => status === wanted).length;
  const counts = { pending: count('PENDING'), enqueued: count('ENQUEUED'), delayed: count('DELAYED') };
  return { inFlight: [inFlight('1.0.0', counts)], workflows: { items, ...whole } };
}

function quiet(ageMs: number, changes: Partial<WorkflowDetail> = {}): WorkflowDetail {
  const time = DATABASE_EPOCH - ageMs;
  return workflowDetail({ createdAt: time, updatedAt: time, ...changes });
}

function asleepUntil(until: number, changes: Partial<WorkflowDetail> = {}): WorkflowDetail {
  const lastStep = step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH - 1, completedAt: until });
  return workflowDetail({ lastStep, ...changes });
}

/** A delayed workflow as a poll sees it: the last delay of its version, and its name. */
function delayedUntil(until: number, version = '1.0.0'): Scene {
  return {
    inFlight: [inFlight(version, { delayed: 1, delayedUntil: until })],
    lastDelayed: [{ id: 'order-9', version, name: 'remind', className: null, instance: null, until }],
  };
}

/** A hold of half an hour, in which nothing changes but the time. */
async function heldAgainst(scene: Scene, changes: Partial<GateConfig> = {}) {
  const gate = config({ timeoutMs: 30 * MINUTE, ...changes });
  const { verdict, waitedMs, polls } = await holdAgainst(gate, ({ at }) => ({
    observedAt: DATABASE_EPOCH + at,
    ...scene,
  }));
  return { verdict, waitedMs, forecast: pollOf(polls[0]).forecast };
}

function pollOf(poll: Poll | undefined): Poll {
  if (poll === undefined) throw new Error('There was no such poll.');
  return poll;
}

const TIMEOUT = DATABASE_EPOCH + 30 * MINUTE;

describe('cannot-drain', () => {
  test.each([
    ['a delay', (until: number) => delayedUntil(until)],
    ['a sleep', (until: number) => consistingOf(asleepUntil(until))],
  ])('ends a hold soon for %s beyond the timeout, with a minute for the clocks', async (_what, scene) => {
    const within = await heldAgainst(scene(TIMEOUT + CLOCK_MARGIN));
    expect(within).toMatchObject({ verdict: 'timed-out' });
    const beyond = await heldAgainst(scene(TIMEOUT + CLOCK_MARGIN + 1));
    expect(beyond).toMatchObject({ verdict: 'cannot-drain', waitedMs: BOUND_STANDS });
  });

  describe('waits until a bound has stood, unchanged, for ten seconds', () => {
    const asleep = asleepUntil(TIMEOUT + HOUR);
    const racing = asleepUntil(TIMEOUT + HOUR, { hasChildren: true });
    const holdOf = (script: Script, changes: Partial<GateConfig> = {}) =>
      holdAgainst(config({ timeoutMs: 30 * MINUTE, pollIntervalMs: 200, ...changes }), (poll) => ({
        observedAt: DATABASE_EPOCH + poll.at,
        ...script(poll),
      }));

    test('so that a parent whose child has just finished can finish too', async () => {
      const { verdict } = await holdOf(({ at }) => {
        return at < 5000 ? consistingOf(racing) : at < 14_000 ? consistingOf(asleep) : {};
      });
      expect(verdict).toBe('drained');
    });

    test('and counts anew after a poll that found it otherwise', async () => {
      const { verdict, waitedMs } = await holdOf(({ at }) => consistingOf(at === 9000 ? racing : asleep));
      expect(verdict).toBe('cannot-drain');
      expect(waitedMs).toBe(9200 + BOUND_STANDS);
    });

    test('and counts anew when it moves', async () => {
      const { verdict } = await holdOf(({ at }) => delayedUntil(TIMEOUT + HOUR + Math.floor(at / 9000)));
      expect(verdict).toBe('timed-out');
    });

    test('though most polls do not read the workflow', async () => {
      const others = { omitted: 1, omittedUnversioned: 0 };
      const { verdict, waitedMs } = await holdOf(({ request }) => {
        const read = consistingOf(quiet(0, { id: 'order-2' }), ...(request.detailScan ? [asleep] : []));
        return request.detailScan ? read : { ...read, workflows: { items: [], ...others } };
      });
      expect(verdict).toBe('cannot-drain');
      expect(waitedMs).toBe(MINUTE);
    });
  });

  test.each([
    ['fail-fast is false', { failFast: false }],
    ['the mode is check', { mode: 'check' }],
    ['the mode is report', { mode: 'report' }],
  ] as const)('is no verdict where %s', async (_why, changes) => {
    expect((await heldAgainst(delayedUntil(TIMEOUT + HOUR), changes)).verdict).not.toBe('cannot-drain');
  });

  test.each([
    ['of another version', delayedUntil(TIMEOUT + HOUR, '2.0.0')],
    ['without a version', consistingOf(asleepUntil(TIMEOUT + HOUR, { version: null }))],
    ['asleep beside a child', consistingOf(asleepUntil(TIMEOUT + HOUR, { hasChildren: true }))],
    [
      'in a wait with a timeout',
      consistingOf(
        asleepUntil(TIMEOUT + HOUR, {
          lastStep: step({ name: 'DBOS.sleep', startedAt: 0, completedAt: TIMEOUT + HOUR, number: 1 }),
          serialization: 'java_jackson',
        }),
      ),
    ],
    ['asleep until its deadline', consistingOf(asleepUntil(TIMEOUT + HOUR, { deadline: TIMEOUT }))],
    ['with a deadline alone', consistingOf(workflowDetail({ deadline: TIMEOUT + HOUR }))],
    [
      'delayed, by a row that the SQL does not vouch for',
      consistingOf(quiet(0, { status: 'DELAYED', delayUntil: TIMEOUT + HOUR, debounced: true })),
    ],
  ])('is no verdict for a workflow %s', async (_what, scene) => {
    expect((await heldAgainst(scene)).verdict).not.toBe('cannot-drain');
  });

  test('ends a hold as soon as one of several targets cannot drain', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const registrations = [registration('0.9.0', 0), ...twoRegistered];
    const { verdict } = await heldAgainst({ registrations, ...delayedUntil(TIMEOUT + HOUR) }, { targets });
    expect(verdict).toBe('cannot-drain');
  });

  test('ends a hold for the last delay, even when its workflow is not listed', async () => {
    const unnamed = { ...delayedUntil(TIMEOUT + HOUR), lastDelayed: [] };
    expect((await heldAgainst(unnamed)).verdict).toBe('cannot-drain');
  });

  test('ends a hold for work that arrives during it, measured from then', async () => {
    const comesAfter = (until: number) =>
      holdAgainst(config({ timeoutMs: 30 * MINUTE, pollIntervalMs: 10 * MINUTE }), ({ at }) => ({
        observedAt: DATABASE_EPOCH + at,
        ...(at === 0 ? consistingOf(quiet(0)) : delayedUntil(until)),
      }));
    expect((await comesAfter(TIMEOUT + CLOCK_MARGIN)).polls).toHaveLength(4);
    const { polls } = await comesAfter(TIMEOUT + CLOCK_MARGIN + 1);
    expect(polls).toHaveLength(3);
    expect(pollOf(polls[2]).forecast.pastDeadline).toMatchObject({
      deadline: TIMEOUT,
      neededMs: 33 * MINUTE,
    });
  });

  test('is no verdict where a sleep is shorter by its own clock, nor where the clocks disagree', async () => {
    const ahead = DATABASE_EPOCH + HOUR;
    const lastStep = step({ name: 'DBOS.sleep', startedAt: ahead, completedAt: ahead + 10 * MINUTE });
    const skewed = consistingOf(workflowDetail({ lastStep }));
    expect((await heldAgainst(skewed)).verdict).toBe('timed-out');
    const apart = (byMs: number) => ({
      ...delayedUntil(TIMEOUT + HOUR),
      newestWriteAt: DATABASE_EPOCH + BOUND_STANDS + byMs,
    });
    const brief = { timeoutMs: BOUND_STANDS };
    expect((await heldAgainst(apart(MINUTE + 1), brief)).verdict).toBe('timed-out');
    expect((await heldAgainst(apart(MINUTE), brief)).verdict).toBe('cannot-drain');
  });

  test('is no verdict after the clock of the database stepped back, as after a failover', async () => {
    const from = (stepMs: number) =>
      holdAgainst(config({ timeoutMs: 30 * MINUTE, pollIntervalMs: 10 * MINUTE }), ({ at, number }) => ({
        observedAt: DATABASE_EPOCH + at - (number > 1 ? stepMs : 0),
        ...(number === 1 ? consistingOf(quiet(0)) : delayedUntil(TIMEOUT + HOUR)),
      }));
    const late = await holdAgainst(config({ timeoutMs: 30 * MINUTE }), ({ at }) => {
      if (at < 90_000) throw new TransientError(trusted('The database is starting up.'), true);
      return {
        observedAt: DATABASE_EPOCH + at,
        ...(at < 3 * MINUTE ? consistingOf(quiet(0)) : delayedUntil(TIMEOUT + HOUR)),
      };
    });
    expect(late.verdict).toBe('cannot-drain');
    expect((await from(MINUTE)).verdict).toBe('cannot-drain');
    expect((await from(MINUTE + 1)).verdict).toBe('timed-out');
  });

  test('gives way to an error, and to an unknown version, which can still appear', async () => {
    const scene = { ...delayedUntil(TIMEOUT + HOUR), owners: ['shop', 'crm'] };
    expect((await heldAgainst(scene)).verdict).toBe('error');
    const keep = { targets: { kind: 'all-but', keep: ['3.0.0'] } } as const;
    const { verdict, waitedMs } = await holdAgainst(config(keep), ({ at }) => ({
      observedAt: DATABASE_EPOCH + at,
      ...delayedUntil(TIMEOUT + HOUR),
      registrations: at < MINUTE ? twoRegistered : [...twoRegistered, registration('3.0.0', 3)],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'cannot-drain', waitedMs: MINUTE });
  });

  test('passes with a warning where on-timeout says so', () => {
    expect(conclusionOf('cannot-drain', config())).toBe('fail');
    expect(conclusionOf('cannot-drain', config({ onTimeout: 'warn' }))).toBe('warn');
  });

  test('names a timeout that is long enough, in whole minutes, and only what ends after the deadline', async () => {
    const until = TIMEOUT + HOUR + 1;
    const scene = consistingOf(
      asleepUntil(until),
      asleepUntil(TIMEOUT + 2 * MINUTE, { id: 'order-2' }),
      asleepUntil(TIMEOUT, { id: 'order-3' }),
    );
    const sooner = {
      id: 'order-4',
      version: '1.0.0',
      name: null,
      className: null,
      instance: null,
      until: TIMEOUT + 3 * MINUTE,
    };
    const { polls } = await holdAgainst(config(), ({ at }) => ({
      ...scene,
      observedAt: DATABASE_EPOCH + at,
      lastDelayed: [sooner],
    }));
    const beyond = pollOf(polls.at(-1)).forecast.pastDeadline;
    expect(beyond?.earliestEnds.map(({ id }) => id)).toEqual(['order-1', 'order-4', 'order-2']);
    expect(beyond).toMatchObject({ notBefore: until, deadline: TIMEOUT, neededMs: 92 * MINUTE });
    const enough = await heldAgainst(scene, { timeoutMs: beyond?.neededMs ?? 0 });
    expect(enough.verdict).toBe('timed-out');
  });
});

describe('the request of a poll', () => {
  test('asks for a detail scan at first, and once per minute', async () => {
    const { requests } = await holdAgainst(config({ timeoutMs: 3 * MINUTE }), () => ({
      inFlight: [inFlight('1.0.0', { pending: 60 })],
      workflows: { items: [workflowDetail()], omitted: 59, omittedUnversioned: 0 },
    }));
    const scans = requests.flatMap(({ detailScan }, index) => (detailScan ? [index * 5] : []));
    expect(scans).toEqual([0, 60, 120]);
  });

  test('asks for none for ten minutes after one took too long, and for none that could cost the deadline', async () => {
    const failing = await holdAgainst(config({ timeoutMs: 15 * MINUTE }), ({ request, at }) => {
      if (request.detailScan) throw new TransientError(trusted('The poll took too long.'), true, { overLimit: true });
      const workflows = { items: [workflowDetail()], omitted: 59, omittedUnversioned: 0 };
      return at < 14 * MINUTE ? { inFlight: [inFlight('1.0.0', { pending: 60 })], workflows } : {};
    });
    expect(failing.verdict).toBe('drained');
    expect(failing.failedPolls.map(({ time }) => time.began)).toEqual([0, 601_000]);

    const { requests } = await holdAgainst(config({ timeoutMs: 2 * MINUTE, pollIntervalMs: MINUTE }), () => ({
      inFlight: [inFlight('1.0.0', { pending: 60 })],
      workflows: { items: [workflowDetail()], omitted: 59, omittedUnversioned: 0 },
    }));
    expect(requests.map(({ detailScan }) => detailScan)).toEqual([true, true, false]);
  });

  test('asks for it again after one broken connection, and not after two in a row', async () => {
    const broken = (failures: number) =>
      holdAgainst(config({ mode: 'check' }), ({ number }) => {
        if (number <= failures) throw new TransientError(trusted('Connection lost.'), true);
        return { inFlight: [inFlight('1.0.0', { pending: 60 })] };
      });
    expect((await broken(1)).requests.map(({ detailScan }) => detailScan)).toEqual([true, true]);
    expect((await broken(2)).requests.map(({ detailScan }) => detailScan)).toEqual([true, true, false]);
  });

  test('asks for none before it is settled which versions stay', async () => {
    const { requests, polls } = await holdAgainst(
      config({ mode: 'check', targets: { kind: 'all-but-latest' } }),
      ({ number }) => ({
        inFlight: [inFlight('1.0.0', { pending: 1 })],
        workflows: { items: [workflowDetail({ id: `of poll ${number}` })], ...whole },
      }),
    );
    expect(requests.map(({ detailScan }) => detailScan)).toEqual([false, true]);
    expect(pollOf(polls[0]).forecast.history.detailScan?.workflows.map(({ id }) => id)).toEqual(['of poll 2']);
  });

  test('asks for the names of workflows created since the previous poll, and for none at first', async () => {
    const { requests } = await holdAgainst(config({ timeoutMs: 12_000 }), ({ at }) => ({
      inFlight: [inFlight('1.0.0', { pending: 1 })],
      observedAt: DATABASE_EPOCH + at,
    }));
    const since = [0, 5000, 10_000].map((at) => DATABASE_EPOCH + at);
    expect(requests.map(({ namesSince }) => namesSince)).toEqual([undefined, ...since]);
  });

  test('needs no detail scan where a poll reads all workflows', async () => {
    const { polls } = await holdAgainst(config({ timeoutMs: 10_000 }), ({ at }) =>
      at === 0 ? consistingOf(quiet(0), quiet(0, { id: 'order-2' })) : consistingOf(quiet(0)),
    );
    expect(polls.map(({ forecast }) => forecast.total.states.progressing)).toEqual([2, 1, 1]);
  });
});

test('a child that only the last detail scan read still counts', async () => {
  const parent = quiet(0, { id: 'parent' });
  const child = quiet(0, { id: 'child', parent: 'parent' });
  const { polls } = await holdAgainst(config({ timeoutMs: 10_000 }), ({ request }) => ({
    inFlight: [inFlight('1.0.0', { pending: 60 })],
    workflows: { items: request.detailScan ? [parent, child] : [parent], omitted: 58, omittedUnversioned: 0 },
  }));
  expect(pollOf(polls[1]).forecast.statuses.get('parent')?.activity.kind).toBe('child');
});

test('a workflow that is its own parent waits for no child', async () => {
  const { forecast } = await heldAgainst(consistingOf(quiet(0, { id: 'self', parent: 'self' })), {
    mode: 'check',
  });
  expect(forecast.statuses.get('self')?.activity.kind).toBe('running');
});

test('a sleep that only the detail scan read bounds the drain until the next scan', async () => {
  const asleep = asleepUntil(DATABASE_EPOCH + 20 * MINUTE);
  const { polls } = await holdAgainst(config({ timeoutMs: 65_000 + 25 * MINUTE }), ({ request, at }) => ({
    inFlight: [inFlight('1.0.0', { pending: 60 })],
    workflows: {
      items: request.detailScan && at < MINUTE ? [asleep] : [],
      omitted: 59,
      omittedUnversioned: 0,
    },
  }));
  const earliestEnds = polls.slice(0, 14).map(({ forecast }) => forecast.total.notBefore);
  expect(earliestEnds.map((bound) => bound !== undefined)).toEqual([
    ...Array.from({ length: 12 }, () => true),
    false,
    false,
  ]);
});

test('a sleep that the detail scan read bounds nothing once a poll finds the workflow awake', async () => {
  const asleep = asleepUntil(DATABASE_EPOCH + 20 * MINUTE);
  const { polls } = await holdAgainst(config({ timeoutMs: 25 * MINUTE }), ({ number }) => ({
    inFlight: [inFlight('1.0.0', { pending: 60 })],
    workflows: { items: [number > 1 ? quiet(0) : asleep], omitted: 59, omittedUnversioned: 0 },
  }));
  const [first, second] = polls.map(({ forecast }) => forecast.total.notBefore);
  expect([first, second]).toEqual([DATABASE_EPOCH + 20 * MINUTE, undefined]);
});

test('counts no more of the last detail scan than is in flight, and nothing of a target that has drained', async () => {
  const asleep = asleepUntil(DATABASE_EPOCH + 20 * MINUTE, { version: '0.9.0' });
  const silent = quiet(HOUR, { id: 'silent' });
  const busy = Array.from({ length: 9 }, (_, index) => quiet(0, { id: `busy-${index}` }));
  const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
  const { polls } = await holdAgainst(config({ targets, timeoutMs: 30 * MINUTE }), ({ number }) => ({
    registrations: [registration('0.9.0', 0), ...twoRegistered],
    inFlight: [
      ...(number === 1 ? [inFlight('0.9.0', { pending: 1 })] : []),
      inFlight('1.0.0', { pending: number === 1 ? 60 : 4 }),
    ],
    workflows: {
      items: number === 1 ? [asleep, silent, ...busy] : [],
      omitted: 50,
      omittedUnversioned: 0,
    },
  }));
  const [first, second] = polls.map(({ forecast }) => forecast);
  expect(first?.total).toMatchObject({
    notBefore: DATABASE_EPOCH + 20 * MINUTE,
    states: { progressing: 9, waiting: 1, stuck: 1, notScanned: 50 },
  });
  const nothing = { notBefore: undefined, earliestEnds: [] };
  expect(second?.total).toMatchObject({
    ...nothing,
    states: { progressing: 3, waiting: 0, stuck: 1, notScanned: 0 },
  });
  const drained = { ...nothing, states: { progressing: 0, waiting: 0, stuck: 0, notScanned: 0 } };
  expect(second?.targets.get('0.9.0')).toMatchObject({ ...drained, trend: 'idle' });
});

test('names new top-level workflows of targets only, and 50 names at most', async () => {
  const { last } = await holdAgainst(config({ timeoutMs: 60_000 }), ({ number }) => ({
    inFlight: [inFlight('1.0.0', { pending: 1 })],
    names: [
      { version: '2.0.0', name: 'live', className: null, count: 9, scheduled: false },
      { version: '1.0.0', name: 'steady', className: null, count: 1, scheduled: false },
      ...Array.from({ length: 9 }, (_, at) => ({
        version: '1.0.0',
        name: `${number}-${at}`,
        className: null,
        count: 1,
        scheduled: false,
      })),
    ],
  }));
  const { newTopLevel } = pollOf(last).forecast;
  expect(newTopLevel).toHaveLength(50);
  expect(newTopLevel[0]).toEqual({ version: '1.0.0', name: 'steady', className: null, count: 13 });
  expect(newTopLevel.some(({ name }) => name === 'live')).toBe(false);
});

describe('rate and time left', () => {
  /** The workflows in flight at each poll, and those created since the previous one, children among them. */
  function draining(
    history: readonly { readonly left: number; readonly created?: number; readonly children?: number }[],
  ): Script {
    return ({ number }) => {
      const { left, created = 0, children = 0 } = history[number - 1] ?? { left: 0 };
      return {
        inFlight: left > 0 ? [inFlight('1.0.0', { pending: left })] : [],
        started: created > 0 ? [{ ...started('1.0.0', 0, created), childrenSincePrevious: children }] : [],
        names:
          created > children
            ? [{ version: '1.0.0', name: 'checkout', className: null, count: created - children, scheduled: false }]
            : [],
      };
    };
  }

  test('counts completions and arrivals apart', async () => {
    const history = [
      { left: 10 },
      { left: 8, created: 3, children: 1 },
      { left: 9, created: 2 },
      { left: 11 },
      { left: 0 },
    ];
    const { polls } = await holdAgainst(config(), draining(history));
    const points = polls.slice(0, 5).map(({ forecast: { total } }) => total.series.points.at(-1));
    expect(points.map((point) => point?.completed)).toEqual([0, 5, 6, 6, 17]);
    expect(points.map((point) => point?.arrived)).toEqual([0, 3, 5, 7, 7]);
    const { total, newTopLevel } = pollOf(polls[4]).forecast;
    expect(total.arrived).toEqual({ total: 7, roots: 4, children: 1 });
    expect(newTopLevel).toEqual([{ version: '1.0.0', name: 'checkout', className: null, count: 4 }]);
  });

  test('reports traffic as long as some arrived recently', async () => {
    const history = [{ left: 9 }, { left: 9, created: 1 }, ...Array.from({ length: 60 }, () => ({ left: 9 }))];
    const { polls } = await holdAgainst(config({ timeoutMs: 5 * MINUTE }), draining(history));
    const shown = polls.filter(({ forecast }) => forecast.total.hasTraffic).map(({ time }) => time.ended);
    expect([shown[0], shown.at(-1), shown.length]).toEqual([5000, 2 * MINUTE, 24]);
    expect(pollOf(polls.at(-1)).forecast.total.arrived.roots).toBe(1);
  });

  test('shows no estimate and no rate before there is evidence', async () => {
    const burst = [{ left: 100 }, { left: 50 }, { left: 50 }, { left: 50 }, { left: 50 }];
    const { polls } = await holdAgainst(config({ timeoutMs: 20_000 }), draining(burst));
    for (const { forecast } of polls) {
      expect(forecast.total).toMatchObject({ trend: 'too-early', left: undefined, rate: undefined });
    }
    const steady = [{ left: 100 }, { left: 90 }, { left: 80 }, { left: 70 }, { left: 60 }];
    const { last } = await holdAgainst(config({ timeoutMs: 20_000 }), draining(steady));
    const { total } = pollOf(last).forecast;
    expect(total.trend).toBe('draining');
    expect(total.rate?.completedPerMinute).toBeCloseTo(120);
    const { leftMs, fromMs, toMs } = total.left ?? { leftMs: 0, fromMs: 0, toMs: 0 };
    expect(fromMs).toBeLessThan(leftMs);
    expect(leftMs).toBeLessThan(toMs);
    expect(leftMs).toBe(30_000);
  });

  test('shows a rate after five completions in three pauses, or after a minute', async () => {
    const rateAfter = async (timeoutMs: number, ...left: readonly number[]) => {
      const script = draining(Array.from({ length: 20 }, (_, at) => ({ left: left[at] ?? left.at(-1) ?? 0 })));
      return pollOf((await holdAgainst(config({ timeoutMs }), script)).last).forecast.total.rate;
    };
    expect(await rateAfter(20_000, 50, 49, 48, 46, 46)).toBeUndefined();
    expect(await rateAfter(20_000, 50, 49, 45, 45, 45)).toBeUndefined();
    expect(await rateAfter(20_000, 50, 49, 48, 45, 45)).toMatchObject({ completedPerMinute: 15 });
    expect(await rateAfter(55_000, 50, 49)).toBeUndefined();
    expect(await rateAfter(60_000, 50, 49)).toMatchObject({ completedPerMinute: 1, overMs: 60_000 });
  });

  test('reports a drain that does not converge when as many arrive as finish', async () => {
    const arriving = (created: number) =>
      Array.from({ length: 30 }, (_, number) => ({
        left: 200 - number * (10 - created),
        created: number === 0 ? 0 : created,
      }));
    const even = await holdAgainst(config({ timeoutMs: 2 * MINUTE }), draining(arriving(9)));
    expect(pollOf(even.last).forecast.total).toMatchObject({ trend: 'not-converging', left: undefined });
    const less = await holdAgainst(config({ timeoutMs: 2 * MINUTE }), draining(arriving(5)));
    expect(pollOf(less.last).forecast.total.trend).toBe('draining');
    expect(even.polls.slice(0, 12).map(({ forecast }) => forecast.total.trend)).not.toContain('not-converging');
  });

  test('shows no estimate whose range says nothing, and one though two polls are of one moment', async () => {
    const { last } = await holdAgainst(
      config({ timeoutMs: 15_000 }),
      draining([1000, 999, 997, 995].map((left) => ({ left }))),
    );
    expect(pollOf(last).forecast.total).toMatchObject({ trend: 'too-early', left: undefined });
    const history = [0, 0, 5000, 10_000, 15_000].map((atMs, index) => ({
      ...{ atMs, moving: 100 - 10 * index, completed: 10 * index, arrived: 0 },
    }));
    const { leftMs, toMs } = movingTimeLeft(history) ?? { leftMs: 0, toMs: 0 };
    expect(leftMs).toBeGreaterThan(10_000);
    expect(toMs).toBeLessThan(HOUR);
  });

  test('is a number, whatever jumps', async () => {
    for (const queued of [1000, 1_000_000, 5_000_000]) {
      const { polls } = await holdAgainst(config({ timeoutMs: 10 * MINUTE }), ({ number }) => ({
        inFlight: [inFlight('1.0.0', { pending: Math.max(1, 12 - number), enqueued: number < 4 ? queued : 0 })],
      }));
      for (const { forecast } of polls) {
        const { leftMs, fromMs, toMs } = forecast.total.left ?? { leftMs: 0, fromMs: 0, toMs: 0 };
        expect(Number.isFinite(toMs) && fromMs <= leftMs && leftMs <= toMs).toBe(true);
      }
    }
  });

  test('counts work that runs next to overdue work', async () => {
    const overdue = Array.from({ length: 9 }, (_, at) =>
      quiet(HOUR, { id: `overdue-${at}`, status: 'DELAYED', delayUntil: DATABASE_EPOCH - 50 * MINUTE }),
    );
    const { last } = await holdAgainst(config({ timeoutMs: 10_000 }), () => consistingOf(quiet(0), ...overdue));
    expect(pollOf(last).forecast.total.series.points.at(-1)?.moving).toBe(1);
    const alone = await holdAgainst(config({ timeoutMs: 10_000 }), () => consistingOf(...overdue));
    expect(pollOf(alone.last).forecast.total.trend).toBe('stuck');
  });

  test('reports a stall when nothing has finished for stuck-after', async () => {
    const { polls } = await holdAgainst(config({ timeoutMs: 20 * MINUTE, stuckAfterMs: 10 * MINUTE }), ({ at }) => ({
      inFlight: [inFlight('1.0.0', { pending: at < MINUTE ? 5 : 4 })],
      workflows: { items: [], omitted: 5, omittedUnversioned: 0 },
    }));
    const stalled = polls.filter(({ forecast }) => forecast.total.trend === 'stalled');
    expect(stalled[0]?.time.ended).toBe(11 * MINUTE);
    expect(stalled.every(({ forecast }) => forecast.total.left === undefined)).toBe(true);
  });

  test('shows no estimate after a stall, though some finished in the recent window', async () => {
    const { polls } = await holdAgainst(config({ timeoutMs: 4 * MINUTE, stuckAfterMs: MINUTE }), ({ at }) => ({
      inFlight: [inFlight('1.0.0', { pending: 99 - Math.min(at, 2 * MINUTE) / 5000 })],
      workflows: { items: [], omitted: 99, omittedUnversioned: 0 },
    }));
    const at = (time: number) => polls.find((poll) => poll.time.ended === time)?.forecast.total;
    expect(at(3 * MINUTE - 5000)).toMatchObject({ trend: 'draining', left: { leftMs: expect.any(Number) } });
    expect(at(3 * MINUTE)).toMatchObject({ trend: 'stalled', left: undefined });
  });

  test('is about moving workflows: stuck ones have no end, and sleeping ones a known one', async () => {
    const silent = Array.from({ length: 3 }, (_, index) => quiet(HOUR, { id: `silent-${index}` }));
    const asleep = asleepUntil(DATABASE_EPOCH + 20 * MINUTE, { id: 'asleep' });
    const delayed = quiet(0, { id: 'delayed', status: 'DELAYED', delayUntil: DATABASE_EPOCH + MINUTE });
    const moving = (count: number) => Array.from({ length: count }, (_, index) => quiet(0, { id: `moving-${index}` }));
    const { polls } = await holdAgainst(config({ timeoutMs: 40_000, failFast: false }), ({ number }) =>
      consistingOf(...silent, asleep, delayed, ...moving(Math.max(0, 20 - 4 * number))),
    );
    const [, , , fourth] = polls.map(({ forecast }) => forecast.total);
    expect(fourth?.states).toEqual({ progressing: 4, waiting: 2, stuck: 3, notScanned: 0 });
    expect(fourth?.series.points.at(-1)?.moving).toBe(4);
    expect(fourth?.left).toMatchObject({ leftMs: 20 * MINUTE, fromMs: 20 * MINUTE });
    expect(pollOf(polls.at(-1)).forecast.total.trend).toBe('waiting');
    const onlyStuck = await holdAgainst(config({ timeoutMs: 10_000 }), () => consistingOf(...silent));
    expect(pollOf(onlyStuck.last).forecast.total).toMatchObject({ trend: 'stuck', left: undefined });
  });

  test('allows for as much time after a sleep as it takes, but half a minute at least and three at most', async () => {
    const toMs = async (leftMs: number) => {
      const { forecast } = await heldAgainst(consistingOf(asleepUntil(DATABASE_EPOCH + leftMs)));
      return forecast.total.left?.toMs;
    };
    expect(await toMs(5000)).toBe(35_000);
    expect(await toMs(2 * MINUTE)).toBe(4 * MINUTE);
    expect(await toMs(20 * MINUTE)).toBe(23 * MINUTE);
  });

  test('ends with a deadline that comes before the end of a sleep, or of a delay', async () => {
    const at = { deadline: DATABASE_EPOCH + 9000 };
    const delayed = quiet(0, { status: 'DELAYED', delayUntil: DATABASE_EPOCH + HOUR, ...at });
    for (const scene of [
      consistingOf(asleepUntil(DATABASE_EPOCH + HOUR, at)),
      { ...consistingOf(delayed), inFlight: [inFlight('1.0.0', { delayed: 1, delayedUntil: at.deadline })] },
    ]) {
      const { forecast } = await heldAgainst(scene);
      expect(forecast.total).toMatchObject({ left: { leftMs: 9000, fromMs: 9000 }, notBefore: at.deadline });
    }
  });

  test('allows for what comes after a sleep that has just ended', async () => {
    const asleep = asleepUntil(DATABASE_EPOCH + 20_000);
    const { polls } = await holdAgainst(config({ timeoutMs: 40_000 }), ({ at, request }) => ({
      observedAt: DATABASE_EPOCH + at,
      inFlight: [inFlight('1.0.0', { pending: 1 })],
      workflows: { items: request.detailScan ? [asleep] : [], omitted: 1, omittedUnversioned: 0 },
    }));
    const last = pollOf(polls.at(-1)).forecast.total;
    expect(last.left).toEqual({ leftMs: 0, fromMs: 0, toMs: 30_000 });
  });

  test('leaves out workflows that are stuck in a queue', async () => {
    const leftBeside = async (...stuck: readonly WorkflowDetail[]) => {
      const { polls } = await holdAgainst(config({ timeoutMs: 40_000 }), ({ number }) => {
        const moving = Array.from({ length: 30 - 3 * number }, (_, index) => quiet(0, { id: `${index}` }));
        return { ...consistingOf(...stuck, ...moving), queues: [queueInFlight({ enqueued: stuck.length })] };
      });
      return pollOf(polls[7]).forecast.total.left;
    };
    const stuck = Array.from({ length: 5 }, (_, index) =>
      quiet(HOUR, { id: `stuck-${index}`, status: 'ENQUEUED', queue: 'mail' }),
    );
    expect(await leftBeside()).toBeDefined();
    expect(await leftBeside(...stuck)).toEqual(await leftBeside());
  });

  test('keeps a long series short, with its first sample and its last', async () => {
    const { polls } = await holdAgainst(config({ timeoutMs: 4 * HOUR }), ({ number }) => ({
      inFlight: [inFlight('1.0.0', { pending: 5000 - number })],
    }));
    for (const { forecast, time } of polls) {
      const { points } = forecast.total.series;
      expect(points.length).toBeLessThanOrEqual(SERIES_SAMPLES);
      expect([points[0]?.atMs, points.at(-1)?.atMs]).toEqual([0, time.ended]);
    }
    expect(pollOf(polls.at(-1)).forecast.total.series.points.length).toBeGreaterThan(SERIES_SAMPLES / 3);
  });
});

test('keeps the course of a long drain when its last polls are close together', async () => {
  const end = 20 * MINUTE;
  const { polls } = await holdAgainst(config({ timeoutMs: HOUR, pollIntervalMs: undefined }), ({ at }) => ({
    inFlight: at < end ? [inFlight('1.0.0', { pending: Math.ceil((end - at) / 1000) })] : [],
  }));
  const { points } = pollOf(polls.at(-1)).forecast.total.series;
  const gaps = points.slice(1).map(({ atMs }, index) => atMs - (points[index]?.atMs ?? 0));
  expect(polls.length).toBeGreaterThan(3 * SERIES_SAMPLES);
  expect(Math.max(...gaps)).toBeLessThan((3 * end) / SERIES_SAMPLES);
});

describe('processes of the target', () => {
  const queue = queueInFlight();
  const enqueued = quiet(HOUR, { id: 'enqueued', status: 'ENQUEUED', queue: 'mail' });
  const check = { mode: 'check' } as const;

  async function isWithoutProcess(scene: Scene): Promise<boolean> {
    return (await heldAgainst(scene, check)).forecast.total.withoutProcess.includes('1.0.0');
  }

  test('seem not to run when nobody takes their queued work and nothing has changed for stuck-after', async () => {
    expect(await isWithoutProcess({ ...consistingOf(enqueued, quiet(HOUR)), queues: [queue] })).toBe(true);
  });

  test('seem not to run when the queue has room, even when clients enqueue more', async () => {
    const room = { ...queue, runningInAll: 1, concurrency: 2, rateMs: null };
    expect(await isWithoutProcess({ ...consistingOf(enqueued), queues: [room] })).toBe(true);
    const fresh = quiet(MINUTE, { id: 'fresh', status: 'ENQUEUED', queue: 'mail' });
    expect(await isWithoutProcess({ ...consistingOf(enqueued, fresh), queues: [queue] })).toBe(true);
  });

  test.each([
    ['no running work', [], 'Start a process of "1.0.0" again.'],
    ['the default', ['local'], 'again with the executor id "local", the default (with DBOS Conductor: any id)'],
    ['one of its own', ['pod-1', 'pod-1'], 'again with the executor id "pod-1" (with DBOS Conductor: any id)'],
    [
      'several, those with the most first',
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'g'],
      'with each of the executor ids "g", "a", "b", "c", "d" and 2 more (with DBOS Conductor: any id)',
    ],
  ])('are to be started under the executor ids of what they ran: %s', async (_, executors, text) => {
    const running = executors.map((executor, index) => quiet(HOUR, { id: `w${index}`, executor }));
    const scene = { ...consistingOf({ ...enqueued, executor: 'client' }, ...running), queues: [queue] };
    const { forecast } = await heldAgainst(scene, check);
    const { diagnosis } = await reportAgainst(() => scene, check);
    expect(forecast.total.withoutProcess).toEqual(['1.0.0']);
    expect(plain(diagnosis?.nextStep ?? [])).toContain(text);
  });

  test('are seen when they take or finish work, whatever the queue does', async () => {
    const later = (scene: Scene) =>
      holdAgainst(config({ timeoutMs: 5000 }), ({ number }) =>
        number === 1 ? { ...consistingOf(enqueued, quiet(HOUR)), queues: [queue] } : { queues: [queue], ...scene },
      );
    const waiting = { items: [enqueued], ...whole };
    const taken = { enqueued: 1, pending: 1, newestTakenAt: DATABASE_EPOCH - MINUTE };
    for (const counts of [taken, { enqueued: 1 }]) {
      const { polls } = await later({ inFlight: [inFlight('1.0.0', counts)], workflows: waiting });
      expect(polls.map(({ forecast }) => forecast.total.withoutProcess.length > 0)).toEqual([true, false]);
    }
    const same = await later({
      inFlight: [inFlight('1.0.0', { enqueued: 1, pending: 1 })],
      workflows: waiting,
    });
    expect(same.polls.map(({ forecast }) => forecast.total.withoutProcess.length > 0)).toEqual([true, true]);
  });

  test('are not said to be gone while each of them can be at its own limit', async () => {
    const running = [quiet(HOUR, { id: 'r1', queue: 'mail' }), quiet(HOUR, { id: 'r2', queue: 'mail' })];
    const scene = (pending: number, workerConcurrency: number) => ({
      ...consistingOf(enqueued, ...running.slice(0, pending)),
      queues: [{ ...queue, pending, runningInAll: pending, concurrency: 5, rateMs: null, workerConcurrency }],
    });
    expect(await isWithoutProcess(scene(2, 2))).toBe(false);
    expect(await isWithoutProcess(scene(2, 3))).toBe(true);
    expect(await isWithoutProcess(scene(0, 1))).toBe(true);
    const { forecast } = await heldAgainst(scene(2, 1), check);
    const status = forecast.statuses.get('enqueued');
    expect(status && plain(describeActivity(status, DATABASE_EPOCH))).toContain(
      'at most 1 in each process, of the queue or of a partition)',
    );
    expect(status && plain(nextStepFor(status, null, true))).toContain('raise its worker limit');
  });

  test('keep a queue moving that is empty between two short workflows', async () => {
    const scene = {
      ...consistingOf(enqueued),
      inFlight: [inFlight('1.0.0', { enqueued: 1, newestTakenAt: DATABASE_EPOCH - MINUTE })],
      queues: [queue],
    };
    const { forecast } = await heldAgainst(scene, check);
    expect(forecast.statuses.get('enqueued')).toMatchObject({
      state: 'waiting',
      activity: { moves: true },
    });
  });

  test.each<[string, Scene]>([
    [
      'work was taken from a queue recently',
      { ...consistingOf(enqueued), queues: [{ ...queue, newestStartedAt: DATABASE_EPOCH - MINUTE }] },
    ],
    ['the queue has a rate limit', { ...consistingOf(enqueued), queues: [{ ...queue, rateMs: MINUTE }] }],
    [
      'the queue is full',
      { ...consistingOf(enqueued), queues: [{ ...queue, runningInAll: 2, concurrency: 2, rateMs: null }] },
    ],
    ['the queue is stopped', { ...consistingOf(enqueued), queues: [{ ...queue, concurrency: 0, rateMs: null }] }],
    [
      'another version runs from it, and its limit is unknown',
      { ...consistingOf(enqueued), queues: [{ ...queue, runningInAll: 2 }] },
    ],
    [
      'a step finished recently',
      {
        ...consistingOf(enqueued, quiet(HOUR, { lastStep: step({ completedAt: DATABASE_EPOCH - MINUTE }) })),
        queues: [queue],
      },
    ],
    [
      'a row was taken recently',
      {
        ...consistingOf(enqueued),
        inFlight: [inFlight('1.0.0', { enqueued: 1, pending: 1, newestTakenAt: DATABASE_EPOCH - MINUTE })],
        queues: [queue],
      },
    ],
    ['nothing waits in a queue', consistingOf(quiet(HOUR))],
  ])('are not missed when %s', async (_why, scene) => {
    expect(await isWithoutProcess(scene)).toBe(false);
  });

  test('are seen when something finishes during the hold, or the queue gets shorter', async () => {
    const two = [enqueued, { ...enqueued, id: 'other' }];
    const { polls } = await holdAgainst(config({ timeoutMs: 10_000 }), ({ number }) => ({
      ...consistingOf(...(number === 1 ? two : [enqueued])),
      queues: [{ ...queue, enqueued: number === 1 ? 2 : 1 }],
    }));
    expect(polls.map(({ forecast }) => forecast.total.withoutProcess.length > 0)).toEqual([true, false, false]);
    expect(polls.map(({ forecast }) => forecast.total.states.stuck)).toEqual([2, 0, 0]);
  });
});

describe('several targets', () => {
  test('have one forecast each, and one together', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const { polls } = await holdAgainst(config({ targets, timeoutMs: 10_000 }), ({ number }) => ({
      registrations: [registration('0.9.0', 0), ...twoRegistered],
      inFlight: [inFlight('0.9.0', { pending: 9 - number }), inFlight('1.0.0', { enqueued: 5 })],
      workflows: {
        items: [quiet(0, { version: '0.9.0' }), quiet(HOUR, { id: 'b' })],
        omitted: 11,
        omittedUnversioned: 0,
      },
    }));
    const { total, targets: each } = pollOf(polls[1]).forecast;
    expect(total.series).toMatchObject({ inFlight: 12 });
    expect(total.series.points.at(-1)).toMatchObject({ pending: 7, enqueued: 5, completed: 1 });
    expect(total.states).toEqual({ progressing: 1, waiting: 0, stuck: 1, notScanned: 10 });
    expect(each.get('0.9.0')?.series.points.at(-1)?.completed).toBe(1);
    expect(each.get('1.0.0')?.states).toEqual({ progressing: 0, waiting: 0, stuck: 1, notScanned: 4 });
  });

  test('of more than 200 count in the rates of all', async () => {
    const versions = Array.from({ length: 260 }, (_, at) => `v${at}`);
    const { last } = await holdAgainst(
      config({ targets: { kind: 'named', versions }, timeoutMs: 60_000 }),
      ({ number }) => ({
        registrations: [...versions, 'live'].map((version, at) => registration(version, at)),
        inFlight: versions.slice(200).map((version) => inFlight(version, { pending: 20 - number })),
      }),
    );
    const { total, targets } = pollOf(last).forecast;
    expect(total.series.points.at(-1)?.completed).toBe(12 * 60);
    expect(targets.get('v259')).toMatchObject({ states: { notScanned: 7 }, series: { inFlight: 7 } });
    expect(targets.get('v259')?.series.points).toHaveLength(2);
  });

  test('that appear during a hold add no completions and no arrivals', async () => {
    const { polls } = await holdAgainst(
      config({ targets: { kind: 'all-but', keep: ['2.0.0'] }, timeoutMs: 10_000 }),
      ({ number }) => ({
        inFlight: [inFlight('1.0.0', { pending: 5 }), ...(number > 1 ? [inFlight('0.8.0', { pending: 7 })] : [])],
      }),
    );
    expect(pollOf(polls[1]).forecast.total.series.points.at(-1)).toMatchObject({
      completed: 0,
      arrived: 0,
      pending: 12,
    });
  });
});
