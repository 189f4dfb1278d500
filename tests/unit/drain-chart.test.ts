import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CurvePoint, type DrainCurve, drainChart, MOST_COLUMNS } from '../../src/report/drain-chart.ts';
import { xyChartIn } from '../mermaid/mermaid.ts';
import { harmIn } from '../support/inert.ts';

/* The chart of a drain, as Mermaid reads it. */

const MINUTE = 60_000;
const SERIES = {
  '#2f81d7': '🟦 pending',
  '#f4900c': '🟧 enqueued',
  '#a960d0': '🟪 delayed',
  '#99a3ad': '⬜ estimate',
} as const;
const isColor = (color: string): color is keyof typeof SERIES => Object.hasOwn(SERIES, color);

/** The last poll, by the database's clock. */
const LAST_AT = Date.UTC(2026, 0, 1, 12);

/** The chart and its key, and the column of the last poll. An invisible column has the height 0. */
async function chartOf(undated: Omit<DrainCurve, 'lastAt'>) {
  const curve = { ...undated, lastAt: LAST_AT };
  const [, block = '', key = ''] = /^```mermaid\n(.+)\n```\n\n(.+)$/s.exec(drainChart(curve)) ?? [];
  const { xAxis, yAxis, plots } = await xyChartIn(block);
  const series = Object.fromEntries(
    plots.map(({ type, fill, data }) => {
      expect(type).toBe('bar');
      // A browser would show the zero of the axis, by half the height of a label.
      const index = data.filter(([, height = Number.NaN]) => !(height > 0 || height <= -yAxis.max / 25));
      expect(index).toEqual([]);
      const name = isColor(fill) ? SERIES[fill] : fill;
      return [name, data.map(([, height]) => Math.max(0, height ?? Number.NaN))];
    }),
  );
  // Series are drawn over each other.
  const heights = xAxis.categories.map((_, index) =>
    Math.max(...Object.values(series).map((values) => values[index] ?? 0)),
  );
  return {
    xAxis,
    now: xAxis.categories.findIndex((label) => ['12:00:00', '12:00', '01 12:00', '01-01'].includes(label)),
    yAxis,
    order: plots.map(({ fill }) => (isColor(fill) ? SERIES[fill] : fill)),
    series,
    heights,
    key,
  };
}

/** Polls at even times. */
function polls(everyMs: number, inFlight: readonly Partial<CurvePoint>[]): readonly CurvePoint[] {
  return inFlight.map((counts, index) => ({
    atMs: 300 + index * everyMs,
    pending: 0,
    enqueued: 0,
    delayed: 0,
    ...counts,
  }));
}

const total = ({ pending, enqueued, delayed }: CurvePoint) => pending + enqueued + delayed;
const estimateOf = (leftMs: number) => ({ leftMs, fromMs: leftMs / 2, toMs: leftMs * 2 });

const count = fc.nat({ max: 2_000_000 });
const point = fc.record({
  atMs: fc.integer({ min: 1, max: 12 * 60 * MINUTE }),
  pending: count,
  enqueued: count,
  delayed: count,
});
const curves: fc.Arbitrary<Omit<DrainCurve, 'lastAt'>> = fc.record({
  points: fc
    .uniqueArray(point, { minLength: 2, maxLength: 300, selector: ({ atMs }) => atMs })
    .map((points) => points.toSorted((a, b) => a.atMs - b.atMs)),
  estimate: fc.option(fc.integer({ min: 1, max: 1000 * 60 * MINUTE }).map(estimateOf), { nil: undefined }),
});

describe('whatever was polled, the chart', { tags: ['exhaustive'] }, () => {
  const holds = (property: (curve: Omit<DrainCurve, 'lastAt'>) => Promise<void>) =>
    fc.assert(fc.asyncProperty(curves, property), { numRuns: 40 });

  test('is one that Mermaid reads, with few enough columns and a label for each', async () => {
    await holds(async (curve) => {
      if (drainChart({ ...curve, lastAt: LAST_AT }) === '') return;
      const { xAxis, series } = await chartOf(curve);
      expect(xAxis.categories.length).toBeLessThanOrEqual(MOST_COLUMNS);
      expect(new Set(xAxis.categories).size).toBe(xAxis.categories.length);
      expect(Math.max(...xAxis.categories.map((label) => label.length))).toBeLessThanOrEqual(8);
      for (const heights of Object.values(series)) expect(heights).toHaveLength(xAxis.categories.length);
    });
  });

  test('shows the first poll and the last, and only real polls between them', async () => {
    await holds(async (curve) => {
      const [first, last] = [curve.points[0], curve.points.at(-1)];
      if (first === undefined || last === undefined || total(first) + total(last) === 0) return;
      const { now, yAxis, heights } = await chartOf(curve);
      expect([heights[0], heights[now]]).toEqual([total(first), total(last)]);
      const index = new Set(curve.points.map(total));
      expect(heights.slice(0, now + 1).filter((height) => !index.has(height))).toEqual([]);
      expect([yAxis.min, yAxis.max]).toEqual([0, Math.max(10, ...heights)]);
    });
  });

  test('ends with the estimate, or gives most of its columns to the polls', async () => {
    await holds(async (curve) => {
      if (drainChart({ ...curve, lastAt: LAST_AT }) === '') return;
      const { now, heights, key } = await chartOf(curve);
      if (key.includes('the chart ends before that')) expect(now * 2).toBeGreaterThanOrEqual(heights.length - 2);
      else if (key.includes('estimate')) expect(heights.at(-1)).toBe(0);
      else expect(now).toBe(heights.length - 1);
    });
  });

  test('and its key hold nothing active', () => {
    fc.assert(
      fc.property(curves, (curve) => {
        expect(harmIn(drainChart({ ...curve, lastAt: LAST_AT }))).toEqual([]);
      }),
    );
  });
});

