import { z } from 'zod';
import { quoteLiteral } from '../postgres/sql.ts';
import { TABLES } from './columns.ts';

/** A setting of the transaction alone. It keeps the time at which the wait began, in seconds since the epoch. */
const BEGAN = `'dbos_drain_gate.wait_began'`;

/** A shorter time is what asking takes, in milliseconds. */
const SHORTEST_WAIT_MS = 50;

/**
 * Waits until nothing keeps the gate from reading DBOS's tables and their indexes, as a migration does. Asking for the
 * size of a relation takes the lock that reading it takes, and gives it back. It needs no privilege, and a relation that
 * is gone by then is no error. The fork `init` is a file that these tables do not have, so nothing is measured.
 *
 * @returns statements without parameters.
 */
export const awaitLocks = (schema: string): string => `
SELECT set_config(${BEGAN}, extract(epoch FROM clock_timestamp())::text, true);
SELECT count(pg_relation_size(r.oid, 'init'))
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indrelid = c.oid
 CROSS JOIN LATERAL (VALUES (c.oid), (i.indexrelid)) r (oid)
 WHERE n.nspname = ${quoteLiteral(schema)} AND c.relkind = 'r' AND c.relname IN (${TABLES.map(quoteLiteral).join(', ')});`;

/** Adds to the rows of the query that follows it how long that took, in seconds. */
export const withLockWait = (query: string): string =>
  `SELECT (extract(epoch FROM clock_timestamp())::numeric - current_setting(${BEGAN})::numeric)::float8 AS waited, q.* FROM (${query}) q`;

/** The column that this adds. */
export const lockWait = { waited: z.number() };

/** How much of it was a wait, in milliseconds. */
export function lockWaitOf({ waited }: { readonly waited: number }): number {
  const ms = waited * 1000;
  return ms < SHORTEST_WAIT_MS ? 0 : ms;
}
