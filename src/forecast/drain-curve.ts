import type { TimeLeft } from './rate.ts';

/** How many workflows were in flight on the targets at one poll. */
export interface CurvePoint {
  /** Milliseconds since the gate began. */
  readonly atMs: number;
  readonly pending: number;
  readonly enqueued: number;
  readonly delayed: number;
}

/** The drain as it was seen, and as it may go on. */
export interface DrainCurve {
  /** In the order of time. */
  readonly points: readonly CurvePoint[];
  /** Time left from the last point, in milliseconds: likely, and its range. */
  readonly estimate: TimeLeft | undefined;
}
