import type { GateConfig } from '../config.ts';
import type { PollTime } from '../hold/state.ts';
import type { CertainEnd } from './drain-forecast.ts';
import type { EarliestEnd } from './earliest-end.ts';

/**
 * By how much the clocks of processes, which stamp delays and wake-ups, may be ahead of the database's without being
 * noticed, in milliseconds: a bound is acted on when it is beyond the timeout by more.
 */
export const CLOCK_SKEW_MS = 60_000;

/** The bounds that lie beyond the timeout of `wait`, and the timeout that they would take. */
export interface PastDeadline {
  /** The latest first; there may be more than are named. */
  readonly earliestEnds: readonly EarliestEnd[];
  readonly notBefore: number;
  /** The deadline, by the database's clock. */
  readonly deadline: number;
  /** The shortest `timeout` that reaches the last bound, in milliseconds: whole minutes. */
  readonly neededMs: number;
}

/**
 * What cannot end before the timeout, if there is any such thing.
 *
 * @param observedAt By the database's clock, as the bounds are.
 * @param time When the poll began, by the gate's clock.
 */
export function pastDeadline(
  { timeoutMs }: Pick<GateConfig, 'timeoutMs'>,
  { earliestEnds, notBefore }: CertainEnd,
  observedAt: number,
  time: Pick<PollTime, 'began'>,
): PastDeadline | undefined {
  const deadline = observedAt + timeoutMs - time.began;
  if (notBefore === undefined || notBefore - CLOCK_SKEW_MS <= deadline) return undefined;
  const neededMs = notBefore - observedAt + time.began + CLOCK_SKEW_MS;
  return {
    earliestEnds: earliestEnds.filter(({ until }) => until - CLOCK_SKEW_MS > deadline),
    notBefore,
    deadline,
    neededMs: Math.ceil(neededMs / 60_000) * 60_000,
  };
}
