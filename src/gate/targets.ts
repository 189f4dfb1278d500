import type { GateBlocker } from './blocker.ts';
import { type GateConfig, namedVersions } from './config.ts';
import type { Memory } from './memory.ts';
import type { VersionSelection } from './observation.ts';
import type { Seen } from './seen.ts';

/** How long `wait` gives a kept version to appear: the new version may still be starting. In milliseconds. */
export const KEPT_VERSION_GRACE_MS = 120_000;

/**
 * Which versions are targets, given what earlier looks decided: named ones; or, with `keep-version`, every
 * version in flight (an unknown status counts as that) or lately started and, at the first look, the registered
 * idle ones (the look brings the newest 100). What registers after the first look is a newer deploy, and the empty
 * string is no version.
 */
export function updateTargets(config: GateConfig, memory: Memory, seen: Seen): Memory {
  const { registered } = seen;
  const newestRegistration =
    memory.newestRegistration ?? registered[0]?.timestamp ?? Number.NEGATIVE_INFINITY;
  if (config.targets.kind === 'named') {
    return { ...memory, newestRegistration, targets: new Set(config.targets.versions) };
  }
  const kept = memory.kept ?? resolveKept(config, seen);
  if (kept === undefined) return memory;

  const firstLook = memory.newestRegistration === undefined;
  const newer = new Set([
    ...memory.newer,
    ...registered
      .filter(({ version, timestamp }) => timestamp > newestRegistration && !memory.targets.has(version))
      .map(({ version }) => version),
  ]);
  const active = [
    ...seen.inFlight.keys(),
    ...seen.started.keys(),
    ...seen.unknownStatuses.map(({ version }) => version),
  ];
  const idle = firstLook ? registered.map(({ version }) => version) : [];
  const targets = new Set(
    [...memory.targets, ...active, ...idle].filter(
      (version): version is string =>
        Boolean(version) && !kept.includes(version ?? '') && !newer.has(version ?? ''),
    ),
  );
  return { ...memory, kept, newestRegistration, newer, targets };
}

/** Whether it is decided which versions stay: before, a look brings rows of those as well. */
export function isSettled({ targets }: GateConfig, { kept }: Memory): boolean {
  return targets.kind !== 'all-but-latest' || kept !== undefined;
}

/** Which versions' rows the next look is to count. */
export function selectionFor(config: GateConfig, memory: Memory): VersionSelection {
  return config.targets.kind === 'named'
    ? { only: config.targets.versions }
    : { except: [...(memory.kept ?? namedVersions(config)), ...memory.newer] };
}

/** Rule 8: each kept version is registered or, where nothing is, known from some row. */
export function keptVersionProblems(config: GateConfig, memory: Memory, seen: Seen): readonly GateBlocker[] {
  if (config.targets.kind === 'named') return [];
  if (memory.kept === undefined) return [{ kind: 'no-latest-version' }];
  const registered = seen.registered.map(({ version }) => version);
  if (registered.length > 0) {
    const versions = memory.kept.filter((version) => !registered.includes(version));
    return versions.length > 0
      ? [{ kind: 'kept-version-unknown', versions, searched: 'registrations', registered }]
      : [];
  }
  const unknown = memory.kept.filter((version) => !memory.known.has(version));
  if (unknown.length === 0) return [];
  const searches = unknown.map((version) => memory.searches.get(version));
  const searched = searches.includes(undefined)
    ? 'not-yet'
    : searches.every((search) => search?.complete)
      ? 'whole-history'
      : 'timed-out';
  return [{ kind: 'kept-version-unknown', versions: unknown, searched, registered: [] }];
}

/** The kept versions to search the history for: once, and once more when the grace period has passed. */
export function keptVersionsToSearch(memory: Memory, seen: Seen, now: number): readonly string[] {
  if (seen.registered.length > 0) return [];
  return (memory.kept ?? []).filter((version) => {
    if (memory.known.has(version)) return false;
    const search = memory.searches.get(version);
    return search === undefined || (now >= KEPT_VERSION_GRACE_MS && search.at < KEPT_VERSION_GRACE_MS);
  });
}

function resolveKept(config: GateConfig, seen: Seen): readonly string[] | undefined {
  if (config.targets.kind !== 'all-but-latest') return namedVersions(config);
  return seen.latest.size > 0 ? [...seen.latest] : undefined;
}
