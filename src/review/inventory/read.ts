import { filteredTables, incompleteTables, splitAnswers, standbyAnswered } from '../../dbos/access.ts';
import { inTime, openHandle } from '../../dbos/connect.ts';
import { applicationNotSeen } from '../../dbos/owners.ts';
import { requireAccess } from '../../dbos/poll.ts';
import { factsOf, openSnapshot, type ProbeRow, probeRow } from '../../dbos/schema.ts';
import { isSameServer, type Server } from '../../dbos/server.ts';
import { statusScanQuery, unknownStatus } from '../../dbos/snapshot/unknown-statuses.ts';
import { inTransaction, onlyRow, scanOnce } from '../../dbos/transaction.ts';
import { explainUntrusted, isNewerThanKnown, reasonsAgainst, SCAN_TIMED_OUT } from '../../dbos/trust.ts';
import { ReportableError } from '../../errors.ts';
import { joined } from '../../message.ts';
import type { Connection } from '../../postgres/connection.ts';
import { explainFailure, POLL_OVERDUE } from '../../postgres/errors.ts';
import { withPassword } from '../../postgres/password.ts';
import type { DatabaseConfig } from '../../postgres/url.ts';
import { buildInventory } from './build.ts';
import type { Inventory } from './inventory.ts';
import { type InventoryQuery, inventoryQuery, inventoryRow } from './query.ts';
import { SCHEDULES, scheduleAccess } from './schedules.ts';

export interface InventoryRequest {
  /** Only this application's rows, and those without an owner. Undefined: all of them. */
  readonly application: string | undefined;
  /** The longest that one statement can take. */
  readonly pollTimeoutMs: number;
}

/** How often it reads before it gives up: a failover splits one read, and a migration that rewrites the table another. */
const READS = 3;

/**
 * Reads the system database once, on a connection of its own, and returns what is in flight in it.
 *
 * @param signal Ends the read when it aborts, whatever the network does.
 * @param onPassword Called with the password of the connection, before it is made: to mask it.
 * @throws TransientError when the database cannot be reached or read for a reason that can pass by itself.
 * @throws ReportableError when it cannot be reached, read or trusted, and retrying does not help.
 */
export async function readInventory(
  database: DatabaseConfig,
  request: InventoryRequest,
  signal: AbortSignal,
  onPassword: (password: string) => void = () => undefined,
): Promise<Inventory> {
  let config = database;
  let connectedBefore = false;
  let handle: ReturnType<typeof openHandle> | undefined;
  try {
    config = withPassword(database);
    if (config.password !== undefined) onPassword(config.password);
    handle = openHandle(config, request.pollTimeoutMs);
    const connection = await inTime(handle.connection, signal, POLL_OVERDUE);
    connectedBefore = true;
    return await inTime(readFrom(connection, config, request), signal, POLL_OVERDUE);
  } catch (error) {
    throw explainFailure(error, config, connectedBefore);
  } finally {
    await handle?.close();
  }
}

/**
 * Reads an inventory from a connection, again where a migration rewrote the table meanwhile, or several servers answered.
 *
 * @throws ReportableError when a pooler sends the statements of one read to several servers.
 */
export async function readFrom(
  connection: Connection,
  config: DatabaseConfig,
  request: InventoryRequest,
): Promise<Inventory> {
  for (let attempt = 1; attempt <= READS; attempt++) {
    const { probe, row, query } = await readOnce(connection, config, request);
    if (row.file !== probe.file) continue;
    const servers = [probe.server, row.server];
    const unknown =
      row.unknownStatuses ?? (isNewerThanKnown(row) ? await scan(connection, request, query, servers) : []);
    if (servers.every((server) => isSameServer(server, probe.server))) {
      requireApplication(request.application, row.owners);
      return buildInventory({
        ...row,
        observedAt: probe.observed_at,
        application: request.application,
        schedulesRead: query.schedules !== 'unreadable',
        unknownStatuses: unknown.reduce((sum, { count }) => sum + count, 0),
      });
    }
  }
  throw splitAnswers();
}

/** @throws ReportableError where an application is asked for that owns nothing: a wrong name would hide everything. */
function requireApplication(application: string | undefined, owners: readonly string[]): void {
  if (application === undefined || owners.includes(application)) return;
  throw new ReportableError(applicationNotSeen(application, owners), { id: 'application-not-seen' });
}

function readOnce(connection: Connection, config: DatabaseConfig, { application, pollTimeoutMs }: InventoryRequest) {
  return inTransaction(connection, async () => {
    const opening = openSnapshot(config.schema, pollTimeoutMs, [SCHEDULES]);
    const [schedules, probe] = scheduleAccess(await onlyRow(connection, opening, probeRow));
    const schema = trusted(probe, config);
    const query: InventoryQuery = { schema, gate: { application }, request: { selection: { except: [] } }, schedules };
    return { probe, query, row: await onlyRow(connection, inventoryQuery(query), inventoryRow) };
  });
}

/**
 * Returns what the statements can use.
 *
 * @throws ReportableError where the role cannot read it, or what the database shows cannot be trusted.
 */
function trusted(probe: ProbeRow, config: DatabaseConfig) {
  const { schema } = requireAccess(probe, config);
  const [first, ...others] = reasonsAgainst(factsOf(probe));
  if (first === 'standby') throw standbyAnswered();
  if (first !== undefined) {
    throw new ReportableError(joined([first, ...others].map(explainUntrusted)), { id: 'untrusted-database' });
  }
  const unusable = incompleteTables(probe, config) ?? filteredTables(probe, config);
  if (unusable !== undefined) throw unusable;
  return schema;
}

/** Rows in a status that this release does not know can be in flight: a full scan, on schemas that it does not know. */
async function scan(
  connection: Connection,
  { pollTimeoutMs }: InventoryRequest,
  query: InventoryQuery,
  servers: Server[],
) {
  const found = await scanOnce(connection, pollTimeoutMs, statusScanQuery(query), unknownStatus);
  if (found === 'timed-out') throw new ReportableError(SCAN_TIMED_OUT, { id: 'statuses-not-scanned' });
  servers.push(found.server);
  return found.rows;
}
