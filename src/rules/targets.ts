import { type GateConfig, namedVersions } from '../config.ts';
import type { VersionSelection } from '../dbos/snapshot/index.ts';
import type { GateState } from '../hold/state.ts';
import type { GateBlocker } from './blocker.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

/** How long `wait` gives a kept version to appear: the new version may still be starting. In milliseconds. */
export const KEPT_VERSION_GRACE_MS = 120_000;

/**
 * Which versions are targets, given what earlier polls decided: named ones; or, with `keep-version`, every
 * version in flight (an unknown status counts as that) or lately started and, at the first poll, the registered
 * idle ones (the poll brings the newest 100). What registers after the first poll is a newer deploy, and the empty
 * string is no version.
 */
export function updateTargets(config: GateConfig, state: GateState, index: SnapshotIndex): GateState {
  const { registered } = index;
  const newestRegistration = state.newestRegistration ?? registered[0]?.timestamp ?? Number.NEGATIVE_INFINITY;
  if (config.targets.kind === 'named') {
    return { ...state, newestRegistration, targets: new Set(config.targets.versions) };
  }
  const kept = state.kept ?? resolveKept(config, index);
  if (kept === undefined) return state;

  const firstPoll = state.newestRegistration === undefined;
  const newer = new Set([
    ...state.newer,
    ...registered
      .filter(({ version, timestamp }) => timestamp > newestRegistration && !state.targets.has(version))
      .map(({ version }) => version),
  ]);
  const active = [
    ...index.inFlight.keys(),
    ...index.started.keys(),
    ...index.unknownStatuses.map(({ version }) => version),
  ];
  const idle = firstPoll ? registered.map(({ version }) => version) : [];
  const targets = new Set(
    [...state.targets, ...active, ...idle].filter(
      (version): version is string =>
        Boolean(version) && !kept.includes(version ?? '') && !newer.has(version ?? ''),
    ),
  );
  return { ...state, kept, newestRegistration, newer, targets };
}

/** Whether it is decided which versions stay: before, a poll brings rows of those as well. */
export function isSettled({ targets }: GateConfig, { kept }: GateState): boolean {
  return targets.kind !== 'all-but-latest' || kept !== undefined;
}

/** Which versions' rows the next poll is to count. */
export function selectionFor(config: GateConfig, state: GateState): VersionSelection {
  return config.targets.kind === 'named'
    ? { only: config.targets.versions }
    : { except: [...(state.kept ?? namedVersions(config)), ...state.newer] };
}

/** Rule 8: each kept version is registered or, where nothing is, known from some row. */
export function keptVersionProblems(
  config: GateConfig,
  state: GateState,
  index: SnapshotIndex,
): readonly GateBlocker[] {
  if (config.targets.kind === 'named') return [];
  if (state.kept === undefined) return [{ kind: 'no-latest-version' }];
  const registered = index.registered.map(({ version }) => version);
  if (registered.length > 0) {
    const versions = state.kept.filter((version) => !registered.includes(version));
    return versions.length > 0
      ? [{ kind: 'kept-version-unknown', versions, searched: 'registrations', registered }]
      : [];
  }
  const unknown = state.kept.filter((version) => !state.known.has(version));
  if (unknown.length === 0) return [];
  const searches = unknown.map((version) => state.searches.get(version));
  const searched = searches.includes(undefined)
    ? 'not-yet'
    : searches.every((search) => search?.complete)
      ? 'whole-history'
      : 'timed-out';
  return [{ kind: 'kept-version-unknown', versions: unknown, searched, registered: [] }];
}

/** The kept versions to search the history for: once, and once more when the grace period has passed. */
export function keptVersionsToSearch(state: GateState, index: SnapshotIndex, now: number): readonly string[] {
  if (index.registered.length > 0) return [];
  return (state.kept ?? []).filter((version) => {
    if (state.known.has(version)) return false;
    const search = state.searches.get(version);
    return search === undefined || (now >= KEPT_VERSION_GRACE_MS && search.at < KEPT_VERSION_GRACE_MS);
  });
}

function resolveKept(config: GateConfig, index: SnapshotIndex): readonly string[] | undefined {
  if (config.targets.kind !== 'all-but-latest') return namedVersions(config);
  return index.latest.size > 0 ? [...index.latest] : undefined;
}
