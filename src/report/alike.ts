import type { WorkflowStatus } from '../forecast/activity.ts';
import type { WorkflowWithStatus } from '../forecast/detail-scan.ts';

/* Workflows that do or wait for the same thing are shown as one, by the one that lasts longest. */

/** Returns a text that is the same for workflows that are alike. */
export function likenessOf({
  workflow: { name, className, queue, status: rowStatus },
  status,
}: WorkflowWithStatus): string {
  return JSON.stringify([status.activity.kind, name, className, rowStatus === 'ENQUEUED' ? queue : null]);
}

/** Returns the most workflows that are alike, the first such of several. */
export function largestAlike<R extends WorkflowWithStatus>(all: readonly R[]): readonly R[] {
  const groups = [...Map.groupBy(all, likenessOf).values()];
  return groups.reduce((a, b) => (a.length >= b.length ? a : b), groups[0] ?? []);
}

/** Returns the one that lasts longest; undefined of none. */
export function longest<R extends WorkflowWithStatus>(group: readonly R[]): R | undefined {
  const [first, ...others] = group;
  return first === undefined ? undefined : others.reduce((a, b) => (lasts(a.status) >= lasts(b.status) ? a : b), first);
}

/** Greater for what lasts longer: the end where it is known, or else how long nothing has changed. */
function lasts({ activity, progressAt }: WorkflowStatus): number {
  return 'until' in activity && activity.until !== null ? activity.until : -progressAt;
}
