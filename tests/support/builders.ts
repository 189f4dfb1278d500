import { type GateConfig, HOSTED_JOB_LIMIT_MS } from '../../src/config.ts';
import { namesOnly } from '../../src/dbos/names-only.ts';
import type { ProbeRow } from '../../src/dbos/schema.ts';
import type {
  Access,
  Application,
  DatabaseFacts,
  LastStep,
  NewestRoots,
  QueueInFlight,
  Registration,
  Snapshot,
  SnapshotContents,
  SnapshotReader,
  SnapshotRequest,
  StartedName,
  StartedOnVersion,
  VersionInFlight,
  WorkflowDetail,
  Writer,
} from '../../src/dbos/snapshot/index.ts';
import { reportedFailure } from '../../src/errors.ts';
import { type FailedPoll, type HoldParts, type HoldResult, hold, type Poll } from '../../src/hold/hold.ts';
import type { Message } from '../../src/message.ts';
import { failedRun, type Run, runReportOf } from '../../src/report/model.ts';
import type { RunReport } from '../../src/report/schema.ts';
import type { Clock } from '../../src/time.ts';

/** The database's clock at the first poll of a test; later polls follow the gate's clock from there. */
export const DATABASE_EPOCH = Date.UTC(2026, 0, 1);

export function config(changes: Partial<GateConfig> = {}): GateConfig {
  return {
    targets: { kind: 'named', versions: ['1.0.0'] },
    application: undefined,
    mode: 'wait',
    timeoutMs: 30 * 60_000,
    longestRunMs: HOSTED_JOB_LIMIT_MS,
    onTimeout: 'fail',
    pollIntervalMs: 5000,
    pollTimeoutMs: 30_000,
    settleMs: 10_000,
    failFast: true,
    stuckAfterMs: 15 * 60_000,
    ignoreWorkflows: [],
    onUnknown: 'fail',
    onLive: 'block',
    onUnversioned: 'auto',
    details: 'full',
    longNames: [],
    ...changes,
  };
}

/** An application with one registered version and nothing in flight, but for what the test says. */
export function application(changes: Partial<Application> = {}): Application {
  return { name: 'billing', firstRegistered: 1, newestRegistered: 1, inFlight: [], ...changes };
}

export function registration(version: string, timestamp: number, application: string | null = 'shop'): Registration {
  return { version, application, timestamp, registeredAt: DATABASE_EPOCH, rewritten: false };
}

/** 1.0.0 was registered before 2.0.0, by an SDK that writes its application's name. */
export const twoRegistered: readonly Registration[] = [registration('1.0.0', 1), registration('2.0.0', 2)];

/** Nothing is omitted from a list of workflows. */
export const whole = { omitted: 0, omittedUnversioned: 0 };

export function inFlight(version: string | null, counts: Partial<VersionInFlight> = {}): VersionInFlight {
  return {
    version,
    application: 'shop',
    ranUnowned: false,
    pending: 0,
    enqueued: 0,
    delayed: 0,
    ignored: 0,
    oldestCreatedAt: DATABASE_EPOCH,
    delayedUntil: null,
    newestTakenAt: null,
    ...counts,
  };
}

/** A transaction that writes, as it is named in `pg_locks`. */
export function openWriter(transaction = '3/7', changes: Partial<Writer> = {}): Writer {
  return { transaction, pid: 42, connection: 'shop', waits: false, prepared: null, ...changes };
}

/** So many rows created lately: `then` as the poll before counted them, `now` as this one does. */
export function started(version: string | null, then: number, now: number): StartedOnVersion {
  return {
    version,
    application: 'shop',
    ranUnowned: false,
    sincePrevious: { count: now, fingerprint: String(now * 7) },
    fromHere: { count: then, fingerprint: String(then * 7) },
    childrenSincePrevious: 0,
    childrenFromHere: 0,
  };
}

export function facts(changes: Partial<DatabaseFacts> = {}): DatabaseFacts {
  return {
    serverVersion: '18.4',
    standby: false,
    startedAt: '1767225600000000',
    cluster: '7500000000000000000',
    sharded: false,
    logicalSubscriber: false,
    relationKind: 'r',
    tableId: '16384',
    rowSecurityActive: false,
    missingColumns: [],
    migration: 123,
    ...changes,
  };
}

