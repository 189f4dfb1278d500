import { EARLIER_STEPS } from '../../forecast/activity.ts';
import type { Schema } from '../schema.ts';
import {
  IN_FLIGHT,
  inScope,
  KNOWN,
  NOW,
  normalize,
  normalized,
  quoteLiteral,
  type Scope,
  SHOWN_CHARACTERS,
  type Statement,
  selected,
  shownTime,
  tableOf,
} from '../sql.ts';
import type { SnapshotRequest } from './index.ts';

/** How many workflows a poll brings in detail, and how many a roll does. */
export const DETAIL_LIMIT = 50;
export const DETAIL_SCAN_LIMIT = 10_000;
/** How many queues with waiting work a poll brings, and how many of the workflows that are delayed longest. */
const QUEUE_LIMIT = 100;
export const LAST_DELAYED_LIMIT = 20;
/** How many names of newly created workflows a poll brings. */
const STARTED_NAME_LIMIT = 10;
/** How many groups by version, workflow and queue a poll brings. */
export const GROUP_LIMIT = 100;
/** How many idle registered versions a poll brings, the newest. */
export const REGISTRATION_LIMIT = 100;
/** How many cancelled, and how many dead-lettered workflows a poll goes through, the newest. */
export const FAILED_LIMIT = 500;
/**
 * By how much the clocks of the processes that stamp `created_at` may lag behind the database's, in
 * milliseconds. Every SDK but those that let the database stamp uses its own process's clock.
 */
const CLOCK_MARGIN_MS = 60_000;

/** Its name is one of those that never block. */
const IGNORED = `coalesce(name LIKE ANY ($4::text[]), false)`;
/** In the application, and on a version that is judged or on none. */
const IS_JUDGED = `${inScope('application')} AND (version IS NULL OR version = '' OR ${selected('version')})`;

/**
 * The poll: everything about the work in flight, in one statement and so in one snapshot.
 *
 * - `in_flight` is read once, through the partial indexes (`idx_workflow_status_in_flight*`,
 *   `idx_workflow_status_pending`, `idx_workflow_status_delayed`) or, on older schemas, the plain status index, and
 *   counted once, in `tally`, from which all other counts are summed: what is in flight may be a million rows.
 * - `created` follows `workflow_status_created_at_index`, which every schema has: its cost follows the throughput of
 *   the last minute, or since the poll before, not the history.
 * - Details are joined back for the few rows that are shown, so that the aggregates stay narrow: by `ctid`, their place
 *   in the table, which holds for a snapshot. By key it would be an index's depth, which grows with history, for each.
 */
