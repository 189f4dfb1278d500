import { z } from 'zod';
import { type Sql, type Statement, sql, statement, text } from '../postgres/sql.ts';
import { registrationColumns, tableOf, workflowColumns } from './columns.ts';
import { inApplication } from './scope.ts';
import type { SnapshotQuery } from './snapshot/section.ts';

/** A transaction that holds a write lock on `workflow_status`. */
export const writer = z.object({
  /** `virtualtransaction`: names one transaction of one backend. */
  transaction: z.string(),
  /** Null for a prepared transaction. */
  pid: z.int().nullable(),
  /** `application_name` of the connection. */
  connection: z.string().nullable(),
});
export type Writer = Readonly<z.output<typeof writer>>;

/**
 * Transactions that hold the lock which writing `workflow_status` takes. Read outside the poll's transaction and just
 * before it: what has ended by then is visible in the snapshot that follows. Ordinary roles can read both views.
 */
export function writersQuery(schema: string): Statement {
  return statement(sql`
SELECT l.virtualtransaction AS transaction, l.pid, a.application_name AS connection
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_class c ON c.oid = l.relation
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
   AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
   AND n.nspname = ${text(schema)} AND c.relname = 'workflow_status'
 ORDER BY l.virtualtransaction`);
}

/** A version that some row of any status carries, or a registration has. */
export const foundVersion = z.object({
  version: z.string(),
  /** The other application that it belongs to; null where it counts for this one. */
  stranger: z.string().nullable(),
});
export type FoundVersion = Readonly<z.output<typeof foundVersion>>;

/**
 * Every version that this system database knows, of this application and of the others: a full scan. Which of them a
 * name is close to is for rule 1 to judge.
 */
export function historyQuery({ schema, gate }: SnapshotQuery): Statement {
  const { owner, version } = workflowColumns(schema);
  const registration = registrationColumns(schema);
  const strangerOf = (ownerOf: Sql) =>
    sql`CASE WHEN NOT ${inApplication(gate.application, ownerOf)} THEN ${ownerOf} END`;
  const registered = sql`
 UNION
SELECT ${registration.version} AS version, ${strangerOf(registration.owner)} AS stranger
  FROM ${tableOf(schema, 'application_versions')}`;
  return statement(sql`
SELECT DISTINCT ${version} AS version, ${strangerOf(owner)} AS stranger
  FROM ${tableOf(schema, 'workflow_status')} WHERE ${version} <> ''
${schema.tables.application_versions === undefined ? sql`` : registered}`);
}
