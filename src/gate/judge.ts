import type { GateBlocker, TargetBlocker } from './blocker.ts';
import type { GateConfig } from './config.ts';
import type { Memory, Search, SettleWindow } from './memory.ts';
import type {
  FailedOnVersion,
  LookRequest,
  Observation,
  Registration,
  SystemDatabaseContents,
  VersionInFlight,
} from './observation.ts';
import {
  keptVersionProblems,
  keptVersionsToSearch,
  latestVersions,
  registeredVersions,
  selectionFor,
  updateTargets,
} from './targets.ts';
import { distrustOf, isNewerThanKnown, wrongApplication } from './trust.ts';

/** When a look began and ended, in milliseconds since the gate began. */
export interface LookTime {
  readonly began: number;
  readonly ended: number;
}

/** What one observation, after those before it, means by the rule of retirement. */
export interface Judgement {
  readonly observation: Observation;
  /** Blockers on the whole gate: they block every target. */
  readonly gate: readonly GateBlocker[];
  readonly targets: readonly TargetJudgement[];
  /** Every target is drained; or there has been none for the settle window. */
  readonly drained: boolean;
  /** In-flight rows without a version that a target could claim. */
  readonly unversioned: number;
  /**
   * The look lacked evidence that a more expensive one brings: look again at once, with `next`. Nothing is
   * decided by such a look.
   */
  readonly provisional: boolean;
  readonly memory: Memory;
  readonly next: LookRequest;
}

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

/** What the first look is asked for. */
export function firstRequest(config: GateConfig, memory: Memory): LookRequest {
  return {
    selection: selectionFor(config, memory),
    startedSince: undefined,
    searchHistoryFor: [],
    scanStatuses: false,
    countFailed: true,
  };
}

/**
 * The rule of retirement: what this observation means, given the memory of those before it. Pure.
 *
 * @param time When the look began and ended; what the settle window is measured with.
 */
export function judge(
  config: GateConfig,
  before: Memory,
  observation: Observation,
  time: LookTime,
): Judgement {
  const distrust = distrustOf(observation.database);
  const { seen } = observation;
  if (seen === undefined || distrust.length > 0) {
    const memory = { ...before, windows: new Map() };
    return {
      observation,
      gate: distrust,
      targets: [],
      drained: false,
      unversioned: 0,
      provisional: false,
      memory,
      next: firstRequest(config, memory),
    };
  }

  const remembered = remember(updateTargets(config, before, seen), seen, time);
  const resolvedLatest = config.targets.kind === 'all-but-latest' && before.kept === undefined;
  const gate = [...wrongApplication(config, seen), ...keptVersionProblems(config, remembered, seen)];
  const toSearch = [
    ...[...remembered.targets].filter((v) => !remembered.known.has(v) && !remembered.searches.has(v)),
    ...keptVersionsToSearch(remembered, seen, time.ended),
  ];

  const claims = unversionedClaims(seen);
  const targets = [...remembered.targets].map((version) =>
    judgeTarget({
      config,
      before,
      memory: remembered,
      seen,
      time,
      version,
      claims,
      gateClean: gate.length === 0,
    }),
  );
  const judged = targets.filter((target) => target.judged);
  const needsStatusScan =
    isNewerThanKnown(observation.database) &&
    !remembered.statusesScanned &&
    !Array.isArray(seen.unknownStatuses) &&
    judged.some((target) => target.settledForMs !== undefined);
  const scanBlocker: readonly GateBlocker[] = needsStatusScan
    ? [{ kind: 'statuses-not-scanned', timedOut: seen.unknownStatuses === 'timed-out' }]
    : [];
  const allGate = [...gate, ...scanBlocker];
  const quietForMs = time.began - (before.firstLookEnded ?? time.began);
  const provisional =
    (resolvedLatest && remembered.kept !== undefined) ||
    toSearch.length > 0 ||
    (needsStatusScan && seen.unknownStatuses === undefined);
  const memory = {
    ...remembered,
    firstLookEnded: before.firstLookEnded ?? (provisional ? undefined : time.ended),
    windows: windowsOf(judged, before, seen, time),
  };

  return {
    observation,
    gate: allGate,
    targets: targets.map((target) => ({ ...target, drained: target.drained && allGate.length === 0 })),
    drained:
      allGate.length === 0 &&
      (judged.length > 0 ? judged.every(({ drained }) => drained) : quietForMs >= config.settleMs),
    unversioned: judged.some((target) => claims(target.version) !== undefined) ? unversionedCount(seen) : 0,
    provisional,
    memory,
    next: {
      selection: selectionFor(config, memory),
      startedSince: memory.started?.since,
      searchHistoryFor: toSearch,
      scanStatuses: needsStatusScan,
      countFailed: memory.windows.size > 0,
    },
  };
}

