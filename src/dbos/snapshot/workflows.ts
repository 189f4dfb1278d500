import { z } from 'zod';
import { join, literal, type Sql, sql } from '../../postgres/sql.ts';
import { NOW, shownName, shownTime, stepColumns, tableOf, workflowColumns } from '../columns.ts';
import type { Schema } from '../schema.ts';
import { isCounted, shownVersion } from './in-flight.ts';
import { type Section, type SnapshotQuery, text, time, truncatedRows } from './section.ts';

/** How many workflows a poll reads in detail, and how many a detail scan does. */
export const DETAIL_LIMIT = 50;
export const DETAIL_SCAN_LIMIT = 10_000;

/** The most steps before a sleep that a poll reads, to find one that has not finished. */
export const EARLIER_STEPS = 200;

/**
 * Steps that have a timer of their own. Each takes a number, and the next one for its timer, which is recorded as a
 * `DBOS.sleep` when the wait starts. Where there is nothing to wait for, that number stays unused.
 */
export const TIMED_STEPS = ['DBOS.recv', 'DBOS.getEvent'] as const;

/** The last `EARLIER_STEPS` numbers before a step. A step is recorded when it finishes. */
const earlierSteps = z.object({
  /** How many of them are recorded as steps, or are timers that were not used. */
  count: z.int(),
  /**
   * When the last of them finished, or will. Null where that of any is unknown, and where there is none. Timers of waits
   * that are over, started children and patches are instants, whatever end is recorded: none, or a later one.
   */
  endedAt: time,
});

/** The last recorded step of a workflow. */
const lastStep = z.object({
  /** `function_id`: a fork that starts at the next number keeps everything done so far. */
  number: z.int(),
  name: z.string(),
  /** Unknown in rows of older SDKs, as is `completedAt`. */
  startedAt: time,
  /** Of a sleep, newer SDKs record when it will be over. */
  completedAt: time,
  /** The name of the step before it by number, or of the timer that was not used. Null where it has not finished, or is none. */
  before: text,
  /** What is recorded of the steps before it; null except for a `DBOS.sleep`. */
  earlier: earlierSteps.nullable(),
});
export type LastStep = Readonly<z.output<typeof lastStep>>;

/** A workflow in flight. */
export const workflowDetail = z.object({
  id: z.string(),
  version: text,
  name: text,
  className: text,
  /** The name of a configured instance of that class. */
  instance: text,
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
  /** It waits in a queue, and as many run from its partition, in all versions, as `QueueInFlight.partitionConcurrency`. */
  isPartitionFull: z.boolean(),
  /** Names the language of its SDK, mostly: see `sdk.ts`. */
  serialization: text,
  /** It is the parent of some workflow in flight, on any version, ignored or not. */
  hasChildren: z.boolean(),
  /** Read only where it is PENDING: null says nothing about what a workflow in a queue did before. */
  lastStep: lastStep.nullable(),
});
export type WorkflowDetail = Readonly<z.output<typeof workflowDetail>>;

/**
 * The oldest workflows in flight. Their rows are joined back by `ctid`, their place in the table, which holds for a
 * snapshot: so the aggregates stay narrow, and no index is descended, whose depth grows with history, for each. A row of
 * a table that inherits from this one can have the same place, and has another id.
 */
export function workflowsSection(query: SnapshotQuery): Section {
  const { schema, request } = query;
  const { id, className, instance, queue, delayUntil, isDebounced, debounceDeadline, deadline, parent, serialization } =
    workflowColumns(schema);
  const oldest = sql`SELECT place, workflow_uuid AS place_id, queue_name AS of_queue, partition AS of_partition
               FROM in_flight WHERE NOT ignored AND version IS DISTINCT FROM '' AND ${isCounted(query)}
              ORDER BY version IS NULL, created_at, workflow_uuid
              LIMIT ${request.detailScan ? DETAIL_SCAN_LIMIT : DETAIL_LIMIT}`;
  const details = sql`SELECT workflow_uuid AS id, ${shownVersion(query)} AS version, ${shownName(sql`name`)} AS name,
            ${shownName(className)} AS "className", ${shownName(instance)} AS instance, status, ${shownName(queue)} AS queue,
            ${shownName(sql`executor_id`)} AS executor, ${shownTime(sql`created_at`)} AS "createdAt",
            ${shownTime(sql`updated_at`)} AS "updatedAt", ${shownTime(sql`started_at_epoch_ms`)} AS "startedAt",
            ${shownTime(delayUntil)} AS "delayUntil", ${isDebounced} AS debounced,
            ${shownTime(debounceDeadline)} AS "debounceDeadline", ${shownTime(deadline)} AS deadline, ${parent} AS parent,
            ${shownName(serialization)} AS serialization,
            status = 'ENQUEUED' AND coalesce((of_queue, of_partition) IN (SELECT f.queue_name, f.partition FROM full_partitions f), false) AS "isPartitionFull",
            ${id} IN (SELECT c.parent FROM in_flight c WHERE c.parent IS NOT NULL) AS "hasChildren",
            ${lastStepOf(schema)} AS "lastStep"
       FROM (${oldest}) shown
       JOIN ${tableOf(schema, 'workflow_status')} w ON w.ctid = place AND ${id} = place_id`;
  const column = truncatedRows(sql`SELECT * FROM (${details}) d ORDER BY version IS NULL, "createdAt", id`, {
    versioned: sql`(SELECT coalesce(sum(total), 0) FROM selected WHERE NOT ignored AND version <> '')`,
    unversioned: sql`(SELECT coalesce(sum(total), 0) FROM selected WHERE NOT ignored AND version IS NULL)`,
  });
  return { column };
}

