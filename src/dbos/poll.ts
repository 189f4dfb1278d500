import type { z } from 'zod';
import type { GateConfig } from '../config.ts';
import type { Connection } from '../postgres/connection.ts';
import { beginReadCommitted } from '../postgres/guards.ts';
import type { Statement } from '../postgres/sql.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import { deniedTables, splitAnswers, standbyAnswered, unreachableTables } from './access.ts';
import { awaitLocks, lockWait, lockWaitOf, withLockWait } from './lock-wait.ts';
import { accessOf, accessQuery, accessRow, factsBeside, readableIn } from './preflight.ts';
import { foundVersion, historyQuery, writer, writersQuery } from './scans.ts';
import { factsOf, openSnapshot, type ProbeRow, probeRow, schemaOf } from './schema.ts';
import { isSameServer, rowsWithServer, type Server, withServer } from './server.ts';
import type { DatabaseFacts, Snapshot, SnapshotRequest } from './snapshot/index.ts';
import { snapshotQuery, snapshotRow } from './snapshot/index.ts';
import type { SnapshotQuery } from './snapshot/section.ts';
import { statusScanQuery, unknownStatus } from './snapshot/unknown-statuses.ts';
import { inTransaction, onlyRow, scanOnce } from './transaction.ts';

/** What one poll is about. */
export interface PollRequest {
  readonly config: DatabaseConfig;
  readonly gate: Pick<GateConfig, 'application' | 'ignoreWorkflows' | 'pollTimeoutMs' | 'mode'>;
  readonly request: SnapshotRequest;
}

/** How often in a row several servers have answered one poll before the gate gives up: a failover does so once. */
const SPLIT_POLLS = 3;

/**
 * The poll and, where they are requested, the searches that take a full scan: all of one server.
 *
 * @param now The gate's own clock, in milliseconds. It measures what the poll cost.
 * @throws ReportableError when a pooler sends the statements of one poll to several servers.
 * @throws TransientError when a standby answers.
 */
export async function takeSnapshot(connection: Connection, poll: PollRequest, now: () => number): Promise<Snapshot> {
  const started = now();
  let lockWaitMs = 0;
  for (let attempt = 1; attempt <= SPLIT_POLLS; attempt++) {
    const { snapshot, servers, ...read } = await readOnce(connection, poll);
    lockWaitMs += read.lockWaitMs;
    const [first, ...others] = servers;
    if (others.every((other) => first !== undefined && isSameServer(first, other))) {
      if (first?.standby && poll.gate.mode !== 'preflight') throw standbyAnswered();
      return { ...snapshot, lockWaitMs, durationMs: Math.max(0, now() - started - lockWaitMs) };
    }
  }
  throw splitAnswers();
}

async function readOnce(connection: Connection, poll: PollRequest) {
  const { probe, query, row, access, writers, lockWaitMs } = await readUntilStable(connection, poll);
  const database = access === undefined ? factsOf(probe, row) : factsBeside(access, factsOf(probe, row));
  const common = { observedAt: probe.observed_at, database, access };
  const servers: Server[] = [writers.server, probe.server];
  if (row === undefined) return { snapshot: { ...common, contents: undefined }, servers, lockWaitMs };

  const { migration: _migration, file: _file, cluster: _cluster, server, ...sections } = row;
  servers.push(server);
  const { detailScan, scanStatuses, searchHistoryFor } = poll.request;
  const scan: Scan = async (statement, each) => {
    const found = await scanOnce(connection, poll.gate.pollTimeoutMs, statement, each);
    if (found === 'timed-out') return found;
    servers.push(found.server);
    return found.rows;
  };
  const history = await searchHistory(scan, query, searchHistoryFor);
  const scanned = scanStatuses ? await scan(statusScanQuery(query), unknownStatus) : undefined;
  const unknownStatuses = sections.unknownStatuses ?? scanned;
  const contents = { ...sections, detailScan, writers: writers.rows, unknownStatuses, history };
  return { snapshot: { ...common, contents }, servers, lockWaitMs };
}

/**
 * Waits for the locks that the poll needs, asks for the open writers, and then reads one snapshot in a transaction of its
 * own: a snapshot taken before the writers were asked for would miss what commits in between. The second transaction
 * starts in the message that ends the first.
 *
 * A migration that rewrites the table while the poll waits for its lock leaves the older snapshot without a row. The
 * table then has another file, and both are read again.
 */
async function readUntilStable(connection: Connection, { config, gate, request }: PollRequest) {
  const { text: askWriters } = withServer(writersQuery(config.schema, request.openWriters));
  const openWriters = {
    text: `${beginReadCommitted(gate.pollTimeoutMs)}${awaitLocks(config.schema)}${withLockWait(askWriters)}`,
    values: [],
  };
  const { text: readProbe } = openSnapshot(config.schema, gate.pollTimeoutMs);
  const nextTransaction = { text: `COMMIT;${readProbe}`, values: [] };
  let lockWaitMs = 0;
  for (;;) {
    const poll = await inTransaction(connection, async () => {
      const writers = await onlyRow(connection, openWriters, rowsWithServer(writer).extend(lockWait));
      lockWaitMs += lockWaitOf(writers);
      const probe = await onlyRow(connection, nextTransaction, probeRow);
      const isPreflight = gate.mode === 'preflight';
      const { schema, access, isPolled } = isPreflight
        ? await readAccess(connection, probe, config)
        : requireAccess(probe, config);
      const query = { schema, gate, request };
      const row = isPolled ? await onlyRow(connection, snapshotQuery(query), snapshotRow) : undefined;
      return { writers, probe, query, row, access };
    });
    if (poll.row === undefined || poll.row.file === poll.probe.file) return { ...poll, lockWaitMs };
  }
}

/** @throws ReportableError where the role cannot read all that the poll names. */
export function requireAccess(probe: ProbeRow, config: DatabaseConfig) {
  const unreachable = unreachableTables(probe, config);
  if (unreachable !== undefined) throw unreachable;
  const isPolled = isReadable(factsOf(probe));
  const denied = isPolled ? deniedTables(probe, config) : undefined;
  if (denied !== undefined) throw denied;
  return { schema: schemaOf(config.schema, probe), access: undefined, isPolled };
}

/** What a preflight asks in the transaction of the snapshot. It reads what it can, whatever is missing. */
async function readAccess(connection: Connection, probe: ProbeRow, config: DatabaseConfig) {
  const readable = readableIn(probe, config);
  const isPolled = readable.isPolled && isReadable(factsOf(probe));
  const row = await onlyRow(connection, accessQuery(readable.schema, isPolled), accessRow);
  const access = accessOf(probe, config, readable, row, connection.encrypted);
  return { schema: readable.schema, access, isPolled };
}

/** Whether the poll's statement can run at all. Whether its result can be trusted is for the rules to decide. */
function isReadable(database: DatabaseFacts): boolean {
  return database.relationKind === 'r' && !database.rowSecurityActive && database.missingColumns.length === 0;
}

type Scan = <T>(statement: Statement, row: z.ZodType<T>) => Promise<readonly T[] | 'timed-out'>;

async function searchHistory(scan: Scan, query: SnapshotQuery, versions: readonly string[]) {
  if (versions.length === 0) return undefined;
  const found = await scan(historyQuery(query), foundVersion);
  const complete = found !== 'timed-out';
  return { searchedFor: versions, found: complete ? found : [], complete };
}
