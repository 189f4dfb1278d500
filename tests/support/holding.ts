import type { GateConfig } from '../../src/config.ts';
import { systemDatabase } from '../../src/dbos/reader.ts';
import type { Snapshot, SnapshotContents, SnapshotRequest } from '../../src/dbos/snapshot/index.ts';
import { type FailedPoll, hold, type Poll } from '../../src/hold/hold.ts';
import { blockersOf } from '../../src/rules/decide.ts';
import type { Blocker } from '../../src/rules/index.ts';
import { type Clock, systemClock } from '../../src/time.ts';
import { answered, config, type Held } from './builders.ts';
import { standStill, type TestDatabase } from './system-databases.ts';

/** What happens in the world while the gate pauses. */
export type Happening = () => unknown;

export interface Hold extends Held {
  /** The kinds of the blockers at each poll, each kind once. */
  readonly blockers: readonly (readonly Blocker['kind'][])[];
}

/** A database as a gate reaches it, or the whole of it with the applications that a test has launched on it. */
type HeldDatabase = Pick<TestDatabase, 'config'> & Partial<Pick<TestDatabase, 'applications' | 'query'>>;

/**
 * Holds against a real database, on a clock that only pauses move. In each pause the next of the happenings
 * takes place; a poll that decides nothing is followed by none.
 *
 * While the gate polls, the applications on the database stand still: what a poll sees of their short transactions,
 * with which they ask their queues for work, would depend on the moment.
 */
export async function holdOn(
  database: HeldDatabase,
  changes: Partial<GateConfig>,
  ...happenings: readonly Happening[]
): Promise<Hold> {
  const gate = config(changes);
  const { applications = new Set(), query = async () => [] } = database;
  let thaw = await standStill({ applications, query });
  const clock = scriptedClock(
    happenings.map((happens) => async () => {
      await thaw();
      await happens();
      thaw = await standStill({ applications, query });
    }),
  );
  const reader = systemDatabase(database.config, gate, clock.now);
  const polls: Poll[] = [];
  const failedPolls: FailedPoll[] = [];
  try {
    const result = await hold(gate, {
      reader,
      clock,
      signal: new AbortController().signal,
      onPoll: (poll) => polls.push(poll),
      onFailedPoll: (failed) => failedPolls.push(failed),
    });
    const blockers = polls.map(({ evaluation }) => [...new Set(blockersOf(evaluation).map(({ kind }) => kind))]);
    return { ...answered(result), polls, failedPolls, blockers };
  } finally {
    await reader.close();
    await thaw();
  }
}

/** Asks for 1.0.0, and for nothing that not every poll brings. */
export const plainRequest: SnapshotRequest = {
  selection: { only: ['1.0.0'] },
  startedSince: undefined,
  searchHistoryFor: [],
  openWriters: [],
  scanStatuses: false,
  countFailed: false,
  newestRoots: false,
  rootsSince: undefined,
  detailScan: false,
  namesSince: undefined,
};

/** A signal for reads that may take as long as they do. */
export const withoutLimit: AbortSignal = new AbortController().signal;

/** One poll of a database, with nothing asked for that is not in the request. */
export async function pollAt(
  database: Pick<TestDatabase, 'config'>,
  changes: Partial<GateConfig> = {},
  request: Partial<SnapshotRequest> = {},
): Promise<Snapshot> {
  const reader = systemDatabase(database.config, config(changes), () => 0);
  try {
    return await reader.read({ ...plainRequest, ...request }, withoutLimit);
  } finally {
    await reader.close();
  }
}

/** What one poll sees in a database that it can read. */
export async function seenIn(...poll: Parameters<typeof pollAt>): Promise<SnapshotContents> {
  const { contents: index, database } = await pollAt(...poll);
  if (index === undefined) throw new Error(`The poll saw nothing: ${JSON.stringify(database)}`);
  return index;
}

function scriptedClock(happenings: readonly Happening[]): Clock {
  const left = [...happenings];
  let now = 0;
  return {
    now: () => now,
    withTimeout: systemClock.withTimeout,
    pause: async (milliseconds) => {
      now += milliseconds;
      if (milliseconds > 0) await left.shift()?.();
    },
  };
}
