import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { node24 } from '../tests/support/runner/node24.ts';
import { type BenchDatabase, NEWEST, withDatabase } from './support/database.ts';
import { FIRST_POLL, gate } from './support/gate.ts';
import { addInFlight, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, spreadText } from './support/spread.ts';
import { timed } from './support/timing.ts';

const IN_FLIGHT = 10;
const ROUNDS = 25;
const FIVE_LINES = fileURLToPath(new URL('./support/five-lines.mjs', import.meta.url));

/** 3. From the start of the process to the first snapshot in its log. */
export const start: Section = {
  title: 'From the start of the process to the first snapshot',
  about: `${IN_FLIGHT} workflows in flight, the same Node for both. The script has five lines: it connects with \`pg\`, asks one question, and prints the answer. It loads \`pg\` as npm installs it, and the gate its bundle.`,
  head: ['the gate', 'a script of five lines', 'times as long'],
  async rows(server) {
    const row = await withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      const times = await timed(
        { gate: () => gateStart(database), script: () => scriptStart(database) },
        { rounds: ROUNDS },
      );
      const ratio = times.gate.median / times.script.median;
      return [spreadText(times.gate), spreadText(times.script), `${figure(ratio)} ×`];
    });
    return [row];
  },
};

async function gateStart(database: BenchDatabase) {
  const run = gate(database, { mode: 'check' });
  await run.until(FIRST_POLL);
  const overriddenDuration = performance.now() - run.spawnedAt;
  await run.finished;
  return { overriddenDuration };
}

async function scriptStart(database: BenchDatabase) {
  const startedAt = performance.now();
  const script = spawn(node24(), [FIVE_LINES], {
    env: { DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(script, 'close');
  const [printed] = await once(script.stdout.setEncoding('utf8'), 'data');
  const overriddenDuration = performance.now() - startedAt;
  await closed;
  if (printed !== `${IN_FLIGHT} in flight\n`) throw new Error(`The script printed ${String(printed)}`);
  return { overriddenDuration };
}
