/**
 * What one look at the system database saw, in one snapshot, as plain facts: nothing here is a judgement.
 *
 * Every time is in epoch milliseconds of the database's clock, except where a workflow row was stamped by
 * the application that wrote it (`createdAt`, `startedAt`: the SDKs use their own process's clock).
 */
export interface Snapshot {
  readonly observedAt: number;
  /** What the poll cost, in milliseconds of the gate's own clock. */
  readonly durationMs: number;
  readonly database: DatabaseFacts;
  /** Absent when the database could not be read at all for a reason that `database` shows. */
  readonly contents: SnapshotContents | undefined;
}

/** What the catalogs tell of the system database: what the gate needs to trust what it reads. */
export interface DatabaseFacts {
  readonly serverVersion: string;
  /** `pg_is_in_recovery()`: a standby lags behind its primary. */
  readonly standby: boolean;
  /** A subscription replicates `workflow_status` into this database: a copy that lags as well. */
  readonly logicalSubscriber: boolean;
  /** `pg_class.relkind` of `workflow_status`; `r` is an ordinary table. */
  readonly relationKind: string;
  /** Which table it is: another one under the same name has another id. */
  readonly tableId: string;
  /** Row security would filter what this role reads, so that counts would be too small. */
  readonly rowSecurityActive: boolean;
  /** Columns of `workflow_status` that the rules need and that are not there. */
  readonly missingColumns: readonly string[];
  /** The number in `dbos_migrations`. Below 100 it means something else in each SDK. */
  readonly migration: number | undefined;
}

export interface SnapshotContents {
  /** Absent: this schema has no `application_versions` table (SDKs before TS 4.10). */
  readonly registrations: Registrations | undefined;
  /** Applications that own an in-flight row, a recently created row, or a registration; at most 20 of them. */
  readonly owners: readonly string[];
  /** The configured application owns an in-flight row or a registration. True when none is configured. */
  readonly applicationSeen: boolean;
  /** One entry a version with rows in flight; `version` is null for unversioned rows. Counts are exact. */
  readonly inFlight: readonly VersionInFlight[];
  /** What is in flight by workflow and queue, the largest first; `left out` says how many groups were not read. */
  readonly groups: Truncated<WorkflowGroup>;
  /** The oldest workflows in flight, in detail: a few, or for the roll many more. */
  readonly workflows: Truncated<WorkflowDetail>;
  /** The details are as many as a roll brings: see `SnapshotRequest.roll`. */
  readonly detailScan: boolean;
  /** Where work waits in a queue, the longest queue first. */
  readonly queues: readonly QueueInFlight[];
  /** The delayed workflows that start last, by `VersionInFlight.delayedUntil`'s rule, the very last first. */
  readonly lastDelayed: readonly DelayedWorkflow[];
  /** Rows created lately, of any status. */
  readonly started: Started;
  /** Transactions that held a write lock on `workflow_status` just before the snapshot was taken. */
  readonly writers: readonly Writer[];
  /**
   * Rows in a status that the gate does not know. Absent: not looked for (see `SnapshotRequest.scanStatuses`).
   * `timed-out`: looked for, without an answer.
   */
  readonly unknownStatuses: readonly UnknownStatus[] | 'timed-out' | undefined;
  /** Cancelled and dead-lettered workflows. Absent: not asked for. */
  readonly failed: readonly FailedOnVersion[] | undefined;
  /** What the search of the whole history found. Absent: not asked for. */
  readonly history: HistorySearch | undefined;
  /** The newest write that an index shows. Absent: the tables hold nothing. */
  readonly newestWriteAt: number | undefined;
}

/** A list that the SQL cut at a limit, and how many it cut off: what carries a version comes first. */
export interface Truncated<T> {
  readonly items: readonly T[];
  readonly omitted: number;
  /** Of those without a version, which need not concern any target. */
  readonly omittedUnversioned: number;
}

