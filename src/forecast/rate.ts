import type { Sample } from './history.ts';

/** The part of a sample that rates and estimates need. */
export type Progress = Pick<Sample, 'atMs' | 'moving' | 'completed' | 'arrived'>;

/** Completions and arrivals per minute, measured over `overMs` milliseconds. */
export interface Rate {
  readonly completedPerMinute: number;
  readonly arrivedPerMinute: number;
  readonly overMs: number;
}

/** One burst is no rate: at least 5 workflows finished, in at least 3 of the pauses between polls. */
const EVIDENCE_COMPLETED = 5;
const EVIDENCE_PAUSES = 3;

/** The shortest recent window, in milliseconds. */
const SHORTEST_WINDOW_MS = 120_000;

/** Arrivals keep up with completions when they are at least this share of them. */
const KEEPS_UP = 0.9;

/** Returns the samples of the recent window: the last half of the hold, and at least two minutes. */
export function recent<T extends Pick<Progress, 'atMs'>>(samples: readonly T[]): readonly T[] {
  const since = (samples.at(-1)?.atMs ?? 0) - Math.max(SHORTEST_WINDOW_MS, increase('atMs', samples) / 2);
  return samples.filter(({ atMs }) => atMs >= since);
}

/** Returns how much greater a number is in the last sample than in the first; zero without samples. */
export function increase<K extends string>(of: K, samples: readonly Readonly<Record<K, number>>[]): number {
  return (samples.at(-1)?.[of] ?? 0) - (samples[0]?.[of] ?? 0);
}

/** Returns the rate of the recent window; undefined before two polls. */
export function rateOf(samples: readonly Progress[]): Rate | undefined {
  const window = recent(samples);
  const overMs = increase('atMs', window);
  if (overMs <= 0) return undefined;
  const perMinute = 60_000 / overMs;
  return {
    completedPerMinute: increase('completed', window) * perMinute,
    arrivedPerMinute: increase('arrived', window) * perMinute,
    overMs,
  };
}

/** Whether enough workflows have finished, and not in one burst, for a rate or an estimate to mean something. */
export function hasEvidence(samples: readonly Progress[]): boolean {
  const pauses = samples.filter(({ completed }, index) => completed > (samples[index - 1]?.completed ?? completed));
  return increase('completed', samples) >= EVIDENCE_COMPLETED && pauses.length >= EVIDENCE_PAUSES;
}

/** Whether about as many workflows arrive as finish. */
export function isKeptUp(completed: number, arrived: number): boolean {
  return arrived > 0 && arrived >= KEEPS_UP * completed;
}
