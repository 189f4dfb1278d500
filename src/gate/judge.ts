import type { GateBlocker } from './blocker.ts';
import type { GateConfig } from './config.ts';
import { afterGap, type LookTime, type Memory, type Search, type SettleWindow } from './memory.ts';
import type { Observation, RuleRequest } from './observation.ts';
import { indexed, type Seen } from './seen.ts';
import {
  claimReason,
  isDrained,
  isSimilar,
  judgeNobody,
  judgeTarget,
  type NobodyJudgement,
  openWriters,
  type Scene,
  type TargetJudgement,
} from './target.ts';
import { keptVersionProblems, keptVersionsToSearch, selectionFor, updateTargets } from './targets.ts';
import { distrustOf, isNewerThanKnown, wrongApplication } from './trust.ts';

/** What one observation, after those before it, means by the rule of retirement. */
export interface Judgement {
  readonly observation: Observation;
  /** What the observation saw, by version; absent where nothing could be read. */
  readonly seen: Seen | undefined;
  /** Blockers on the whole gate: they block every target. */
  readonly gate: readonly GateBlocker[];
  readonly targets: readonly TargetJudgement[];
  /** What stands in the way where there is no target to judge; absent where there is one. */
  readonly nobody: NobodyJudgement | undefined;
  /** Every target is drained; or there has been none for the settle window, and nothing that could make one. */
  readonly drained: boolean;
  /** In-flight rows without a version that a target could claim. */
  readonly unversioned: number;
  /**
   * The look lacked evidence that a more expensive one brings: look again at once, with `next`. Nothing is
   * decided by such a look.
   */
  readonly provisional: boolean;
  readonly memory: Memory;
  readonly next: RuleRequest;
}

/** What the first look is asked for. */
export function firstRequest(config: GateConfig, memory: Memory): RuleRequest {
  return {
    selection: selectionFor(config, memory),
    registrationsOf: [...memory.targets],
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
  const distrust = distrustOf(observation.database, before);
  if (observation.seen === undefined || distrust.length > 0) {
    const memory = afterGap(before);
    return {
      observation,
      seen: undefined,
      gate: distrust,
      targets: [],
      nobody: undefined,
      drained: false,
      unversioned: 0,
      provisional: false,
      memory,
      next: firstRequest(config, memory),
    };
  }

  const seen = indexed(observation.seen);
  const { unknownStatuses } = observation.seen;
  const remembered = remember(updateTargets(config, before, seen), seen, observation.database.tableId, time);
  const resolvedLatest = config.targets.kind === 'all-but-latest' && before.kept === undefined;
  const gate = [...wrongApplication(config, before, seen), ...keptVersionProblems(config, remembered, seen)];
  const toSearch = [
    ...[...remembered.targets].filter((v) => !remembered.known.has(v) && !remembered.searches.has(v)),
    ...keptVersionsToSearch(remembered, seen, time.ended),
  ];

  const scene = { config, before, memory: remembered, seen, time, gateClean: gate.length === 0 };
  const targets = [...remembered.targets].map((version) => judgeTarget(version, scene));
  const judged = targets.filter((target) => target.judged);
  const nobody = judged.length > 0 ? undefined : judgeNobody(scene);
  const windows = windowsOf(judged, nobody, scene);
  const needsStatusScan =
    isNewerThanKnown(observation.database) && windows.values().some(({ statusesSeen }) => !statusesSeen);
  const allGate: readonly GateBlocker[] = needsStatusScan
    ? [...gate, { kind: 'statuses-not-scanned', timedOut: unknownStatuses === 'timed-out' }]
    : gate;
  const isClean = allGate.length === 0;
  const provisional =
    (resolvedLatest && remembered.kept !== undefined) ||
    toSearch.length > 0 ||
    (needsStatusScan && unknownStatuses === undefined);
  const blockers = [...allGate, ...targets.flatMap((target) => target.blockers), ...(nobody?.blockers ?? [])];
  const isOnlyLatest = blockers.length > 0 && blockers.every(({ kind }) => kind === 'latest');
  const memory = {
    ...remembered,
    firstLookEnded: before.firstLookEnded ?? (provisional ? undefined : time.ended),
    windows,
    onlyLatestSince: isOnlyLatest ? (before.onlyLatestSince ?? time.ended) : undefined,
  };
  const settled = nobody === undefined ? judged : [{ ...nobody, drained: isDrained(nobody, config) }];
  const unversionedMatters =
    judged.some(({ version }) => claimReason(version, scene) !== undefined) ||
    settled.some(({ blockers }) => blockers.some(({ kind }) => kind === 'unversioned'));

  return {
    observation,
    seen,
    gate: allGate,
    targets: targets.map((target) => ({ ...target, drained: target.drained && isClean })),
    nobody,
    drained: isClean && settled.every(({ drained }) => drained),
    unversioned: unversionedMatters ? seen.unversioned : 0,
    provisional,
    memory,
    next: {
      selection: selectionFor(config, memory),
      registrationsOf: [...memory.targets],
      startedSince: memory.started?.since,
      searchHistoryFor: toSearch,
      scanStatuses: needsStatusScan,
      countFailed: windows.size > 0,
    },
  };
}

/** What stays true after this look, whatever the next one sees. */
function remember(memory: Memory, seen: Seen, tableId: string, time: LookTime): Memory {
  const { history, started } = seen.contents;
  const searches = new Map<string, Search>(memory.searches);
  for (const version of history?.searchedFor ?? []) {
    searches.set(version, {
      at: time.ended,
      complete: history?.complete ?? false,
      similar: (history?.found ?? []).filter((found) => isSimilar(found, version)),
    });
  }
  const known = new Set([
    ...memory.known,
    ...seen.registrations.keys(),
    ...seen.inFlight.keys().filter((version) => version !== null),
    ...seen.started.keys(),
    ...seen.unknownStatuses.flatMap(({ version }) => version ?? []),
    ...(history?.found ?? []),
  ]);
  return {
    ...memory,
    tableId: memory.tableId ?? tableId,
    registered: memory.registered.union(new Set(seen.registrations.keys())),
    searches,
    known,
    mayTakeUnversioned: memory.mayTakeUnversioned.union(seen.mayTakeUnversioned),
    started: {
      since: started.fromHere,
      versions: new Map(started.versions.map(({ version, fromHere }) => [version, fromHere])),
    },
  };
}

/** The settle windows of what is clean: those that run go on, the others open with this look. */
function windowsOf(
  judged: readonly TargetJudgement[],
  nobody: NobodyJudgement | undefined,
  { before, seen, time }: Scene,
): ReadonlyMap<string | null, SettleWindow> {
  const all = nobody === undefined ? judged : [{ ...nobody, version: null }];
  const clean = all.filter(({ settledForMs }) => settledForMs !== undefined);
  return new Map(
    clean.map(({ version }) => {
      const window = before.windows.get(version);
      return [
        version,
        {
          openedAt: window?.openedAt ?? time.ended,
          writers: openWriters(window, seen),
          statusesSeen: window?.statusesSeen || Array.isArray(seen.contents.unknownStatuses),
        },
      ];
    }),
  );
}