/** A pending workflow of 1.0.0, created at the epoch and never written to since, but for what the test says. */
export function workflowDetail(changes: Partial<WorkflowDetail> = {}): WorkflowDetail {
  return {
    id: 'order-1',
    version: '1.0.0',
    name: 'checkout',
    className: null,
    instance: null,
    status: 'PENDING',
    queue: null,
    executor: 'local',
    createdAt: DATABASE_EPOCH,
    updatedAt: DATABASE_EPOCH,
    startedAt: null,
    delayUntil: null,
    debounced: false,
    debounceDeadline: null,
    deadline: null,
    parent: null,
    serialization: 'js_superjson',
    isPartitionFull: false,
    hasChildren: false,
    lastStep: null,
    ...changes,
  };
}

/** A step that has ended, as all before it had when it began, but for what the test says. */
export function step(changes: Partial<LastStep> = {}): LastStep {
  const { number = 0, startedAt = null } = changes;
  return {
    number,
    name: 'charge',
    startedAt,
    completedAt: DATABASE_EPOCH,
    before: null,
    earlier: number === 0 ? { count: 0, endedAt: null } : { count: number, endedAt: startedAt },
    ...changes,
  };
}

/** A queue in which one workflow of 1.0.0 waits, and of which no limit is known, but for what the test says. */
export function queueInFlight(changes: Partial<QueueInFlight> = {}): QueueInFlight {
  return {
    version: '1.0.0',
    queue: 'mail',
    pending: 0,
    enqueued: 1,
    newestStartedAt: null,
    runningInAll: 0,
    concurrency: null,
    partitionConcurrency: null,
    workerConcurrency: null,
    rateMs: null,
    ...changes,
  };
}

/** What the catalogs tell of a database with DBOS's tables, as far as a role with these columns can read them. */
export function probe(changes: Partial<ProbeRow> = {}): ProbeRow {
  return {
    observed_at: DATABASE_EPOCH,
    role: 'gate',
    server_version: '18.4',
    server: { startedAt: '1767225600000000', standby: false },
    identifies_cluster: true,
    schema_exists: true,
    schema_usable: true,
    schemas_with_tables: [],
    relation_kind: 'r',
    file: null,
    table_id: null,
    logical_subscriber: false,
    row_security_active: false,
    plain_status_index: false,
    failed_index: false,
    tables: {},
    ...changes,
  };
}

export interface Scene extends Partial<Omit<SnapshotContents, 'registrations' | 'started'>> {
  readonly names?: readonly StartedName[];
  /** By the database's clock; the epoch unless the test says when. */
  readonly observedAt?: number;
  readonly durationMs?: number;
  readonly lockWaitMs?: number;
  readonly registrations?: readonly Registration[] | 'no-table';
  readonly started?: readonly StartedOnVersion[];
  readonly database?: DatabaseFacts;
  /** What a preflight asks of its role. */
  readonly access?: Access;
}

/** No workflow was created since the latest version was registered. */
export const nothingStarted: NewestRoots = { versions: [], reachesBack: true, othersFill: false, showsParents: true };

/** What a poll sees of a drained 1.0.0 beside a live 2.0.0, but for what the test says. */
export function snapshot(scene: Scene = {}): Snapshot {
  const {
    registrations = twoRegistered,
    started: created = [],
    names = [],
    database = facts(),
    access,
    ...others
  } = scene;
  const { observedAt = DATABASE_EPOCH, durationMs = 10, lockWaitMs = 0, ...rest } = others;
  return {
    observedAt,
    durationMs,
    lockWaitMs,
    database,
    access,
    contents: {
      registrations: registrations === 'no-table' ? undefined : registrations,
      owners: ['shop'],
      applicationSeen: true,
      applications: [],
      inFlight: [],
      groups: { items: [], omitted: 0, omittedUnversioned: 0 },
      matchedPatterns: [],
      workflows: { items: [], omitted: 0, omittedUnversioned: 0 },
      detailScan: false,
      queues: [],
      lastDelayed: [],
      started: { versions: created, names, fromHere: DATABASE_EPOCH - 60_000 },
      writers: [],
      unknownStatuses: undefined,
      failed: undefined,
      newestRoots: nothingStarted,
      serializations: [],
      history: undefined,
      newestCreatedAt: DATABASE_EPOCH,
      newestWriteAt: DATABASE_EPOCH,
      ...rest,
    },
  };
}

