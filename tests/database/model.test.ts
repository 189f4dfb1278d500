import { expect, test } from 'vitest';
import { naiveGate, theGate, theGateOnAShakyNetwork } from '../support/model/gates.ts';
import { walk } from '../support/model/walk.ts';
import { openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/*
 * Random deploys in a real database, with the gate polling while they run. An oracle that knows the true state checks
 * the verdict. MODEL_STEPS sets the number of steps, MODEL_SEED the first seed.
 */

const databases = systemDatabases();
async function connectionsTo(database: TestDatabase) {
  const open = () => openConnection(database.url);
  return { short: await open(), long: await open(), locker: await open() };
}

const stepsWanted = Number(process.env['MODEL_STEPS'] ?? 3000);
const firstSeed = Number(process.env['MODEL_SEED'] ?? Date.now() % 1_000_000);

test('never reports a version as drained whose work is stranded, then or later', { timeout: 0 }, async () => {
  const database = await databases.create();
  const connections = await connectionsTo(database);
  const verdicts: Record<string, number> = {};
  let steps = 0;
  let seed = firstSeed;
  for (; steps < stepsWanted; seed += 1) {
    const gate = seed % 2 === 0 ? theGate : theGateOnAShakyNetwork;
    const result = await walk(database, connections, seed, gate);
    steps += result.steps;
    verdicts[result.verdict] = (verdicts[result.verdict] ?? 0) + 1;
    expect(result.wrong, `MODEL_SEED=${seed} ${JSON.stringify(result.about)}`).toEqual([]);
  }
  console.log(
    `${steps} steps in ${seed - firstSeed} walks from MODEL_SEED=${firstSeed}: ${JSON.stringify(verdicts)}, none wrong.`,
  );
  expect(verdicts['drained']).toBeGreaterThan(0);
});

test('the model is hard enough: DBOS’s published recipe strands work in it', { timeout: 0 }, async () => {
  const database = await databases.create();
  const connections = await connectionsTo(database);
  let stranded: readonly string[] = [];
  for (let seed = firstSeed; stranded.length === 0 && seed < firstSeed + 200; seed += 1) {
    const { wrong } = await walk(database, connections, seed, naiveGate);
    stranded = wrong.filter((each) => each.endsWith('is stranded'));
  }
  expect(stranded).not.toEqual([]);
});
