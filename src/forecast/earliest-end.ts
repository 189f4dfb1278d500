import type { DelayedWorkflow, SnapshotContents } from '../dbos/snapshot/index.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Target } from '../rules/target.ts';
import type { DetailScan } from './detail-scan.ts';

/** A workflow, and a time (`until`) before which only a person can end it: by cancelling it or changing its delay. */
export interface EarliestEnd extends DelayedWorkflow {
  readonly because: 'delayed' | 'sleeping';
}

/** A time before which a version cannot drain, and the workflow behind it. The last delay of a version names none. */
export type Bound =
  | EarliestEnd
  | { readonly id: null; readonly version: string; readonly until: number; readonly because: 'delayed' };

export interface CertainEnd {
  /** The latest first, at most 20. */
  readonly earliestEnds: readonly EarliestEnd[];
  /** Nothing drains before this time, in epoch milliseconds of the database's clock. */
  readonly notBefore: number | undefined;
}

/** What lies beyond the timeout of `wait`. There can be more earliest ends than are listed. */
export interface PastDeadline extends CertainEnd {
  readonly notBefore: number;
  /** By the database's clock. */
  readonly deadline: number;
  /** The shortest `timeout` that reaches the last earliest end, in milliseconds: whole minutes. */
  readonly neededMs: number;
}

const EARLIEST_ENDS_KEPT = 20;

/**
 * How far the clocks of processes, which stamp delays and wake-ups, can be ahead of the database's, in milliseconds.
 * An earliest end counts as past the deadline only when it is later by more than this.
 */
const CLOCK_SKEW_MS = 60_000;

/**
 * Returns the earliest ends that are certain, at most one per workflow: of what this poll read, and of the sleeping
 * workflows that the last detail scan read and this poll did not.
 *
 * - A delayed workflow starts at `delay_until_epoch_ms` and not before. The SQL omits debounced ones: another call can
 *   change their delay.
 * - A sleeping one wakes when its `DBOS.sleep` step says, if nothing ran next to the sleep when it started (see `isAlone`
 *   in `activity.ts`) and no child is in flight. Code that starts something after the sleep and races the two leaves no
 *   trace, and can finish sooner: `fail-fast: false` is for it.
 * - DBOS cancels either one at its deadline.
 */
export function earliestEndsOf({ lastDelayed }: SnapshotContents, read: DetailScan, lastScan?: DetailScan) {
  const known = new Set([...lastDelayed, ...read.workflows].map(({ id }) => id));
  const older = lastScan === undefined ? [] : sleepingEnds(lastScan).filter(({ id }) => !known.has(id));
  const delayed = lastDelayed.map((workflow): EarliestEnd => ({ ...workflow, because: 'delayed' }));
  return [...older, ...delayed, ...sleepingEnds(read)];
}

function sleepingEnds({ workflows, statuses, observedAt }: DetailScan): readonly EarliestEnd[] {
  return workflows.flatMap(({ id, version, name, className, instance, deadline, lastStep }): readonly EarliestEnd[] => {
    const activity = statuses.get(id)?.activity;
    if (version === null || activity?.kind !== 'sleeping' || !activity.certain) return [];
    // The process's clock can be wrong, but no sleep lasts longer from now than it does in all.
    const atMost = observedAt + activity.until - (lastStep?.startedAt ?? activity.until);
    const until = Math.min(activity.until, deadline ?? Number.POSITIVE_INFINITY, atMost);
    return [{ id, version, name, className, instance, until, because: 'sleeping' }];
  });
}

/** Returns the bounds of these versions. The last delay counts even when its workflow is not listed. */
export function boundsOf(
  versions: readonly Target[],
  earliestEnds: readonly EarliestEnd[],
  inFlight: SnapshotIndex['inFlight'],
): readonly Bound[] {
  const chosen = new Set<Target>(versions);
  const delays = versions.flatMap((version): readonly Bound[] => {
    const until = inFlight.get(version)?.delayedUntil;
    return version === null || until == null ? [] : [{ id: null, version, until, because: 'delayed' }];
  });
  return [...earliestEnds.filter(({ version }) => chosen.has(version)), ...delays];
}

/** Returns the end that is certain with these bounds. */
export function certainEnd(bounds: readonly Bound[]): CertainEnd {
  const named = bounds.filter((bound) => bound.id !== null).toSorted((a, b) => b.until - a.until);
  return { earliestEnds: named.slice(0, EARLIEST_ENDS_KEPT), notBefore: latest(bounds.map(({ until }) => until)) };
}

/** Returns the latest of the times that are known; undefined without any. */
export function latest(times: readonly (number | null | undefined)[]): number | undefined {
  const known = times.filter((time) => time != null);
  return known.length === 0 ? undefined : known.reduce((a, b) => Math.max(a, b));
}

/** Returns what cannot finish before the timeout, if anything. `began`: the start of the poll, by the gate's clock. */
export function pastDeadline(timeoutMs: number, certain: CertainEnd, observedAt: number, began: number) {
  const { earliestEnds, notBefore } = certain;
  const deadline = observedAt + timeoutMs - began;
  if (notBefore === undefined || notBefore - CLOCK_SKEW_MS <= deadline) return undefined;
  const neededMs = notBefore - observedAt + began + CLOCK_SKEW_MS;
  const past = earliestEnds.filter(({ until }) => until - CLOCK_SKEW_MS > deadline);
  return { earliestEnds: past, notBefore, deadline, neededMs: Math.ceil(neededMs / 60_000) * 60_000 };
}

/**
 * Whether the clocks agree, as far as the snapshot shows. They do not when a process has written a time that is ahead of
 * the database's clock, or when that clock has stepped back since the gate started, as after a failover.
 */
export function clocksAgree(contents: SnapshotContents, observedAt: number, began: number, startedAt?: number) {
  const { newestWriteAt = 0 } = contents;
  const steppedBackMs = startedAt === undefined ? 0 : startedAt + began - observedAt;
  return steppedBackMs <= CLOCK_SKEW_MS && newestWriteAt - observedAt <= CLOCK_SKEW_MS;
}