export function snapshotQuery(
  schema: Schema,
  scope: Scope,
  options: Pick<
    SnapshotRequest,
    'registrationsOf' | 'startedSince' | 'countFailed' | 'detailScan' | 'namesSince'
  >,
): Statement {
  const status = tableOf(schema, 'workflow_status');
  const owner = schema.hasOwners ? `NULLIF(application_name, '')` : 'NULL::text';
  const fromHere = `(${NOW} - ${CLOCK_MARGIN_MS})`;
  const namesSince = options.namesSince === undefined ? 'NULL' : `${Math.round(options.namesSince)}::bigint`;
  const text = `
WITH RECURSIVE in_flight AS MATERIALIZED (
  SELECT ctid AS place, workflow_uuid, status, name, queue_name, application_version AS version, ${owner} AS application,
         created_at, updated_at, started_at_epoch_ms AS started_at, ${delayedUntil(schema)} AS delayed_until,
         ${schema.hasParents ? 'parent_workflow_id' : 'NULL::text'} AS parent, ${IGNORED} AS ignored
    FROM ${status}
   WHERE ${IN_FLIGHT}
), tally AS MATERIALIZED (
  SELECT version, application, name, queue_name, ignored, count(*) AS total,
         count(*) FILTER (WHERE status = 'PENDING') AS pending, count(*) FILTER (WHERE status = 'ENQUEUED') AS enqueued,
         count(*) FILTER (WHERE status = 'DELAYED') AS delayed,
         min(created_at) AS oldest, max(updated_at) AS updated_at, max(started_at) AS started_at,
         max(greatest(updated_at, started_at)) FILTER (WHERE status = 'PENDING') AS taken_at,
         max(delayed_until) AS delayed_until
    FROM in_flight
   GROUP BY version, application, name, queue_name, ignored
), judged AS MATERIALIZED (
  SELECT * FROM tally WHERE ${IS_JUDGED}
), grouped AS MATERIALIZED (
  SELECT version, name, queue_name, ignored, ${sums('pending', 'enqueued', 'delayed', 'total')}, min(oldest) AS oldest
    FROM judged
   WHERE version IS DISTINCT FROM ''
   GROUP BY version, name, queue_name, ignored
), created AS MATERIALIZED (
  SELECT application_version AS version, ${owner} AS application, created_at,
         ${owner} IS NULL AND coalesce(status NOT IN ('ENQUEUED', 'DELAYED', 'CANCELLED'), true) AS ran_unowned,
         hashtextextended(workflow_uuid, 0) AS fingerprint, name,
         ${schema.hasParents ? 'parent_workflow_id IS NOT NULL' : 'NULL::boolean'} AS is_child
    FROM ${status}
   WHERE created_at >= least($5::bigint, ${fromHere})
     AND ${inScope(owner)} AND application_version <> '' AND ${selected('application_version')}
     AND NOT ${IGNORED}
)${queueCtes(schema)}${registeredCte(schema)}${statusesCte(schema)}
SELECT ${schema.hasMigrations ? `(SELECT max(version)::text FROM ${tableOf(schema, 'dbos_migrations')})` : 'NULL::text'} AS migration,
  (SELECT coalesce(json_agg(v), '[]') FROM (
     SELECT version, max(application) AS application, bool_or(pending > 0 AND application IS NULL) AS "ranUnowned",
            coalesce(sum(total) FILTER (WHERE ignored), 0) AS ignored,
            coalesce(sum(pending) FILTER (WHERE NOT ignored), 0) AS pending,
            coalesce(sum(enqueued) FILTER (WHERE NOT ignored), 0) AS enqueued,
            coalesce(sum(delayed) FILTER (WHERE NOT ignored), 0) AS delayed,
            ${shownTime('min(oldest) FILTER (WHERE NOT ignored)')} AS "oldestCreatedAt",
            max(delayed_until) FILTER (WHERE NOT ignored) AS "delayedUntil",
            ${shownTime('max(taken_at)')} AS "newestTakenAt"
       FROM judged GROUP BY version) v) AS in_flight,
  (SELECT coalesce(json_agg(q), '[]') FROM (${queueSelect()}) q) AS queues,
  (SELECT coalesce(json_agg(d), '[]') FROM (
     SELECT workflow_uuid AS id, version, left(name, ${SHOWN_CHARACTERS}) AS name, delayed_until AS until
       FROM in_flight WHERE delayed_until IS NOT NULL AND NOT ignored AND version <> '' AND ${IS_JUDGED}
      ORDER BY delayed_until DESC, workflow_uuid LIMIT ${LAST_DELAYED_LIMIT}) d) AS last_delayed,
  (SELECT coalesce(json_agg(g), '[]') FROM (
     SELECT version, left(name, ${SHOWN_CHARACTERS}) AS name, left(queue_name, ${SHOWN_CHARACTERS}) AS queue,
            pending, enqueued, delayed, ignored, ${shownTime('oldest')} AS "oldestCreatedAt"
       FROM grouped ORDER BY version IS NULL, total DESC, oldest LIMIT ${GROUP_LIMIT}) g) AS groups,
  (SELECT count(*)::int FROM grouped WHERE version IS NOT NULL) AS group_count,
  (SELECT count(*)::int FROM grouped WHERE version IS NULL) AS unversioned_group_count,
  (SELECT coalesce(json_agg(w ORDER BY w.version IS NULL, w."createdAt", w.id), '[]') FROM (
     ${detailSelect(schema, options.detailScan ? DETAIL_SCAN_LIMIT : DETAIL_LIMIT)}) w) AS workflows,
  (SELECT coalesce(sum(total), 0)::int FROM judged WHERE NOT ignored AND version <> '') AS workflow_count,
  (SELECT coalesce(sum(total), 0)::int FROM judged WHERE NOT ignored AND version IS NULL) AS unversioned_workflow_count,
  (SELECT coalesce(json_agg(c), '[]') FROM (
     SELECT version, max(application) AS application, bool_or(ran_unowned) AS "ranUnowned",
            json_build_object('count', count(*) FILTER (WHERE created_at >= $5),
              'fingerprint', coalesce(sum(fingerprint) FILTER (WHERE created_at >= $5), 0)::text) AS "sincePrevious",
            json_build_object('count', count(*) FILTER (WHERE created_at >= ${fromHere}),
              'fingerprint', coalesce(sum(fingerprint) FILTER (WHERE created_at >= ${fromHere}), 0)::text) AS "fromHere",
            ${schema.hasParents ? 'count(*) FILTER (WHERE is_child AND created_at >= $5)' : 'NULL::int'} AS "childrenSincePrevious",
            ${schema.hasParents ? `count(*) FILTER (WHERE is_child AND created_at >= ${fromHere})` : 'NULL::int'} AS "childrenFromHere"
       FROM created GROUP BY version) c) AS created,
  (SELECT coalesce(json_agg(n), '[]') FROM (
     SELECT version, left(name, ${SHOWN_CHARACTERS}) AS name, count(*) AS count
       FROM created WHERE is_child IS NOT TRUE AND created_at >= ${namesSince}
      GROUP BY version, name ORDER BY count(*) DESC, name LIMIT ${STARTED_NAME_LIMIT}) n) AS started_names,
  ${fromHere}::text AS from_here,
  (SELECT coalesce(json_agg(application), '[]') FROM (
     SELECT application FROM tally WHERE application IS NOT NULL
     UNION SELECT application FROM created WHERE application IS NOT NULL
     ${schema.registrations?.hasOwners ? `UNION SELECT application FROM every_registration WHERE application IS NOT NULL` : ''}
     ORDER BY 1 LIMIT 20) o) AS owners,
  ($1::text IS NULL OR EXISTS (SELECT FROM tally WHERE application = $1)
     ${schema.registrations ? `OR EXISTS (SELECT FROM every_registration WHERE application = $1)` : ''}) AS application_seen,
  ${
    schema.registrations
      ? `(SELECT coalesce(json_agg(json_build_object('version', version, 'application', application,
            'timestamp', version_timestamp, 'rewritten', rewritten)), '[]')
       FROM registered
      WHERE version IN (SELECT version FROM judged) OR version = ANY ($6::text[]) OR ${normalized('version')} = ANY ($7::text[])
         OR version IN (SELECT version FROM registered ORDER BY version_timestamp DESC LIMIT ${REGISTRATION_LIMIT}))`
      : 'NULL::json'
  } AS registrations,
  ${schema.registrations ? '(SELECT count(*)::int FROM registered)' : '0'} AS registration_count,
  ${schema.hasPlainStatusIndex ? unknownStatusesSelect(status, owner) : 'NULL::json'} AS unknown_statuses,
  ${options.countFailed ? failedSelect(schema, status, owner) : 'NULL::json'} AS failed,
  (SELECT ${shownTime('at')} FROM (
     SELECT greatest((SELECT max(created_at) FROM ${status}), (SELECT max(updated_at) FROM tally)) AS at OFFSET 0) n
  )::text AS newest_write_at,
  pg_relation_filenode(${quoteLiteral(status)}::regclass)::text AS file`;
  const named = [...(scope.only ?? []), ...scope.except, ...options.registrationsOf];
  return {
    text,
    values: [
      scope.application ?? null,
      scope.only ?? null,
      scope.except,
      scope.ignore,
      options.startedSince ?? null,
      ...(schema.registrations ? [named, named.map(normalize)] : []),
    ],
  };
}

