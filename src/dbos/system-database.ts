import { LONGEST_TIMER_MS, systemClock } from '../clock.ts';
import { codeOf } from '../errors.ts';
import type { GateConfig } from '../gate/config.ts';
import type { DatabaseFacts, LookRequest, Observation, Observer } from '../gate/observation.ts';
import { CONNECT_TIMEOUT_MS, type Connection, connect } from './connection.ts';
import type { DatabaseConfig } from './database-config.ts';
import { CONNECT_OVERDUE, explainFailure, LOOK_OVERDUE } from './failures.ts';
import { lookQuery } from './look-query.ts';
import { beginScan, historyQuery, openLook, PRODUCT, statusScanQuery, writersQuery } from './queries.ts';
import { deniedTables, unreachableTables, unsupportedProduct } from './readability.ts';
import { contentsOf, historyRow, lookRow, productRow, unknownStatusRow, writerRow } from './rows.ts';
import { factsOf, probeRow, type Schema, schemaOf } from './schema.ts';
import { likePattern, type Scope, type Statement } from './sql.ts';

/**
 * The system database: one connection at a time, made at the first look and kept until `close`. After a look that
 * failed, the next one begins with a connection of its own.
 */
export interface SystemDatabase extends Observer {
  /** Says farewell, and hangs up a second later, whatever the network does. */
  close(): Promise<void>;
}

/**
 * A system database that looks are taken at.
 *
 * @param now The gate's own clock, in milliseconds: what a look cost is measured with it.
 */
export function systemDatabase(
  config: DatabaseConfig,
  gate: Pick<GateConfig, 'application' | 'ignoreWorkflows' | 'lookTimeoutMs'>,
  now: () => number,
): SystemDatabase {
  let line: Line | undefined;
  let reached = false;

  const observation = async (request: LookRequest) => {
    line ??= openLine((signal) => connected(config, gate.lookTimeoutMs, signal));
    const connection = await line.connection;
    reached = true;
    return observe(connection, config, gate, request, now);
  };
  const close = async () => {
    const open = line;
    line = undefined;
    await open?.hangUp();
  };

  return {
    async look(request, withinMs) {
      try {
        return await within(withinMs, LOOK_OVERDUE, () => observation(request));
      } catch (error) {
        await close();
        throw explainFailure(error, config, reached);
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

/** The work's result, if it comes in time; otherwise an error with this message. */
async function within<T>(milliseconds: number, message: string, work: () => Promise<T>): Promise<T> {
  const patience = new AbortController();
  const overdue = systemClock
    .pause(Math.min(Math.max(milliseconds, 0), LONGEST_TIMER_MS), patience.signal)
    .then(() => {
      throw new Error(message);
    });
  overdue.catch(() => undefined);
  try {
    return await Promise.race([work(), overdue]);
  } finally {
    patience.abort();
  }
}

async function connected(
  config: DatabaseConfig,
  lookTimeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const connection = await connect(config, lookTimeoutMs, signal);
  // A server, or a pooler, that lets the gate in and then says nothing has not been reached.
  const { version } = await within(CONNECT_TIMEOUT_MS, CONNECT_OVERDUE, () =>
    theRow(connection, { text: PRODUCT, values: [] }, productRow),
  );
  const unsupported = unsupportedProduct(version);
  if (unsupported !== undefined) throw unsupported;
  return connection;
}

function scopeOf(gate: Pick<GateConfig, 'application' | 'ignoreWorkflows'>, request: LookRequest): Scope {
  const { selection } = request;
  return {
    application: gate.application,
    only: 'only' in selection ? selection.only : undefined,
    except: 'except' in selection ? selection.except : [],
    ignore: gate.ignoreWorkflows.map(likePattern),
  };
}

/** A look and, where they are asked for, the searches that take a full scan. */
async function observe(
  connection: Connection,
  config: DatabaseConfig,
  gate: Pick<GateConfig, 'application' | 'ignoreWorkflows' | 'lookTimeoutMs'>,
  request: LookRequest,
  now: () => number,
): Promise<Observation> {
  const scope = scopeOf(gate, request);
  const began = now();
  const { probe, schema, row, writers } = await takeLook(connection, config, gate, scope, request);
  const common = { observedAt: probe.observed_at, lookMs: now() - began };
  const database = factsOf(probe, row?.migration ?? undefined);
  if (row === undefined) return { ...common, database, seen: undefined };

  const begin = beginScan(gate.lookTimeoutMs);
  const history = await searchHistory(connection, begin, schema, scope, request.searchHistoryFor);
  const scannedStatuses = request.scanStatuses
    ? await scan(connection, begin, statusScanQuery(schema, scope), unknownStatusRow)
    : undefined;
  return {
    ...common,
    database,
    seen: contentsOf(row, { writers, history, scannedStatuses, roll: request.roll }),
  };
}

/**
 * One look, in one snapshot. A migration that rewrites the table while the look waits for its lock leaves the
 * older snapshot without a row; the table then has another file, and the look is taken again.
 */
async function takeLook(
  connection: Connection,
  config: DatabaseConfig,
  gate: Pick<GateConfig, 'lookTimeoutMs'>,
  scope: Scope,
  request: LookRequest,
) {
  for (;;) {
    const writers = await connection.rows(writersQuery(config.schema), writerRow);
    const look = await inTransaction(connection, async () => {
      const opening = openLook(config.schema, gate.lookTimeoutMs);
      const probe = await theRow(connection, opening, probeRow);
      const unreachable = unreachableTables(probe, config);
      if (unreachable !== undefined) throw unreachable;
      const schema = schemaOf(config.schema, probe);
      if (!isReadable(factsOf(probe, undefined))) return { writers, probe, schema, row: undefined };
      const denied = deniedTables(probe, config);
      if (denied !== undefined) throw denied;
      const row = await theRow(connection, lookQuery(schema, scope, request), lookRow);
      return { writers, probe, schema, row };
    });
    if (look.row === undefined || look.row.file === look.probe.file) return look;
  }
}

/** Whether the look's statement can run at all; whether what it brings can be believed is for the rules to say. */
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
