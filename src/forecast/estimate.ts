import { hasEvidence, increase, isKeptUp, type Progress, recent } from './rate.ts';

/** An estimate of the time left, and the range around it, in milliseconds. */
export interface TimeLeft {
  readonly leftMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The 90 % quantile of the standard normal distribution: 80 % of the cases lie within it on both sides. */
const QUANTILE_90 = 1.2816;

/** With fewer completions in the recent window, the range says nothing: its end is more than 3.5 times its start. */
const LEAST_COMPLETED = 6;

/** Bounds, in milliseconds, for the work after a wait. In between, it can take as long as the wait itself. */
const AFTERWARDS_MS = { least: 30_000, most: 180_000 } as const;

/**
 * Estimates how long the moving workflows take: their number divided by the completions per minute of the recent window.
 *
 * The range is that of the rate. Completions are counted as a Poisson process, and the window's count gives an 80 %
 * interval for their mean. Arrivals are not added.
 *
 * @returns Undefined without evidence, when hardly anything finished recently, or when as many could arrive as finish.
 */
export function movingTimeLeft(samples: readonly Progress[]): TimeLeft | undefined {
  const moving = samples.at(-1)?.moving ?? 0;
  const window = recent(samples);
  const completed = increase('completed', window);
  if (moving <= 0 || completed < LEAST_COMPLETED || !hasEvidence(samples)) return undefined;
  // The difference of two Poisson counts has the variance of their sum: arrivals get one standard deviation on top.
  const arrived = increase('arrived', window);
  if (isKeptUp(completed, arrived + Math.sqrt(arrived + completed))) return undefined;
  const [fewest, most] = poissonInterval(completed);
  const takesMs = (count: number) => (moving * increase('atMs', window)) / count;
  return { leftMs: takesMs(completed), fromMs: takesMs(most), toMs: takesMs(fewest) };
}

/**
 * Returns an 80 % confidence interval for the mean of a Poisson distribution of which `count` events were observed.
 *
 * This is Byar's approximation of the exact interval, within 1 % of it from 6 events on. Source: N. E. Breslow and
 * N. E. Day, Statistical Methods in Cancer Research, Volume II (IARC, 1987), p. 69.
 */
function poissonInterval(count: number): readonly [number, number] {
  const limit = (n: number, deviations: number) => n * (1 - 1 / (9 * n) + deviations / (3 * Math.sqrt(n))) ** 3;
  return [limit(count, -QUANTILE_90), limit(count + 1, QUANTILE_90)];
}

/**
 * Combines the estimate for the `count` moving workflows with the waits. Both drain side by side: the longer one counts.
 * The range leaves the last waiting workflow as much time afterwards as the moving ones need, or as it has waited.
 *
 * @param certainMs Until the last wait that is certain, in milliseconds; undefined without one.
 * @param expectedMs Until the last wait, certain or not, in milliseconds; undefined without one.
 */
export function withWaits(count: number, moving?: TimeLeft, certainMs?: number, expectedMs?: number) {
  if (moving === undefined && (count > 0 || expectedMs === undefined)) return undefined;
  const { leftMs, fromMs, toMs } = moving ?? { leftMs: 0, fromMs: 0, toMs: 0 };
  const waitMs = expectedMs ?? 0;
  const afterwardsMs = Math.min(AFTERWARDS_MS.most, Math.max(AFTERWARDS_MS.least, waitMs));
  return {
    leftMs: Math.max(leftMs, waitMs),
    fromMs: Math.max(fromMs, certainMs ?? 0),
    toMs: waitMs === 0 && moving !== undefined ? toMs : waitMs + Math.max(toMs, afterwardsMs),
  };
}
