import type { LookRequest } from '../gate/observation.ts';
import type { Schema } from './schema.ts';

/*
 * Every statement is sent unnamed, since transaction poolers break named ones. Statuses are literals and never
 * parameters: only literals let the planner use DBOS's partial indexes (measured: 224 pages against 143,000 at a
 * million finished rows). Each query names the index that serves it.
 */

/** Statuses in flight, in the one shape that the planner answers from partial indexes: `IN` of all three is not. */
const IN_FLIGHT = `(status IN ('PENDING', 'ENQUEUED') OR status = 'DELAYED')`;

const KNOWN_STATUSES = [
  'PENDING',
  'ENQUEUED',
  'DELAYED',
  'SUCCESS',
  'ERROR',
  'CANCELLED',
  'MAX_RECOVERY_ATTEMPTS_EXCEEDED',
  'RETRIES_EXCEEDED',
] as const;
const KNOWN = KNOWN_STATUSES.map((status) => `'${status}'`).join(', ');

/** How many workflows a look brings in detail. */
export const DETAIL_LIMIT = 50;
/** How many groups by version, workflow and queue a look brings. */
export const GROUP_LIMIT = 100;
/** How many idle registered versions a look brings, the newest. */
export const REGISTRATION_LIMIT = 100;
/** How many cancelled, and how many dead-lettered workflows a look goes through, the newest. */
export const FAILED_LIMIT = 500;
/** The end of the year 9999, in epoch milliseconds. */
const LAST_TIME = 253_402_300_799_999;
/** Names are cut to so many characters where they are only shown. */
const SHOWN_CHARACTERS = 300;

/**
 * By how much the clocks of the processes that stamp `created_at` may lag behind the database's, in
 * milliseconds. Every SDK but those that let the database stamp uses its own process's clock.
 */
export const CLOCK_MARGIN_MS = 60_000;

/** A statement with its parameters. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What is judged: parameters that the statements share. */
export interface Scope {
  readonly application: string | undefined;
  readonly only: readonly string[] | undefined;
  readonly except: readonly string[];
  /** `LIKE` patterns. */
  readonly ignore: readonly string[];
}

/** `"name"`: an identifier, quoted for SQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Which product answers. Asked before anything that only Postgres understands. */
export const PRODUCT = 'SELECT pg_catalog.version() AS version';

/**
 * Transactions that hold the lock which writing `workflow_status` takes. Asked outside the look's transaction and
 * just before it: what has ended by then is visible in the snapshot that the look takes next. Ordinary roles may
 * read both views; prepared transactions have no pid.
 */
export function writersQuery(schema: string): Statement {
  return {
    text: `
SELECT l.virtualtransaction AS transaction, l.pid, a.application_name AS connection
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_class c ON c.oid = l.relation
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
   AND n.nspname = $1 AND c.relname = 'workflow_status'
 ORDER BY l.virtualtransaction`,
    values: [schema],
  };
}

/**
 * Opens the look's transaction: one snapshot, read-only, with the planner held to the indexes. `row_security =
 * off` makes Postgres raise an error where a policy would have hidden rows. The search path keeps objects that
 * others made from standing in for built-in functions.
 */
export function beginLook(lookTimeoutMs: number): string {
  return `
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
${guards(lookTimeoutMs)}
SET LOCAL enable_seqscan = off;`;
}

/** Opens a transaction for a statement that has to read the whole table. */
export function beginScan(lookTimeoutMs: number): string {
  return `
BEGIN READ ONLY;
${guards(lookTimeoutMs)}`;
}

/**
 * The lock timeout is the shorter one: of two equal ones the statement's would pass first, and say less. A gate that
 * was killed or cut off leaves nothing running: the server looks after a statement's client once a second where it
 * can (Postgres 14, on Linux), and no transaction stays open for longer than a look may take.
 */
function guards(lookTimeoutMs: number): string {
  return `SET LOCAL search_path = pg_catalog;
SET LOCAL row_security = off;
SELECT set_config('client_connection_check_interval', '1s', true)
 WHERE current_setting('client_connection_check_interval', true) IS NOT NULL AND version() LIKE '%linux%';
SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(lookTimeoutMs)};
SET LOCAL statement_timeout = ${Math.ceil(lookTimeoutMs)};
SET LOCAL lock_timeout = ${Math.ceil(lookTimeoutMs * 0.9)};
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';`;
}

