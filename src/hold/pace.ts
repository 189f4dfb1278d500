import type { GateConfig } from '../config.ts';
import { durationText } from '../time.ts';
import type { PollTime } from './state.ts';

/** The pause where none is set, in milliseconds. */
const USUAL_PAUSE_MS = 5000;

/** The gate takes at most a twentieth of one backend's time. Waiting for a lock takes none. */
export const PAUSE_PER_POLL = 20;

/** Near the end, a pause is this share of the time until then, or since then. */
const SHARE = 0.1;
const SHORTEST_PAUSE_MS = 250;

/** What the pause after a poll depends on. Times are in milliseconds since the gate started. */
export interface Pace {
  /** What the poll cost, in milliseconds. */
  readonly durationMs: number;
  /** When the settle windows that are open will have passed; undefined when none is open. */
  readonly settledAt: number | undefined;
  /**
   * How far the end is, in milliseconds: the soonest that the work in flight is expected to be gone, or how long it is
   * overdue. Undefined when nothing tells.
   */
  readonly endInMs: number | undefined;
}

/**
 * Returns the pause after a poll, in milliseconds. Pure.
 *
 * - A `poll-interval` that is set is never undercut, and neither is the pause that the cost of the poll asks for.
 * - Where none is set, the pauses are shorter when the end is near.
 * - The last poll of a settle window starts when it has passed: the pause before is longer, where another poll does not
 *   fit in.
 */
export function pauseAfterPoll(
  { pollIntervalMs }: Pick<GateConfig, 'pollIntervalMs'>,
  { durationMs, settledAt, endInMs = Number.POSITIVE_INFINITY }: Pace,
  { ended }: PollTime,
): number {
  const shortest = Math.max(pollIntervalMs ?? SHORTEST_PAUSE_MS, PAUSE_PER_POLL * durationMs);
  const usual = Math.max(shortest, pollIntervalMs ?? Math.min(USUAL_PAUSE_MS, endInMs * SHARE));
  const leftMs = (settledAt ?? ended) - ended;
  return leftMs > 0 && leftMs < usual + shortest ? Math.max(shortest, leftMs) : usual;
}

/** The pause for people: `30s`, or `5s, more often near the end`. */
export const pauseInWords = ({ pollIntervalMs }: Pick<GateConfig, 'pollIntervalMs'>): string =>
  pollIntervalMs === undefined
    ? `${durationText(USUAL_PAUSE_MS)}, more often near the end`
    : durationText(pollIntervalMs);
