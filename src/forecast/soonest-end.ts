import { total } from '../status-counts.ts';
import type { DrainForecast } from './drain-forecast.ts';
import type { Sample } from './history.ts';

/** Over how long the fall is measured, in milliseconds: between two polls, it can be a burst. */
const FALL_OVER_MS = 10_000;

/**
 * Returns how far the soonest moment is, in milliseconds, at which nothing is expected to be in flight: from this poll, or
 * since it has passed. Undefined when nothing tells. It is for the pace of polling alone: where it is wrong, the gate
 * polls more or less often than it could.
 */
export function soonestEndInMs(
  { series, left, notBefore }: Pick<DrainForecast, 'series' | 'left' | 'notBefore'>,
  observedAt: number,
): number | undefined {
  const { points } = series;
  // Of what only waits, for a time that is not certain, the range starts now.
  const isMoving = (points.at(-1)?.moving ?? 0) > 0;
  const ends = [fallEndsInMs(points), isMoving ? left?.fromMs : left?.leftMs].filter((ms) => ms !== undefined);
  // A delay that has passed long ago has most often no process that acts on it.
  const certainMs = Math.abs((notBefore ?? observedAt) - observedAt);
  return ends.length === 0 ? undefined : Math.max(certainMs, Math.min(...ends));
}

/** When nothing is in flight if the number goes on falling as it did lately; undefined while it does not fall. */
function fallEndsInMs(points: readonly Sample[]): number | undefined {
  const last = points.at(-1);
  if (last === undefined) return undefined;
  const before = points.findLast(({ atMs }) => atMs <= last.atMs - FALL_OVER_MS);
  const fall = before === undefined ? 0 : total(before) - total(last);
  return before === undefined || fall <= 0 ? undefined : (total(last) * (last.atMs - before.atMs)) / fall;
}
