import { z } from 'zod';
import { sql } from '../../postgres/sql.ts';
import { shownName, shownTime, tableOf, workflowColumns } from '../columns.ts';
import { isCounted } from './in-flight.ts';
import { lastStep, lastStepOf } from './last-step.ts';
import { type Section, type SnapshotQuery, text, time, truncatedRows } from './section.ts';

/** How many workflows a poll reads in detail, and how many a detail scan does. */
export const DETAIL_LIMIT = 50;
export const DETAIL_SCAN_LIMIT = 10_000;

/** A workflow in flight. */
export const workflowDetail = z.object({
  id: z.string(),
  version: text,
  name: text,
  className: text,
  status: z.string(),
  queue: text,
  executor: text,
  createdAt: z.int(),
  /** The last write to its row: a change of its status, or of what belongs to that. No step makes one. */
  updatedAt: z.int(),
  startedAt: time,
  delayUntil: time,
  /** Each further call of its debouncer moves `delayUntil`, up to `debounceDeadline` where there is one. */
  debounced: z.boolean(),
  debounceDeadline: time,
  /** When DBOS will cancel it. */
  deadline: time,
  parent: text,
  /** It is the parent of some workflow in flight, on any version, ignored or not. */
  hasChildren: z.boolean(),
  /** Read only where it is PENDING: null says nothing about what a workflow in a queue did before. */
  lastStep: lastStep.nullable(),
});
export type WorkflowDetail = Readonly<z.output<typeof workflowDetail>>;

/**
 * The oldest workflows in flight. Their rows are joined back by `ctid`, their place in the table, which holds for a
 * snapshot: so the aggregates stay narrow, and no index is descended, whose depth grows with history, for each.
 */
export function workflowsSection(query: SnapshotQuery): Section {
  const { schema, request } = query;
  const { delayUntil, isDebounced, debounceDeadline, deadline, parent } = workflowColumns(schema);
  const oldest = sql`SELECT place FROM in_flight WHERE NOT ignored AND version IS DISTINCT FROM '' AND ${isCounted(query)}
              ORDER BY version IS NULL, created_at, workflow_uuid
              LIMIT ${request.detailScan ? DETAIL_SCAN_LIMIT : DETAIL_LIMIT}`;
  const details = sql`SELECT workflow_uuid AS id, application_version AS version, ${shownName(sql`name`)} AS name,
            ${shownName(sql`class_name`)} AS "className", status, ${shownName(sql`queue_name`)} AS queue,
            ${shownName(sql`executor_id`)} AS executor, ${shownTime(sql`created_at`)} AS "createdAt",
            ${shownTime(sql`updated_at`)} AS "updatedAt", ${shownTime(sql`started_at_epoch_ms`)} AS "startedAt",
            ${shownTime(delayUntil)} AS "delayUntil", ${isDebounced} AS debounced,
            ${shownTime(debounceDeadline)} AS "debounceDeadline", ${shownTime(deadline)} AS deadline, ${parent} AS parent,
            workflow_uuid IN (SELECT c.parent FROM in_flight c WHERE c.parent IS NOT NULL) AS "hasChildren",
            ${lastStepOf(schema)} AS "lastStep"
       FROM (${oldest}) shown
       JOIN ${tableOf(schema, 'workflow_status')} w ON w.ctid = place`;
  const column = truncatedRows(sql`SELECT * FROM (${details}) d ORDER BY version IS NULL, "createdAt", id`, {
    versioned: sql`(SELECT coalesce(sum(total), 0) FROM selected WHERE NOT ignored AND version <> '')`,
    unversioned: sql`(SELECT coalesce(sum(total), 0) FROM selected WHERE NOT ignored AND version IS NULL)`,
  });
  return { column };
}
