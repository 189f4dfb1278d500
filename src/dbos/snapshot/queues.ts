import { z } from 'zod';
import { type Sql, sql } from '../../postgres/sql.ts';
import { queueColumns, shownName, shownTime, tableOf } from '../columns.ts';
import { inApplication } from '../scope.ts';
import { rows, type Section, type SnapshotQuery, time } from './section.ts';

/** How many queues with waiting work a poll reads. */
const QUEUE_LIMIT = 100;

/** Work of one version that waits in one queue. */
export const queueInFlight = z.object({
  version: z.string(),
  queue: z.string(),
  pending: z.int(),
  enqueued: z.int(),
  /** The newest `started_at_epoch_ms` among running workflows: when the queue was last seen to move. */
  newestStartedAt: time,
  /** Workflows of all versions that run from this queue: a concurrency limit counts them all. */
  runningInAll: z.int(),
  /** The queue's limit of running workflows. Null where the tables do not show one, or the role cannot read it. */
  concurrency: z.int().nullable(),
  /** The limit of each of its partitions: see `WorkflowDetail.isPartitionFull`. Null as above. */
  partitionConcurrency: z.int().nullable(),
  /** The limit of each process, of the queue or of one of its partitions. Null as above. */
  workerConcurrency: z.int().nullable(),
  /** A rate limit's period, in milliseconds: no start may be seen for as long. Null as above, or without such a limit. */
  rateMs: time,
});
export type QueueInFlight = Readonly<z.output<typeof queueInFlight>>;

/** Queues in which work waits, the longest first. */
export function queuesSection(query: SnapshotQuery): Section {
  const running = sql`running AS (
  SELECT queue_name, sum(pending) AS running FROM tally
   WHERE queue_name IS NOT NULL AND ${inApplication(query.gate.application, sql`application`)} GROUP BY queue_name
)`;
  const column = rows(sql`
     SELECT version, ${shownName(sql`queue_name`)} AS queue, pending, enqueued,
            ${shownTime(sql`started_at`)} AS "newestStartedAt", coalesce(running, 0) AS "runningInAll",
            concurrency, partition_concurrency AS "partitionConcurrency",
            worker_concurrency AS "workerConcurrency", rate_ms AS "rateMs"
       FROM (SELECT version, queue_name, sum(pending) AS pending, sum(enqueued) AS enqueued, max(started_at) AS started_at
               FROM selected WHERE NOT ignored AND version <> '' AND queue_name IS NOT NULL
              GROUP BY version, queue_name HAVING sum(enqueued) > 0
              ORDER BY sum(enqueued) DESC, version, queue_name LIMIT ${QUEUE_LIMIT}) w
       LEFT JOIN running USING (queue_name) LEFT JOIN limits USING (queue_name)`);
  // The workflows that wait look theirs up in a hash table: a join of both can take as long as every pair of them.
  const full = sql`full_partitions AS MATERIALIZED (
  SELECT queue_name, partition
    FROM (SELECT queue_name, partition, count(*) AS running FROM in_flight
           WHERE status = 'PENDING' AND queue_name IS NOT NULL AND partition IS NOT NULL
             AND ${inApplication(query.gate.application, sql`application`)}
           GROUP BY queue_name, partition) r
    JOIN limits USING (queue_name) WHERE running >= partition_concurrency
)`;
  return { ctes: [running, sql`limits AS (${limitsOf(query)})`, full], column };
}

/** The limits that the tables show: DBOS holds them against what runs in all versions. */
function limitsOf({ schema, gate }: SnapshotQuery): Sql {
  if (schema.tables.queues === undefined) {
    return sql`SELECT NULL::text AS queue_name, NULL::int AS concurrency, NULL::int AS partition_concurrency,
         NULL::int AS worker_concurrency,
         NULL::bigint AS rate_ms WHERE false`;
  }
  const { name, owner, concurrency, partitionConcurrency, workerConcurrency, ratePeriod } = queueColumns(schema);
  return sql`SELECT ${name} AS queue_name,
         min(${concurrency}) AS concurrency, min(${partitionConcurrency}) AS partition_concurrency,
         min(${workerConcurrency}) AS worker_concurrency,
         max(CASE WHEN ${ratePeriod} > 1e9 THEN 1e9 ELSE ${ratePeriod} END * 1000)::bigint AS rate_ms
    FROM ${tableOf(schema, 'queues')}
   WHERE ${inApplication(gate.application, owner)} GROUP BY 1`;
}
