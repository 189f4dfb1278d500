import type { TargetBlocker } from './blocker.ts';
import type { GateConfig } from './config.ts';
import type { LookTime, Memory, SettleWindow } from './memory.ts';
import type { FailedOnVersion, RowSet } from './observation.ts';
import { type Seen, sumOf } from './seen.ts';

/** What one look means for one target. */
export interface TargetJudgement {
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
  /** How long every look has been clean; absent while it is not. In milliseconds. */
  readonly settledForMs: number | undefined;
  /** Clean for the whole settle window, its own blockers and the gate's. */
  readonly drained: boolean;
}

/** Workflows in flight on a target, ignored ones excluded. */
export function inFlightOn({ pending, enqueued, delayed, unknownStatus }: TargetJudgement): number {
  return pending + enqueued + delayed + unknownStatus;
}

/** What the rules for a target rest on. */
export interface Scene {
  readonly config: GateConfig;
  /** The memory before this look. */
  readonly before: Memory;
  /** The memory with what this look adds. */
  readonly memory: Memory;
  readonly seen: Seen;
  readonly time: LookTime;
  /** Nothing blocks the whole gate. */
  readonly gateClean: boolean;
}

/** Rules 1 to 6, and what rule 9 says of unknown statuses, for one target. */
export function judgeTarget(version: string, scene: Scene): TargetJudgement {
  const { config, before, memory, seen, time, gateClean } = scene;
  const inFlight = seen.inFlight.get(version);
  const { pending = 0, enqueued = 0, delayed = 0, ignored = 0 } = inFlight ?? {};
  const known = memory.known.has(version);
  const unknown = known ? undefined : unknownVersion(version, memory, seen);
  const passes =
    config.onUnknown === 'pass' && unknown?.similar.length === 0 && unknown.searched === 'whole-history';
  const judged = unknown === undefined || !passes;
  const statuses = seen.unknownStatuses.filter((row) => row.version === version);
  const latest = seen.latest.has(version);
  const window = before.windows.get(version);

  const unclean: TargetBlocker[] = [];
  if (unknown !== undefined && judged) unclean.push(unknown);
  if (pending + enqueued + delayed > 0) unclean.push({ kind: 'in-flight', pending, enqueued, delayed });
  if (statuses.length > 0) unclean.push({ kind: 'unknown-status', statuses });
  const started = window === undefined ? 0 : startedSinceLook(version, before, seen);
  if (started > 0) unclean.push({ kind: 'still-starting', atLeast: started });
  if (latest && config.onLatest === 'block') {
    const alternatives = seen.registered.map((other) => other.version).filter((other) => other !== version);
    unclean.push({ kind: 'latest', alternatives });
  }
  const claim = claimReason(version, scene);
  if (seen.unversioned > 0 && blocksUnversioned(config, claim)) {
    unclean.push({ kind: 'unversioned', count: seen.unversioned, because: claim ?? 'asked' });
  }

  const { blockers, settledForMs } = settled(unclean, gateClean && judged, window, seen, time);
  return {
    version,
    application: seen.registrations.get(version)?.application ?? inFlight?.application ?? null,
    known,
    latest,
    judged,
    pending,
    enqueued,
    delayed,
    unknownStatus: sumOf(statuses),
    ignored,
    oldestCreatedAt: inFlight?.oldestCreatedAt ?? null,
    failed: seen.failed.get(version),
    blockers,
    settledForMs,
    drained: isDrained({ blockers, settledForMs }, config),
  };
}

/** Clean for the whole settle window. */
export function isDrained({ blockers, settledForMs }: NobodyJudgement, config: GateConfig): boolean {
  return blockers.length === 0 && settledForMs !== undefined && settledForMs >= config.settleMs;
}

/** Rule 1: a version without any trace. */
function unknownVersion(
  version: string,
  memory: Memory,
  seen: Seen,
): TargetBlocker & { readonly kind: 'unknown-version' } {
  const registered = seen.registered.map((registration) => registration.version);
  const search = memory.searches.get(version);
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
 * Rule 3: how many rows of any status were created on a version since the look before, at least. It compares
 * what two looks counted from the same moment, with a margin for the clocks of the processes that stamp rows.
 */
function startedSinceLook(version: string, before: Memory, seen: Seen): number {
  const none: RowSet = { count: 0, fingerprint: '0' };
  const then = before.started?.versions.get(version) ?? none;
  const now = seen.started.get(version)?.sincePrevious ?? none;
  if (now.fingerprint === then.fingerprint && now.count === then.count) return 0;
  return Math.max(1, now.count - then.count);
}

/** Rule 4: the transactions that were writing at the first clean look, and still are. */
export function openWriters(window: SettleWindow | undefined, seen: Seen): ReadonlySet<string> {
  const now = new Set(seen.contents.writers.map(({ transaction }) => transaction));
  return window === undefined ? now : now.intersection(window.writers);
}

/**
 * Rule 6: why a version's processes may dequeue a row without a version, or undefined when they cannot. Only
 * SDKs that let the latest version alone take such rows write the application's name into their registration.
 */
export function claimReason(
  version: string,
  { seen, memory }: Pick<Scene, 'seen' | 'memory'>,
): 'latest' | 'nothing-registered' | 'sdk-may-claim' | undefined {
  if (seen.registered.length === 0) return 'nothing-registered';
  if (seen.latest.has(version)) return 'latest';
  const leavesIt = seen.registrations.has(version) && !memory.mayTakeUnversioned.has(version);
  return leavesIt ? undefined : 'sdk-may-claim';
}

/** What stands in the way where there is no target to judge. */
export interface NobodyJudgement {
  readonly blockers: readonly TargetBlocker[];
  readonly settledForMs: number | undefined;
}

/**
 * Rules 4 and 6 where there is no target: what is about to appear could make one, and where nothing is registered
 * an idle version that the gate cannot see could take work without a version.
 */
export function judgeNobody({ config, before, seen, time, gateClean }: Scene): NobodyJudgement {
  const claim = seen.registered.length === 0 ? 'nothing-registered' : undefined;
  const unversioned: readonly TargetBlocker[] =
    seen.unversioned > 0 && blocksUnversioned(config, claim)
      ? [{ kind: 'unversioned', count: seen.unversioned, because: claim ?? 'asked' }]
      : [];
  return settled(unversioned, gateClean, before.windows.get(null), seen, time);
}

/** Adds what rule 4 says of a clean look, and how long it has been clean. */
function settled(
  blockers: readonly TargetBlocker[],
  mayBeClean: boolean,
  window: SettleWindow | undefined,
  seen: Seen,
  time: LookTime,
): NobodyJudgement {
  if (blockers.length > 0 || !mayBeClean) return { blockers, settledForMs: undefined };
  const open = openWriters(window, seen);
  const writers = seen.contents.writers.filter(({ transaction }) => open.has(transaction));
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
