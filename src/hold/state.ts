import type { RowSet } from '../dbos/snapshot/index.ts';
import { isSimilar } from '../rules/1-known.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';

/** When a poll began and ended, in milliseconds since the gate began. */
export interface PollTime {
  readonly began: number;
  readonly ended: number;
}

/**
 * What the gate carries from one poll to the next. Times are in milliseconds since the gate began, of its own
 * monotonic clock, except where the database's clock is named.
 */
export interface GateState {
  /** The end of the first poll that decided something. */
  readonly firstPollEnded: number | undefined;
  /** Which table `workflow_status` was at the first poll. */
  readonly tableId: string | undefined;
  /** Versions that were registered: DBOS deletes no registration. */
  readonly registered: ReadonlySet<string>;
  /** The versions that stay; absent while `keep-version: latest` is unresolved, and with named targets. */
  readonly kept: readonly string[] | undefined;
  /** The greatest registration timestamp at the first poll: what registers later is a newer deploy. */
  readonly newestRegistration: number | undefined;
  /** Once a target, always a target. */
  readonly targets: ReadonlySet<string>;
  /** Versions that registered after the first poll: newer deploys, and no targets. */
  readonly newer: ReadonlySet<string>;
  /** Once known, always known: garbage collection in the middle of a hold changes nothing. */
  readonly known: ReadonlySet<string>;
  /** Once seen to be of an SDK that takes work without a version on any version, always taken for one. */
  readonly mayTakeUnversioned: ReadonlySet<string>;
  readonly searches: ReadonlyMap<string, Search>;
  /** What the previous poll counted, for the next one to compare with. */
  readonly started: StartedBaseline | undefined;
  /** Since when nothing else has blocked but that targets are still the latest. */
  readonly onlyLiveSince: number | undefined;
  /** Per target, how long it has been idle; under null where there is no target to judge. */
  readonly windows: ReadonlyMap<string | null, SettleWindow>;
}

/** A search of the whole history for one version. */
export interface Search {
  readonly at: number;
  readonly complete: boolean;
  /** Versions found that differ in case or white space only. */
  readonly similar: readonly string[];
}

export interface StartedBaseline {
  /** Database clock, epoch milliseconds. */
  readonly since: number;
  readonly versions: ReadonlyMap<string, RowSet>;
}

/** The settle window of one target: every poll in it was idle. */
export interface SettleWindow {
  /** The end of the first idle poll. */
  readonly openedAt: number;
  /** Transactions that were writing at the first idle poll and have not been seen to end. */
  readonly writers: ReadonlySet<string>;
  /** Its statuses were looked through: a scan where no index serves, and so once a window. */
  readonly statusesSeen: boolean;
}

/** Before the first poll. */
export const initialState: GateState = {
  firstPollEnded: undefined,
  tableId: undefined,
  registered: new Set(),
  kept: undefined,
  newestRegistration: undefined,
  targets: new Set(),
  newer: new Set(),
  known: new Set(),
  mayTakeUnversioned: new Set(),
  searches: new Map(),
  started: undefined,
  onlyLiveSince: undefined,
  windows: new Map(),
};

/** Adds what stays true after this poll, whatever the next one finds. */
export function remember(
  state: GateState,
  index: SnapshotIndex,
  tableId: string,
  { ended }: PollTime,
): GateState {
  const { history, started } = index.contents;
  const searches = new Map<string, Search>(state.searches);
  for (const version of history?.searchedFor ?? []) {
    searches.set(version, {
      at: ended,
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

/** The state after a poll that failed: whatever was idle has to be idle for a whole settle window again. */
export function withWindowsReset(state: GateState): GateState {
  return { ...state, firstPollEnded: undefined, onlyLiveSince: undefined, windows: new Map() };
}
