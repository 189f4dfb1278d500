import { describe, expect, test } from 'vitest';
import type { Writer } from '../../src/dbos/snapshot/index.ts';
import { pauseAfterPoll } from '../../src/hold/pace.ts';
import {
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  snapshot,
  step,
  testClock,
  workflowDetail,
} from '../support/builders.ts';

const unset = { pollIntervalMs: undefined };
const cheap = { durationMs: 10, settledAt: undefined, endInMs: undefined };
const now = { began: 99_990, ended: 100_000 };
const writer: Writer = { transaction: '4/2', pid: 42, connection: 'worker', waits: false, prepared: null };

describe('the pause after a poll', () => {
  test.each([
    ['is 5 seconds, far from the end', { endInMs: 600_000 }, 5000],
    ['is 5 seconds where nothing tells how far the end is', {}, 5000],
    ['is a tenth of the time that is left', { endInMs: 20_000 }, 2000],
    ['is a quarter of a second at least', { endInMs: 100 }, 250],
    ['is twenty times what the poll cost, however near the end is', { durationMs: 60, endInMs: 100 }, 1200],
    ['is twenty times what the poll cost, where that is longer', { durationMs: 400 }, 8000],
    ['ends when the settle window has passed', { settledAt: 104_000 }, 4000],
    ['is longer where no other poll fits into the settle window', { settledAt: 105_200 }, 5200],
    ['is the usual one where another poll fits in', { settledAt: 105_300 }, 5000],
    ['does not undercut the cost when the settle window ends', { durationMs: 60, settledAt: 100_500 }, 1200],
  ])('%s', (_, pace, expected) => {
    expect(pauseAfterPoll(unset, { ...cheap, ...pace }, now)).toBe(expected);
  });

  test.each([
    ['near the end', { endInMs: 100 }, 5000],
    ['when the settle window ends sooner', { settledAt: 101_000 }, 5000],
    ['and is longer where no other poll fits into the settle window', { settledAt: 109_000 }, 9000],
    ['and the cost still counts', { durationMs: 400, endInMs: 100 }, 8000],
  ])('never undercuts a poll-interval that is set: %s', (_, pace, expected) => {
    expect(pauseAfterPoll({ pollIntervalMs: 5000 }, { ...cheap, ...pace }, now)).toBe(expected);
  });
});

describe('a hold without a poll-interval', () => {
  const draining = (left: (at: number) => number) =>
    holdAgainst(config(unset), ({ at }) => ({
      inFlight: left(at) > 0 ? [inFlight('1.0.0', { pending: left(at) })] : [],
    }));

  test('finds the end of a steady drain at once, and releases when the settle window has passed', async () => {
    // One every 100 ms: the last ends in between two of the usual polls.
    const { verdict, waitedMs, polls } = await draining((at) => Math.ceil((62_300 - at) / 100));
    expect(verdict).toBe('drained');
    expect(waitedMs - 62_300 - 10_000).toBeLessThan(500);
    // Not so far from the end.
    expect(polls.filter(({ time }) => time.ended < 30_000).length).toBeLessThan(10);
  });

  test('polls no more often while as many arrive as finish, or while a delay is certain', async () => {
    const steady = await holdAgainst(config({ ...unset, timeoutMs: 120_000 }), ({ number }) => ({
      inFlight: [inFlight('1.0.0', { pending: 9 + (number % 2) })],
    }));
    expect(steady.polls.length).toBeLessThanOrEqual(30);

    const names = { name: 'remind', className: null, instance: null };
    const delayed = { id: 'later', version: '1.0.0', ...names, until: DATABASE_EPOCH + 600_000 };
    const waiting = await holdAgainst(config({ ...unset, timeoutMs: 120_000, failFast: false }), ({ at }) => ({
      observedAt: DATABASE_EPOCH + at,
      inFlight: [inFlight('1.0.0', { pending: Math.max(0, 20 - Math.floor(at / 1000)), delayed: 1 })],
      lastDelayed: [delayed],
    }));
    expect(waiting.polls).toHaveLength(25);
  });

  test.each([
    [
      'only a sleep is left that something else can end sooner',
      { pending: 1 },
      {
        hasChildren: true,
        lastStep: step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt: DATABASE_EPOCH + 3_600_000 }),
      },
    ],
    [
      'only a delay is left that another call can move',
      { delayed: 1 },
      { status: 'DELAYED', debounced: true, delayUntil: DATABASE_EPOCH + 3_600_000 },
    ],
    [
      'only a delay is left that has passed long ago',
      { delayed: 1, delayedUntil: DATABASE_EPOCH - 120_000 },
      { status: 'DELAYED', delayUntil: DATABASE_EPOCH - 120_000 },
    ],
  ])('polls every 5 seconds while %s', async (_, counts, workflow) => {
    const { polls } = await holdAgainst(config({ ...unset, timeoutMs: 60_000 }), ({ at }) => ({
      observedAt: DATABASE_EPOCH + at,
      inFlight: [inFlight('1.0.0', counts)],
      workflows: { items: [workflowDetail(workflow)], omitted: 0, omittedUnversioned: 0 },
    }));
    expect(polls).toHaveLength(13);
  });

  test('polls every 5 seconds while nothing tells how long the work takes', async () => {
    const { polls } = await draining((at) => (at < 60_000 ? 3 : 0));
    expect(polls.filter(({ time }) => time.ended < 60_000)).toHaveLength(12);
  });

  test('polls more often once only an open transaction is waited for, and less often the longer that lasts', async () => {
    const clock = testClock();
    await holdAgainst(config({ ...unset, timeoutMs: 60_000 }), ({ at }) => ({ writers: at < 45_000 ? [writer] : [] }), {
      clock,
    });
    const [first, second, third, ...overdue] = clock.pauses;
    expect([first, second]).toEqual([5000, 5000]);
    expect(third).toBe(250);
    expect(overdue.at(-1)).toBeGreaterThan(2000);
    expect(overdue.at(-1)).toBeLessThan(5000);
  });

  test.each(['check', 'report'] as const)(
    '%s ends soon after the last open transaction that outlasts the settle window',
    async (mode) => {
      const { verdict, waitedMs } = await holdAgainst(config({ ...unset, mode }), ({ at }) => ({
        writers: at < 10_400 ? [writer] : [],
      }));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10_500 });
    },
  );

  test.each(['check', 'report'] as const)(
    '%s takes no longer than the settle window, though a longer pause is set',
    async (mode) => {
      const { waitedMs } = await holdAgainst(config({ mode, pollIntervalMs: 60_000 }), () => ({}));
      expect(waitedMs).toBe(10_000);
    },
  );

  test('lets a settle window that runs at the deadline end as soon as it has passed, though a longer pause is set', async () => {
    const settings = config({ pollIntervalMs: 60_000, timeoutMs: 120_000 });
    const { verdict, waitedMs } = await holdAgainst(settings, ({ at }) =>
      at < 120_000 ? { inFlight: [inFlight('1.0.0', { pending: 1 })] } : {},
    );
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 130_000 });
  });

  test('does not count a wait for a lock as cost', async () => {
    const clock = testClock();
    const waited = { ...snapshot({ inFlight: [inFlight('1.0.0', { pending: 1 })] }), lockWaitMs: 4000 };
    await holdAgainst(config({ ...unset, timeoutMs: 20_000 }), () => ({}), {
      clock,
      reader: { read: async () => waited },
    });
    expect(clock.pauses[0]).toBe(5000);
  });
});
