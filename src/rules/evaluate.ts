import type { GateConfig } from '../config.ts';
import type { RuleRequest, Snapshot } from '../dbos/snapshot/index.ts';
import {
  type GateState,
  type PollTime,
  type Search,
  type SettleWindow,
  withWindowsReset,
} from '../hold/state.ts';
import type { GateBlocker } from './blocker.ts';
import { indexed, type SnapshotIndex } from './snapshot-index.ts';
import {
  claimReason,
  evaluateNoTargets,
  evaluateTarget,
  isDrained,
  isSimilar,
  type NoTargets,
  openWriters,
  type RuleContext,
  type TargetEvaluation,
} from './target.ts';
import { keptVersionProblems, keptVersionsToSearch, selectionFor, updateTargets } from './targets.ts';
import { isNewerThanKnown, untrustedDatabase, wrongApplication } from './trust.ts';

/** What one snapshot, after those before it, means by the rule of retirement. */
export interface Evaluation {
  readonly snapshot: Snapshot;
  /** What the snapshot saw, by version; absent where nothing could be read. */
  readonly index: SnapshotIndex | undefined;
  /** Blockers on the whole gate: they block every target. */
  readonly gate: readonly GateBlocker[];
  readonly targets: readonly TargetEvaluation[];
  /** What stands in the way where there is no target to judge; absent where there is one. */
  readonly noTargets: NoTargets | undefined;
  /** Every target is drained; or there has been none for the settle window, and nothing that could make one. */
  readonly drained: boolean;
  /** In-flight rows without a version that a target could claim. */
  readonly unversioned: number;
  /**
   * The poll lacked evidence that a more expensive one brings: poll again at once, with `next`. Nothing is
   * decided by such a poll.
   */
  readonly provisional: boolean;
  readonly state: GateState;
  readonly next: RuleRequest;
}

/** What the first poll is asked for. */
export function firstRequest(config: GateConfig, state: GateState): RuleRequest {
  return {
    selection: selectionFor(config, state),
    registrationsOf: [...state.targets],
    startedSince: undefined,
    searchHistoryFor: [],
    scanStatuses: false,
    countFailed: true,
  };
}

/**
 * The rule of retirement: what this snapshot means, given the memory of those before it. Pure.
 *
 * @param time When the poll began and ended; what the settle window is measured with.
 */
