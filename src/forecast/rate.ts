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
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) return [];
  const since = last.atMs - Math.max(SHORTEST_WINDOW_MS, (last.atMs - first.atMs) / 2);
  return samples.slice(samples.findIndex(({ atMs }) => atMs >= since));
}

/** Returns the rate of the recent window; undefined before two polls. */
export function rateOf(samples: readonly Progress[]): Rate | undefined {
  const window = recent(samples);
  const [from, to] = [window[0], window.at(-1)];
  if (from === undefined || to === undefined || to.atMs <= from.atMs) return undefined;
  const overMs = to.atMs - from.atMs;
  const perMinute = 60_000 / overMs;
  return {
    completedPerMinute: completedIn(window) * perMinute,
    arrivedPerMinute: (to.arrived - from.arrived) * perMinute,
    overMs,
  };
}

/** Counts the workflows that finished between the first and the last sample. */
export function completedIn(samples: readonly Progress[]): number {
  return (samples.at(-1)?.completed ?? 0) - (samples[0]?.completed ?? 0);
}

/** Whether enough workflows have finished, and not in one burst, for a rate or an estimate to mean something. */
export function hasEvidence(samples: readonly Progress[]): boolean {
  const pauses = samples.filter(
    ({ completed }, index) => completed > (samples[index - 1]?.completed ?? completed),
  );
  return completedIn(samples) >= EVIDENCE_COMPLETED && pauses.length >= EVIDENCE_PAUSES;
}

/** Whether about as many workflows arrive as finish. */
export function isKeptUp({ completedPerMinute, arrivedPerMinute }: Rate): boolean {
  return arrivedPerMinute > 0 && arrivedPerMinute >= KEEPS_UP * completedPerMinute;
}

/**
 * Whether as many workflows could arrive as finish, given how few of each were counted. The difference of two Poisson
 * counts has the variance of their sum: arrivals get one standard deviation on top.
 */
export function mayBeKeptUp({ completedPerMinute, arrivedPerMinute, overMs }: Rate): boolean {
  const minutes = overMs / 60_000;
  const [completed, arrived] = [completedPerMinute * minutes, arrivedPerMinute * minutes];
  return arrived > 0 && arrived + Math.sqrt(arrived + completed) >= KEEPS_UP * completed;
}
