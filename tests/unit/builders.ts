import type { ProbeRow } from '../../src/dbos/schema.ts';
import type { GateConfig } from '../../src/gate/config.ts';
import {
  type Clock,
  type FailedLook,
  type HoldParts,
  hold,
  type Look,
  type Outcome,
} from '../../src/gate/hold.ts';
import type {
  DatabaseFacts,
  LastStep,
  LookRequest,
  Observation,
  QueueInFlight,
  Registration,
  StartedName,
  StartedOnVersion,
  SystemDatabaseContents,
  VersionInFlight,
  WorkflowDetail,
} from '../../src/gate/observation.ts';
import { stepResult } from '../../src/gate/verdict.ts';
import { warningsOf } from '../../src/gate/warning.ts';
import type { Result } from '../../src/report/result.ts';
import type { Sentence } from '../../src/sentence.ts';

/** The database's clock at the first look of a test; later looks follow the gate's clock from there. */
export const DATABASE_EPOCH = Date.UTC(2026, 0, 1);

export function config(changes: Partial<GateConfig> = {}): GateConfig {
  return {
    targets: { kind: 'named', versions: ['1.0.0'] },
    application: undefined,
    mode: 'wait',
    timeoutMs: 30 * 60_000,
    onTimeout: 'fail',
    pollIntervalMs: 5000,
    lookTimeoutMs: 30_000,
    settleMs: 10_000,
    failFast: true,
    stuckAfterMs: 15 * 60_000,
    ignoreWorkflows: [],
    onUnknown: 'fail',
    onLatest: 'block',
    onUnversioned: 'auto',
    ...changes,
  };
}

export function registration(
  version: string,
  timestamp: number,
  application: string | null = 'shop',
): Registration {
  return { version, application, timestamp, rewritten: false };
}

/** 1.0.0 was registered before 2.0.0, by an SDK that writes its application's name. */
export const twoRegistered: readonly Registration[] = [registration('1.0.0', 1), registration('2.0.0', 2)];

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

/** So many rows created lately: `then` as the look before counted them, `now` as this one does. */
export function started(version: string, then: number, now: number): StartedOnVersion {
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
    standby: false,
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

export interface Scene extends Partial<Omit<SystemDatabaseContents, 'registrations' | 'started'>> {
  readonly names?: readonly StartedName[];
  /** By the database's clock; the epoch unless the test says when. */
  readonly observedAt?: number;
  readonly lookMs?: number;
  readonly registrations?: readonly Registration[] | 'no-table';
  readonly started?: readonly StartedOnVersion[];
  readonly database?: DatabaseFacts;
}

/** What a look sees of a drained 1.0.0 beside a live 2.0.0, but for what the test says. */
export function observation(scene: Scene = {}): Observation {
  const {
    registrations = twoRegistered,
    started: created = [],
    names = [],
    database = facts(),
    ...others
  } = scene;
  const { observedAt = DATABASE_EPOCH, lookMs = 10, ...rest } = others;
  return {
    observedAt,
    lookMs,
    database,
    seen: {
      registrations:
        registrations === 'no-table' ? undefined : { versions: registrations, total: registrations.length },
      owners: ['shop'],
      applicationSeen: true,
      inFlight: [],
      groups: { items: [], leftOut: 0, leftOutUnversioned: 0 },
      workflows: { items: [], leftOut: 0, leftOutUnversioned: 0 },
      roll: false,
      queues: [],
      lastDelayed: [],
      started: { versions: created, names, fromHere: DATABASE_EPOCH - 60_000 },
      writers: [],
      unknownStatuses: undefined,
      failed: undefined,
      history: undefined,
      newestWriteAt: DATABASE_EPOCH,
      ...rest,
    },
  };
}

/** How a hold ended, as the renderers are told it. */
export function resultOf(
  gate: GateConfig,
  held: Outcome & { readonly looks: readonly Look[]; readonly failedLooks: readonly FailedLook[] },
  schema = 'dbos',
): Result {
  const { verdict, last, waitedMs, looks, failedLooks } = held;
  return {
    verdict,
    step: stepResult(verdict, gate),
    config: gate,
    schema,
    first: looks[0],
    last,
    failure: undefined,
    warnings: last ? warningsOf(last.judgement) : [],
    waitedMs,
    looks: looks.length,
    failedLooks: failedLooks.length,
  };
}

/** A run that ended in a failure before a look, as the renderers are told it. */
export function failureResult(failure: Sentence, waitedMs = 0): Result {
  return {
    verdict: 'error',
    step: 'fail',
    config: config(),
    schema: 'dbos',
    first: undefined,
    last: undefined,
    failure,
    warnings: [],
    waitedMs,
    looks: 0,
    failedLooks: 0,
  };
}

/** A clock that stands still but for pauses, and a record of them. */
export function testClock(): Clock & { readonly pauses: number[] } {
  let now = 1_000_000;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => now,
    pause: async (milliseconds) => {
      pauses.push(milliseconds);
      now += milliseconds;
    },
  };
}

/** What the look of this number sees, when so many milliseconds have passed and this was asked. */
export type Script = (look: {
  readonly number: number;
  readonly at: number;
  readonly request: LookRequest;
}) => Scene;

/**
 * Holds against a scripted system database, on a clock that costs no time. History is searched in `history`, a
 * list of the versions that some row carries.
 */
export async function holdAgainst(
  gate: GateConfig,
  script: Script,
  parts: Partial<HoldParts> & { readonly history?: readonly string[] } = {},
) {
  const clock = testClock();
  const beginning = clock.now();
  const looks: Look[] = [];
  const failedLooks: FailedLook[] = [];
  const requests: LookRequest[] = [];
  const outcome = await hold(gate, {
    clock,
    signal: new AbortController().signal,
    onLook: (look) => looks.push(look),
    onFailedLook: (failed) => failedLooks.push(failed),
    observer: {
      look: async (request) => {
        requests.push(request);
        const at = clock.now() - beginning;
        const searched = request.searchHistoryFor;
        const history =
          searched.length === 0
            ? undefined
            : { searchedFor: searched, found: [...(parts.history ?? [])], complete: true };
        return observation({
          history,
          roll: request.roll,
          ...script({ number: requests.length, at, request }),
        });
      },
    },
    ...parts,
  });
  return { ...outcome, looks, failedLooks, requests, pauses: clock.pauses };
}
