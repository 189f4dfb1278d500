import { type GateConfig, namedVersions } from '../config.ts';
import type { VersionSelection } from '../dbos/snapshot/index.ts';
import { CLOCK_MARGIN_MS } from '../dbos/snapshot/started.ts';
import type { GateState } from '../hold/state.ts';
import { countsOn, type SnapshotIndex, unknownStatusesOn } from './snapshot-index.ts';
import type { Target } from './target.ts';

/**
 * Adds the targets to the state. With `retire-version` they are the named ones. With `keep-version` they are all other
 * versions that are registered, in flight or recently started. With kept versions named, what is registered for the
 * first time after the first poll belongs to another deploy. What runs without a version is a target of its own. A
 * preflight has none.
 *
 * @param observedAt The database's clock at this poll, in epoch milliseconds.
 */
export function withTargets(config: GateConfig, state: GateState, index: SnapshotIndex, observedAt: number): GateState {
  if (config.targets.kind === 'none') return state;
  if (config.targets.kind === 'named') return { ...state, targets: new Set(config.targets.versions) };
  const names = index.registered.map(({ version }) => version);
  const { registeredAtFirst = new Set(names), beganAt = observedAt } = state;
  const before = { ...state, registeredAtFirst, beganAt };
  const kept = keptVersions(config, before, index);
  if (kept === undefined) return state;

  const launched = names.filter((version) => isLaunched(version, before, index) && !kept.includes(version));
  const newer = config.targets.kind === 'all-but' ? state.newer.union(new Set(launched)) : state.newer;
  const others = [
    ...index.inFlight.keys(),
    ...index.started.keys(),
    ...index.unknownStatuses.map(({ version }) => version),
    ...names,
  ].filter(
    (version): version is string => Boolean(version) && !kept.includes(version ?? '') && !newer.has(version ?? ''),
  );
  const targets = new Set<Target>([...state.targets, ...others, ...(runsWithoutVersion(config, index) ? [null] : [])]);
  return { ...before, kept, newer, targets };
}

/**
 * Whether a deploy has registered the version since the gate began. An older one that appears later had another owner:
 * its application was renamed. Told by name and creation, since a promotion renews the other time.
 */
function isLaunched(version: string, { registeredAtFirst, beganAt, targets }: GateState, index: SnapshotIndex) {
  if (registeredAtFirst?.has(version) || targets.has(version)) return false;
  const registeredAt = index.registrations.get(version)?.registeredAt ?? 0;
  return registeredAt >= (beganAt ?? 0) - CLOCK_MARGIN_MS;
}

/** Whether something runs without a version or with an empty one, or may: in a status that the gate does not know. */
function runsWithoutVersion({ onUnversioned }: GateConfig, index: SnapshotIndex): boolean {
  if (onUnversioned === 'ignore') return false;
  return countsOn(index, null).pending > 0 || index.started.has(null) || unknownStatusesOn(index, null).length > 0;
}

/** Whether it is decided which versions stay. Before that, a poll counts the rows of those as well. */
export function isSettled({ targets }: GateConfig, { kept }: GateState): boolean {
  return targets.kind !== 'all-but-latest' || kept !== undefined;
}

/** The versions whose rows the next poll counts. */
export function selectionFor(config: GateConfig, state: Pick<GateState, 'kept' | 'newer'>): VersionSelection {
  return config.targets.kind === 'named'
    ? { only: config.targets.versions }
    : { except: [...(state.kept ?? namedVersions(config)), ...state.newer] };
}

/** Targets whose rows a poll after the state `before` did not count: the latest version that was kept until then. */
export function uncountedTargets(config: GateConfig, before: GateState, { targets }: GateState): ReadonlySet<Target> {
  const selection = selectionFor(config, before);
  return 'except' in selection ? targets.intersection(new Set<Target>(selection.except)) : new Set();
}

/**
 * The versions that stay; undefined where no latest version is registered. `latest` is resolved at each poll: a version
 * that was launched after the first poll takes the place of the kept one. An older one that is promoted does not, nor
 * does one that a rename brings: it is a target, and a target never becomes kept.
 */
function keptVersions(config: GateConfig, state: GateState, index: SnapshotIndex) {
  const { kept, targets } = state;
  if (config.targets.kind !== 'all-but-latest') return namedVersions(config);
  if (index.latest.size === 0) return kept;
  const resolved = [...index.latest].filter((version) => !targets.has(version));
  if (kept === undefined) return resolved;
  const stays = (version: string) => kept.includes(version) || isLaunched(version, state, index);
  const launched = resolved.filter(stays);
  return launched.every((version) => kept.includes(version)) ? kept : launched;
}
