import type { Schema } from './schema.ts';
import {
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
  tableOf,
} from './sql.ts';

/** Which product answers. Asked before anything that only Postgres understands. */
export const PRODUCT = 'SELECT pg_catalog.version() AS version';

/**
 * Transactions that hold the lock which writing `workflow_status` takes. Asked outside the poll's transaction and
 * just before it: what has ended by then is visible in the snapshot that the poll takes next. Ordinary roles may
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
 * Opens the poll's transaction: one snapshot, read-only, with the planner held to the indexes. `row_security =
 * off` makes Postgres raise an error where a policy would have hidden rows. The search path keeps objects that
 * others made from standing in for built-in functions.
 */
export function beginSnapshot(pollTimeoutMs: number): string {
  return `
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
${guards(pollTimeoutMs)}
SET LOCAL enable_seqscan = off;`;
}

/** Opens a transaction for a statement that has to read the whole table. */
export function beginScan(pollTimeoutMs: number): string {
  return `
BEGIN READ ONLY;
${guards(pollTimeoutMs)}`;
}

/**
 * The lock timeout is the shorter one: of two equal ones the statement's would pass first, and say less. A gate that
 * was killed or cut off leaves nothing running: the server looks after a statement's client once a second where it
 * can (Postgres 14, on Linux), and no transaction stays open for longer than a poll may take.
 */
function guards(pollTimeoutMs: number): string {
  return `SET LOCAL search_path = pg_catalog;
SET LOCAL row_security = off;
SELECT set_config('client_connection_check_interval', '1s', true)
 WHERE current_setting('client_connection_check_interval', true) IS NOT NULL AND version() LIKE '%linux%';
SET LOCAL idle_in_transaction_session_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL statement_timeout = ${Math.ceil(pollTimeoutMs)};
SET LOCAL lock_timeout = ${Math.ceil(pollTimeoutMs * 0.9)};
SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';`;
}

/** Opens the poll's transaction and asks the probe, in one round trip. */
export function openSnapshot(schema: string, pollTimeoutMs: number): Statement {
  return { text: `${beginSnapshot(pollTimeoutMs)}${probeQuery(schema)}`, values: [] };
}

/** What the catalogs say; they are readable by every role, whatever it may read besides. */
export function probeQuery(schema: string): string {
  return `
SELECT ${NOW}::text AS observed_at,
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
                         'filtered', coalesce(row_security_active(c.oid), false),
                         'columns', json_agg(a.attname ORDER BY a.attnum),
                         'readable', coalesce(
                           json_agg(a.attname ORDER BY a.attnum)
                             FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')), '[]')) AS found
                  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                   AND (a.attnum > 0 OR a.attname IN ('ctid', 'xmin'))
                 WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND c.relname IN ('workflow_status', 'operation_outputs', 'application_versions', 'dbos_migrations',
                                    'queues')
                 GROUP BY c.oid, c.relname, c.relkind) t) AS tables
  FROM (SELECT 1) one
  LEFT JOIN pg_namespace n ON n.nspname = ${quoteLiteral(schema)}
  LEFT JOIN pg_class w ON w.relnamespace = n.oid AND w.relname = 'workflow_status'
   AND w.relkind IN ('r', 'p', 'v', 'm', 'f')`;
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
