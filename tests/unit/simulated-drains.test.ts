import { describe, expect, test } from 'vitest';
import type { Trend } from '../../src/forecast/drain-forecast.ts';
import type { Poll } from '../../src/hold/hold.ts';
import { type Drain, drainsOf, ENDING, GROWS_MS, holdDrain, STALLING } from '../support/simulated-drain.ts';

const MINUTE = 60_000;
const kindsOf = <T extends string>(kinds: Readonly<Record<T, unknown>>) => Object.keys(kinds) as T[];

async function each<T>(
  drains: readonly Drain[],
  measure: (drain: Drain, index: number) => Promise<T>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (const [index, drain] of drains.entries()) all.push(await measure(drain, index));
  return all;
}

/** Which part of the polls showed one of these trends, and which part an estimate. */
function shares(polls: readonly Poll[], trends: readonly Trend[]) {
  const totals = polls.map(({ forecast }) => forecast.total);
  return {
    shown: totals.filter(({ trend }) => trends.includes(trend)).length / totals.length,
    estimated: totals.filter(({ left }) => left !== undefined).length / totals.length,
  };
}

test.each(kindsOf(ENDING))('never ends with cannot-drain a drain that succeeds (%s)', async (kind) => {
  const held = await each(drainsOf(kind, 8), (drain) => holdDrain(drain));
  expect(new Set(held.map(({ verdict }) => verdict))).toEqual(new Set(['drained']));
});

test.each(['sleepers, recorded', 'delayed, then queued', 'a mix of all'] as const)(
  'ends a hold early that a wake-up or a delay makes hopeless (%s)',
  async (kind) => {
    const hopeless = await each(drainsOf(kind, 12), async (drain, index) => {
      const longestMs = drain.system().waitsUntil - 2 * MINUTE;
      const timeoutMs = Math.floor(longestMs * (0.1 + (0.9 * index) / 12));
      // A bound has to stand for ten seconds.
      if (longestMs < 2 * MINUTE || timeoutMs < MINUTE) return [];
      const { verdict, waitedMs } = await holdDrain(drain, { timeoutMs, pollIntervalMs: 5000 });
      return [{ verdict, waitedMs }];
    });
    expect(hopeless.flat().length).toBeGreaterThan(4);
    expect(new Set(hopeless.flat().map(({ verdict }) => verdict))).toEqual(new Set(['cannot-drain']));
    expect(Math.max(...hopeless.flat().map(({ waitedMs }) => waitedMs))).toBeLessThan(15_000);
  },
);

describe('the trend', () => {
  test('is not converging while more arrives than finishes, and then no time is promised', async () => {
    const polls = await each(drainsOf('growing, then not', 6), async (drain) => {
      const held = await holdDrain(drain, { timeoutMs: GROWS_MS });
      return held.polls.filter(({ time }) => time.ended >= 2 * MINUTE && time.ended <= GROWS_MS);
    });
    const { shown, estimated } = shares(polls.flat(), ['not-converging']);
    expect(shown).toBeGreaterThan(0.85);
    expect(estimated).toBeLessThan(0.01);
  });

  test.each(kindsOf(STALLING))('is stalled or stuck after a stall, and no time is promised (%s)', async (kind) => {
    const stuckAfterMs = 5 * MINUTE;
    const polls = await each(drainsOf(kind, 8), async (drain) => {
      const since = drain.finishesAt + stuckAfterMs + 15_000;
      const held = await holdDrain(drain, { timeoutMs: since + 10 * MINUTE, stuckAfterMs });
      return held.polls.filter(({ time }) => time.ended >= since);
    });
    expect(shares(polls.flat(), ['stalled', 'stuck'])).toEqual({ shown: 1, estimated: 0 });
  });
});

test('promises nothing after one burst', async () => {
  const polls = await each(drainsOf('one burst', 4), async (drain) => {
    return (await holdDrain(drain, { timeoutMs: 20 * MINUTE, pollIntervalMs: 5000 })).polls;
  });
  expect(shares(polls.flat(), []).estimated).toBe(0);
});
