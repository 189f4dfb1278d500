import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { movingTimeLeft } from '../../src/forecast/estimate.ts';
import type { Progress } from '../../src/forecast/rate.ts';

const MINUTE = 60_000;

interface Pause {
  readonly completed: number;
  readonly arrived?: number;
}

/** A poll per minute, and what finished and arrived between them. */
function polls(moving: number, pauses: readonly Pause[]): readonly Progress[] {
  const samples: Progress[] = [{ atMs: 0, moving, completed: 0, arrived: 0 }];
  let [completed, arrived] = [0, 0];
  for (const pause of pauses) {
    completed += pause.completed;
    arrived += pause.arrived ?? 0;
    samples.push({ atMs: samples.length * MINUTE, moving, completed, arrived });
  }
  return samples;
}

/** Four minutes, of which the estimate uses the last two. */
function pauses(...completed: readonly [number, number, number, number]): readonly Pause[] {
  return completed.map((count) => ({ completed: count }));
}

describe('the estimate', () => {
  test('is the number of moving workflows divided by the rate', () => {
    expect(movingTimeLeft(polls(100, pauses(5, 5, 5, 5)))?.leftMs).toBe(20 * MINUTE);
    expect(movingTimeLeft(polls(1, pauses(5, 5, 5, 5)))?.leftMs).toBe(0.2 * MINUTE);
  });

  test('uses the rate of the last half of the hold, and of two minutes at least', () => {
    expect(movingTimeLeft(polls(100, pauses(90, 90, 5, 5)))?.leftMs).toBe(20 * MINUTE);
    const longer = [...pauses(90, 90, 90, 90), ...pauses(5, 5, 5, 5)];
    expect(movingTimeLeft(polls(100, longer))?.leftMs).toBe(20 * MINUTE);
    expect(movingTimeLeft(polls(100, [...longer, ...pauses(5, 5, 0, 0)]))?.leftMs).toBe(30 * MINUTE);
  });

  // The exact 80 % interval of a Poisson mean, from the sums of the distribution.
  test.each([
    [6, 3.1519, 10.5321],
    [10, 6.2213, 15.4066],
    [20, 14.5253, 27.0451],
    [100, 87.4176, 114.0745],
  ])('has the Poisson range of %d completions', (count, fewest, most) => {
    const { fromMs = 0, toMs = 0 } = movingTimeLeft(polls(100, pauses(9, 9, count / 2, count / 2))) ?? {};
    expect((fromMs * most) / (200 * MINUTE)).toBeCloseTo(1, 2);
    expect((toMs * fewest) / (200 * MINUTE)).toBeCloseTo(1, 2);
  });

  test('is withheld while fewer than six workflows finished in the recent window', () => {
    expect(movingTimeLeft(polls(9, pauses(9, 9, 3, 2)))).toBeUndefined();
    expect(movingTimeLeft(polls(9, pauses(9, 9, 3, 3)))).toBeDefined();
  });

  test('is withheld when nothing finished recently', () => {
    expect(movingTimeLeft(polls(9, pauses(9, 9, 0, 0)))).toBeUndefined();
  });

  test('is withheld while all completions came in two bursts', () => {
    expect(movingTimeLeft(polls(9, pauses(0, 0, 50, 50)))).toBeUndefined();
    expect(movingTimeLeft(polls(9, pauses(0, 1, 50, 50)))).toBeDefined();
  });

  test('is withheld while as many could arrive as finish', () => {
    const arriving = (arrived: number) =>
      movingTimeLeft(polls(9, [...pauses(9, 9, 9, 6), { completed: 6, arrived }].slice(1)));
    expect(arriving(8)).toBeUndefined();
    expect(arriving(7)).toBeUndefined();
    expect(arriving(6)).toEqual(arriving(0));
  });

  test('is withheld when nothing moves, and before two polls', () => {
    expect(movingTimeLeft(polls(0, pauses(9, 9, 9, 9)))).toBeUndefined();
    expect(movingTimeLeft(polls(9, []))).toBeUndefined();
    expect(movingTimeLeft([])).toBeUndefined();
  });

  test('lies in its range, and is a positive number, whatever was polled', () => {
    const count = fc.nat({ max: 1_000_000 });
    const pause = fc.record({ completed: fc.nat({ max: 50 }), arrived: fc.nat({ max: 9 }) });
    let shown = 0;
    fc.assert(
      fc.property(count, fc.array(pause, { maxLength: 90 }), (moving, all) => {
        const left = movingTimeLeft(polls(moving, all));
        if (left === undefined) return;
        shown += 1;
        expect(left.fromMs).toBeGreaterThan(0);
        expect(left.fromMs).toBeLessThan(left.leftMs);
        expect(left.leftMs).toBeLessThan(left.toMs);
        expect(left.toMs).toBeLessThanOrEqual(3.5 * left.fromMs);
      }),
    );
    expect(shown).toBeGreaterThan(10);
  });

  test('has a narrower range the more workflows finished', () => {
    const width = (count: number) => {
      const { fromMs = 0, toMs = 0 } = movingTimeLeft(polls(9, pauses(9, 9, count, count))) ?? {};
      return toMs / fromMs;
    };
    expect(width(5)).toBeGreaterThan(width(50));
    expect(width(50)).toBeGreaterThan(width(500));
  });
});