/** How a hold ended, with each of its polls. */
export interface Held extends Omit<HoldResult, 'polls' | 'failedPolls'> {
  readonly polls: readonly Poll[];
  readonly failedPolls: readonly FailedPoll[];
}

/** The result of a hold that no error ended. Throws that error otherwise. */
export function answered(result: HoldResult): HoldResult {
  if (result.error !== undefined) throw result.error;
  return result;
}

/** The report of a run that failed before its first poll. */
export function failureReport(failure: Message, waitedMs = 0): RunReport {
  return runReportOf({ ...failedRun({ kind: 'connection-lost', message: failure }, config(), 'dbos'), waitedMs });
}

/** A clock that stands still but for pauses, and a record of them and of the timeouts, which never pass. */
export function testClock(): Clock & { readonly pauses: number[]; readonly timeouts: number[] } {
  let now = 1_000_000;
  const pauses: number[] = [];
  const timeouts: number[] = [];
  return {
    pauses,
    timeouts,
    withTimeout: (milliseconds, work) => {
      timeouts.push(milliseconds);
      return work(new AbortController().signal);
    },
    now: () => now,
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
}

/** What the poll of this number sees, when so many milliseconds have passed and this was asked. */
export type Script = (poll: {
  readonly number: number;
  readonly at: number;
  readonly request: SnapshotRequest;
}) => Scene;

type ScriptedParts = Partial<HoldParts> & {
  /** The versions that some row carries, for a search of the history. */
  readonly history?: readonly string[];
};

/** Holds against a scripted system database, on a clock that costs no time. */
export async function holdAgainst(gate: GateConfig, script: Script, parts: ScriptedParts = {}) {
  const polls: Poll[] = [];
  const failedPolls: FailedPoll[] = [];
  const requests: SnapshotRequest[] = [];
  const clock = testClock();
  const result = await hold(gate, {
    clock,
    signal: new AbortController().signal,
    onPoll: (poll) => polls.push(poll),
    onFailedPoll: (failed) => failedPolls.push(failed),
    reader: scriptedReader(script, clock, requests, parts.history),
    ...parts,
  });
  return { ...answered(result), polls, failedPolls, requests, pauses: clock.pauses };
}

/** The run of such a hold, whether or not an error ended it. */
export async function runAgainst(
  gate: GateConfig,
  script: Script,
  parts: ScriptedParts = {},
  schema = 'dbos',
): Promise<Run> {
  const clock = testClock();
  const reader = scriptedReader(script, clock, [], parts.history);
  const place = { host: 'db.example.com', user: 'gate', database: 'shop', schema };
  const { error, ...held } = await hold(gate, {
    clock,
    signal: new AbortController().signal,
    onPoll: () => {},
    onFailedPoll: () => {},
    reader: gate.details === 'names' ? namesOnly(reader, place) : reader,
    ...parts,
  });
  return { ...held, failure: error === undefined ? undefined : reportedFailure(error), config: gate, schema };
}

function scriptedReader(
  script: Script,
  clock: Clock,
  requests: SnapshotRequest[],
  found: readonly string[] = [],
): SnapshotReader {
  const start = clock.now();
  return {
    read: async (request) => {
      requests.push(request);
      const searchedFor = request.searchHistoryFor;
      const known = found.map((version) => ({ version, stranger: null }));
      const history = searchedFor.length === 0 ? undefined : { searchedFor, found: known, complete: true };
      const scene = script({ number: requests.length, at: clock.now() - start, request });
      const newestRoots = request.newestRoots ? (scene.newestRoots ?? nothingStarted) : undefined;
      return snapshot({ history, detailScan: request.detailScan, ...scene, newestRoots });
    },
  };
}
