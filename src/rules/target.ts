import type { GateConfig } from '../config.ts';
import type { FailedOnVersion, RowSet } from '../dbos/snapshot/index.ts';
import type { GateState, PollTime, SettleWindow } from '../hold/state.ts';
import type { TargetBlocker } from './blocker.ts';
import { type SnapshotIndex, sumOf } from './snapshot-index.ts';

/** What one poll means for one target. */
export interface TargetEvaluation {
  readonly version: string;
  readonly application: string | null;
  readonly known: boolean;
  readonly latest: boolean;
  /** False: `on-unknown: pass` takes it out of the judgement. */
  readonly judged: boolean;
  readonly pending: number;
  readonly enqueued: number;
  readonly delayed: number;
  /** In a status that the gate does not know. */
  readonly unknownStatus: number;
  readonly ignored: number;
  readonly oldestCreatedAt: number | null;
  readonly failed: FailedOnVersion | undefined;
  readonly blockers: readonly TargetBlocker[];
  /** How long every poll has been idle; absent while it is not. In milliseconds. */
  readonly settledForMs: number | undefined;
  /** Clean for the whole settle window, its own blockers and the gate's. */
  readonly drained: boolean;
}

/** Workflows in flight on a target, ignored ones excluded. */
export function inFlightOn({ pending, enqueued, delayed, unknownStatus }: TargetEvaluation): number {
  return pending + enqueued + delayed + unknownStatus;
}

/** What the rules for a target rest on. */
export interface RuleContext {
  readonly config: GateConfig;
  /** The memory before this poll. */
  readonly before: GateState;
  /** The memory with what this poll adds. */
  readonly state: GateState;
  readonly index: SnapshotIndex;
  readonly time: PollTime;
  /** Nothing blocks the whole gate. */
  readonly gateIdle: boolean;
}

/** Rules 1 to 6, and what rule 9 says of unknown statuses, for one target. */
export function evaluateTarget(version: string, context: RuleContext): TargetEvaluation {
  const { config, before, state, index, time, gateIdle } = context;
  const inFlight = index.inFlight.get(version);
  const { pending = 0, enqueued = 0, delayed = 0, ignored = 0 } = inFlight ?? {};
  const known = state.known.has(version);
  const unknown = known ? undefined : unknownVersion(version, state, index);
  const transient =
    config.onUnknown === 'pass' && unknown?.similar.length === 0 && unknown.searched === 'whole-history';
  const judged = unknown === undefined || !transient;
  const statuses = index.unknownStatuses.filter((row) => row.version === version);
  const latest = index.latest.has(version);
  const window = before.windows.get(version);

  const reasonsToWait: TargetBlocker[] = [];
  if (unknown !== undefined && judged) reasonsToWait.push(unknown);
  if (pending + enqueued + delayed > 0) reasonsToWait.push({ kind: 'in-flight', pending, enqueued, delayed });
  if (statuses.length > 0) reasonsToWait.push({ kind: 'unknown-status', statuses });
  const started = window === undefined ? 0 : startedSincePoll(version, before, index);
  if (started > 0) reasonsToWait.push({ kind: 'still-starting', atLeast: started });
  if (latest && config.onLive === 'block') {
    const alternatives = index.registered.map((other) => other.version).filter((other) => other !== version);
    reasonsToWait.push({ kind: 'live', alternatives });
  }
  const claim = claimReason(version, context);
  if (index.unversioned > 0 && blocksUnversioned(config, claim)) {
    reasonsToWait.push({ kind: 'unversioned', count: index.unversioned, because: claim ?? 'asked' });
  }

  const { blockers, settledForMs } = settled(reasonsToWait, gateIdle && judged, window, index, time);
  return {
    version,
    application: index.registrations.get(version)?.application ?? inFlight?.application ?? null,
    known,
    latest,
    judged,
    pending,
    enqueued,
    delayed,
    unknownStatus: sumOf(statuses),
    ignored,
    oldestCreatedAt: inFlight?.oldestCreatedAt ?? null,
    failed: index.failed.get(version),
    blockers,
    settledForMs,
    drained: isDrained({ blockers, settledForMs }, config),
  };
}

/** Clean for the whole settle window. */
export function isDrained({ blockers, settledForMs }: NoTargets, config: GateConfig): boolean {
  return blockers.length === 0 && settledForMs !== undefined && settledForMs >= config.settleMs;
}

