import type { Bound } from './bound.ts';
import type { GateConfig } from './config.ts';
import type { Forecast } from './forecast.ts';
import type { Judgement } from './judge.ts';
import type { LookTime } from './memory.ts';

/**
 * By how much the clocks of processes, which stamp delays and wake-ups, may be ahead of the database's, in milliseconds:
 * a bound is acted on when it is beyond the timeout by more.
 */
const CLOCK_MARGIN_MS = 60_000;

/** The bounds that lie beyond the timeout of `wait`, and the timeout that they would take. */
export interface BeyondTimeout {
  /** The latest first; there may be more than are named. */
  readonly bounds: readonly Bound[];
  readonly notBefore: number;
  /** The deadline, by the database's clock. */
  readonly deadline: number;
  /** The shortest `timeout` that reaches the last bound, in milliseconds: whole minutes. */
  readonly neededMs: number;
}

/** What cannot end before the timeout, if there is any such thing. */
export function beyondTimeout(
  { timeoutMs }: Pick<GateConfig, 'timeoutMs'>,
  { certain }: Pick<Forecast, 'certain'>,
  judgement: Judgement,
  time: LookTime,
): BeyondTimeout | undefined {
  const { observedAt } = judgement.observation;
  const { notBefore } = certain;
  const deadline = observedAt + timeoutMs - time.began;
  if (notBefore === undefined || notBefore - CLOCK_MARGIN_MS <= deadline) return undefined;
  const neededMs = notBefore - observedAt + time.began + CLOCK_MARGIN_MS;
  return {
    bounds: certain.bounds.filter(({ until }) => until - CLOCK_MARGIN_MS > deadline),
    notBefore,
    deadline,
    neededMs: Math.ceil(neededMs / 60_000) * 60_000,
  };
}
