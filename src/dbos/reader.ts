import { unlessAborted } from '../async.ts';
import type { GateConfig } from '../config.ts';
import { codeOf } from '../errors.ts';
import { CONNECT_TIMEOUT_MS, type Connection, connect } from '../postgres/connection.ts';
import { CONNECT_OVERDUE, explainFailure, POLL_OVERDUE } from '../postgres/errors.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import { deniedTables, unreachableTables, unsupportedProduct } from './access.ts';
import { beginScan, historyQuery, openSnapshot, PRODUCT, statusScanQuery, writersQuery } from './scans.ts';
import { factsOf, probeRow, type Schema, schemaOf } from './schema.ts';
import type { DatabaseFacts, Snapshot, SnapshotReader, SnapshotRequest } from './snapshot/index.ts';
import { snapshotQuery } from './snapshot/query.ts';
import {
  contentsOf,
  historyRow,
  productRow,
  snapshotRow,
  unknownStatusRow,
  writerRow,
} from './snapshot/rows.ts';
import { likePattern, type Scope, type Statement } from './sql.ts';

/**
 * The system database: one connection at a time, made at the first poll and kept until `close`. After a poll that
 * failed, the next one begins with a connection of its own.
 */
export interface SystemDatabase extends SnapshotReader {
  /** Says farewell, and hangs up a second later, whatever the network does. */
  close(): Promise<void>;
}

/**
 * A system database that polls are taken at.
 *
 * @param now The gate's own clock, in milliseconds: what a poll cost is measured with it.
 */
export function systemDatabase(
  config: DatabaseConfig,
  gate: Pick<GateConfig, 'application' | 'ignoreWorkflows' | 'pollTimeoutMs'>,
  now: () => number,
): SystemDatabase {
  let line: Line | undefined;
  let connectedBefore = false;

  const snapshot = async (request: SnapshotRequest) => {
    line ??= openLine((signal) => connected(config, gate.pollTimeoutMs, signal));
    const connection = await line.connection;
    connectedBefore = true;
    return observe(connection, config, gate, request, now);
  };
  const close = async () => {
    const open = line;
    line = undefined;
    await open?.hangUp();
  };

  return {
    async read(request, signal) {
      try {
        return await inTime(snapshot(request), signal, POLL_OVERDUE);
      } catch (error) {
        await close();
        throw explainFailure(error, config, connectedBefore);
      }
    },
    close,
  };
}

/** A connection that is being made, or is there. */
interface Line {
  readonly connection: Promise<Connection>;
  hangUp(): Promise<void>;
}

function openLine(dial: (signal: AbortSignal) => Promise<Connection>): Line {
  const lifeline = new AbortController();
  let open: Connection | undefined;
  const connection = dial(lifeline.signal).then((made) => {
    open = made;
    return made;
  });
  return {
    connection,
    async hangUp() {
      await open?.close();
      lifeline.abort();
    },
  };
}

/** @throws an error with this message when the signal aborts first. */
async function inTime<T extends object>(work: Promise<T>, signal: AbortSignal, overdue: string): Promise<T> {
  const result = await unlessAborted(work, signal);
  if (result === undefined) throw new Error(overdue, { cause: signal.reason });
  return result;
}

async function connected(
  config: DatabaseConfig,
  pollTimeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const connection = await connect(config, pollTimeoutMs, signal);
  // A server, or a pooler, that lets the gate in and then says nothing has not been reached.
  const answer = theRow(connection, { text: PRODUCT, values: [] }, productRow);
  const { version } = await inTime(answer, AbortSignal.timeout(CONNECT_TIMEOUT_MS), CONNECT_OVERDUE);
  const unsupported = unsupportedProduct(version);
  if (unsupported !== undefined) throw unsupported;
  return connection;
}

function scopeOf(gate: Pick<GateConfig, 'application' | 'ignoreWorkflows'>, request: SnapshotRequest): Scope {
  const { selection } = request;
  return {
    application: gate.application,
    only: 'only' in selection ? selection.only : undefined,
    except: 'except' in selection ? selection.except : [],
    ignore: gate.ignoreWorkflows.map(likePattern),
  };
}