function sums(...columns: readonly string[]): string {
  return columns.map((column) => `sum(${column}) AS ${column}`).join(', ');
}

/** The registrations of the same application that came later. */
const LATER = `WINDOW later AS (PARTITION BY application ORDER BY created_at, version_timestamp
                        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)`;

/**
 * Whether somebody else than the process that made a registration may have given it its owner: it was promoted, or
 * written again after a later version had registered, as `rename-application` does, and a process of a newer SDK
 * that runs the same version. `xmin` tells, the transaction that wrote the row; the promotion of a later version
 * hides it.
 */
const REWRITTEN = `(version_timestamp IS DISTINCT FROM created_at
          OR coalesce(age(xmin) <= max(age(xmin)) OVER later, false)
          OR coalesce(bool_or(version_timestamp IS DISTINCT FROM created_at) OVER later, false))`;

function registeredCte(schema: Schema): string {
  if (schema.registrations === undefined) return '';
  const owner = schema.registrations.hasOwners ? `NULLIF(application_name, '')` : 'NULL::text';
  return `, every_registration AS (
  SELECT version, application, version_timestamp, ${schema.registrations.hasCreation ? REWRITTEN : 'true'} AS rewritten
    FROM (SELECT version_name AS version, ${owner} AS application, version_timestamp, xmin,
                 ${schema.registrations.hasCreation ? 'created_at' : 'NULL::bigint AS created_at'}
            FROM ${tableOf(schema, 'application_versions')}) v
  ${schema.registrations.hasCreation ? LATER : ''}
), registered AS (
  SELECT * FROM every_registration WHERE ${inScope('application')}
)`;
}

