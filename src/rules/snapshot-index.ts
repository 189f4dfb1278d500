import type {
  FailedOnVersion,
  Registration,
  SnapshotContents,
  StartedOnVersion,
  UnknownStatus,
  VersionInFlight,
} from '../dbos/snapshot/index.ts';

/** What a poll saw, ready to be asked by version. */
export interface SnapshotIndex {
  readonly contents: SnapshotContents;
  /** The newest first; empty where this schema registers nothing. */
  readonly registered: readonly Registration[];
  /** By DBOS's own rule, the greatest timestamp; several where timestamps are equal. */
  readonly latest: ReadonlySet<string>;
  /** Of two registrations of one name, its application's own rather than the one that no application owns. */
  readonly registrations: ReadonlyMap<string, Registration>;
  /** Versions whose processes may take work without a version, the latest or not: see `indexed`. */
  readonly mayTakeUnversioned: ReadonlySet<string>;
  readonly inFlight: ReadonlyMap<string | null, VersionInFlight>;
  readonly started: ReadonlyMap<string, StartedOnVersion>;
  readonly failed: ReadonlyMap<string, FailedOnVersion>;
  readonly unknownStatuses: readonly UnknownStatus[];
  /** In-flight rows without a version, those in a status that the gate does not know included. */
  readonly unversioned: number;
}

/**
 * Indexes what a poll saw.
 *
 * Only SDKs that let the latest version alone dequeue work without a version write their application's name: into
 * the registration of a version, and into every row of it. Two things spoil that evidence. A newer SDK writes the
 * name into the registration of an older one as well, when it promotes the version, runs it, or adopts what nobody
 * owns; so a registration that was written again proves nothing. And work that a process of the version took up
 * without writing an owner proves the contrary.
 */
export function indexed(contents: SnapshotContents): SnapshotIndex {
  const registered = [...(contents.registrations?.versions ?? [])].sort((a, b) => b.timestamp - a.timestamp);
  const owned = [...registered].sort(
    (a, b) => Number(a.application !== null) - Number(b.application !== null),
  );
  const inFlight = byVersion(contents.inFlight);
  const unknownStatuses = Array.isArray(contents.unknownStatuses) ? contents.unknownStatuses : [];
  const counts = inFlight.get(null);
  const nameless = registered.filter(({ application, rewritten }) => application === null || rewritten);
  const active = [...contents.inFlight, ...contents.started.versions];
  const mayTakeUnversioned = new Set([
    ...nameless.map(({ version }) => version),
    ...active.flatMap(({ version, ranUnowned }) => (ranUnowned && version !== null ? [version] : [])),
  ]);
  return {
    contents,
    registered,
    latest: new Set(
      registered
        .filter(({ timestamp }) => timestamp === registered[0]?.timestamp)
        .map(({ version }) => version),
    ),
    registrations: byVersion(owned),
    mayTakeUnversioned,
    inFlight,
    started: byVersion(contents.started.versions),
    failed: byVersion(contents.failed ?? []),
    unknownStatuses,
    unversioned:
      (counts === undefined ? 0 : counts.pending + counts.enqueued + counts.delayed) +
      sumOf(unknownStatuses.filter(({ version }) => version === null)),
  };
}

/** How many rows such statuses have together. */
export function sumOf(statuses: readonly UnknownStatus[]): number {
  return statuses.reduce((sum, { count }) => sum + count, 0);
}

function byVersion<V extends string | null, T extends { readonly version: V }>(
  rows: readonly T[],
): Map<V, T> {
  return new Map(rows.map((row) => [row.version, row]));
}
