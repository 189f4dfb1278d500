import type { SnapshotContents, WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { PollTime } from '../hold/state.ts';
import type { WorkflowStatus } from './activity.ts';

/** The oldest workflows in flight, read in detail by one poll. */
export interface DetailScan {
  /** Milliseconds since the gate started. */
  readonly atMs: number;
  readonly observedAt: number;
  readonly workflows: readonly WorkflowDetail[];
  readonly omitted: number;
  readonly omittedUnversioned: number;
  readonly statuses: ReadonlyMap<string, WorkflowStatus>;
  readonly byVersion: ReadonlyMap<string | null, readonly WorkflowWithStatus[]>;
  /** The number of parked workflows per version: see `isParked`. */
  readonly parked: ReadonlyMap<string | null, number>;
}

export interface WorkflowWithStatus {
  readonly workflow: WorkflowDetail;
  readonly status: WorkflowStatus;
}

/** Returns the detail scan of this poll. */
export function detailScanOf(
  { workflows: { items: workflows, omitted, omittedUnversioned } }: SnapshotContents,
  statuses: ReadonlyMap<string, WorkflowStatus>,
  observedAt: number,
  { ended: atMs }: PollTime,
): DetailScan {
  const read = workflows.flatMap((workflow): readonly WorkflowWithStatus[] => {
    const status = statuses.get(workflow.id);
    return status === undefined ? [] : [{ workflow, status }];
  });
  const byVersion = Map.groupBy(read, ({ workflow }) => workflow.version);
  const parked = new Map(
    [...byVersion].map(([version, all]) => [version, all.filter(({ status }) => isParked(status)).length]),
  );
  return { atMs, observedAt, workflows, omitted, omittedUnversioned, statuses, byVersion, parked };
}

/**
 * Whether a workflow does not finish at the rate of the others: its end is known, or it is stuck. Every poll counts
 * delayed workflows exactly, so they are not parked. Waits for messages finish at the rate of earlier ones.
 */
function isParked({ state, activity: { kind } }: WorkflowStatus): boolean {
  return kind === 'sleeping' || (state === 'stuck' && !['delayed', 'overdue', 'message'].includes(kind));
}