/** Before this, a delayed row cannot leave its status by itself. A further call may move a debounced one either way. */
function delayedUntil(schema: Schema): string {
  if (!schema.hasDelays) return 'NULL::bigint';
  const deadline = schema.hasDeadlines ? 'workflow_deadline_epoch_ms' : 'NULL';
  const certain = schema.hasDebounces ? ` AND NOT is_debounced` : '';
  // Whatever the clock of the process that stamped both: no delay lasts longer from now than it did in all.
  const atMost = `${NOW} + ${shownTime('delay_until_epoch_ms')} - ${shownTime('created_at')}`;
  return `CASE WHEN status = 'DELAYED'${certain} THEN ${shownTime(`least(delay_until_epoch_ms, ${deadline}, ${atMost})`)} END`;
}

/** What runs from each queue in every version, and the limits that the tables tell: DBOS holds the one against the other. */
function queueCtes(schema: Schema): string {
  const { queues } = schema;
  const rate = queues?.hasPartitionRates
    ? 'greatest(rate_limit_period_sec, partition_rate_limit_period_sec)'
    : 'rate_limit_period_sec';
  const limits =
    queues === undefined
      ? 'SELECT NULL::text AS queue_name, NULL::int AS concurrency, NULL::bigint AS rate_ms WHERE false'
      : `SELECT name AS queue_name, min(concurrency) FILTER (WHERE concurrency >= 0${queues.hasPartitions ? ' AND NOT partition_queue' : ''}) AS concurrency,
         max(CASE WHEN ${rate} > 1e9 THEN 1e9 ELSE ${rate} END * 1000)::bigint AS rate_ms
    FROM ${tableOf(schema, 'queues')}
   WHERE ${inScope(queues.hasOwners ? `NULLIF(application_name, '')` : 'NULL::text')} GROUP BY name`;
  return `, running AS (
  SELECT queue_name, sum(pending) AS running FROM tally
   WHERE queue_name IS NOT NULL AND ${inScope('application')} GROUP BY queue_name
), limits AS (
  ${limits}
)`;
}

