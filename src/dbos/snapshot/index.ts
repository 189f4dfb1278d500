import { z } from 'zod';
import { identifier, join, type Statement, sql, statement } from '../../postgres/sql.ts';
import type { Access } from '../preflight.ts';
import type { FoundVersion, Writer } from '../scans.ts';
import { server } from '../server.ts';
import * as applications from './applications.ts';
import { failed, failedSection } from './failed.ts';
import * as work from './in-flight.ts';
import { newestRoots, newestRootsSection } from './newest-roots.ts';
import { queueInFlight, queuesSection } from './queues.ts';
import { registrations, registrationsSection } from './registrations.ts';
import { list, optional, type SnapshotQuery, type SnapshotRequest, truncated } from './section.ts';
import { serializations, serializationsSection } from './serializations.ts';
import { started, startedSection } from './started.ts';
import * as tables from './tables.ts';
import { type UnknownStatus, unknownStatus, unknownStatusesSection } from './unknown-statuses.ts';
import { workflowDetail, workflowsSection } from './workflows.ts';

export type { Access } from '../preflight.ts';
export type { FoundVersion, Writer } from '../scans.ts';
export type { Application } from './applications.ts';
export type { FailedOnVersion } from './failed.ts';
export type { DelayedWorkflow, VersionInFlight, WorkflowGroup } from './in-flight.ts';
export type { NewestRoots, Root } from './newest-roots.ts';
export type { QueueInFlight } from './queues.ts';
export type { Registration } from './registrations.ts';
export type { ForecastRequest, RuleRequest, SnapshotRequest, Truncated, VersionSelection } from './section.ts';
export type { RowSet, Started, StartedName, StartedOnVersion } from './started.ts';
export type { UnknownStatus } from './unknown-statuses.ts';
export type { LastStep, WorkflowDetail } from './workflows.ts';

/**
 * One snapshot of the system database, as plain facts.
 *
 * Every time is in epoch milliseconds of the database's clock, except where the application that wrote a workflow row
 * stamped it (`createdAt`, `startedAt`: the SDKs use their own process's clock).
 */
export interface Snapshot {
  readonly observedAt: number;
  /** What the poll cost, in milliseconds of the gate's own clock: waiting for a lock costs nothing. */
  readonly durationMs: number;
  /** How long it waited for locks on DBOS's tables, in milliseconds. */
  readonly lockWaitMs: number;
  readonly database: DatabaseFacts;
  /** What the role may do, where a preflight asked. */
  readonly access?: Access | undefined;
  /** Undefined when the database could not be read at all, for a reason that `database` shows. */
  readonly contents: SnapshotContents | undefined;
}

/** Facts from the catalogs of the system database: what the gate needs to trust what it reads. */
export interface DatabaseFacts {
  readonly serverVersion: string;
  /** `pg_is_in_recovery()`: a standby lags behind its primary. */
  readonly standby: boolean;
  /** When the server was started, in microseconds since the epoch. It tells the servers of a cluster apart. */
  readonly startedAt: string;
  /**
   * The `system_identifier` of the cluster, which its standbys have too. Null where the role cannot read it, undefined
   * where the tables could not be read.
   */
  readonly cluster: string | null | undefined;
  /** DBOS's tables have a column `shard_key`: this is one shard of several. */
  readonly sharded: boolean;
  /** A subscription replicates `workflow_status` into this database: a copy that lags as well. */
  readonly logicalSubscriber: boolean;
  /** `pg_class.relkind` of `workflow_status`; `r` is an ordinary table. */
  readonly relationKind: string;
  /** Which table it is: another one under the same name has another id. */
  readonly tableId: string;
  /** Row security would filter what this role reads, so counts would be too small. */
  readonly rowSecurityActive: boolean;
  /** Columns of `workflow_status` that the rules need and that are not there. */
  readonly missingColumns: readonly string[];
  /** The number in `dbos_migrations`. Below 100 it means something else in each SDK. */
  readonly migration: number | undefined;
}