export function evaluate(
  config: GateConfig,
  before: GateState,
  snapshot: Snapshot,
  time: PollTime,
): Evaluation {
  const reason = untrustedDatabase(snapshot.database, before);
  if (snapshot.contents === undefined || reason.length > 0) {
    const state = withWindowsReset(before);
    return {
      snapshot,
      index: undefined,
      gate: reason,
      targets: [],
      noTargets: undefined,
      drained: false,
      unversioned: 0,
      provisional: false,
      state,
      next: firstRequest(config, state),
    };
  }

  const index = indexed(snapshot.contents);
  const { unknownStatuses } = snapshot.contents;
  const remembered = remember(updateTargets(config, before, index), index, snapshot.database.tableId, time);
  const resolvedLatest = config.targets.kind === 'all-but-latest' && before.kept === undefined;
  const gate = [
    ...wrongApplication(config, before, index),
    ...keptVersionProblems(config, remembered, index),
  ];
  const toSearch = [
    ...[...remembered.targets].filter((v) => !remembered.known.has(v) && !remembered.searches.has(v)),
    ...keptVersionsToSearch(remembered, index, time.ended),
  ];

  const context = { config, before, state: remembered, index, time, gateIdle: gate.length === 0 };
  const targets = [...remembered.targets].map((version) => evaluateTarget(version, context));
  const judged = targets.filter((target) => target.judged);
  const noTargets = judged.length > 0 ? undefined : evaluateNoTargets(context);
  const windows = windowsOf(judged, noTargets, context);
  const needsStatusScan =
    isNewerThanKnown(snapshot.database) && windows.values().some(({ statusesSeen }) => !statusesSeen);
  const allGate: readonly GateBlocker[] = needsStatusScan
    ? [...gate, { kind: 'statuses-not-scanned', timedOut: unknownStatuses === 'timed-out' }]
    : gate;
  const isIdle = allGate.length === 0;
  const provisional =
    (resolvedLatest && remembered.kept !== undefined) ||
    toSearch.length > 0 ||
    (needsStatusScan && unknownStatuses === undefined);
  const blockers = [
    ...allGate,
    ...targets.flatMap((target) => target.blockers),
    ...(noTargets?.blockers ?? []),
  ];
  const isOnlyLive = blockers.length > 0 && blockers.every(({ kind }) => kind === 'live');
  const state = {
    ...remembered,
    firstPollEnded: before.firstPollEnded ?? (provisional ? undefined : time.ended),
    windows,
    onlyLiveSince: isOnlyLive ? (before.onlyLiveSince ?? time.ended) : undefined,
  };
  const settled =
    noTargets === undefined ? judged : [{ ...noTargets, drained: isDrained(noTargets, config) }];
  const unversionedMatters =
    judged.some(({ version }) => claimReason(version, context) !== undefined) ||
    settled.some(({ blockers }) => blockers.some(({ kind }) => kind === 'unversioned'));

  return {
    snapshot,
    index,
    gate: allGate,
    targets: targets.map((target) => ({ ...target, drained: target.drained && isIdle })),
    noTargets,
    drained: isIdle && settled.every(({ drained }) => drained),
    unversioned: unversionedMatters ? index.unversioned : 0,
    provisional,
    state,
    next: {
      selection: selectionFor(config, state),
      registrationsOf: [...state.targets],
      startedSince: state.started?.since,
      searchHistoryFor: toSearch,
      scanStatuses: needsStatusScan,
      countFailed: windows.size > 0,
    },
  };
}

/** What stays true after this poll, whatever the next one sees. */
function remember(state: GateState, index: SnapshotIndex, tableId: string, time: PollTime): GateState {
  const { history, started } = index.contents;
  const searches = new Map<string, Search>(state.searches);
  for (const version of history?.searchedFor ?? []) {
    searches.set(version, {
      at: time.ended,
      complete: history?.complete ?? false,
      similar: (history?.found ?? []).filter((found) => isSimilar(found, version)),
    });
  }
  const known = new Set([
    ...state.known,
    ...index.registrations.keys(),
    ...index.inFlight.keys().filter((version) => version !== null),
    ...index.started.keys(),
    ...index.unknownStatuses.flatMap(({ version }) => version ?? []),
    ...(history?.found ?? []),
  ]);
  return {
    ...state,
    tableId: state.tableId ?? tableId,
    registered: state.registered.union(new Set(index.registrations.keys())),
    searches,
    known,
    mayTakeUnversioned: state.mayTakeUnversioned.union(index.mayTakeUnversioned),
    started: {
      since: started.fromHere,
      versions: new Map(started.versions.map(({ version, fromHere }) => [version, fromHere])),
    },
  };
}

/** The settle windows of what is idle: those that run go on, the others open with this poll. */
function windowsOf(
  judged: readonly TargetEvaluation[],
  noTargets: NoTargets | undefined,
  { before, index, time }: RuleContext,
): ReadonlyMap<string | null, SettleWindow> {
  const all = noTargets === undefined ? judged : [{ ...noTargets, version: null }];
  const idle = all.filter(({ settledForMs }) => settledForMs !== undefined);
  return new Map(
    idle.map(({ version }) => {
      const window = before.windows.get(version);
      return [
        version,
        {
          openedAt: window?.openedAt ?? time.ended,
          writers: openWriters(window, index),
          statusesSeen: window?.statusesSeen || Array.isArray(index.contents.unknownStatuses),
        },
      ];
    }),
  );
}
