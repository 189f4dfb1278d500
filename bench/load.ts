import { systemDatabase } from '../src/dbos/system-database.ts';
import { type Clock, hold } from '../src/gate/hold.ts';
import { reportSchema } from '../src/report/report-schema.ts';
import { number } from '../src/sentence.ts';
import { launchApp } from '../tests/support/dbos-app.ts';
import { config } from '../tests/unit/builders.ts';
import { totalCost } from './support/cost.ts';
import { type BenchDatabase, NEWEST, withDatabase } from './support/database.ts';
import { FIRST_LOOK, gate } from './support/gate.ts';
import { addInFlight, LATEST, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, milliseconds, type Spread, spreadOf, spreadText } from './support/spread.ts';
import { timed } from './support/timing.ts';

const IN_FLIGHT = 2000;
const HOUR_MS = 3_600_000;
/** So many workflows go through the application's queue each time, so many at once: as long as some looks are apart. */
const WORKFLOWS = 24_000;
const AT_ONCE = 8000;
const ROUNDS = 3;

/** 5a. What an hour of holding costs the database. */
export const hour: Section = {
  title: 'What an hour of holding costs the database',
  about: `${number(IN_FLIGHT)} workflows in flight, all by default. The hour passes in the pauses alone, which are skipped.`,
  head: ['looks', 'transactions', 'pages', 'backend time', 'of the hour'],
  async rows(server) {
    return withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      let looks = 0;
      const cost = await totalCost(server, database, async () => {
        looks = await holdForAnHour(database);
      });
      return [
        [
          number(looks),
          number(cost.transactions),
          number(cost.buffers),
          milliseconds(cost.backendMs),
          `${figure((100 * cost.backendMs) / HOUR_MS)} %`,
        ],
      ];
    });
  },
};

/** @returns how many looks that took. */
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
    pause: async (pauseMs) => {
      skipped += pauseMs;
    },
  };
}

/** 5b. What it costs the application. */
export const application: Section = {
  title: 'What it costs the application',
  about: `A real DBOS application of the newest SDK runs ${number(WORKFLOWS)} workflows through its queue, ${number(AT_ONCE)} at a time, from the first enqueued to the last ended, beside ${number(IN_FLIGHT)} in flight on the version that is retired; ${ROUNDS} times each way. The application, the database and the gate share the machine.`,
  head: ['gate', 'looks', 'time', 'with / without'],
  async rows(server) {
    return withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      const app = await launchApp({ sdk: NEWEST, version: LATEST, databaseUrl: database.url });
      try {
        const batch = async () => {
          let overriddenDuration = 0;
          for (let begun = 0; begun < WORKFLOWS; begun += AT_ONCE) {
            overriddenDuration += await app.runThroughQueue(AT_ONCE);
          }
          return { overriddenDuration };
        };
        // Nothing clears up behind the application by itself, as autovacuum would: it is done before each time.
        const vacuumed = (run: typeof batch) => async () => {
          await tidy(database);
          return run();
        };
        const often = beside(database, '250ms', batch);
        const usual = beside(database, '5s', batch);
        const times = await timed(
          { without: vacuumed(batch), usual: vacuumed(usual.run), often: vacuumed(often.run) },
          { rounds: ROUNDS },
        );
        const row = (name: string, time: Spread, looks: string) => [
          name,
          looks,
          spreadText(time),
          (time.median / times.without.median).toFixed(2),
        ];
        return [
          row('none', times.without, ''),
          row('`poll-interval: 5s`, the default', times.usual, usual.looks()),
          row('`poll-interval: 250ms`', times.often, often.looks()),
        ];
      } finally {
        await app.stop();
      }
    });
  },
};

/** Work while a gate holds: from after its first look on, until it is cancelled. */
function beside<T>(database: BenchDatabase, pollInterval: string, work: () => Promise<T>) {
  const counts: number[] = [];
  return {
    async run(): Promise<T> {
      const holding = gate(database, { 'poll-interval': pollInterval, 'fail-fast': 'false' });
      await holding.until(FIRST_LOOK);
      const result = await work();
      holding.kill('SIGINT');
      const { outputs, report, shown } = await holding.finished;
      if (outputs['verdict'] !== 'cancelled' || report === undefined) throw new Error(shown);
      counts.push(reportSchema.parse(JSON.parse(report)).looks - 1);
      return result;
    },
    /** How many looks were taken while it worked: the median. */
    looks: () => figure(spreadOf(counts).median),
  };
}
