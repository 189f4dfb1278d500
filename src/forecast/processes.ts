import type { Target } from '../rules/target.ts';
import { OVERDUE_MS } from './activity.ts';
import { scannedOf } from './detail-scan.ts';
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
  const { stuckAfterMs, inFlight, history, observedAt, atMs } = context;
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
  const pending = scanned.filter(({ workflow }) => workflow.status === 'PENDING');
  const scannedAt = history.detailScan?.observedAt ?? observedAt;
  const quietMs = Math.min(
    observedAt - (inFlight.get(version)?.newestTakenAt ?? 0),
    atMs - (history.targets.get(version)?.endedAtMs ?? Number.NEGATIVE_INFINITY),
    ...pending.map(({ status }) => scannedAt - status.progressAt),
  );
  return (isLeft && quietMs >= stuckAfterMs) || (isOverdue && quietMs >= OVERDUE_MS);
}