export interface Registration {
  readonly version: string;
  readonly application: string | null;
  /** DBOS calls the version with the greatest timestamp the latest. */
  readonly timestamp: number;
  /** It was written again after its creation, so that somebody else may have given it its owner. */
  readonly rewritten: boolean;
}

/** Rows of `application_versions` within the application. */
export interface Registrations {
  /** The newest 100, those of versions in flight, and those that resemble a version asked for. */
  readonly versions: readonly Registration[];
  readonly total: number;
}

export interface VersionInFlight {
  readonly version: string | null;
  readonly application: string | null;
  /** A process took up work of this version without writing an owner: its SDK writes none. */
  readonly ranUnowned: boolean;
  readonly pending: number;
  readonly enqueued: number;
  readonly delayed: number;
  /** In flight under a name that `ignore-workflows` matches; not in the three counts above. */
  readonly ignored: number;
  /** Creation of the oldest that is not ignored. */
  readonly oldestCreatedAt: number | null;
  /**
   * Before this, a delayed row of it cannot leave its status by itself, ignored and debounced ones aside: the
   * greatest `delay_until_epoch_ms`, or a deadline where that comes first.
   */
  readonly delayedUntil: number | null;
  /** The newest write that a process of the version made to the status of a row that it runs. */
  readonly newestTakenAt: number | null;
}

/** Work of one version that waits in one queue. */
export interface QueueInFlight {
  readonly version: string;
  readonly queue: string;
  readonly pending: number;
  readonly enqueued: number;
  /** The newest `started_at_epoch_ms` among those that run: when the queue was last seen to move. */
  readonly newestStartedAt: number | null;
  /** What runs from this queue in all versions: a concurrency limit counts them all. */
  readonly runningInAll: number;
  /** The queue's limit of what may run at once; null where the tables do not tell, or the role may not read it. */
  readonly concurrency: number | null;
  /** A rate limit's period, in milliseconds: so long may pass without a start. Null as above, or without such a limit. */
  readonly rateMs: number | null;
}

export interface DelayedWorkflow {
  readonly id: string;
  readonly version: string;
  readonly name: string | null;
  readonly until: number;
}

export interface WorkflowGroup {
  readonly version: string | null;
  readonly name: string | null;
  readonly queue: string | null;
  readonly pending: number;
  readonly enqueued: number;
  readonly delayed: number;
  readonly ignored: boolean;
  readonly oldestCreatedAt: number;
}

export interface WorkflowDetail {
  readonly id: string;
  readonly version: string | null;
  readonly name: string | null;
  readonly className: string | null;
  readonly status: string;
  readonly queue: string | null;
  readonly executor: string | null;
  readonly createdAt: number;
  /** The last write to its row: a change of its status, or of what belongs to that. No step makes one. */
  readonly updatedAt: number;
  readonly startedAt: number | null;
  readonly delayUntil: number | null;
  /** Each further call of its debouncer moves `delayUntil`, up to `debounceDeadline` where there is one. */
  readonly debounced: boolean;
  readonly debounceDeadline: number | null;
  /** When DBOS will cancel it. */
  readonly deadline: number | null;
  readonly parent: string | null;
  /** It is the parent of some workflow in flight, in whatever version, ignored ones among them. */
  readonly hasChildren: boolean;
  /** Looked for only where it is PENDING: null says nothing of what a workflow in a queue did before it came there. */
  readonly lastStep: LastStep | null;
}

export interface LastStep {
  /** `function_id`: a fork that starts at the next number keeps everything done so far. */
  readonly number: number;
  readonly name: string;
  /** Unknown in rows of older SDKs, as is `completedAt`. */
  readonly startedAt: number | null;
  /** Of a sleep, newer SDKs record when it will be over. */
  readonly completedAt: number | null;
  /**
   * The name of the step before it by number; null where that has not ended, or there is none. A `recv` or a `getEvent`
   * takes a number, and the next one for its timeout, which is recorded as a `DBOS.sleep` when the wait begins.
   */
  readonly before: string | null;
  /** What is recorded of the steps before it; null but for a `DBOS.sleep`. */
  readonly earlier: EarlierSteps | null;
}

