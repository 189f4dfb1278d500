import { systemDatabase } from '../src/dbos/system-database.ts';
import { type Clock, hold } from '../src/gate/hold.ts';
import { number } from '../src/sentence.ts';
import { launchApp } from '../tests/support/dbos-app.ts';
import { config } from '../tests/unit/builders.ts';
import type { Contender } from './support/contenders.ts';
import { sessionCost } from './support/cost.ts';
import { type BenchDatabase, withDatabase } from './support/database.ts';
import { FIRST_LOOK, gate } from './support/gate.ts';
import { addInFlight, LATEST, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, milliseconds, type Spread } from './support/spread.ts';
import { timed } from './support/timing.ts';

const IN_FLIGHT = 2000;
const HOUR_MS = 3_600_000;
/** So many workflows go through the application's queue each time: some seconds' worth. */
const WORKFLOWS = 8000;
const ROUNDS = 6;

/** 5a. What an hour of holding costs the database. */
export const hour: Section = {
  title: 'What an hour of holding costs the database',
  about: `${number(IN_FLIGHT)} workflows in flight, all by default. The hour passes in the pauses alone, which are skipped.`,
  head: ['looks', 'transactions', 'pages', 'backend time', 'of the hour'],
  async rows(server) {
    const row = await withDatabase(server, '5.3.0', async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      let looks = 0;
      const holding: Contender = async () => {
        const held = async () => {
          looks = await holdForAnHour(database);
        };
        return { ask: held, close: async () => undefined };
      };
      const cost = await sessionCost(server, database, holding, 1);
      return [
        number(looks),
        number(cost.transactions),
        number(cost.buffers),
        `${figure(cost.backendMs / 1000)} s`,
        `${figure((100 * cost.backendMs) / HOUR_MS)} %`,
      ];
    });
    return [row];
  },
};

async function holdForAnHour(database: BenchDatabase): Promise<number> {
  const gateConfig = config({ mode: 'wait', timeoutMs: HOUR_MS, failFast: false });
  const clock = skippingClock();
  const observer = systemDatabase(database.config, gateConfig, clock.now);
  let looks = 0;
  try {
    await hold(gateConfig, {
      observer,
      clock,
      signal: new AbortController().signal,
      onLook: () => {
        looks += 1;
      },
      onFailedLook: ({ outage }) => {
        throw new Error(`A look failed: ${JSON.stringify(outage.failure)}`);
      },
    });
  } finally {
    await observer.close();
  }
  return looks;
}

/** Real time, but for the pauses: they are over at once, and count. */
function skippingClock(): Clock {
  let skipped = 0;
  return {
    now: () => performance.now() + skipped,
    pause: async (milliseconds) => {
      skipped += milliseconds;
    },
  };
}

/** 5b. What it costs the application. */
export const application: Section = {
  title: 'What it costs the application',
  about: `A real DBOS application of the newest SDK runs ${number(WORKFLOWS)} workflows through its queue, from the first enqueued to the last ended, beside ${number(IN_FLIGHT)} in flight on the version that is retired. Both run on the same machine as the database.`,
  head: [
    'without the gate',
    'with the gate',
    'with / without',
    'with twenty times as many looks',
    'with / without',
  ],
  async rows(server) {
    const row = await withDatabase(server, '5.3.0', async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      const app = await launchApp({ sdk: '5.3.0', version: LATEST, databaseUrl: database.url });
      try {
        const batch = async () => ({ overriddenDuration: await app.runThroughQueue(WORKFLOWS) });
        const beside = (pollInterval: string) => async () => {
          const run = gate(database, { 'poll-interval': pollInterval, 'fail-fast': 'false' });
          await run.until(FIRST_LOOK);
          const time = await batch();
          run.kill('SIGINT');
          await run.finished;
          return time;
        };
        const times = await timed(
          { without: batch, with: beside('5s'), often: beside('250ms') },
          { rounds: ROUNDS },
        );
        const ratio = (time: Spread) => figure(time.median / times.without.median);
        return [
          milliseconds(times.without),
          milliseconds(times.with),
          ratio(times.with),
          milliseconds(times.often),
          ratio(times.often),
        ];
      } finally {
        await app.stop();
      }
    });
    return [row];
  },
};
