import type { DelayedWorkflow, WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { WorkflowStatus } from './activity.ts';

/**
 * A time before which a workflow cannot leave the work in flight by itself: somebody would have to cancel it, or to
 * move its delay. In epoch milliseconds of the database's clock.
 */
export interface EarliestEnd {
  readonly id: string;
  readonly version: string;
  readonly name: string | null;
  readonly until: number;
  readonly because: 'delayed' | 'sleeping';
}

/**
 * The bounds that are certain, the latest first, once a workflow.
 *
 * - A delayed workflow starts at `delay_until_epoch_ms` and not before, unless it is debounced: a further call may
 *   move that either way. The SQL has taken those out already.
 * - A sleeping one wakes at the time that its `DBOS.sleep` step records, where nothing that the rows tell of ran beside
 *   it when it began (see `isAlone` in `situation.ts`), and it has no child in flight. Code that starts something after
 *   the sleep and races the two leaves no trace, and may end sooner: `fail-fast: false` is for it.
 * - DBOS cancels either when its deadline comes first.
 */
export function earliestEndsOf(
  lastDelayed: readonly DelayedWorkflow[],
  workflows: readonly WorkflowDetail[],
  statuses: ReadonlyMap<string, WorkflowStatus>,
  now: number,
): readonly EarliestEnd[] {
  const delayed = lastDelayed.map((workflow): EarliestEnd => ({ ...workflow, because: 'delayed' }));
  const sleeping = workflows.flatMap(({ id, version, name, deadline, lastStep }): readonly EarliestEnd[] => {
    const activity = statuses.get(id)?.activity;
    if (version === null || activity?.kind !== 'sleeping' || !activity.certain) return [];
    // Whatever the clock of its process: no sleep lasts longer from now than it does in all.
    const atMost = now + activity.until - (lastStep?.startedAt ?? activity.until);
    const until = Math.min(activity.until, deadline ?? Number.POSITIVE_INFINITY, atMost);
    return [{ id, version, name, until, because: 'sleeping' }];
  });
  return latestFirst([...delayed, ...sleeping]);
}

export function latestFirst(earliestEnds: readonly EarliestEnd[]): readonly EarliestEnd[] {
  return [...earliestEnds].sort((a, b) => b.until - a.until);
}
