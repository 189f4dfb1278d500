import { z } from 'zod';
import { join, sql } from '../../postgres/sql.ts';
import { tableOf, workflowColumns } from '../columns.ts';
import { inApplication, isSelected } from '../scope.ts';
import { list, optional, rows, type Section, type SnapshotQuery } from './section.ts';

/** How many cancelled, and how many dead-lettered workflows a poll counts, the newest. */
export const FAILED_LIMIT = 500;

const STATUSES = [sql`'CANCELLED'`, sql`'MAX_RECOVERY_ATTEMPTS_EXCEEDED'`];
/** The name that older SDKs have for the second of them. */
const OLD_DEAD_LETTERED = sql`'RETRIES_EXCEEDED'`;

/** Workflows of one version that failed, and can come back. */
const failedOnVersion = z.object({ version: z.string(), cancelled: z.int(), deadLettered: z.int() });
export type FailedOnVersion = Readonly<z.output<typeof failedOnVersion>>;

/** Undefined: not requested. */
export const failed = optional(list(failedOnVersion));

/**
 * Cancelled and dead-lettered workflows: the newest, through `idx_workflow_status_failed`, where it exists. On older
 * schemas any, through the plain status index, since their order would cost a sort of the history.
 */
export function failedSection({ schema, gate, request }: SnapshotQuery): Section {
  const { hasFailedIndex, hasPlainStatusIndex } = schema;
  if (!request.countFailed || !(hasFailedIndex || hasPlainStatusIndex)) return { column: sql`NULL::json` };
  const { version, owner } = workflowColumns(schema);
  const statuses = hasFailedIndex ? STATUSES : [...STATUSES, OLD_DEAD_LETTERED];
  const newest = hasFailedIndex ? sql`ORDER BY created_at DESC` : sql``;
  const branches = statuses.map(
    (status) => sql`(SELECT ${version} AS version, ${owner} AS application, status
        FROM ${tableOf(schema, 'workflow_status')} WHERE status = ${status} ${newest} LIMIT ${FAILED_LIMIT})`,
  );
  const column = rows(sql`
     SELECT version, count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled,
            count(*) FILTER (WHERE status <> 'CANCELLED') AS "deadLettered"
       FROM (${join(branches, ' UNION ALL ')}) b
      WHERE version <> '' AND ${inApplication(gate.application, sql`application`)}
        AND ${isSelected(request.selection, sql`version`)}
      GROUP BY version`);
  return { column };
}
