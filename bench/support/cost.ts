import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresServer } from '../../tests/support/postgres.ts';
import type { Contender } from './contenders.ts';
import { type BenchDatabase, query } from './database.ts';

/** A cost, as the server's own statistics report it. */
export interface Cost {
  readonly transactions: number;
  /** Accesses to pages of shared buffers, hits and reads, catalogs included. */
  readonly buffers: number;
  /** The time that backends spent on statements, in milliseconds. */
  readonly backendMs: number;
  /** Bytes written to temporary files. */
  readonly temporaryBytes: number;
}

/**
 * Returns the cost of one question on a connection that has asked it before. It compares a session that asks once with
 * one that asks `questions` times more.
 */
export async function costOf(
  server: PostgresServer,
  database: BenchDatabase,
  contender: Contender,
  questions: number,
): Promise<Cost> {
  const asking = (times: number) => async () => {
    const session = await contender(database);
    for (let question = 0; question < times; question++) await session.ask();
    await session.close();
  };
  const once = await totalCost(server, database, asking(1));
  const often = await totalCost(server, database, asking(1 + questions));
  return difference(often, once, questions);
}

/** Returns the cost of everything that the work does on the database, connecting included. The work closes its connections. */
export async function totalCost(
  server: PostgresServer,
  database: BenchDatabase,
  work: () => Promise<unknown>,
): Promise<Cost> {
  const before = await counters(server, database);
  await work();
  const after = await counters(server, database);
  return difference(after, before, 1);
}

/** Returns the difference of two costs, divided by `over`. */
function difference(more: Cost, less: Cost, over: number): Cost {
  const each = (what: keyof Cost) => (more[what] - less[what]) / over;
  return {
    transactions: each('transactions'),
    buffers: each('buffers'),
    backendMs: each('backendMs'),
    temporaryBytes: each('temporaryBytes'),
  };
}

/**
 * Reads the counters once nobody is connected to the database: a backend reports its last figures when it exits. Reads
 * them from another database.
 */
async function counters(server: PostgresServer, { name }: BenchDatabase): Promise<Cost> {
  while (await isConnected(server, name)) await delay(20);
  const [row] = await query(
    server.url(),
    `SELECT xact_commit + xact_rollback AS transactions, blks_hit + blks_read AS buffers,
            active_time AS "backendMs", temp_bytes AS "temporaryBytes"
       FROM pg_stat_database WHERE datname = $1`,
    [name],
  );
  const value = (column: keyof Cost) => Number(row?.[column]);
  return {
    transactions: value('transactions'),
    buffers: value('buffers'),
    backendMs: value('backendMs'),
    temporaryBytes: value('temporaryBytes'),
  };
}

async function isConnected(server: PostgresServer, name: string): Promise<boolean> {
  const rows = await query(server.url(), 'SELECT FROM pg_stat_activity WHERE datname = $1', [name]);
  return rows.length > 0;
}