/** Queues in which work waits. */
function queueSelect(): string {
  return `
     SELECT version, left(queue_name, ${SHOWN_CHARACTERS}) AS queue, pending, enqueued,
            ${shownTime('started_at')} AS "newestStartedAt", coalesce(running, 0) AS "runningInAll", concurrency, rate_ms AS "rateMs"
       FROM (SELECT version, queue_name, ${sums('pending', 'enqueued')}, max(started_at) AS started_at
               FROM judged WHERE NOT ignored AND version <> '' AND queue_name IS NOT NULL
              GROUP BY version, queue_name HAVING sum(enqueued) > 0
              ORDER BY sum(enqueued) DESC, version, queue_name LIMIT ${QUEUE_LIMIT}) w
       LEFT JOIN running USING (queue_name) LEFT JOIN limits USING (queue_name)`;
}

/**
 * The last two steps of a workflow are one descent of the primary key of `operation_outputs`. What waits in a queue or
 * for its delay has done them before its status changed, if ever: they tell nothing of what it waits for.
 */
function detailSelect(schema: Schema, limit: number): string {
  const steps = tableOf(schema, 'operation_outputs');
  const stepColumns = `function_id, function_name${schema.hasStepTimes ? ', started_at_epoch_ms, completed_at_epoch_ms' : ''}`;
  const stepTime = (column: string, row = 'o') =>
    schema.hasStepTimes ? shownTime(`${row}.${column}`) : 'NULL::bigint';
  return `SELECT w.workflow_uuid AS id, w.application_version AS version, left(w.name, ${SHOWN_CHARACTERS}) AS name,
            left(w.class_name, ${SHOWN_CHARACTERS}) AS "className", w.status, left(w.queue_name, ${SHOWN_CHARACTERS}) AS queue,
            left(w.executor_id, ${SHOWN_CHARACTERS}) AS executor, ${shownTime('w.created_at')} AS "createdAt",
            ${shownTime('w.updated_at')} AS "updatedAt", ${shownTime('w.started_at_epoch_ms')} AS "startedAt",
            ${schema.hasDelays ? shownTime('w.delay_until_epoch_ms') : 'NULL::bigint'} AS "delayUntil",
            ${schema.hasDebounces ? 'w.is_debounced' : 'false'} AS debounced,
            ${schema.hasDebounces ? shownTime('w.debounce_deadline_epoch_ms') : 'NULL::bigint'} AS "debounceDeadline",
            ${schema.hasDeadlines ? shownTime('w.workflow_deadline_epoch_ms') : 'NULL::bigint'} AS deadline,
            ${schema.hasParents ? 'w.parent_workflow_id' : 'NULL::text'} AS parent,
            w.workflow_uuid IN (SELECT c.parent FROM in_flight c WHERE c.parent IS NOT NULL) AS "hasChildren",
            (SELECT json_build_object('number', o.function_id, 'name', left(o.function_name, ${SHOWN_CHARACTERS}),
                      'startedAt', ${stepTime('started_at_epoch_ms')}, 'completedAt', ${stepTime('completed_at_epoch_ms')},
                      'before', CASE WHEN id_before = o.function_id - 1 THEN left(name_before, ${SHOWN_CHARACTERS}) END,
                      'earlier', CASE WHEN o.function_name = 'DBOS.sleep' AND ${stepTime('completed_at_epoch_ms')} > ${NOW} THEN (
                         SELECT json_build_object('count', count(*), 'endedAt', CASE WHEN count(*) = count(ended_at) THEN max(ended_at) END)
                           FROM (SELECT ${stepTime('completed_at_epoch_ms', 'e')} AS ended_at FROM ${steps} e
                                  WHERE e.workflow_uuid = w.workflow_uuid
                                    AND e.function_id BETWEEN greatest(o.function_id - ${EARLIER_STEPS}, 0) AND o.function_id - 1) ended) END)
               FROM (SELECT *, lead(function_id) OVER last AS id_before, lead(function_name) OVER last AS name_before
                       FROM (SELECT ${stepColumns} FROM ${steps} s
                              WHERE s.workflow_uuid = w.workflow_uuid AND w.status = 'PENDING'
                              ORDER BY function_id DESC LIMIT 2) last_two
                     WINDOW last AS (ORDER BY function_id DESC)) o
              ORDER BY o.function_id DESC LIMIT 1) AS "lastStep"
       FROM (SELECT place FROM in_flight WHERE NOT ignored AND version IS DISTINCT FROM '' AND ${IS_JUDGED}
              ORDER BY version IS NULL, created_at, workflow_uuid LIMIT ${limit}) shown
       JOIN ${tableOf(schema, 'workflow_status')} w ON w.ctid = place`;
}

