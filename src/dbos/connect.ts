import { unlessAborted } from '../async.ts';
import { CONNECT_TIMEOUT_MS, type Connection, connect } from '../postgres/connection.ts';
import { CONNECT_OVERDUE } from '../postgres/errors.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import { productQuery, productRow, unsupportedProduct } from './access.ts';
import { onlyRow } from './transaction.ts';

/** Returns a connection that is being made after something else, or is there, and what closes it in either state. */
export function openHandle(config: DatabaseConfig, pollTimeoutMs: number, after: Promise<void> = Promise.resolve()) {
  const lifetime = new AbortController();
  let made: Connection | undefined;
  const connection = after.then(async () => {
    lifetime.signal.throwIfAborted();
    made = await connectToPostgres(config, pollTimeoutMs, lifetime.signal);
    return made;
  });
  return {
    connection,
    async close() {
      await made?.close();
      lifetime.abort();
    },
  };
}

/**
 * Returns the result of some work.
 *
 * @throws an error with this message when the signal aborts first.
 */
export async function inTime<T extends object>(work: Promise<T>, signal: AbortSignal, overdue: string): Promise<T> {
  const result = await unlessAborted(work, signal);
  if (result === undefined) throw new Error(overdue, { cause: signal.reason });
  return result;
}

async function connectToPostgres(config: DatabaseConfig, pollTimeoutMs: number, signal: AbortSignal) {
  const connection = await connect(config, pollTimeoutMs, signal);
  // A server, or a pooler, that accepts the connection and never answers has not been reached.
  const answer = onlyRow(connection, productQuery, productRow);
  const { version } = await inTime(answer, AbortSignal.timeout(CONNECT_TIMEOUT_MS), CONNECT_OVERDUE);
  const unsupported = unsupportedProduct(version);
  if (unsupported !== undefined) throw unsupported;
  return connection;
}
