import { z } from 'zod';
import { type Sql, sql } from '../../postgres/sql.ts';
import { NOW, shownName, shownTime, stepColumns, tableOf } from '../columns.ts';
import type { Schema } from '../schema.ts';
import { text, time } from './section.ts';

/** The most steps before a sleep that a poll reads, to find one that has not finished. */
export const EARLIER_STEPS = 200;

/** The last `EARLIER_STEPS` numbers before a step. A step is recorded when it finishes. */
const earlierSteps = z.object({
  count: z.int(),
  /** When the last of them finished, or will. Null where that of any is unknown, and where there is none. */
  endedAt: time,
});
export type EarlierSteps = Readonly<z.output<typeof earlierSteps>>;

/** The last recorded step of a workflow. */
export const lastStep = z.object({
  /** `function_id`: a fork that starts at the next number keeps everything done so far. */
  number: z.int(),
  name: z.string(),
  /** Unknown in rows of older SDKs, as is `completedAt`. */
  startedAt: time,
  /** Of a sleep, newer SDKs record when it will be over. */
  completedAt: time,
  /**
   * The name of the step before it by number. Null where that has not finished, or there is none. A `recv` or a
   * `getEvent` takes a number, and the next one for its timeout, which is recorded as a `DBOS.sleep` when the wait starts.
   */
  before: text,
  /** What is recorded of the steps before it; null except for a `DBOS.sleep`. */
  earlier: earlierSteps.nullable(),
});
export type LastStep = Readonly<z.output<typeof lastStep>>;

/**
 * The last step of the workflow in the row `w`, as JSON. The last two steps are one descent of the primary key of
 * `operation_outputs`. They are read only where the workflow is PENDING: one that waits in a queue or for its delay ran
 * them, if any, before its status changed.
 */
export function lastStepOf(schema: Schema): Sql {
  const steps = tableOf(schema, 'operation_outputs');
  const { startedAt, completedAt } = stepColumns(schema);
  const earlier = sql`
                         SELECT json_build_object('count', count(*), 'endedAt', CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END)
                           FROM (SELECT ${shownTime(completedAt)} AS ended_at FROM ${steps} e
                                  WHERE e.workflow_uuid = w.workflow_uuid
                                    AND e.function_id BETWEEN greatest(o.function_id - ${EARLIER_STEPS}, 0) AND o.function_id - 1) ended`;
  const isAsleep = sql`o.function_name = 'DBOS.sleep' AND ${shownTime(sql`o.completed_at`)} > ${NOW}`;
  return sql`(SELECT json_build_object('number', o.function_id, 'name', ${shownName(sql`o.function_name`)},
                      'startedAt', ${shownTime(sql`o.started_at`)}, 'completedAt', ${shownTime(sql`o.completed_at`)},
                      'before', CASE WHEN id_before = o.function_id - 1 THEN ${shownName(sql`name_before`)} END,
                      'earlier', CASE WHEN ${isAsleep} THEN (${earlier}) END)
               FROM (SELECT *, lead(function_id) OVER last AS id_before, lead(function_name) OVER last AS name_before
                       FROM (SELECT function_id, function_name, ${startedAt} AS started_at, ${completedAt} AS completed_at
                               FROM ${steps} s
                              WHERE s.workflow_uuid = w.workflow_uuid AND w.status = 'PENDING'
                              ORDER BY function_id DESC LIMIT 2) last_two
                     WINDOW last AS (ORDER BY function_id DESC)) o
              ORDER BY o.function_id DESC LIMIT 1)`;
}
