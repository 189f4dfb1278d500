import { systemDatabase } from '../../../src/dbos/reader.ts';
import { hold } from '../../../src/hold/hold.ts';
import type { Verdict } from '../../../src/rules/verdict.ts';
import { type Clock, systemClock } from '../../../src/time.ts';
import { answered, config } from '../builders.ts';
import { randomFrom } from '../random.ts';
import type { TestDatabase } from '../system-databases.ts';
import { type Connections, type Event, type World, worldIn } from './world.ts';

export interface Walk {
  readonly verdict: Verdict;
  /** Events and polls. */
  readonly steps: number;
  /** Work that was, or came to be, stranded though the gate had said `drained`; empty if all was well. */
  readonly stranded: readonly string[];
}

/** Says whether the target has drained; while it polls and pauses, it lets the world go on. */
export type Gate = (
  database: TestDatabase,
  target: string,
  application: string | undefined,
  pause: () => Promise<void>,
) => Promise<{ readonly verdict: Verdict; readonly polls: number }>;

/**
 * Walks a DBOS application at random through a deploy, in a real database, with a gate that polls while it goes on;
 * and judges a `drained` with the knowledge of everything: would work of the target have been stranded if all of
 * its processes had died at that moment, or at any later one?
 */
export async function walk(database: TestDatabase, connections: Connections, seed: number, gate: Gate): Promise<Walk> {
  const chance = randomFrom(seed);
  await connections.long.query('ROLLBACK');
  await database.query('TRUNCATE dbos.workflow_status CASCADE');
  await database.query('DELETE FROM dbos.application_versions');
  const hasPeer = chance.integer(3) === 0;
  const world = await worldIn(database, connections, {
    target: '1.0.0',
    next: '2.0.0',
    application: 'shop',
    targetSdk: chance.oneOf(['latest-claims', 'any-claims']),
    hasPeer,
  });
  let steps = 0;
  const happen = async (events: World['afterVerdict'], most: number) => {
    for (let left = chance.integer(most + 1); left > 0; left -= 1) {
      await chance.oneOf<Event>(events)(chance);
      steps += 1;
    }
  };

  await happen(world.whileTrafficReachesTarget, 25);
  // Now and then traffic is shifted late: then the answer is about the moment alone.
  let lateBy = chance.integer(3) === 0 ? chance.integer(6) : 0;
  const shiftedInTime = lateBy === 0;
  await world.finishDeploy(chance.integer(4) > 0);
  const { verdict, polls } = await gate(
    database,
    '1.0.0',
    chance.oneOf(['shop', hasPeer ? 'shop' : undefined]),
    async () => {
      const late = lateBy > 0;
      lateBy -= 1;
      await happen(late ? world.whileTrafficReachesTarget : world.afterTrafficIsShifted, 4);
    },
  );
  steps += polls;

  if (verdict !== 'drained') return { verdict, steps, stranded: [] };
  const atOnce = await world.stranded();
  if (atOnce.length > 0 || !shiftedInTime) return { verdict, steps, stranded: atOnce };
  await world.commitOpenTransaction();
  await happen(world.afterVerdict, 20);
  return { verdict, steps, stranded: await world.stranded() };
}

/** The gate itself, on a clock that pauses alone move. */
export const theGate: Gate = (...scene) => gateThrough(scene, async () => undefined);

/** The gate, whose connection is ended in every third pause. */
export const theGateOnAShakyNetwork: Gate = (...scene) => {
  const [database] = scene;
  let pauses = 0;
  return gateThrough(scene, async () => {
    pauses += 1;
    if (pauses % 3 > 0) return;
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'dbos-drain-gate' AND datname = current_database()`,
    );
  });
};

async function gateThrough(
  [database, target, application, pause]: Parameters<Gate>,
  fault: () => Promise<void>,
): ReturnType<Gate> {
  let now = 0;
  let polls = 0;
  const clock: Clock = {
    now: () => now,
    withTimeout: systemClock.withTimeout,
    pause: async (milliseconds) => {
      now += milliseconds;
      await pause();
      await fault();
    },
  };
  // The rules are what is judged here, to the end of each walk.
  const gate = config({
    targets: { kind: 'named', versions: [target] },
    application,
    timeoutMs: 40 * 5000,
    failFast: false,
  });
  const reader = systemDatabase(database.config, gate, clock.now);
  try {
    const result = await hold(gate, {
      clock,
      reader,
      signal: new AbortController().signal,
      onPoll: () => {
        polls += 1;
      },
      onFailedPoll: () => {
        polls += 1;
      },
    });
    return { verdict: answered(result).verdict, polls };
  } finally {
    await reader.close();
  }
}

/** DBOS's published recipe: poll until nothing is ENQUEUED or PENDING on the version. */
export const naiveGate: Gate = async (database, target, _application, pause) => {
  for (let polls = 1; polls <= 40; polls += 1) {
    const rows = await database.query(
      `SELECT FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING') AND application_version = $1 LIMIT 1`,
      [target],
    );
    if (rows.length === 0) return { verdict: 'drained', polls };
    await pause();
  }
  return { verdict: 'timed-out', polls: 40 };
};