/** A poll and, where they are asked for, the searches that take a full scan. */
async function observe(
  connection: Connection,
  config: DatabaseConfig,
  gate: Pick<GateConfig, 'application' | 'ignoreWorkflows' | 'pollTimeoutMs'>,
  request: SnapshotRequest,
  now: () => number,
): Promise<Snapshot> {
  const scope = scopeOf(gate, request);
  const began = now();
  const { probe, schema, row, writers } = await takeSnapshot(connection, config, gate, scope, request);
  const common = { observedAt: probe.observed_at, durationMs: now() - began };
  const database = factsOf(probe, row?.migration ?? undefined);
  if (row === undefined) return { ...common, database, contents: undefined };

  const begin = beginScan(gate.pollTimeoutMs);
  const history = await searchHistory(connection, begin, schema, scope, request.searchHistoryFor);
  const scannedStatuses = request.scanStatuses
    ? await scan(connection, begin, statusScanQuery(schema, scope), unknownStatusRow)
    : undefined;
  return {
    ...common,
    database,
    contents: contentsOf(row, { writers, history, scannedStatuses, detailScan: request.detailScan }),
  };
}

/**
 * One poll, in one snapshot. A migration that rewrites the table while the poll waits for its lock leaves the
 * older snapshot without a row; the table then has another file, and the poll is taken again.
 */
async function takeSnapshot(
  connection: Connection,
  config: DatabaseConfig,
  gate: Pick<GateConfig, 'pollTimeoutMs'>,
  scope: Scope,
  request: SnapshotRequest,
) {
  for (;;) {
    const writers = await connection.rows(writersQuery(config.schema), writerRow);
    const poll = await inTransaction(connection, async () => {
      const opening = openSnapshot(config.schema, gate.pollTimeoutMs);
      const probe = await theRow(connection, opening, probeRow);
      const unreachable = unreachableTables(probe, config);
      if (unreachable !== undefined) throw unreachable;
      const schema = schemaOf(config.schema, probe);
      if (!isReadable(factsOf(probe, undefined))) return { writers, probe, schema, row: undefined };
      const denied = deniedTables(probe, config);
      if (denied !== undefined) throw denied;
      const row = await theRow(connection, snapshotQuery(schema, scope, request), snapshotRow);
      return { writers, probe, schema, row };
    });
    if (poll.row === undefined || poll.row.file === poll.probe.file) return poll;
  }
}

/** Whether the poll's statement can run at all; whether what it brings can be believed is for the rules to say. */
function isReadable(database: DatabaseFacts): boolean {
  return database.relationKind === 'r' && !database.rowSecurityActive && database.missingColumns.length === 0;
}

async function searchHistory(
  connection: Connection,
  begin: string,
  schema: Schema,
  scope: Scope,
  versions: readonly string[],
) {
  if (versions.length === 0) return undefined;
  const found = await scan(connection, begin, historyQuery(schema, scope.application, versions), historyRow);
  return found === 'timed-out'
    ? { searchedFor: versions, found: [], complete: false }
    : { searchedFor: versions, found: found.map(({ version }) => version), complete: true };
}

/** A statement that ran into `statement_timeout` (SQLSTATE 57014) has proved nothing, and that is an answer. */
async function scan<T>(
  connection: Connection,
  begin: string,
  statement: Statement,
  row: Parameters<typeof connection.rows<T>>[1],
): Promise<readonly T[] | 'timed-out'> {
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
 * Does work whose first statement begins a transaction, and commits that. After an error of the server (a code of five
 * characters) the transaction is ended, so that a pooler can keep its connection; a server that says nothing is not
 * asked anything more.
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

async function theRow<T>(
  connection: Connection,
  statement: Statement,
  row: Parameters<typeof connection.rows<T>>[1],
) {
  const [first] = await connection.rows(statement, row);
  if (first === undefined) throw new Error('a statement that always returns a row returned none');
  return first;
}
