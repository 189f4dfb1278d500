import { z } from 'zod';
import { beginSnapshot } from '../postgres/guards.ts';
import { join, literal, type Statement, sql, statement } from '../postgres/sql.ts';
import { columnNames, NOW, neededColumns, TABLES, type Table } from './columns.ts';
import { SERVER, server } from './server.ts';
import type { DatabaseFacts, SnapshotRow } from './snapshot/index.ts';

/** `bigint` arrives as text: epoch milliseconds are safe integers, which `z.int()` insists on. */
export const bigintText = z.string().transform(Number).pipe(z.int());

const columnList = z.array(z.string());

/** The row that `probeQuery` returns. */
export const probeRow = z.object({
  observed_at: bigintText,
  role: z.string(),
  server_version: z.string(),
  server,
  identifies_cluster: z.boolean(),
  schema_exists: z.boolean(),
  schema_usable: z.boolean(),
  schemas_with_tables: columnList,
  relation_kind: z.string().nullable(),
  file: z.string().nullable(),
  table_id: z.string().nullable(),
  logical_subscriber: z.boolean(),
  row_security_active: z.boolean(),
  plain_status_index: z.boolean(),
  failed_index: z.boolean(),
  tables: z.record(
    z.string(),
    z.object({ kind: z.string(), columns: columnList, readable: columnList, filtered: z.boolean() }),
  ),
});
export type ProbeRow = z.infer<typeof probeRow>;

/**
 * Starts the poll's transaction and reads the probe, in one round trip. It has no parameters: several statements cannot.
 *
 * @param others Tables of DBOS that the poll does not read, and that the probe looks for as well.
 */
export function openSnapshot(schema: string, pollTimeoutMs: number, others: readonly string[] = []): Statement {
  const { text, values } = probeQuery(schema, others);
  return { text: `${beginSnapshot(pollTimeoutMs)}${text}`, values };
}

/** Facts from the catalogs, which every role can read. */
export function probeQuery(schema: string, others: readonly string[] = []): Statement {
  return statement(sql`
SELECT ${NOW}::text AS observed_at,
       current_user::text AS role,
       current_setting('server_version') AS server_version,
       ${SERVER} AS server,
       coalesce(has_function_privilege(to_regprocedure('pg_catalog.pg_control_system()'), 'EXECUTE'), false) AS identifies_cluster,
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
                WHERE i.indrelid = w.oid AND i.indisvalid AND i.indpred IS NULL AND a.attname = 'status') AS plain_status_index,
       EXISTS (SELECT FROM pg_class x JOIN pg_index i ON i.indexrelid = x.oid
                WHERE i.indrelid = w.oid AND i.indisvalid AND x.relname = 'idx_workflow_status_failed') AS failed_index,
       (SELECT coalesce(json_object_agg(t.relname, t.found), '{}')
          FROM (SELECT c.relname,
                       json_build_object(
                         'kind', c.relkind::text,
                         'filtered', coalesce(row_security_active(c.oid), false),
                         'columns', json_agg(a.attname ORDER BY a.attnum),
                         'readable', coalesce(json_agg(a.attname ORDER BY a.attnum)
                           FILTER (WHERE has_column_privilege(c.oid, a.attnum, 'SELECT')), '[]')) AS found
                  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                   AND (a.attnum > 0 OR a.attname IN ('ctid', 'xmin'))
                 WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND c.relname IN (${join([...TABLES, ...others].map(literal), ', ')})
                 GROUP BY c.oid, c.relname, c.relkind) t) AS tables
  FROM (SELECT 1) one
  LEFT JOIN pg_namespace n ON n.nspname = ${literal(schema)}
  LEFT JOIN pg_class w ON w.relnamespace = n.oid AND w.relname = 'workflow_status'
   AND w.relkind IN ('r', 'p', 'v', 'm', 'f')`);
}

/** What this database's schema has, probed and never assumed: SDKs and ages differ. */
export interface Schema {
  readonly name: string;
  /** The columns of each table. Tables that are not there have no entry, and neither has `queues` where it is unreadable. */
  readonly tables: Readonly<Partial<Record<Table, readonly string[]>>>;
  /** An index on all statuses: gone since TypeScript SDK 4.20. */
  readonly hasPlainStatusIndex: boolean;
  /** The partial index on failed statuses that replaced it. */
  readonly hasFailedIndex: boolean;
  /** The role can read what identifies the cluster. */
  readonly identifiesCluster: boolean;
}

/** Returns what the statements can use, from the probe. */
export function schemaOf(name: string, probe: ProbeRow): Schema {
  const usable = TABLES.filter((table) => probe.tables[table] && (table !== 'queues' || hasReadableQueues(probe)));
  return {
    name,
    tables: Object.fromEntries(usable.map((table) => [table, probe.tables[table]?.columns])),
    hasPlainStatusIndex: probe.plain_status_index,
    hasFailedIndex: probe.failed_index,
    identifiesCluster: probe.identifies_cluster,
  };
}

/** Limits of queues are shown where they can be read. No rule needs them, so a role need not be able to read the table. */
function hasReadableQueues(probe: ProbeRow): boolean {
  return hasQueues(probe) && !probe.tables['queues']?.filtered && deniedIn(probe, 'queues').length === 0;
}

/** Another table can have that name, in a schema that DBOS shares with others. */
function hasQueues(probe: ProbeRow): boolean {
  const { columns = [], kind } = probe.tables['queues'] ?? {};
  return kind === 'r' && neededColumns('queues').every((column) => columns.includes(column));
}

/** Tables that tell a sharded system database, in which each has a column `shard_key`. Others can own a table `queues`. */
const SHARDED = TABLES.filter((table) => table !== 'queues');

/** Facts about the database, for rule 9. The second row is there where the tables could be read. */
export function factsOf(probe: ProbeRow, row?: Pick<SnapshotRow, 'migration' | 'cluster'>): DatabaseFacts {
  const columns = probe.tables['workflow_status']?.columns ?? [];
  return {
    serverVersion: /^[\d.]+/.exec(probe.server_version)?.[0] ?? 'unknown',
    standby: probe.server.standby,
    startedAt: probe.server.startedAt,
    cluster: row?.cluster,
    sharded: SHARDED.some((table) => probe.tables[table]?.columns.includes('shard_key')),
    logicalSubscriber: probe.logical_subscriber,
    relationKind: probe.relation_kind ?? '',
    tableId: probe.table_id ?? '',
    rowSecurityActive: probe.row_security_active,
    missingColumns: neededColumns('workflow_status').filter((column) => !columns.includes(column)),
    migration: row?.migration,
  };
}

/** Columns of one table. */
export interface TableColumns {
  readonly table: Table;
  readonly columns: readonly string[];
}

/** Returns what the role lacks to read what the statements name: all of it is in `docs/grants.sql`. */
export function missingPrivileges(probe: ProbeRow): readonly TableColumns[] {
  return TABLES.flatMap((table) => (table === 'queues' ? [] : deniedIn(probe, table)));
}

/** Returns what the role lacks to read the limits of queues. */
export function deniedQueueColumns(probe: ProbeRow): readonly TableColumns[] {
  return hasQueues(probe) ? deniedIn(probe, 'queues') : [];
}

function deniedIn(probe: ProbeRow, table: Table): readonly TableColumns[] {
  const { columns = [], readable = [] } = probe.tables[table] ?? {};
  const denied = columnNames(table).filter((name) => columns.includes(name) && !readable.includes(name));
  return denied.length === 0 ? [] : [{ table, columns: denied }];
}