/** The last numbers before a step, `EARLIER_STEPS` of `situation.ts` at most. A step is recorded when it ends. */
export interface EarlierSteps {
  readonly count: number;
  /** When the last of them ended, or will; null where that of any is unknown, and where there is none. */
  readonly endedAt: number | null;
}

/**
 * Rows created lately, counted twice over: since the moment that the previous poll fixed, to compare with it,
 * and since a moment that this poll fixes for the next one.
 */
export interface Started {
  readonly versions: readonly StartedOnVersion[];
  /**
   * Which workflows were created since `SnapshotRequest.namesSince`, the most frequent first: those without a parent, where
   * the schema tells. By the clocks of the processes that stamp rows, so the counts are approximate.
   */
  readonly names: readonly StartedName[];
  /** Where `fromHere` begins. */
  readonly fromHere: number;
}

export interface StartedOnVersion {
  readonly version: string;
  readonly application: string | null;
  readonly ranUnowned: boolean;
  /** Since `SnapshotRequest.startedSince`; zero when the request named no moment. */
  readonly sincePrevious: RowSet;
  readonly fromHere: RowSet;
  /** How many of each are children of another workflow; null where the schema does not tell. */
  readonly childrenSincePrevious: number | null;
  readonly childrenFromHere: number | null;
}

export interface StartedName {
  readonly version: string;
  readonly name: string | null;
  readonly count: number;
}

/** How many rows, and a number that changes when other rows take the place of as many. */
export interface RowSet {
  readonly count: number;
  readonly fingerprint: string;
}

export interface Writer {
  /** `virtualtransaction`: names one transaction of one backend. */
  readonly transaction: string;
  readonly pid: number | null;
  /** `application_name` of the connection. */
  readonly connection: string | null;
}

export interface UnknownStatus {
  readonly version: string | null;
  readonly status: string | null;
  readonly count: number;
}

export interface FailedOnVersion {
  readonly version: string;
  readonly cancelled: number;
  readonly deadLettered: number;
}

export interface HistorySearch {
  readonly searchedFor: readonly string[];
  /** Versions found on rows of any status that equal a version searched for, case and white space aside. */
  readonly found: readonly string[];
  /** False: the search ran into its timeout and proves nothing. */
  readonly complete: boolean;
}

/** Which versions' rows a poll counts. Unversioned rows are always counted. */
export type VersionSelection = { readonly only: readonly string[] } | { readonly except: readonly string[] };

/** What the rules ask of one poll, beyond what every poll brings. */
export interface RuleRequest {
  readonly selection: VersionSelection;
  /** Versions whose registrations the poll brings however many newer ones there are, besides the selected ones. */
  readonly registrationsOf: readonly string[];
  /** Where the previous poll's `started.fromHere` began. */
  readonly startedSince: number | undefined;
  /** Versions to search for in all rows of any status: a full scan, so once a version and run. */
  readonly searchHistoryFor: readonly string[];
  /** Poll for unknown statuses even where that takes a full scan. */
  readonly scanStatuses: boolean;
  /** Count cancelled and dead-lettered workflows. */
  readonly countFailed: boolean;
}

/** What the forecast asks of one poll. */
export interface ForecastRequest {
  /**
   * Bring the details of the oldest 10,000, not of a few: it costs a page each, and some five more for each that runs,
   * so once a minute at most.
   */
  readonly detailScan: boolean;
  /** Name what was created since then, by the database's clock. Absent: nothing. */
  readonly namesSince: number | undefined;
}

export interface SnapshotRequest extends RuleRequest, ForecastRequest {}

/** Reads snapshots of a system database. */
export interface SnapshotReader {
  /**
   * @param signal Ends the read when it aborts, whatever the network does. The error then reports that time ran out.
   * @throws TransientError when the database cannot be reached or read for a reason that can pass by itself.
   * @throws ReportableError when it cannot be reached or read, and retrying does not help.
   */
  read(request: SnapshotRequest, signal: AbortSignal): Promise<Snapshot>;
}
