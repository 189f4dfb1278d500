import type { GateConfig } from '../config.ts';
import type { FailedOnVersion, RuleRequest, Snapshot } from '../dbos/snapshot/index.ts';
import { type GateState, NO_TARGET, type PollTime, remember, withWindowsReset } from '../hold/state.ts';
import { type StatusCounts, total } from '../status-counts.ts';
import { isOtherwiseIdle, lacksRoots, weighsRoots } from './5-live.ts';
import { claimReason, unclaimed } from './6-unversioned.ts';
import { severalApplications } from './7-application.ts';
import { keptVersionsToSearch } from './8-kept-versions.ts';
import { isAnotherServer } from './9-trusted.ts';
import type { RuleContext } from './context.ts';
import { type OtherApplication, otherApplications } from './former-names.ts';
import { type Blocker, findBlockers } from './index.ts';
import { hasSettled, type Settling, settlingOf, windowsAfter } from './settle.ts';
import { countsOn, indexed, type SnapshotIndex, sumOf, unknownStatusesOn } from './snapshot-index.ts';
import { registeredName, type Target } from './target.ts';
import { selectionFor, uncountedTargets, withTargets } from './targets.ts';

/** What the rules say of one target, after one poll. */
export interface TargetEvaluation extends StatusCounts, Settling {
  /** Null for what runs without a version. */
  readonly version: Target;
  readonly application: string | null;
  readonly known: boolean;
  readonly latest: boolean;
  /** In a status that the gate does not know. */
  readonly unknownStatus: number;
  /** All that is in flight, unknown statuses included and ignored workflows excluded. */
  readonly inFlight: number;
  readonly ignored: number;
  /** Creation of the oldest workflow in flight, in epoch milliseconds. */
  readonly oldestCreatedAt: number | null;
  readonly failed: FailedOnVersion | undefined;
  /** Idle for the whole settle window, and nothing blocks the whole gate. */
  readonly drained: boolean;
}

/** What one snapshot, after those before it, means by the rule of retirement. */
export interface Evaluation {
  /** Its contents are in `index`. */
  readonly snapshot: Omit<Snapshot, 'contents'>;
  /** The snapshot by version; undefined where its tables could not be read or trusted. */
  readonly index: SnapshotIndex | undefined;
  /** Blockers on the whole gate: they block every target. */
  readonly gate: readonly Blocker[];
  readonly targets: readonly TargetEvaluation[];
  /** What stands in the way where there is no target; undefined where there is one, or nothing could be read. */
  readonly noTargets: Settling | undefined;
  /** There is a target, and every one has drained. */
  readonly drained: boolean;
  /** There has been no target for the settle window, and nothing that could make one. */
  readonly hasNoTarget: boolean;
  /** The applications beside the configured one, of which some may be its former names. */
  readonly otherApplications: readonly OtherApplication[];
  /** In-flight rows without a version that a target could claim. */
  readonly unversioned: number;
  /** The poll lacked evidence that `next` brings. It decides nothing: poll again at once. */
  readonly provisional: boolean;
  readonly state: GateState;
  readonly next: RuleRequest;
}

/**
 * Evaluates the rule of retirement: what this snapshot means, given the state that earlier ones left. Pure.
 *
 * @param time When the poll started and finished. The settle window is measured with it.
 */
export function evaluate(config: GateConfig, previous: GateState, snapshot: Snapshot, time: PollTime): Evaluation {
  const { contents, database } = snapshot;
  const before = isAnotherServer(previous, database) ? withWindowsReset(previous) : previous;
  const untrusted = findBlockers((rule) => rule.checkDatabase?.(database, before));
  // A preflight judges no version, and reports everything that is in the way.
  const isShown = untrusted.length === 0 || config.mode === 'preflight';
  if (contents === undefined || !isShown) {
    const state = withWindowsReset(before);
    const gate = [...untrusted, ...severalApplications(config, snapshot.access?.owners ?? [])];
    return { ...NO_EVIDENCE, snapshot, gate, state, next: firstRequest(config, state) };
  }
  const index = indexed(contents);
  const targeted = withTargets(config, before, index, snapshot.observedAt);
  const state = remember(targeted, index, snapshot, time);
  return evaluateContents(
    { config, before, state, database, index, observedAt: snapshot.observedAt, time },
    snapshot,
    untrusted,
  );
}

/** A poll that could not be read or trusted proves nothing. */
const NO_EVIDENCE = {
  index: undefined,
  targets: [],
  noTargets: undefined,
  drained: false,
  hasNoTarget: false,
  otherApplications: [],
  unversioned: 0,
  provisional: false,
} as const;

