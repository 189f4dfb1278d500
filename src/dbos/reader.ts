import type { z } from 'zod';
import { unlessAborted } from '../async.ts';
import type { GateConfig } from '../config.ts';
import { codeOf } from '../errors.ts';
import { CONNECT_TIMEOUT_MS, type Connection, connect } from '../postgres/connection.ts';
import { CONNECT_OVERDUE, explainFailure, POLL_OVERDUE } from '../postgres/errors.ts';
import { beginScan } from '../postgres/guards.ts';
import type { Statement } from '../postgres/sql.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import { deniedTables, productQuery, productRow, unreachableTables, unsupportedProduct } from './access.ts';
import { foundVersion, historyQuery, writer, writersQuery } from './scans.ts';
import { factsOf, openSnapshot, probeRow, schemaOf } from './schema.ts';
import type { DatabaseFacts, Snapshot, SnapshotReader, SnapshotRequest } from './snapshot/index.ts';
import { snapshotQuery, snapshotRow } from './snapshot/index.ts';
import type { SnapshotQuery } from './snapshot/section.ts';
import { statusScanQuery, unknownStatus } from './snapshot/unknown-statuses.ts';

type ReaderConfig = Pick<GateConfig, 'application' | 'ignoreWorkflows' | 'pollTimeoutMs'>;

/**
 * Returns a reader of snapshots. It has one connection at a time, made at the first read and kept until `close`. After a
 * read that failed, the next one makes a new connection. `close` takes one second at most, whatever the network does.
 *
 * @param now The gate's own clock, in milliseconds. It measures what a poll cost.
 */
export function systemDatabase(config: DatabaseConfig, gate: ReaderConfig, now: () => number) {
  let handle: ReturnType<typeof openHandle> | undefined;
  let connectedBefore = false;

  const take = async (request: SnapshotRequest) => {
    handle ??= openHandle(config, gate.pollTimeoutMs);
    const connection = await handle.connection;
    connectedBefore = true;
    return takeSnapshot(connection, { config, gate, request }, now);
  };
  const close = async () => {
    const open = handle;
    handle = undefined;
    await open?.close();
  };

  const reader: SnapshotReader = {
    async read(request, signal) {
      try {
        return await inTime(take(request), signal, POLL_OVERDUE);
      } catch (error) {
        await close();
        throw explainFailure(error, config, connectedBefore);
      }
    },
  };
  return { ...reader, close };
}

/** Returns a connection that is being made, or is there, and what closes it in either state. */
function openHandle(config: DatabaseConfig, pollTimeoutMs: number) {
  const lifetime = new AbortController();
  let made: Connection | undefined;
  const connection = connectToPostgres(config, pollTimeoutMs, lifetime.signal).then((open) => {
    made = open;
    return open;
  });
  return {
    connection,
    async close() {
      await made?.close();
      lifetime.abort();
    },
  };
}

/** @throws an error with this message when the signal aborts first. */
async function inTime<T extends object>(work: Promise<T>, signal: AbortSignal, overdue: string): Promise<T> {
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

interface Poll {
  readonly config: DatabaseConfig;
  readonly gate: ReaderConfig;
  readonly request: SnapshotRequest;
}

/** The poll and, where they are requested, the searches that take a full scan. */
async function takeSnapshot(connection: Connection, poll: Poll, now: () => number): Promise<Snapshot> {
  const started = now();
  const { probe, query, row, writers } = await readUntilStable(connection, poll);
  const common = { observedAt: probe.observed_at, durationMs: now() - started };
  const database = factsOf(probe, row?.migration);
  if (row === undefined) return { ...common, database, contents: undefined };

  const { migration: _migration, file: _file, ...sections } = row;
  const { detailScan, scanStatuses, searchHistoryFor } = poll.request;
  const begin = beginScan(poll.gate.pollTimeoutMs);
  const history = await searchHistory(connection, begin, query, searchHistoryFor);
  const scanned = scanStatuses ? await scan(connection, begin, statusScanQuery(query), unknownStatus) : undefined;
  const unknownStatuses = sections.unknownStatuses ?? scanned;
  return { ...common, database, contents: { ...sections, detailScan, writers, unknownStatuses, history } };
}

/**
 * Reads one snapshot. A migration that rewrites the table while the poll waits for its lock leaves the older snapshot
 * without a row. The table then has another file, and the snapshot is read again.
 */
async function readUntilStable(connection: Connection, { config, gate, request }: Poll) {
  for (;;) {
    const writers = await connection.rows(writersQuery(config.schema), writer);
    const poll = await inTransaction(connection, async () => {
      const probe = await onlyRow(connection, openSnapshot(config.schema, gate.pollTimeoutMs), probeRow);
      const unreachable = unreachableTables(probe, config);
      if (unreachable !== undefined) throw unreachable;
      const query = { schema: schemaOf(config.schema, probe), gate, request };
      if (!isReadable(factsOf(probe, undefined))) return { writers, probe, query, row: undefined };
      const denied = deniedTables(probe, config);
      if (denied !== undefined) throw denied;
      const row = await onlyRow(connection, snapshotQuery(query), snapshotRow);
      return { writers, probe, query, row };
    });
    if (poll.row === undefined || poll.row.file === poll.probe.file) return poll;
  }
}

/** Whether the poll's statement can run at all. Whether its result can be trusted is for the rules to decide. */
function isReadable(database: DatabaseFacts): boolean {
  return database.relationKind === 'r' && !database.rowSecurityActive && database.missingColumns.length === 0;
}

async function searchHistory(connection: Connection, begin: string, query: SnapshotQuery, versions: readonly string[]) {
  if (versions.length === 0) return undefined;
  const found = await scan(connection, begin, historyQuery(query), foundVersion);
  const complete = found !== 'timed-out';
  return { searchedFor: versions, found: complete ? found : [], complete };
}

/** A statement that ran into `statement_timeout` (SQLSTATE 57014) has proved nothing, and that is a result. */
async function scan<T>(connection: Connection, begin: string, statement: Statement, row: z.ZodType<T>) {
  try {
    return await inTransaction(connection, async () => {
      await connection.run(begin);
      return connection.rows(statement, row);
    });
  } catch (error) {
    if (codeOf(error) === '57014') return 'timed-out';
    throw error;
  }
}

/**
 * Does work whose first statement starts a transaction, and commits. After an error of the server (a code of five
 * characters) it rolls back, so that a pooler can keep its connection. Without an answer it sends nothing more.
 */
async function inTransaction<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    if (codeOf(error)?.length === 5) await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function onlyRow<T>(connection: Connection, statement: Statement, row: z.ZodType<T>): Promise<T> {
  const [first] = await connection.rows(statement, row);
  if (first === undefined) throw new Error('a statement that always returns a row returned none');
  return first;
}