/** How each section is read, and what its column holds. Common table expressions come before those that read them. */
const SECTIONS = {
  /** One entry per version with rows in flight. Counts are exact. */
  inFlight: { read: work.inFlightSection, column: list(work.versionInFlight) },
  /** What is in flight by version, class, name and queue, the largest first. */
  groups: { read: work.groupsSection, column: truncated(work.workflowGroup) },
  matchedPatterns: { read: work.matchedPatternsSection, column: work.matchedPatterns },
  started: { read: startedSection, column: started },
  /** Where work waits in a queue, the longest queue first. */
  queues: { read: queuesSection, column: list(queueInFlight) },
  registrations: { read: registrationsSection, column: registrations },
  newestRoots: { read: newestRootsSection, column: newestRoots },
  serializations: { read: serializationsSection, column: serializations },
  /** Undefined without an index on all statuses. */
  unknownStatuses: { read: unknownStatusesSection, column: optional(list(unknownStatus)) },
  /** The delayed workflows that start last, the very last first. */
  lastDelayed: { read: work.lastDelayedSection, column: list(work.delayedWorkflow) },
  /** The oldest workflows in flight, in detail: a few, or many more in a detail scan. */
  workflows: { read: workflowsSection, column: truncated(workflowDetail) },
  owners: { read: applications.ownersSection, column: applications.owners },
  applicationSeen: { read: applications.applicationSeenSection, column: applications.applicationSeen },
  applications: { read: applications.applicationsSection, column: applications.applications },
  failed: { read: failedSection, column: failed },
  newestCreatedAt: { read: tables.newestCreationSection, column: tables.newestCreatedAt },
  newestWriteAt: { read: tables.newestWriteSection, column: tables.newestWriteAt },
  migration: { read: tables.migrationSection, column: tables.migration },
  file: { read: tables.fileSection, column: tables.file },
  server: { read: tables.serverSection, column: server },
  cluster: { read: tables.clusterSection, column: tables.cluster },
};
type Columns = { [Name in keyof typeof SECTIONS]: (typeof SECTIONS)[Name]['column'] };

/** The one row of the poll: a column per section. */
export const snapshotRow = z.object(
  Object.fromEntries(Object.entries(SECTIONS).map(([name, { column }]) => [name, column])) as Columns,
);

export type SnapshotRow = z.output<typeof snapshotRow>;

export interface SnapshotContents
  extends Readonly<Omit<SnapshotRow, 'migration' | 'file' | 'server' | 'cluster' | 'unknownStatuses'>> {
  /** The details are as many as a detail scan reads. */
  readonly detailScan: boolean;
  /** Transactions that were writing `workflow_status`, or waiting to, just before the snapshot was taken. */
  readonly writers: readonly Writer[];
  /** Undefined: not read (see `SnapshotRequest.scanStatuses`). `timed-out`: the scan ran into its timeout. */
  readonly unknownStatuses: readonly UnknownStatus[] | 'timed-out' | undefined;
  /** What the search of the whole history found. Undefined: not requested. */
  readonly history: HistorySearch | undefined;
}

/** A search of all rows, of any status, for versions. */
export interface HistorySearch {
  readonly searchedFor: readonly string[];
  /** Every version that some row carries or that is registered, of whatever application. */
  readonly found: readonly FoundVersion[];
  /** False: the search ran into its timeout and proves nothing. */
  readonly complete: boolean;
}

/** Reads snapshots of a system database. */
export interface SnapshotReader {
  /**
   * @param signal Ends the read when it aborts, whatever the network does. The error then reports that time ran out.
   * @throws TransientError when the database cannot be reached or read for a reason that can pass by itself.
   * @throws ReportableError when it cannot be reached or read, and retrying does not help.
   */
  read(request: SnapshotRequest, signal: AbortSignal): Promise<Snapshot>;
}

/** The poll: everything about the work in flight, in one statement and so in one snapshot. */
export function snapshotQuery(query: SnapshotQuery): Statement {
  const sections = Object.entries(SECTIONS).map(([name, { read }]) => ({ name, ...read(query) }));
  const ctes = sections.flatMap((section) => section.ctes ?? []);
  const columns = sections.map(({ name, column }) => sql`${column} AS ${identifier(name)}`);
  return statement(sql`
WITH RECURSIVE ${join(ctes, ', ')}
SELECT ${join(columns, ',\n  ')}`);
}