/**
 * The last step of the workflow in the row `w`, as JSON. The last two steps are one descent of the primary key of
 * `operation_outputs`. They are read only where the workflow is PENDING: one that waits in a queue or for its delay ran
 * them, if any, before its status changed.
 */
function lastStepOf(schema: Schema): Sql {
  const steps = tableOf(schema, 'operation_outputs');
  const { startedAt, completedAt } = stepColumns(schema);
  const isAsleep = sql`o.function_name = 'DBOS.sleep' AND ${shownTime(sql`o.completed_at`)} > ${NOW}`;
  return sql`(SELECT json_build_object('number', o.function_id, 'name', ${shownName(sql`o.function_name`)},
                      'startedAt', ${shownTime(sql`o.started_at`)}, 'completedAt', ${shownTime(sql`o.completed_at`)},
                      'before', CASE WHEN id_before = o.function_id - 1 THEN ${shownName(sql`name_before`)}
                                     WHEN id_before = o.function_id - 2 AND ${isTimed(sql`name_before`)} THEN 'DBOS.sleep' END,
                      'earlier', CASE WHEN ${isAsleep} THEN (${earlierStepsOf(schema)}) END)
               FROM (SELECT *, lead(function_id) OVER last AS id_before, lead(function_name) OVER last AS name_before
                       FROM (SELECT function_id, function_name, ${startedAt} AS started_at, ${completedAt} AS completed_at
                               FROM ${steps} s
                              WHERE s.workflow_uuid = w.workflow_uuid AND w.status = 'PENDING'
                              ORDER BY function_id DESC LIMIT 2) last_two
                     WINDOW last AS (ORDER BY function_id DESC)) o
              ORDER BY o.function_id DESC LIMIT 1)`;
}

/** What is recorded of the steps before the sleep in the row `o`, as JSON. */
function earlierStepsOf(schema: Schema): Sql {
  const { child, startedAt, completedAt } = stepColumns(schema);
  const isTimerOfStep = sql`function_name = 'DBOS.sleep' AND ${isTimed(sql`lag(function_name) OVER by_number`)}
                                               AND lag(function_id) OVER by_number = function_id - 1`;
  const isInstant = sql`function_name LIKE 'DBOS.patch-%' OR (${child} IS NOT NULL AND function_name NOT LIKE 'DBOS.%')`;
  const isUnused = sql`${isTimed(sql`function_name`)} AND coalesce(lead(function_id) OVER by_number, o.function_id) > function_id + 1`;
  return sql`
                         SELECT json_build_object('count', count(*) + count(*) FILTER (WHERE leaves_unused),
                                                  'endedAt', CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END)
                           FROM (SELECT CASE WHEN ${isTimerOfStep} THEN 0
                                             WHEN ${completedAt} IS NULL AND (${isInstant}) THEN coalesce(${shownTime(startedAt)}, 0)
                                             ELSE ${shownTime(completedAt)} END AS ended_at,
                                        ${isUnused} AS leaves_unused
                                   FROM ${tableOf(schema, 'operation_outputs')} e
                                  WHERE e.workflow_uuid = w.workflow_uuid
                                    AND e.function_id BETWEEN greatest(o.function_id - ${EARLIER_STEPS}, 0) AND o.function_id - 1
                                 WINDOW by_number AS (ORDER BY function_id)) ended`;
}

const isTimed = (name: Sql): Sql => sql`${name} IN (${join(TIMED_STEPS.map(literal), ', ')})`;
