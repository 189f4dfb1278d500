import { type GateConfig, namedVersions } from '../config.ts';
import type { VersionSelection } from '../dbos/snapshot/index.ts';
import type { GateState } from '../hold/state.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

/**
 * Adds the targets to the state. With `retire-version` they are the named ones. With `keep-version` they are all other
 * versions in flight or recently started and, at the first poll, all other registered ones. What registers after
 * the first poll is a newer deploy. The empty string is no version.
 */
export function withTargets(config: GateConfig, state: GateState, index: SnapshotIndex): GateState {
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
      (version): version is string => Boolean(version) && !kept.includes(version ?? '') && !newer.has(version ?? ''),
    ),
  );
  return { ...state, kept, newestRegistration, newer, targets };
}

/** Whether it is decided which versions stay. Before that, a poll counts the rows of those as well. */
export function isSettled({ targets }: GateConfig, { kept }: GateState): boolean {
  return targets.kind !== 'all-but-latest' || kept !== undefined;
}

/** The versions whose rows the next poll counts. */
export function selectionFor(config: GateConfig, state: GateState): VersionSelection {
  return config.targets.kind === 'named'
    ? { only: config.targets.versions }
    : { except: [...(state.kept ?? namedVersions(config)), ...state.newer] };
}

function resolveKept(config: GateConfig, index: SnapshotIndex): readonly string[] | undefined {
  if (config.targets.kind !== 'all-but-latest') return namedVersions(config);
  return index.latest.size > 0 ? [...index.latest] : undefined;
}
