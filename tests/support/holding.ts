import { systemDatabase } from '../../src/dbos/system-database.ts';
import type { Blocker } from '../../src/gate/blocker.ts';
import type { GateConfig } from '../../src/gate/config.ts';
import { blockersOf } from '../../src/gate/decide.ts';
import { type Clock, type FailedLook, hold, type Look, type Outcome } from '../../src/gate/hold.ts';
import type { LookRequest, Observation, SystemDatabaseContents } from '../../src/gate/observation.ts';
import { config } from '../unit/builders.ts';
import type { TestDatabase } from './system-databases.ts';

/** What happens in the world while the gate pauses. */
export type Happening = () => unknown;

export interface Hold extends Outcome {
  readonly looks: readonly Look[];
  readonly failedLooks: readonly FailedLook[];
  /** The kinds of the blockers at each look, each kind once. */
  readonly blockers: readonly (readonly Blocker['kind'][])[];
}

/**
 * Holds against a real database, on a clock that only pauses move. In each pause the next of the happenings
 * takes place; a look that decides nothing is followed by none.
 */
export async function holdOn(
  database: Pick<TestDatabase, 'config'>,
  changes: Partial<GateConfig>,
  ...happenings: readonly Happening[]
): Promise<Hold> {
  const gate = config(changes);
  const clock = scriptedClock(happenings);
  const observer = systemDatabase(database.config, gate, clock.now);
  const looks: Look[] = [];
  const failedLooks: FailedLook[] = [];
  try {
    const outcome = await hold(gate, {
      observer,
      clock,
      signal: new AbortController().signal,
      onLook: (look) => looks.push(look),
      onFailedLook: (failed) => failedLooks.push(failed),
    });
    const blockers = looks.map(({ judgement }) => [
      ...new Set(blockersOf(judgement).map(({ kind }) => kind)),
    ]);
    return { ...outcome, looks, failedLooks, blockers };
  } finally {
    await observer.close();
  }
}

/** Asks for 1.0.0, and for nothing that not every look brings. */
export const plainRequest: LookRequest = {
  selection: { only: ['1.0.0'] },
  registrationsOf: [],
  startedSince: undefined,
  searchHistoryFor: [],
  scanStatuses: false,
  countFailed: false,
  roll: false,
  namesSince: undefined,
};

/** One look at a database, with nothing asked for that is not in the request. */
export async function lookAt(
  database: Pick<TestDatabase, 'config'>,
  changes: Partial<GateConfig> = {},
  request: Partial<LookRequest> = {},
): Promise<Observation> {
  const observer = systemDatabase(database.config, config(changes), () => 0);
  try {
    return await observer.look({ ...plainRequest, ...request }, Number.POSITIVE_INFINITY);
  } finally {
    await observer.close();
  }
}

/** What one look sees in a database that it can read. */
export async function seenIn(...look: Parameters<typeof lookAt>): Promise<SystemDatabaseContents> {
  const { seen, database } = await lookAt(...look);
  if (seen === undefined) throw new Error(`The look saw nothing: ${JSON.stringify(database)}`);
  return seen;
}

function scriptedClock(happenings: readonly Happening[]): Clock {
  const left = [...happenings];
  let now = 0;
  return {
    now: () => now,
    pause: async (milliseconds) => {
      now += milliseconds;
      if (milliseconds > 0) await left.shift()?.();
    },
  };
}