/** What stays true after this look, whatever the next one sees. */
function remember(memory: Memory, seen: SystemDatabaseContents, time: LookTime): Memory {
  const searches = new Map<string, Search>(memory.searches);
  for (const version of seen.history?.searchedFor ?? []) {
    searches.set(version, {
      at: time.ended,
      complete: seen.history?.complete ?? false,
      similar: (seen.history?.found ?? []).filter((found) => found !== version && isSimilar(found, version)),
    });
  }
  const known = new Set([
    ...memory.known,
    ...registeredVersions(seen).map(({ version }) => version),
    ...seen.inFlight.flatMap(({ version }) => version ?? []),
    ...seen.started.versions.map(({ version }) => version),
    ...(seen.history?.found ?? []),
  ]);
  const statusesScanned =
    memory.statusesScanned ||
    (Array.isArray(seen.unknownStatuses) &&
      seen.unknownStatuses.every(({ version }) => version !== null && !memory.targets.has(version)));
  const started = {
    since: seen.started.fromHere,
    versions: new Map(seen.started.versions.map(({ version, fromHere }) => [version, fromHere])),
  };
  return { ...memory, searches, known, statusesScanned, started };
}

interface TargetContext {
  readonly config: GateConfig;
  readonly before: Memory;
  readonly memory: Memory;
  readonly seen: SystemDatabaseContents;
  readonly time: LookTime;
  readonly version: string;
  readonly claims: (version: string) => ClaimReason | undefined;
  readonly gateClean: boolean;
}

function judgeTarget(context: TargetContext): TargetJudgement {
  const { config, before, memory, seen, time, version, claims, gateClean } = context;
  const inFlight = seen.inFlight.find((counts) => counts.version === version);
  const registration = registrationOf(version, seen);
  const latest = latestVersions(seen.registrations?.versions ?? []).has(version);
  const known = memory.known.has(version);
  const unknown = known ? undefined : unknownVersion(version, memory, seen);
  const judged = known || config.onUnknown === 'fail' || unknown?.similar.length !== 0;
  const unknownStatuses = statusesOf(seen).filter((row) => row.version === version);

  const unclean: TargetBlocker[] = [];
  if (unknown !== undefined && judged) unclean.push(unknown);
  if (inFlight !== undefined && inFlight.pending + inFlight.enqueued + inFlight.delayed > 0) {
    const { pending, enqueued, delayed } = inFlight;
    unclean.push({ kind: 'in-flight', pending, enqueued, delayed });
  }
  if (unknownStatuses.length > 0) unclean.push({ kind: 'unknown-status', statuses: unknownStatuses });
  const window = before.windows.get(version);
  const started = window === undefined ? 0 : startedSinceLook(version, before, seen);
  if (started > 0) unclean.push({ kind: 'still-starting', atLeast: started });
  if (latest && config.onLatest === 'block') {
    const alternatives = registeredVersions(seen).map((other) => other.version);
    unclean.push({ kind: 'latest', alternatives: alternatives.filter((other) => other !== version) });
  }
  const unversioned = unversionedCount(seen);
  const claim = claims(version);
  if (unversioned > 0 && blocksUnversioned(config, claim)) {
    unclean.push({ kind: 'unversioned', count: unversioned, because: claim ?? 'asked' });
  }

  const clean = unclean.length === 0 && gateClean && judged;
  const open = clean ? openWriters(window, seen) : new Set<string>();
  const writers = seen.writers.filter(({ transaction }) => open.has(transaction));
  const blockers: readonly TargetBlocker[] =
    writers.length > 0 ? [...unclean, { kind: 'open-transaction', writers }] : unclean;
  const settledForMs = clean ? Math.max(0, time.began - (window?.openedAt ?? time.began)) : undefined;
  return {
    version,
    application: registration?.application ?? inFlight?.application ?? null,
    known,
    latest,
    judged,
    pending: inFlight?.pending ?? 0,
    enqueued: inFlight?.enqueued ?? 0,
    delayed: inFlight?.delayed ?? 0,
    unknownStatus: unknownStatuses.reduce((sum, { count }) => sum + count, 0),
    ignored: inFlight?.ignored ?? 0,
    oldestCreatedAt: inFlight?.oldestCreatedAt ?? null,
    failed: seen.failed?.find((row) => row.version === version),
    blockers,
    settledForMs,
    drained:
      blockers.length === 0 &&
      settledForMs !== undefined &&
      settledForMs >= config.settleMs &&
      (window !== undefined || config.settleMs === 0),
  };
}