/** The distinct statuses, found by skipping from one to the next in the plain status index. */
function statusesCte(schema: Schema): string {
  if (!schema.hasPlainStatusIndex) return '';
  const status = tableOf(schema, 'workflow_status');
  return `, every_status AS (
  (SELECT status FROM ${status} WHERE status IS NOT NULL ORDER BY status LIMIT 1)
  UNION ALL
  SELECT (SELECT w.status FROM ${status} w WHERE w.status > e.status ORDER BY w.status LIMIT 1)
    FROM every_status e WHERE e.status IS NOT NULL
)`;
}

/** The unknown statuses come first, and their rows by the index: joined the other way, all of the history is read. */
function unknownStatusesSelect(status: string, owner: string): string {
  const rows = (where: string) => `SELECT application_version AS version,
              left(w.status, ${SHOWN_CHARACTERS}) AS status, count(*) AS count
         FROM ${status} w
        WHERE ${where} AND ${inScope(owner)}
          AND (application_version IS NULL OR ${selected('application_version')})
        GROUP BY 1, 2`;
  return `(SELECT coalesce(json_agg(u), '[]') FROM (
     SELECT f.* FROM (SELECT status FROM every_status WHERE status NOT IN (${KNOWN}) OFFSET 0) e
      CROSS JOIN LATERAL (${rows('w.status = e.status')}) f
     UNION ALL
     ${rows('w.status IS NULL')}) u)`;
}

/**
 * Cancelled and dead-lettered workflows, the newest first through `idx_workflow_status_failed` where it is; on
 * older schemas any, through the plain status index, since their order would cost a sort of the history.
 */
function failedSelect(schema: Schema, status: string, owner: string): string {
  if (!schema.hasFailedIndex && !schema.hasPlainStatusIndex) return 'NULL::json';
  const deadLettered = schema.hasFailedIndex
    ? ['MAX_RECOVERY_ATTEMPTS_EXCEEDED']
    : ['MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'RETRIES_EXCEEDED'];
  const newest = schema.hasFailedIndex ? 'ORDER BY created_at DESC ' : '';
  const branches = ['CANCELLED', ...deadLettered].map(
    (literal) => `(SELECT application_version AS version, ${owner} AS application, status FROM ${status}
        WHERE status = '${literal}' ${newest}LIMIT ${FAILED_LIMIT})`,
  );
  return `(SELECT coalesce(json_agg(f), '[]') FROM (
     SELECT version, count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled,
            count(*) FILTER (WHERE status <> 'CANCELLED') AS "deadLettered"
       FROM (${branches.join(' UNION ALL ')}) b
      WHERE version <> '' AND ${inScope('application')} AND ${selected('version')}
      GROUP BY version) f)`;
}
