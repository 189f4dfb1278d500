import type {
  FailedOnVersion,
  Registration,
  SnapshotContents,
  StartedOnVersion,
  UnknownStatus,
  VersionInFlight,
} from '../dbos/snapshot/index.ts';
import { NO_WORKFLOWS, type StatusCounts, total } from '../status-counts.ts';
import { type Closeness, closeNamesAmong } from './close-names.ts';
import { type Target, targetOfRows } from './target.ts';

/** The contents of a snapshot by version. */
export interface SnapshotIndex {
  readonly contents: SnapshotContents;
  /** The newest first; empty where this schema has no registrations. */
  readonly registered: readonly Registration[];
  /** The registered names that a name is close to, and how. */
  readonly registeredCloseTo: (name: string) => ReadonlyMap<string, Closeness>;
  /** The versions with the greatest timestamp, as DBOS has it; several where timestamps are equal. */
  readonly latest: ReadonlySet<string>;
  /** Of two registrations of one name, the one with an owner. */
  readonly registrations: ReadonlyMap<string, Registration>;
  /** Versions whose processes can dequeue work without a version even when they are not the latest: see `indexed`. */
  readonly mayTakeUnversioned: ReadonlySet<string>;
  readonly inFlight: ReadonlyMap<string | null, VersionInFlight>;
  readonly started: ReadonlyMap<string | null, StartedOnVersion>;
  readonly failed: ReadonlyMap<string, FailedOnVersion>;
  readonly unknownStatuses: readonly UnknownStatus[];
  /** In-flight rows without a version, those in a status that the gate does not know included. */
  readonly unversioned: number;
}

/**
 * Indexes the contents of a snapshot by version.
 *
 * Only SDKs that let the latest version alone dequeue work without a version write their application's name: into the
 * registration of a version, and into each of its rows. Two things spoil that evidence. A newer SDK also writes the name
 * into an older registration, when it promotes the version, runs it, or adopts rows without an owner. So a registration
 * that was written again proves nothing. And work that a process of the version dequeued without writing an owner
 * proves the opposite.
 */
export function indexed(contents: SnapshotContents): SnapshotIndex {
  const registered = [...(contents.registrations ?? [])].sort((a, b) => b.timestamp - a.timestamp);
  const owned = [...registered].sort((a, b) => Number(a.application !== null) - Number(b.application !== null));
  const inFlight = byVersion(contents.inFlight);
  const unknownStatuses = Array.isArray(contents.unknownStatuses) ? contents.unknownStatuses : [];
  const nameless = registered.filter(({ application, rewritten }) => application === null || rewritten);
  const active = [...contents.inFlight, ...contents.started.versions];
  const mayTakeUnversioned = new Set([
    ...nameless.map(({ version }) => version),
    ...active.flatMap(({ version, ranUnowned }) => (ranUnowned && version !== null ? [version] : [])),
  ]);
  return {
    contents,
    registered,
    registeredCloseTo: closeNamesAmong(registered.map(({ version }) => version)),
    latest: new Set(
      registered.filter(({ timestamp }) => timestamp === registered[0]?.timestamp).map(({ version }) => version),
    ),
    registrations: byVersion(owned),
    mayTakeUnversioned,
    inFlight,
    started: byVersion(contents.started.versions),
    failed: byVersion(contents.failed ?? []),
    unknownStatuses,
    unversioned:
      total(inFlight.get(null) ?? NO_WORKFLOWS) + sumOf(unknownStatuses.filter(({ version }) => version === null)),
  };
}

/** What is in flight on a target. Of rows without a version, a process without one has only those that run. */
export function countsOn({ inFlight }: Pick<SnapshotIndex, 'inFlight'>, version: Target): StatusCounts {
  const { pending, enqueued, delayed } = inFlight.get(version) ?? NO_WORKFLOWS;
  return version === null ? { pending, enqueued: 0, delayed: 0 } : { pending, enqueued, delayed };
}

/** The rows of a target in statuses that the gate does not know. */
export function unknownStatusesOn(
  { unknownStatuses }: Pick<SnapshotIndex, 'unknownStatuses'>,
  target: Target,
): readonly UnknownStatus[] {
  return unknownStatuses.filter(({ version }) => targetOfRows(version) === target);
}

/** The number of rows in these statuses. */
export function sumOf(statuses: readonly UnknownStatus[]): number {
  return statuses.reduce((sum, { count }) => sum + count, 0);
}

function byVersion<V extends string | null, T extends { readonly version: V }>(rows: readonly T[]): Map<V, T> {
  return new Map(rows.map((row) => [row.version, row]));
}
