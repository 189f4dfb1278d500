import { codeOf, ReportableError } from '../errors.ts';
import type { GateConfig } from '../gate/config.ts';
import type { DatabaseFacts, LookRequest, Observation, Observer } from '../gate/observation.ts';
import { say } from '../sentence.ts';
import { type Connection, connect } from './connection.ts';
import type { DatabaseConfig } from './database-config.ts';
import { deniedTables, explainFailure, unreachableTables } from './explain-failure.ts';
import {
  beginLook,
  beginScan,
  historyQuery,
  likePattern,
  lookQuery,
  PRODUCT,
  probeQuery,
  type Scope,
  type Statement,
  statusScanQuery,
  writersQuery,
} from './queries.ts';
import { contentsOf, historyRow, lookRow, productRow, unknownStatusRow, writerRow } from './rows.ts';
import { factsOf, missingPrivileges, probeRow, type Schema, schemaOf } from './schema.ts';

/** The system database: one connection, made at the first look and kept until `close`. */
export interface SystemDatabase extends Observer {
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
  const closing = new AbortController();
  let connecting: Promise<Connection> | undefined;
  let open: Connection | undefined;

  return {
    async look(request) {
      try {
        connecting ??= connected(config, gate.lookTimeoutMs, closing.signal);
        open = await connecting;
        return await observe(open, config, gate, request, now);
      } catch (error) {
        throw explainFailure(error, config);
      }
    },
    async close() {
      await open?.close();
      closing.abort();
    },
  };
}

/** CockroachDB speaks Postgres's protocol, but not all that the rules rest on. */
async function connected(
  config: DatabaseConfig,
  lookTimeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const connection = await connect(config, lookTimeoutMs, signal);
  const { version } = await theRow(connection, { text: PRODUCT, values: [] }, productRow);
  if (!version.startsWith('CockroachDB')) return connection;
  await connection.close();
  throw new ReportableError(
    say`This is CockroachDB. Its pg_locks does not show transactions that are still writing and its row_security setting has no effect, so the gate cannot rule out work that is about to appear. It is not supported.`,
  );
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
    ? await unlessTimedOut(() =>
        inTransaction(connection, begin, () =>
          connection.rows(statusScanQuery(schema, scope), unknownStatusRow),
        ),
      )
    : undefined;
  return { ...common, database, seen: contentsOf(row, { writers, history, scannedStatuses }) };
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
    const look = await inTransaction(connection, beginLook(gate.lookTimeoutMs), async () => {
      const probe = await theRow(connection, probeQuery(config.schema), probeRow);
      const unreachable = unreachableTables(probe, config);
      if (unreachable !== undefined) throw unreachable;
      const schema = schemaOf(config.schema, probe);
      if (!isReadable(factsOf(probe, undefined))) return { writers, probe, schema, row: undefined };
      const denied = deniedTables(probe, missingPrivileges(probe), config);
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
  const found = await unlessTimedOut(() =>
    inTransaction(connection, begin, () =>
      connection.rows(historyQuery(schema, scope.application, versions), historyRow),
    ),
  );
  return found === 'timed-out'
    ? { searchedFor: versions, found: [], complete: false }
    : { searchedFor: versions, found: found.map(({ version }) => version), complete: true };
}

async function inTransaction<T>(connection: Connection, begin: string, work: () => Promise<T>): Promise<T> {
  await connection.run(begin);
  try {
    const result = await work();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
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

/** A statement that ran into `statement_timeout` (SQLSTATE 57014) has proved nothing, and that is an answer. */
async function unlessTimedOut<T>(work: () => Promise<T>): Promise<T | 'timed-out'> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === '57014') return 'timed-out';
    throw error;
  }
}
