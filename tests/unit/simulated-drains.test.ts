import { describe, expect, test } from 'vitest';
import { BURST, ENDING, STALLING } from '../support/simulated-drain/kinds.ts';
import {
  type Accuracy,
  accuracyOf,
  added,
  type Held,
  heldInVain,
  heldToTheEnd,
  watchedGrowth,
  watchedStall,
} from '../support/simulated-drain/measure.ts';
import { type Drain, drainOf, holdDrain } from '../support/simulated-drain.ts';

const MINUTE = 60_000;
const GROWING = 'growing, then not';

/** Half of the errors are below these, at such a share of the drain: twice what was measured, or thereabouts. */
const ERRORS: readonly (readonly [string, number, number])[] = [
  ['queue, workers', 0.25, 0.35],
  ['queue, workers', 0.5, 0.3],
  ['queue, concurrency limit', 0.25, 0.35],
  ['queue, concurrency limit', 0.5, 0.35],
  ['sleepers, recorded', 0.5, 0.2],
  ['delayed, then queued', 0.5, 0.3],
  ['independent, exponential', 0.5, 0.7],
];

/** Not the seeds of `npm run bench:forecast`. */
function drainsOf(kind: string, count: number): readonly Drain[] {
  return Array.from({ length: count }, (_, index) => drainOf(kind, 1001 + index));
}

async function each<T>(
  drains: readonly Drain[],
  measure: (drain: Drain) => Promise<T>,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (const drain of drains) all.push(await measure(drain));
  return all;
}

function accuracy(held: readonly Held[], share: number): Accuracy {
  return accuracyOf(
    held.flatMap(({ samples }) => samples),
    share,
  );
}

describe('of drains that end in time', () => {
  const all = new Map<string, Promise<readonly Held[]>>();
  const heldOf = (kind: string) => {
    const held =
      all.get(kind) ?? each(drainsOf(kind, ERRORS.some(([known]) => known === kind) ? 16 : 8), heldToTheEnd);
    all.set(kind, held);
    return held;
  };

  test.each(Object.keys(ENDING))('none is said to be unable to (%s)', async (kind) => {
    const verdicts = (await heldOf(kind)).map(({ verdict }) => verdict);
    expect(new Set(verdicts)).toEqual(new Set(['drained']));
  });

  test.each(ERRORS)('the estimate is near the truth (%s, %d)', async (kind, share, most) => {
    const { shown, of, error } = accuracy(await heldOf(kind), share);
    expect(shown / of).toBeGreaterThan(0.6);
    expect(error).toBeLessThan(most);
  });

  test('the range holds in most cases', async () => {
    const held = (await Promise.all(Object.keys(ENDING).map(heldOf))).flat();
    for (const share of [0.25, 0.5, 0.75]) {
      expect(accuracy(held, share).inRange).toBeGreaterThan(0.65);
    }
  });
});

test.each(['sleepers, recorded', 'delayed, then queued', 'a mix of all'])(
  'a hold that a wake-up or a delay makes hopeless ends early (%s)',
  async (kind) => {
    const hopeless = (await each(drainsOf(kind, 12), heldInVain)).flatMap((one) => one ?? []);
    expect(hopeless.length).toBeGreaterThan(4);
    expect(new Set(hopeless.map(({ verdict }) => verdict))).toEqual(new Set(['cannot-drain']));
    expect(Math.max(...hopeless.map(({ after }) => after))).toBeLessThan(0.1);
  },
);

test('while more arrives than ends, that is said, and no time is promised', async () => {
  const { polls, told, estimates } = added(await each(drainsOf(GROWING, 12), watchedGrowth));
  expect(told / polls).toBeGreaterThan(0.85);
  expect(estimates / polls).toBeLessThan(0.01);
});

test.each(Object.keys(STALLING))('after a stall no time is promised (%s)', async (kind) => {
  const stalls = await each(drainsOf(kind, 10), (drain) => watchedStall(drain, 15 * MINUTE));
  const { polls, told, estimates } = added(stalls);
  expect({ told, estimates }).toEqual({ told: polls, estimates: 0 });
});

test('one burst promises nothing', async () => {
  await each(drainsOf(BURST, 10), async (drain) => {
    const promised = new Set<number | undefined>();
    await holdDrain(drain, { timeoutMs: 30 * MINUTE }, ({ poll }) => {
      promised.add(poll.forecast.total.left?.leftMs);
    });
    expect(promised).toEqual(new Set([undefined]));
  });
});
