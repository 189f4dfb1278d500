import { type Random, randomFrom } from '../random.ts';
import type { TestDatabase } from '../system-databases.ts';
import { type Events, eventsIn, type Ingredients, runs } from './events.ts';
import type { Answer, Gate, Question } from './gates.ts';
import { Oracle } from './oracle.ts';
import { type Connections, NEWER, NEXT, OLD, OLDER, PEER, World } from './world.ts';

export interface Walk {
  readonly verdict: string;
  /** Events and polls. */
  readonly steps: number;
  /** What was wrong about the answer: work that was, or came to be, stranded, for one; empty if all was well. */
  readonly wrong: readonly string[];
  /** What there was in this walk, and what the gate was asked and said. */
  readonly about: Ingredients & Question & Pick<Answer, 'drained' | 'warnings'>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Walks a DBOS application at random through a deploy, in a real database, with a gate that polls while it goes on;
 * and judges the answer with the knowledge of everything: would work of a drained version have been stranded if all of
 * its processes had ended at that moment, or at any later one?
 */
export async function walk(database: TestDatabase, connections: Connections, seed: number, gate: Gate): Promise<Walk> {
  const chance = randomFrom(seed);
  await database.query('TRUNCATE dbos.workflow_status CASCADE');
  await database.query('DELETE FROM dbos.application_versions');
  const has = ingredients(chance);
  const world = new World(database, connections, has.rename === 'without' ? 'shop-api' : 'shop');
  try {
    return await walkIn(world, has, chance, gate);
  } finally {
    await world.endTransaction('ROLLBACK');
  }
}

function ingredients(chance: Random): Ingredients {
  const inOneOf = (walks: number) => chance.integer(walks) === 0;
  return {
    peer: inOneOf(3),
    rename: chance.oneOf(['never', 'never', 'never', 'with-command', 'without']),
    waitingWriters: inOneOf(3),
    schedules: inOneOf(2),
    promotions: inOneOf(4),
    relaunch: chance.oneOf(['never', 'never', 'never', 'before-the-gate', 'during-the-hold']),
    launch: chance.oneOf([undefined, undefined, undefined, NEXT, NEWER]),
    unversioned: inOneOf(2),
    versionless: inOneOf(4),
  };
}

async function walkIn(world: World, has: Ingredients, chance: Random, gate: Gate): Promise<Walk> {
  const events = eventsIn(world, has);
  let steps = 0;
  /** Some events, from now until so long ago. */
  const happen = async (possible: Events, most: number, untilMs = 0) => {
    const count = chance.integer(most + 1);
    for (let left = count; left > 0; left -= 1) {
      world.timeIs(untilMs + ((world.agoMs - untilMs) * (left - chance.between(0, 1))) / left);
      steps += 1;
      // Whatever else would be written waits, too.
      if (!world.isLocked) await chance.oneOf(possible)(chance);
      else if (chance.integer(20) === 0) await world.unlock();
    }
    world.timeIs(untilMs);
  };

  // Now and then traffic is shifted late: then the old version still gets some while the gate holds.
  let lateBy = chance.integer(3) === 0 ? chance.integer(6) : 0;
  const rollsBack = has.relaunch === 'before-the-gate' && has.launch !== NEXT;
  if (rollsBack) lateBy = 0;
  const shiftedInTime = lateBy === 0;
  await deploy(world, has, chance, (most, untilMs) => happen(events.duringDeploy, most, untilMs));
  const shifts = () => {
    if (world.running.has(NEXT) && world.traffic.length > 1) world.traffic = [NEXT];
  };
  if (rollsBack) {
    await rollBack(world, chance, (most, untilMs) => happen(events.duringHold, most, untilMs));
  } else if (lateBy === 0) {
    shifts();
    await happen(events.duringHold, 4, chance.oneOf([0, 5 * MINUTE]));
    if (has.waitingWriters) {
      // The last request of the old version meets a migration.
      await happen(events.whileWorkEnds, 60);
      await world.openWaitingTransaction(chance, OLD);
    }
  }
  world.timeIs(0);

  const question = ask(has, world, chance);
  const oracle = new Oracle(world, question);
  const answer = await gate(world.database, question, {
    polled: () => oracle.observe(),
    pause: async () => {
      if (lateBy > 0) {
        lateBy -= 1;
        await happen(events.duringDeploy, 10);
      } else {
        shifts();
        await happen(events.duringHold, 10);
      }
    },
  });
  steps += answer.polls;

  const { verdict, drained, warnings } = answer;
  const about = { ...has, ...question, drained, warnings };
  const atOnce = await oracle.wrongIn(answer);
  if (atOnce.length > 0 || drained.length === 0) return { verdict, steps, about, wrong: atOnce };
  // Where the old version still got work during the hold, the answer is about the moment alone.
  const getsMore = !shiftedInTime || drained.some((version) => world.traffic.includes(version));
  if (getsMore) return { verdict, steps, about, wrong: [] };
  await world.endTransaction('COMMIT');
  const takesUnversioned = drained.some(
    (version) => world.registered.includes(version) && world.sdkOf(version) === 'any-claims',
  );
  await happen(takesUnversioned ? events.afterVerdictVersioned : events.afterVerdict, 20);
  return { verdict, steps, about, wrong: await oracle.strandedOn(drained) };
}

type Happens = (most: number, untilMs: number) => Promise<void>;

/** From the launch of the old version to the moment at which both run, and both take traffic. */
async function deploy(world: World, has: Ingredients, chance: Random, happen: Happens): Promise<void> {
  const sdk = () => chance.oneOf(['latest-claims', 'latest-claims', 'any-claims'] as const);
  if (has.peer) await world.register(PEER, 'latest-claims', 'peer');
  if (chance.integer(4) === 0) {
    await world.register(OLDER, sdk(), world.application);
    runs(world, OLDER);
    await happen(4, 20 * DAY);
  }
  await world.register(OLD, sdk(), world.application);
  runs(world, OLD);
  const launchedAgo = chance.oneOf([2 * MINUTE, 8 * MINUTE, 12 * MINUTE, 40 * MINUTE, 3 * HOUR, 2 * DAY]);
  await happen(8, launchedAgo);
  if (has.launch === NEXT) return happen(12, 0);

  if (has.rename === 'without') world.application = 'shop';
  await world.register(NEXT, 'latest-claims', world.application);
  world.running.add(NEXT);
  world.traffic = [OLD, NEXT];
  await happen(25, launchedAgo * chance.between(0, 1));
  // After a rollback that made the old version the latest, the new one is promoted again, or that is forgotten.
  const isLatest = (await world.latestOf(world.application)) === NEXT;
  if (!isLatest && chance.integer(4) > 0) await world.promote(NEXT);
}

/** The old version is launched again, in place of the new one. */
async function rollBack(world: World, chance: Random, happen: Happens): Promise<void> {
  if (chance.integer(4) > 0) world.running.delete(NEXT);
  runs(world, OLD);
  await happen(10, world.agoMs * chance.oneOf([0, 0.2, 0.5, 1]));
  // What was a quiet application stays one during the hold.
  world.isQuiet = chance.integer(2) === 0;
}

function ask(has: Ingredients, world: World, chance: Random): Question {
  const { application: name } = world;
  const owns = world.registered.some((v) => world.applicationOf(v) === name && world.sdkOf(v) === 'latest-claims');
  const application = has.peer ? name : owns ? chance.oneOf([name, undefined]) : undefined;
  const retired = world.registered.includes(OLDER) && chance.integer(2) === 0 ? [OLD, OLDER] : [OLD];
  const targets = chance.oneOf<Question['targets']>([
    { kind: 'named', versions: retired },
    { kind: 'all-but-latest' },
    { kind: 'all-but', keep: [NEXT] },
  ]);
  return { application, targets };
}
