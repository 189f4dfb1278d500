import { z } from 'zod';
import { sql } from '../../postgres/sql.ts';
import { shownName, shownTime } from '../columns.ts';
import { type Section, statusCounts, text, truncatedRows } from './section.ts';

/** How many groups a poll reads. */
export const GROUP_LIMIT = 100;

/** Work in flight on one version, under one name, in one queue. */
export const workflowGroup = z.object({
  version: text,
  name: text,
  queue: text,
  ...statusCounts,
  ignored: z.boolean(),
  oldestCreatedAt: z.int(),
});
export type WorkflowGroup = Readonly<z.output<typeof workflowGroup>>;

/** The largest groups first. */
export function groupsSection(): Section {
  const grouped = sql`grouped AS MATERIALIZED (
  SELECT version, name, queue_name, ignored, sum(pending) AS pending, sum(enqueued) AS enqueued,
         sum(delayed) AS delayed, sum(total) AS total, min(oldest) AS oldest
    FROM selected
   WHERE version IS DISTINCT FROM ''
   GROUP BY version, name, queue_name, ignored
)`;
  const largest = sql`
     SELECT version, ${shownName(sql`name`)} AS name, ${shownName(sql`queue_name`)} AS queue,
            pending, enqueued, delayed, ignored, ${shownTime(sql`oldest`)} AS "oldestCreatedAt"
       FROM grouped ORDER BY version IS NULL, total DESC, oldest LIMIT ${GROUP_LIMIT}`;
  const column = truncatedRows(largest, {
    versioned: sql`(SELECT count(*) FROM grouped WHERE version IS NOT NULL)`,
    unversioned: sql`(SELECT count(*) FROM grouped WHERE version IS NULL)`,
  });
  return { ctes: [grouped], column };
}
