import type { z } from 'zod';
import { codeOf, isSqlState } from '../errors.ts';
import type { Connection } from '../postgres/connection.ts';
import { beginReadCommitted } from '../postgres/guards.ts';
import type { Statement } from '../postgres/sql.ts';
import { rowsWithServer, withServer } from './server.ts';

/**
 * Runs a statement that reads a whole table, in a transaction of its own. One that ran into `statement_timeout`
 * (SQLSTATE 57014) has proved nothing, and that is a result.
 */
export async function scanOnce<T>(
  connection: Connection,
  pollTimeoutMs: number,
  statement: Statement,
  row: z.ZodType<T>,
) {
  try {
    return await inTransaction(connection, async () => {
      await connection.run(beginReadCommitted(pollTimeoutMs));
      return onlyRow(connection, withServer(statement), rowsWithServer(row));
    });
  } catch (error) {
    if (codeOf(error) === '57014') return 'timed-out';
    throw error;
  }
}

/**
 * Does work whose first statement starts a transaction, and commits. After an error of the server it rolls back,
 * so that a pooler can keep its connection. Without an answer it sends nothing more.
 */
export async function inTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    if (isSqlState(codeOf(error))) await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Returns the row of a statement that always returns one. Several would be those of several servers, or shards. */
export async function onlyRow<T>(connection: Connection, statement: Statement, row: z.ZodType<T>): Promise<T> {
  const [first, ...others] = await connection.rows(statement, row);
  if (first === undefined || others.length > 0) {
    throw new Error(`a statement that returns one row returned ${first === undefined ? 'none' : 'several'}`);
  }
  return first;
}