/** What the catalogs say; they are readable by every role, whatever it may read besides. */
export function probeQuery(schema: string): Statement {
  return {
    text: `
SELECT (extract(epoch FROM now()) * 1000)::bigint::text AS observed_at,
       current_user::text AS role,
       current_setting('server_version') AS server_version,
       pg_is_in_recovery() AS standby,
       n.oid IS NOT NULL AS schema_exists,
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS schema_usable,
       (SELECT coalesce(json_agg(o.nspname ORDER BY o.nspname), '[]')
          FROM pg_class s JOIN pg_namespace o ON o.oid = s.relnamespace
         WHERE s.relname = 'workflow_status' AND s.relkind = 'r') AS schemas_with_tables,
       w.relkind::text AS relation_kind,
       pg_relation_filenode(w.oid)::text AS file,
       w.oid::text AS table_id,
       EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srrelid = w.oid) AS logical_subscriber,
       coalesce(row_security_active(w.oid), false) AS row_security_active,
       EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = w.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = 'status'
              ) AS plain_status_index,
       EXISTS (SELECT FROM pg_class x JOIN pg_index i ON i.indexrelid = x.oid
                WHERE i.indrelid = w.oid AND i.indisvalid AND x.relname = 'idx_workflow_status_failed'
              ) AS failed_index,
       (SELECT coalesce(json_object_agg(t.relname, t.found), '{}')
          FROM (SELECT c.relname,
                       json_build_object(
                         'kind', c.relkind::text,
                         'columns', json_agg(a.attname ORDER BY a.attnum),
                         'readable', coalesce(
                           json_agg(a.attname ORDER BY a.attnum)
                             FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')), '[]')) AS found
                  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                   AND (a.attnum > 0 OR a.attname = 'xmin')
                 WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND c.relname IN ('workflow_status', 'operation_outputs', 'application_versions', 'dbos_migrations')
                 GROUP BY c.oid, c.relname, c.relkind) t) AS tables
  FROM (SELECT 1) one
  LEFT JOIN pg_namespace n ON n.nspname = $1
  LEFT JOIN pg_class w ON w.relnamespace = n.oid AND w.relname = 'workflow_status'
   AND w.relkind IN ('r', 'p', 'v', 'm', 'f')`,
    values: [schema],
  };
}

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

/** Versions on rows of any status that equal one of these, case and white space aside: a full scan. */
export function historyQuery(
  schema: Schema,
  application: string | undefined,
  versions: readonly string[],
): Statement {
  return {
    text: `
SELECT DISTINCT application_version AS version
  FROM ${tableOf(schema, 'workflow_status')}
 WHERE (application_version = ANY ($2::text[]) OR ${normalized('application_version')} = ANY ($3::text[]))
   AND ${inScope(schema.hasOwners ? `NULLIF(application_name, '')` : 'NULL::text')}`,
    values: [application ?? null, versions, versions.map(normalize)],
  };
}

/** Rows in a status that the gate does not know, on a schema without an index on all statuses: a full scan. */
export function statusScanQuery(schema: Schema, scope: Scope): Statement {
  return {
    text: `
SELECT application_version AS version, left(status, ${SHOWN_CHARACTERS}) AS status, count(*)::int AS count
  FROM ${tableOf(schema, 'workflow_status')}
 WHERE (status IS NULL OR status NOT IN (${KNOWN}))
   AND ${inScope(schema.hasOwners ? `NULLIF(application_name, '')` : 'NULL::text')}
   AND (application_version IS NULL OR ${selected('application_version')})
 GROUP BY 1, 2`,
    values: [scope.application ?? null, scope.only ?? null, scope.except],
  };
}

/** A `LIKE` pattern that matches what a pattern with `*` for any text does. */
export function likePattern(pattern: string): string {
  return pattern.replace(/[\\%_]/g, '\\$&').replaceAll('*', '%');
}

function tableOf(schema: Schema, table: string): string {
  return `${quoteIdentifier(schema.name)}.${table}`;
}

/** The application's own rows and those that no application owns. */
function inScope(owner: string): string {
  return `($1::text IS NULL OR ${owner} IS NULL OR ${owner} = $1)`;
}

function selected(version: string): string {
  return `CASE WHEN $2::text[] IS NULL THEN ${version} <> ALL ($3::text[]) ELSE ${version} = ANY ($2) END`;
}

/**
 * A time that is only shown: a row may hold any number, and a calendar ends with the year 9999. No time stays
 * none, which `least` and `greatest` would not leave it.
 */
function shownTime(column: string): string {
  return `CASE WHEN ${column} < 0 THEN 0 WHEN ${column} > ${LAST_TIME} THEN ${LAST_TIME} ELSE ${column} END`;
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

/** Case and white space aside; `normalize` does the same to a parameter. */
function normalized(expression: string): string {
  return `lower(translate(${expression}, E' \\t\\n\\r\\f\\v', ''))`;
}

function normalize(version: string): string {
  return version.replace(/[ \t\n\r\f\v]/g, '').toLowerCase();
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
