import type { LookRequest } from '../gate/observation.ts';
import type { Schema } from './schema.ts';
import {
  IN_FLIGHT,
  inScope,
  KNOWN,
  normalize,
  normalized,
  type Scope,
  SHOWN_CHARACTERS,
  type Statement,
  selected,
  shownTime,
  tableOf,
} from './sql.ts';

/** How many workflows a look brings in detail. */
export const DETAIL_LIMIT = 50;
/** How many groups by version, workflow and queue a look brings. */
export const GROUP_LIMIT = 100;
/** How many idle registered versions a look brings, the newest. */
export const REGISTRATION_LIMIT = 100;
/** How many cancelled, and how many dead-lettered workflows a look goes through, the newest. */
export const FAILED_LIMIT = 500;
/**
 * By how much the clocks of the processes that stamp `created_at` may lag behind the database's, in
 * milliseconds. Every SDK but those that let the database stamp uses its own process's clock.
 */
export const CLOCK_MARGIN_MS = 60_000;

/**
 * The look: everything about the work in flight, in one statement and so in one snapshot.
 *
 * - `in_flight` is read once, through the partial indexes (`idx_workflow_status_in_flight*`,
 *   `idx_workflow_status_pending`, `idx_workflow_status_delayed`) or, on older schemas, the plain status index.
 * - `created` follows `workflow_status_created_at_index`, which every schema has: its cost follows the throughput
 *   since the look before, not the history.
 * - Details are joined back by key for the few rows that are shown, so that the aggregates stay narrow.
 */