/** Rule 1: a version without any trace. */
function unknownVersion(
  version: string,
  state: GateState,
  index: SnapshotIndex,
): TargetBlocker & { readonly kind: 'unknown-version' } {
  const registered = index.registered.map((registration) => registration.version);
  const search = state.searches.get(version);
  const similar = new Set([
    ...registered.filter((other) => isSimilar(other, version)),
    ...(search?.similar ?? []),
  ]);
  const searched = search === undefined ? 'not-yet' : search.complete ? 'whole-history' : 'timed-out';
  return { kind: 'unknown-version', searched, similar: [...similar], registered };
}

/** Different names, but equal in all but case and white space. */
export function isSimilar(a: string, b: string): boolean {
  const normal = (text: string) => text.replace(/\s/g, '').toLowerCase();
  return a !== b && normal(a) === normal(b);
}

/**
 * Rule 3: how many rows of any status were created on a version since the poll before, at least. It compares
 * what two polls counted from the same moment, with a margin for the clocks of the processes that stamp rows.
 */
function startedSincePoll(version: string, before: GateState, index: SnapshotIndex): number {
  const none: RowSet = { count: 0, fingerprint: '0' };
  const then = before.started?.versions.get(version) ?? none;
  const now = index.started.get(version)?.sincePrevious ?? none;
  if (now.fingerprint === then.fingerprint && now.count === then.count) return 0;
  return Math.max(1, now.count - then.count);
}

/** Rule 4: the transactions that were writing at the first idle poll, and still are. */
export function openWriters(window: SettleWindow | undefined, index: SnapshotIndex): ReadonlySet<string> {
  const now = new Set(index.contents.writers.map(({ transaction }) => transaction));
  return window === undefined ? now : now.intersection(window.writers);
}

/**
 * Rule 6: why a version's processes may dequeue a row without a version, or undefined when they cannot. Only
 * SDKs that let the latest version alone take such rows write the application's name into their registration.
 */
export function claimReason(
  version: string,
  { index, state }: Pick<RuleContext, 'index' | 'state'>,
): 'latest' | 'nothing-registered' | 'sdk-may-claim' | undefined {
  if (index.registered.length === 0) return 'nothing-registered';
  if (index.latest.has(version)) return 'latest';
  const leavesIt = index.registrations.has(version) && !state.mayTakeUnversioned.has(version);
  return leavesIt ? undefined : 'sdk-may-claim';
}

/** What stands in the way where there is no target to judge. */
export interface NoTargets {
  readonly blockers: readonly TargetBlocker[];
  readonly settledForMs: number | undefined;
}

/**
 * Rules 4 and 6 where there is no target: what is about to appear could make one, and where nothing is registered
 * an idle version that the gate cannot see could take work without a version.
 */
export function evaluateNoTargets({ config, before, index, time, gateIdle }: RuleContext): NoTargets {
  const claim = index.registered.length === 0 ? 'nothing-registered' : undefined;
  const unversioned: readonly TargetBlocker[] =
    index.unversioned > 0 && blocksUnversioned(config, claim)
      ? [{ kind: 'unversioned', count: index.unversioned, because: claim ?? 'asked' }]
      : [];
  return settled(unversioned, gateIdle, before.windows.get(null), index, time);
}

/** Adds what rule 4 says of a idle poll, and how long it has been idle. */
function settled(
  blockers: readonly TargetBlocker[],
  mayBeIdle: boolean,
  window: SettleWindow | undefined,
  index: SnapshotIndex,
  time: PollTime,
): NoTargets {
  if (blockers.length > 0 || !mayBeIdle) return { blockers, settledForMs: undefined };
  const open = openWriters(window, index);
  const writers = index.contents.writers.filter(({ transaction }) => open.has(transaction));
  return {
    blockers: writers.length > 0 ? [{ kind: 'open-transaction', writers }] : [],
    settledForMs: Math.max(0, time.began - (window?.openedAt ?? time.began)),
  };
}

function blocksUnversioned(config: GateConfig, claim: ReturnType<typeof claimReason>): boolean {
  switch (config.onUnversioned) {
    case 'auto':
      return claim !== undefined;
    case 'block':
      return true;
    case 'ignore':
      return false;
  }
}
