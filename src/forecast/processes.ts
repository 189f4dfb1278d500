import type { Target } from '../rules/target.ts';
import { OVERDUE_MS } from './activity.ts';
import { scannedOf, type WorkflowWithStatus } from './detail-scan.ts';
import type { DrainContext } from './drain-forecast.ts';

/**
 * Whether no process of a version seems to run. Never proof: the tables show what processes wrote, and not the processes.
 *
 * - Work waits in a queue that has room, and for `stuck-after` nothing changed that a process of the version would change.
 * - A delay passed more than a minute ago, and nothing changed since. Any process of the application would have acted on
 *   it within a second.
 *
 * A queue has no room where each process of the version can be at its own limit, which the tables show for some queues.
 * Steps that do not finish are no sign of it, however many they are: long steps look the same.
 */
export function isWithoutProcess(version: Target, context: DrainContext): boolean {
  const { stuckAfterMs, history } = context;
  const scanned = scannedOf(version, history.detailScan);
  const isLeft = scanned.some(({ status: { activity: each } }) => {
    return (
      each.kind === 'queued' &&
      !each.moves &&
      !each.rateLimited &&
      each.workerLimit === undefined &&
      each.running < (each.limit ?? 1)
    );
  });
  const isOverdue = scanned.some(({ status }) => status.activity.kind === 'overdue');
  const quietMs = quietFor(version, context);
  return (isLeft && quietMs >= stuckAfterMs) || (isOverdue && quietMs >= OVERDUE_MS);
}

/** How long nothing has moved before the gate says so, in milliseconds: the pauses of most work are shorter. */
const QUIET_MS = 60_000;
/** Of workflows that finish independently of each other, one pause in 150 is more than five times the usual one. */
const QUIET_PAUSES = 5;

/**
 * Returns how long nothing of these versions has moved while the gate watched, in milliseconds: no workflow finished or
 * started, and no step of one. Undefined where that is no longer than usual, or not all was read.
 *
 * @param recent How many workflows finished in the recent window, and its length in milliseconds.
 */
export function quietTogether(
  versions: readonly Target[],
  watchedMs: number,
  recent: { readonly completed: number; readonly overMs: number },
  context: DrainContext,
) {
  const quietMs = Math.min(watchedMs, ...versions.map((version) => quietFor(version, context)));
  const usualMs = recent.completed > 0 ? Math.max(0, recent.overMs - quietMs) / recent.completed : 0;
  return quietMs >= Math.max(QUIET_MS, QUIET_PAUSES * usualMs) ? quietMs : undefined;
}

/** How long no row of a version shows a process that does something, as of the last detail scan. */
function quietFor(version: Target, { inFlight, history, observedAt, atMs }: DrainContext): number {
  const scanned = scannedOf(version, history.detailScan);
  const pending = scanned.filter(({ workflow }) => workflow.status === 'PENDING');
  const scannedAt = history.detailScan?.observedAt ?? observedAt;
  return Math.min(
    observedAt - (inFlight.get(version)?.newestTakenAt ?? 0),
    atMs - (history.targets.get(version)?.endedAtMs ?? Number.NEGATIVE_INFINITY),
    ...pending.map((each) => scannedAt - shownAt(each)),
  );
}

/** When the rows last showed a process at work. The end of a sleep is written as it starts, and passes by itself. */
function shownAt({ workflow: { createdAt, updatedAt, startedAt, lastStep }, status }: WorkflowWithStatus): number {
  if (lastStep?.name !== 'DBOS.sleep' || lastStep.startedAt === null) return status.progressAt;
  const times = [createdAt, updatedAt, startedAt ?? 0, lastStep.startedAt];
  return Math.max(...times.filter((time) => time <= status.progressAt));
}