export function lookQuery(
  schema: Schema,
  scope: Scope,
  options: Pick<LookRequest, 'registrationsOf' | 'startedSince' | 'countFailed'>,
): Statement {
  const status = tableOf(schema, 'workflow_status');
  const owner = schema.hasOwners ? `NULLIF(application_name, '')` : 'NULL::text';
  const fromHere = `((extract(epoch FROM now()) * 1000)::bigint - ${CLOCK_MARGIN_MS})`;
  const text = `
WITH RECURSIVE in_flight AS MATERIALIZED (
  SELECT workflow_uuid, status, name, queue_name, application_version AS version, ${owner} AS application,
         ${shownTime('created_at')} AS created_at, ${shownTime('updated_at')} AS updated_at, coalesce(name LIKE ANY ($4::text[]), false) AS ignored
    FROM ${status}
   WHERE ${IN_FLIGHT}
), judged AS NOT MATERIALIZED (
  SELECT * FROM in_flight WHERE ${inScope('application')} AND (version IS NULL OR version = '' OR ${selected('version')})
), grouped AS (
  SELECT version, name, queue_name, ignored, ${statusTallies()}, count(*) AS total, min(created_at) AS oldest
    FROM judged
   WHERE version IS DISTINCT FROM ''
   GROUP BY version, name, queue_name, ignored
), created AS MATERIALIZED (
  SELECT application_version AS version, ${owner} AS application, created_at,
         ${owner} IS NULL AND coalesce(status NOT IN ('ENQUEUED', 'DELAYED', 'CANCELLED'), true) AS ran_unowned,
         hashtextextended(workflow_uuid, 0) AS fingerprint
    FROM ${status}
   WHERE created_at >= least($5::bigint, ${fromHere})
     AND ${inScope(owner)} AND application_version <> '' AND ${selected('application_version')}
     AND NOT coalesce(name LIKE ANY ($4::text[]), false)
)${registeredCte(schema)}${statusesCte(schema)}
SELECT ${schema.hasMigrations ? `(SELECT max(version)::text FROM ${tableOf(schema, 'dbos_migrations')})` : 'NULL::text'} AS migration,
  (SELECT coalesce(json_agg(v), '[]') FROM (
     SELECT version, max(application) AS application, ${statusTallies('NOT ignored')},
            coalesce(bool_or(status = 'PENDING' AND application IS NULL), false) AS "ranUnowned",
            count(*) FILTER (WHERE ignored) AS ignored,
            min(created_at) FILTER (WHERE NOT ignored) AS "oldestCreatedAt"
       FROM judged GROUP BY version) v) AS in_flight,
  (SELECT coalesce(json_agg(g), '[]') FROM (
     SELECT version, left(name, ${SHOWN_CHARACTERS}) AS name, left(queue_name, ${SHOWN_CHARACTERS}) AS queue,
            pending, enqueued, delayed, ignored, oldest AS "oldestCreatedAt"
       FROM grouped ORDER BY version IS NULL, total DESC, oldest LIMIT ${GROUP_LIMIT}) g) AS groups,
  (SELECT count(*)::int FROM grouped WHERE version IS NOT NULL) AS group_count,
  (SELECT count(*)::int FROM grouped WHERE version IS NULL) AS unversioned_group_count,
  (SELECT coalesce(json_agg(w ORDER BY w.version IS NULL, w."createdAt", w.id), '[]') FROM (
     ${detailSelect(schema)}) w) AS workflows,
  (SELECT count(*)::int FROM judged WHERE NOT ignored AND version <> '') AS workflow_count,
  (SELECT count(*)::int FROM judged WHERE NOT ignored AND version IS NULL) AS unversioned_workflow_count,
  (SELECT coalesce(json_agg(c), '[]') FROM (
     SELECT version, max(application) AS application, bool_or(ran_unowned) AS "ranUnowned",
            json_build_object('count', count(*) FILTER (WHERE created_at >= $5),
              'fingerprint', coalesce(sum(fingerprint) FILTER (WHERE created_at >= $5), 0)::text) AS "sincePrevious",
            json_build_object('count', count(*) FILTER (WHERE created_at >= ${fromHere}),
              'fingerprint', coalesce(sum(fingerprint) FILTER (WHERE created_at >= ${fromHere}), 0)::text) AS "fromHere"
       FROM created GROUP BY version) c) AS created,
  ${fromHere}::text AS from_here,
  (SELECT coalesce(json_agg(application), '[]') FROM (
     SELECT application FROM in_flight WHERE application IS NOT NULL
     UNION SELECT application FROM created WHERE application IS NOT NULL
     ${schema.registrations?.hasOwners ? `UNION SELECT application FROM every_registration WHERE application IS NOT NULL` : ''}
     ORDER BY 1 LIMIT 20) o) AS owners,
  ($1::text IS NULL OR EXISTS (SELECT FROM in_flight WHERE application = $1)
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
     SELECT greatest((SELECT max(created_at) FROM ${status}), (SELECT max(updated_at) FROM in_flight)) AS at) n
  )::text AS newest_write_at,
  pg_relation_filenode('${regclassLiteral(schema)}'::regclass)::text AS file`;
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

/** The table's name as text, for a literal. */
function regclassLiteral(schema: Schema): string {
  return tableOf(schema, 'workflow_status').replaceAll("'", "''");
}

function statusTallies(also?: string): string {
  return (['pending', 'enqueued', 'delayed'] as const)
    .map(
      (name) =>
        `count(*) FILTER (WHERE status = '${name.toUpperCase()}'${also ? ` AND ${also}` : ''}) AS ${name}`,
    )
    .join(', ');
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

/** The last step of a workflow is one descent of the primary key of `operation_outputs`. */
function detailSelect(schema: Schema): string {
  return `SELECT w.workflow_uuid AS id, w.application_version AS version, left(w.name, ${SHOWN_CHARACTERS}) AS name,
            left(w.class_name, ${SHOWN_CHARACTERS}) AS "className", w.status, left(w.queue_name, ${SHOWN_CHARACTERS}) AS queue,
            left(w.executor_id, ${SHOWN_CHARACTERS}) AS executor, ${shownTime('w.created_at')} AS "createdAt",
            ${shownTime('w.started_at_epoch_ms')} AS "startedAt",
            ${schema.hasDelays ? shownTime('w.delay_until_epoch_ms') : 'NULL::bigint'} AS "delayUntil",
            ${schema.hasParents ? 'w.parent_workflow_id' : 'NULL::text'} AS parent,
            (SELECT json_build_object('number', o.function_id, 'name', left(o.function_name, ${SHOWN_CHARACTERS}),
                      'completedAt', ${schema.hasStepTimes ? shownTime('o.completed_at_epoch_ms') : 'NULL::bigint'})
               FROM ${tableOf(schema, 'operation_outputs')} o
              WHERE o.workflow_uuid = w.workflow_uuid ORDER BY o.function_id DESC LIMIT 1) AS "lastStep"
       FROM (SELECT workflow_uuid FROM judged WHERE NOT ignored AND version IS DISTINCT FROM ''
              ORDER BY version IS NULL, created_at, workflow_uuid LIMIT ${DETAIL_LIMIT}) shown
       JOIN ${tableOf(schema, 'workflow_status')} w USING (workflow_uuid)`;
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