describe('the chart', () => {
  test('stacks pending, enqueued and delayed, and draws the highest first', async () => {
    const points = polls(MINUTE, [
      { pending: 5, enqueued: 100, delayed: 20 },
      { pending: 7, enqueued: 40, delayed: 10 },
      { pending: 6, enqueued: 0, delayed: 10 },
    ]);
    const { order, series, xAxis, key } = await chartOf({ points, estimate: undefined });
    expect(order).toEqual(['🟪 delayed', '🟧 enqueued', '🟦 pending']);
    const at = (label: string) => order.map((name) => series[name]?.[xAxis.categories.indexOf(label)]);
    expect([at('11:58:00'), at('11:59:00'), at('12:00:00')]).toEqual([
      [125, 105, 5],
      [57, 47, 7],
      [16, 6, 6],
    ]);
    expect(key).toBe('At the last poll: 🟦 6 pending · 🟧 0 enqueued · 🟪 10 delayed');
  });

  test('omits a status that no workflow had, in the drawing and in the key', async () => {
    const { order, key } = await chartOf({
      points: polls(MINUTE, [{ enqueued: 2000 }, { enqueued: 1234 }]),
      estimate: undefined,
    });
    expect(order).toEqual(['🟧 enqueued']);
    expect(key).toBe('At the last poll: 🟧 1,234 enqueued');
  });

  test('keeps a peak that lasts as long as the time between two columns', async () => {
    const points = polls(
      5000,
      Array.from({ length: 360 }, (_, index) => ({ pending: index >= 100 && index < 124 ? 900 : 10 })),
    );
    const { heights, xAxis } = await chartOf({ points, estimate: undefined });
    expect(xAxis.title).toBe('UTC');
    expect(xAxis.categories.slice(-2)).toEqual(['11:58', '12:00']);
    expect(Math.max(...heights)).toBe(900);
  });

  test('continues with the estimate, in its own colour, down to zero at its end', async () => {
    const points = polls(
      MINUTE,
      Array.from({ length: 11 }, (_, index) => ({ pending: 200 - index * 10 })),
    );
    const { series, xAxis, key } = await chartOf({ points, estimate: estimateOf(10 * MINUTE) });
    const estimated = series['⬜ estimate'] ?? [];
    const at = (label: string) => estimated[xAxis.categories.indexOf(label)];
    expect(['11:55', '12:00', '12:01', '12:05', '12:09', '12:10'].map(at)).toEqual([0, 0, 90, 50, 10, 0]);
    expect(series['🟦 pending']?.slice(-3)).toEqual([0, 0, 0]);
    expect(xAxis.categories.at(-1)).toBe('12:10');
    expect(key).toBe('At the last poll: 🟦 100 pending · ⬜ estimate: drained 10m later (5m to 20m)');
  });

  test('shows only the start of a long estimate, and says so', async () => {
    const points = polls(
      MINUTE,
      Array.from({ length: 11 }, (_, index) => ({ pending: 200 - index })),
    );
    const { xAxis, heights, key } = await chartOf({ points, estimate: estimateOf(190 * MINUTE) });
    expect(xAxis.categories.at(0)).toBe('11:50');
    expect(xAxis.categories.at(-1)).toBe('12:05');
    expect(heights.at(-1)).toBeCloseTo(185);
    expect(key).toMatch(/drained 3h 10m later \(1h 35m to 6h 20m\); the chart ends before that$/);
  });

  test('has no estimate when nothing is left', async () => {
    const { order, key } = await chartOf({
      points: polls(MINUTE, [{ pending: 3 }, {}]),
      estimate: estimateOf(MINUTE),
    });
    expect(order).toEqual(['🟦 pending']);
    expect(key).toBe('At the last poll: 🟦 0 pending');
  });

  test.each([
    ['no poll', []],
    ['one poll', polls(1, [{ pending: 5 }])],
    ['nothing in flight at any poll', polls(5000, [{}, {}, {}])],
  ])('is empty with %s', (_, points) => {
    expect(drainChart({ points, lastAt: LAST_AT, estimate: estimateOf(MINUTE) })).toBe('');
  });

  test('shows two polls at one time as two columns, and no estimate after them', async () => {
    const { heights, key } = await chartOf({
      points: polls(0, [{ pending: 5 }, { pending: 4 }]),
      estimate: estimateOf(MINUTE),
    });
    expect(heights).toEqual([5, 4]);
    expect(key).toBe('At the last poll: 🟦 4 pending');
  });
});
