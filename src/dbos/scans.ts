import { z } from 'zod';
import { join, literal, type Sql, type Statement, sql, statement } from '../postgres/sql.ts';
import { registrationColumns, tableOf, workflowColumns } from './columns.ts';
import { inApplication } from './scope.ts';
import type { SnapshotQuery } from './snapshot/section.ts';

/** A transaction that writes `workflow_status`, or is about to. */
export const writer = z.object({
  /** `virtualtransaction`: names one transaction of one backend. */
  transaction: z.string(),
  /** Null for a prepared transaction. */
  pid: z.int().nullable(),
  /** `application_name` of the connection. */
  connection: z.string().nullable(),
  /** It waits for a lock. */
  waits: z.boolean(),
  /** The global identifier of a prepared transaction. */
  prepared: z.string().nullable(),
});
export type Writer = Readonly<z.output<typeof writer>>;

/**
 * Transactions that hold the lock which writing `workflow_status`, or a table that inherits from it, takes; and those
 * that wait for a lock to write or to lock rows in any table of the schema. A lock that another transaction keeps from
 * writers, as CREATE INDEX does, lets the gate read. DBOS writes `workflow_status` first when it enqueues, and last when
 * it rewinds a workflow. So one that waited for another table of DBOS, and has got its lock, writes `workflow_status` yet:
 * the writers of the previous poll are there until they have no lock left. Read before the snapshot is taken: what has
 * ended by then is visible in it. Ordinary roles can read the views. It has no parameters: several statements cannot.
 *
 * @param known `transaction` of writers that an earlier poll saw.
 */
export function writersQuery(schema: string, known: readonly string[]): Statement {
  const isKnown = known.length > 0 ? sql`l.virtualtransaction IN (${join(known.map(literal), ', ')})` : sql`false`;
  return statement(sql`
WITH RECURSIVE status_tables AS (
  SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ${literal(schema)} AND c.relname = 'workflow_status'
  UNION
  SELECT i.inhrelid FROM pg_inherits i JOIN status_tables t ON t.oid = i.inhparent
)
SELECT l.virtualtransaction AS transaction, l.pid, a.application_name AS connection, NOT bool_and(l.granted) AS waits,
       CASE WHEN l.pid IS NULL THEN (SELECT max(p.gid) FROM pg_locks x
                                       JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
                                      WHERE x.virtualtransaction = l.virtualtransaction AND x.pid IS NULL) END AS prepared
  FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
 WHERE ${isKnown} OR l.locktype = 'relation'
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
   AND CASE WHEN l.granted THEN l.mode = 'RowExclusiveLock' AND l.relation IN (SELECT t.oid FROM status_tables t)
            ELSE l.mode IN ('RowExclusiveLock', 'RowShareLock')
                 AND EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                              WHERE c.oid = l.relation
                                AND (n.nspname = ${literal(schema)} OR c.oid IN (SELECT t.oid FROM status_tables t))) END
 GROUP BY l.virtualtransaction, l.pid, a.application_name
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