/** Runs the rules for the whole gate, for each target, and where there is no target. */
function evaluateContents(context: RuleContext, snapshot: Snapshot, untrusted: readonly Blocker[]): Evaluation {
  const { config, state, index } = context;
  const gateBlockers = [...untrusted, ...findBlockers((rule) => rule.checkGate?.(context))];
  const versions = [...state.targets];
  const isGateIdle = gateBlockers.length === 0;
  const uncounted = uncountedTargets(config, context.before, state);
  const settlings = versions.map((version) => {
    const blockers = findBlockers((rule) => rule.checkTarget?.(version, context));
    return { version, ...settlingOf(version, blockers, isGateIdle && !uncounted.has(version), context) };
  });
  const noTargets = versions.length > 0 ? undefined : evaluateNoTargets(isGateIdle, context);
  const all = noTargets === undefined ? settlings : [{ version: NO_TARGET, ...noTargets } as const];
  const windows = windowsAfter(all, context);
  const gate = [...gateBlockers, ...findBlockers((rule) => rule.checkWindows?.(windows.values(), context))];
  const searchHistoryFor = versionsToSearch(context);
  const isAnyIdle = isGateIdle && settlings.some(isOtherwiseIdle);
  const awaitsRoots = isAnyIdle && lacksRoots(context);
  // The next poll is compared with this server: only this one can show that it is an older copy.
  const isCopy = gateBlockers.some(({ kind }) => kind === 'older-copy');
  const provisional = !isCopy && (uncounted.size > 0 || awaitsRoots || isProvisional(context, gate, searchHistoryFor));
  const blockers = [...gate, ...all.flatMap((settling) => settling.blockers)];
  const isSettled = gate.length === 0 && all.every((settling) => hasSettled(settling, config));
  const next = stateAfter(context, windows, provisional, blockers);
  return {
    snapshot,
    index,
    gate,
    targets: settlings.map((settling) => targetOf(settling, gate.length === 0, context)),
    noTargets,
    drained: isSettled && noTargets === undefined,
    hasNoTarget: isSettled && noTargets !== undefined,
    otherApplications: otherApplications(config.application, index.contents.applications),
    unversioned: matterUnversioned(versions, all, context) ? unclaimed(context) : 0,
    provisional,
    state: next,
    next: {
      ...firstRequest(config, next),
      startedSince: next.started?.since,
      searchHistoryFor,
      openWriters: index.contents.writers.map(({ transaction }) => transaction),
      scanStatuses: gate.some(({ kind }) => kind === 'statuses-not-scanned'),
      countFailed: windows.size > 0,
      newestRoots: isAnyIdle && weighsRoots(context),
    },
  };
}

function evaluateNoTargets(isGateIdle: boolean, context: RuleContext): Settling {
  const isPreflight = context.config.targets.kind === 'none';
  const blockers = isPreflight ? [] : findBlockers((rule) => rule.checkNoTargets?.(context));
  return settlingOf(NO_TARGET, blockers, isGateIdle, context);
}

function targetOf(
  { version, ...settling }: Settling & { readonly version: Target },
  isGateIdle: boolean,
  { config, state, index }: RuleContext,
): TargetEvaluation {
  const row = index.inFlight.get(version);
  const counts = countsOn(index, version);
  const unknownStatus = sumOf(unknownStatusesOn(index, version));
  const name = registeredName(version);
  return {
    version,
    application: index.registrations.get(name)?.application ?? row?.application ?? null,
    known: version === null || state.known.has(version),
    latest: index.latest.has(name),
    ...counts,
    unknownStatus,
    inFlight: total(counts) + unknownStatus,
    ignored: row?.ignored ?? 0,
    oldestCreatedAt: row?.oldestCreatedAt ?? null,
    failed: index.failed.get(name),
    ...settling,
    drained: isGateIdle && hasSettled(settling, config),
  };
}

/** Versions whose history the next poll searches: a full scan, so once per version. */
function versionsToSearch(context: RuleContext): readonly string[] {
  const { targets, known, searches } = context.state;
  const named = [...targets].filter((version) => version !== null);
  const unsearched = named.filter((version) => !known.has(version) && !searches.has(version));
  return [...unsearched, ...keptVersionsToSearch(context)];
}

function isProvisional(
  { config, before, state }: RuleContext,
  gate: readonly Blocker[],
  searchHistoryFor: readonly string[],
): boolean {
  // The poll that resolves `latest` has counted the rows of that version as well.
  const resolvedLatest =
    config.targets.kind === 'all-but-latest' && before.kept === undefined && state.kept !== undefined;
  const awaitsScan = gate.some((blocker) => blocker.kind === 'statuses-not-scanned' && !blocker.timedOut);
  return resolvedLatest || awaitsScan || searchHistoryFor.length > 0;
}

function stateAfter(
  { before, state, time }: RuleContext,
  windows: GateState['windows'],
  provisional: boolean,
  blockers: readonly Blocker[],
): GateState {
  const isOnlyLive = blockers.length > 0 && blockers.every(({ kind }) => kind === 'live');
  return {
    ...state,
    firstPollEnded: before.firstPollEnded ?? (provisional ? undefined : time.ended),
    windows,
    onlyLiveSince: isOnlyLive ? (before.onlyLiveSince ?? time.ended) : undefined,
  };
}

function matterUnversioned(versions: readonly Target[], settlings: readonly Settling[], context: RuleContext): boolean {
  return (
    versions.some((version) => claimReason(version, context) !== undefined) ||
    settlings.some(({ blockers }) => blockers.some(({ kind }) => kind === 'unversioned'))
  );
}

/** What a poll is asked for that no earlier one has prepared. */
export function firstRequest(config: GateConfig, state: GateState): RuleRequest {
  return {
    selection: selectionFor(config, state),
    startedSince: undefined,
    searchHistoryFor: [],
    openWriters: [],
    scanStatuses: false,
    countFailed: true,
    newestRoots: weighsRoots({ config }),
    rootsSince: state.latestAtFirst?.since,
  };
}
