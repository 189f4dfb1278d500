import type { SnapshotContents, Truncated, WorkflowDetail } from '../dbos/snapshot/index.ts';
import { activityInTheEnd, type Statuses, type WorkflowStatus } from './activity.ts';

/** The oldest workflows in flight, read in detail by one poll: a few, or many when the forecast asks for them. */
export interface DetailScan extends Omit<Truncated<WorkflowDetail>, 'items'> {
  readonly observedAt: number;
  readonly workflows: readonly WorkflowDetail[];
  readonly statuses: Statuses;
  readonly byVersion: ReadonlyMap<string | null, readonly WorkflowWithStatus[]>;
}

export interface WorkflowWithStatus {
  readonly workflow: WorkflowDetail;
  readonly status: WorkflowStatus;
}

export function detailScanOf(contents: SnapshotContents, statuses: Statuses, observedAt: number): DetailScan {
  const { items: workflows, omitted, omittedUnversioned } = contents.workflows;
  const read = workflows.flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    return status === undefined ? [] : [{ workflow, status }];
  });
  const byVersion = Map.groupBy(read, ({ workflow }) => workflow.version);
  return { observedAt, workflows, omitted, omittedUnversioned, statuses, byVersion };
}

/** Returns what the detail scan read of a version; nothing before the first scan. */
export function scannedOf(version: string | null, detailScan: DetailScan | undefined): readonly WorkflowWithStatus[] {
  return detailScan?.byVersion.get(version) ?? [];
}

/**
 * Whether a workflow does not finish at the rate of the others: its end is known, or it is stuck. A parent ends no sooner
 * than the child it waits for. Every poll counts delayed workflows exactly, so they are not parked. Waits for messages
 * finish at the rate of earlier ones.
 */
export function isParked({ status }: WorkflowWithStatus): boolean {
  const { kind } = status.activity;
  if (kind === 'child' && activityInTheEnd(status).kind === 'delayed') return true;
  if (activityInTheEnd(status).kind === 'sleeping') return true;
  return status.state === 'stuck' && !['delayed', 'overdue', 'message'].includes(kind);
}