/** Rule 1: a version without any trace. */
function unknownVersion(
  version: string,
  memory: Memory,
  seen: SystemDatabaseContents,
): TargetBlocker & { readonly kind: 'unknown-version' } {
  const registered = registeredVersions(seen).map((registration) => registration.version);
  const search = memory.searches.get(version);
  const similar = new Set([
    ...registered.filter((other) => isSimilar(other, version)),
    ...(search?.similar ?? []),
  ]);
  const searched = search === undefined ? 'not-yet' : search.complete ? 'whole-history' : 'timed-out';
  return { kind: 'unknown-version', searched, similar: [...similar], registered };
}

/**
 * Rule 3: how many rows of any status were created on a version since the look before, at least. It compares
 * what two looks counted from the same moment, with a margin for the clocks of the processes that stamp rows.
 */
function startedSinceLook(version: string, before: Memory, seen: SystemDatabaseContents): number {
  if (before.started === undefined) return 0;
  const then = before.started.versions.get(version) ?? { count: 0, fingerprint: '0' };
  const now = seen.started.versions.find((row) => row.version === version)?.sincePrevious ?? {
    count: 0,
    fingerprint: '0',
  };
  if (now.fingerprint === then.fingerprint && now.count === then.count) return 0;
  return Math.max(1, now.count - then.count);
}

/** Rule 4: the transactions of the first clean look that are still open. */
function openWriters(window: SettleWindow | undefined, seen: SystemDatabaseContents): Set<string> {
  const now = new Set(seen.writers.map(({ transaction }) => transaction));
  return window === undefined ? now : now.intersection(window.writers);
}

type ClaimReason = 'latest' | 'nothing-registered' | 'sdk-may-claim';

/**
 * Rule 6: why a version's processes may dequeue a row without a version, or undefined when they cannot. Only
 * SDKs that let the latest version alone take such rows write the application's name into their registration.
 */
function unversionedClaims(seen: SystemDatabaseContents): (version: string) => ClaimReason | undefined {
  const registrations = seen.registrations?.versions ?? [];
  const latest = latestVersions(registrations);
  return (version) => {
    if (registrations.length === 0) return 'nothing-registered';
    if (latest.has(version)) return 'latest';
    return registrationOf(version, seen)?.application ? undefined : 'sdk-may-claim';
  };
}

function blocksUnversioned(config: GateConfig, claim: ClaimReason | undefined): boolean {
  switch (config.onUnversioned) {
    case 'auto':
      return claim !== undefined;
    case 'block':
      return true;
    case 'ignore':
      return false;
  }
}

/** In-flight rows without a version, those in a status that the gate does not know included. */
function unversionedCount(seen: SystemDatabaseContents): number {
  const counts = seen.inFlight.find(({ version }) => version === null);
  return (
    inFlightOf(counts) +
    statusesOf(seen)
      .filter(({ version }) => version === null)
      .reduce((sum, { count }) => sum + count, 0)
  );
}

function inFlightOf(counts: VersionInFlight | undefined): number {
  return counts === undefined ? 0 : counts.pending + counts.enqueued + counts.delayed;
}

function statusesOf(seen: SystemDatabaseContents) {
  return Array.isArray(seen.unknownStatuses) ? seen.unknownStatuses : [];
}

/** The registration of a version; its application's own rather than one that no application owns. */
function registrationOf(version: string, seen: SystemDatabaseContents): Registration | undefined {
  const rows = (seen.registrations?.versions ?? []).filter((row) => row.version === version);
  return rows.find(({ application }) => application !== null) ?? rows[0];
}

function windowsOf(
  targets: readonly TargetJudgement[],
  before: Memory,
  seen: SystemDatabaseContents,
  time: LookTime,
): ReadonlyMap<string, SettleWindow> {
  return new Map(
    targets
      .filter(({ settledForMs }) => settledForMs !== undefined)
      .map(({ version }) => {
        const window = before.windows.get(version);
        return [version, { openedAt: window?.openedAt ?? time.ended, writers: openWriters(window, seen) }];
      }),
  );
}

/** Equal but for case and white space. */
function isSimilar(a: string, b: string): boolean {
  const normal = (text: string) => text.replace(/\s/g, '').toLowerCase();
  return a !== b && normal(a) === normal(b);
}
