import { total } from '../status-counts.ts';
import type { DrainForecast } from './drain-forecast.ts';
import type { Sample } from './history.ts';

/** Over how long the fall is measured, in milliseconds: between two polls, it can be a burst. */
const FALL_OVER_MS = 10_000;

/**
 * Returns the soonest that nothing may be in flight, in milliseconds from this poll; undefined when nothing tells. It is
 * for the pace of polling alone: where it is wrong, the gate polls more or less often than it could.
 */
export function soonestEndInMs(
  { series, left, notBefore }: Pick<DrainForecast, 'series' | 'left' | 'notBefore'>,
  observedAt: number,
): number | undefined {
  const ends = [fallEndsInMs(series.points), left?.fromMs].filter((ms) => ms !== undefined);
  const certainMs = Math.max(0, (notBefore ?? observedAt) - observedAt);
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
