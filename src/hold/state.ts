import type { DatabaseFacts, HistorySearch, RowSet, Snapshot, Writer } from '../dbos/snapshot/index.ts';
import { isCut } from '../long-names.ts';
import { type CloseVersion, closeVersionsAmong } from '../rules/1-known.ts';
import type { LatestAtFirst } from '../rules/live-evidence.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Target } from '../rules/target.ts';

/** When a poll started and finished, in milliseconds since the gate started. */
export interface PollTime {
  readonly began: number;
  readonly ended: number;
}

/** The key of the settle window where there is no target. */
export const NO_TARGET = Symbol('no target');
export type SettlingKey = Target | typeof NO_TARGET;

/**
 * What the rules carry from one poll to the next. Times are in milliseconds since the gate started, by its own monotonic
 * clock, except where the database's clock is named.
 */
export interface GateState {
  /** When the first poll that could decide finished. */
  readonly firstPollEnded: number | undefined;
  /** The id of the table `workflow_status` at the first poll. */
  readonly tableId: string | undefined;
  /** The server that answered the previous poll. */
  readonly server: ServerFacts | undefined;
  /**
   * The creation of the newest workflow at the previous poll, but no later than that poll: in epoch milliseconds.
   * Undefined: there was none.
   */
  readonly newestCreatedAt: number | undefined;
  /** Versions that were registered: DBOS deletes no registration. */
  readonly registered: ReadonlySet<string>;
  /** The versions that stay; undefined with named targets, and until `keep-version: latest` has been resolved once. */
  readonly kept: readonly string[] | undefined;
  /** The versions that were registered when the gate began: at the first poll that could be read. */
  readonly registeredAtFirst: ReadonlySet<string> | undefined;
  /** When that was, by the database's clock in epoch milliseconds. */
  readonly beganAt: number | undefined;
  /** What was the latest version when the gate began, and since when. Only rule 5 reads it. */
  readonly latestAtFirst: LatestAtFirst | undefined;
  /** Once a target, always a target. */
  readonly targets: ReadonlySet<Target>;
  /** With kept versions named: those that were made after the first poll. They belong to another deploy. */
  readonly newer: ReadonlySet<string>;
  /** Once known, always known: garbage collection during a hold changes nothing. */
  readonly known: ReadonlySet<string>;
  /** Versions that were once seen to run an SDK whose processes dequeue work without a version. */
  readonly mayTakeUnversioned: ReadonlySet<string>;
  /** Every serialization seen that names the language of an SDK: see `sdkIn`. */
  readonly serializations: ReadonlySet<string>;
  readonly searches: ReadonlyMap<string, Search>;
  /** The patterns of `ignore-workflows` that have matched something. */
  readonly matchedPatterns: ReadonlySet<string>;
  /** What the previous poll counted as recently created, for comparison. */
  readonly started: StartedBaseline | undefined;
  /** Since when nothing has blocked but that a target is the latest version. */
  readonly onlyLiveSince: number | undefined;
  /** The open settle windows by target, or that of no target. */
  readonly windows: ReadonlyMap<SettlingKey, SettleWindow>;
}

/** What tells one server from another, and one cluster from another. */
export type ServerFacts = Pick<DatabaseFacts, 'startedAt' | 'cluster'>;

/** A search of the whole history for one version. */
export interface Search {
  readonly at: number;
  readonly complete: boolean;
  /** Versions that it found and that the one searched for is close to. The others are not kept. */
  readonly close: readonly CloseVersion[];
  /** It found long names, of which nobody can say whether they are close. */
  readonly foundLong: boolean;
}

export interface StartedBaseline {
  /** Database clock, epoch milliseconds. */
  readonly since: number;
  readonly versions: ReadonlyMap<string | null, RowSet>;
}

/** The settle window of one target: every poll in it found the target idle. */
export interface SettleWindow {
  /** When the first idle poll finished. */
  readonly openedAt: number;
  /** Open transactions that were writing, or waiting to, at an idle poll before the settle time had passed. */
  readonly writers: readonly Writer[];
  /**
   * Unknown statuses were looked for. That takes a full scan where no index helps, so it happens once per window, for all
   * windows that are open then. Fewer would not do: what was in flight before the window can have taken such a status
   * since the scan of an earlier one, and counts as nothing in flight would.
   */
  readonly statusesSeen: boolean;
}

/** Before the first poll. */
export const initialState: GateState = {
  firstPollEnded: undefined,
  tableId: undefined,
  server: undefined,
  newestCreatedAt: undefined,
  registered: new Set(),
  kept: undefined,
  registeredAtFirst: undefined,
  beganAt: undefined,
  latestAtFirst: undefined,
  targets: new Set(),
  newer: new Set(),
  known: new Set(),
  mayTakeUnversioned: new Set(),
  serializations: new Set(),
  searches: new Map(),
  matchedPatterns: new Set(),
  started: undefined,
  onlyLiveSince: undefined,
  windows: new Map(),
};

/** Adds what stays true after this poll, whatever the next one finds. */
export function remember(
  state: GateState,
  index: SnapshotIndex,
  { database, observedAt }: Pick<Snapshot, 'database' | 'observedAt'>,
  { ended }: PollTime,
): GateState {
  const { history, started, newestCreatedAt, matchedPatterns } = index.contents;
  const searches = new Map<string, Search>(state.searches);
  const closeVersions = closeVersionsAmong(history?.found ?? []);
  const foundLong = history?.found.some(({ version }) => isCut(version)) ?? false;
  for (const version of history?.searchedFor ?? []) {
    searches.set(version, {
      at: ended,
      complete: history?.complete ?? false,
      close: closeVersions(version),
      foundLong,
    });
  }
  const known = new Set([
    ...state.known,
    ...index.registrations.keys(),
    ...index.inFlight.keys().filter((version) => version !== null),
    ...index.started.keys().filter((version) => version !== null),
    ...index.unknownStatuses.flatMap(({ version }) => version ?? []),
    ...foundByName(history),
  ]);
  return {
    ...state,
    tableId: state.tableId ?? database.tableId,
    server: { startedAt: database.startedAt, cluster: database.cluster },
    newestCreatedAt: newestCreatedAt === undefined ? undefined : Math.min(newestCreatedAt, observedAt),
    registered: state.registered.union(new Set(index.registrations.keys())),
    latestAtFirst: state.latestAtFirst ?? {
      versions: index.latest,
      since: index.registered[0]?.timestamp ?? observedAt,
      observedAt,
    },
    searches,
    matchedPatterns: state.matchedPatterns.union(new Set(matchedPatterns)),
    known,
    mayTakeUnversioned: state.mayTakeUnversioned.union(index.mayTakeUnversioned),
    serializations: state.serializations.union(new Set(index.contents.serializations)),
    started: {
      since: started.fromHere,
      versions: new Map(started.versions.map(({ version, fromHere }) => [version, fromHere])),
    },
  };
}

/** The versions that a search looked for, and found in this application. */
function foundByName(history: HistorySearch | undefined): readonly string[] {
  const own = new Set((history?.found ?? []).filter(({ stranger }) => stranger === null).map(({ version }) => version));
  return (history?.searchedFor ?? []).filter((version) => own.has(version));
}

/** The state after a poll that failed: whatever was idle has to be idle for a whole settle window again. */
export function withWindowsReset(state: GateState): GateState {
  return { ...state, firstPollEnded: undefined, onlyLiveSince: undefined, windows: new Map() };
}
