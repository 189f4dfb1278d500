import { systemDatabase } from '../src/dbos/reader.ts';
import { hold } from '../src/hold/hold.ts';
import { number } from '../src/message.ts';
import { type Clock, systemClock } from '../src/time.ts';
import { answered, config } from '../tests/support/builders.ts';
import { launchApp } from '../tests/support/dbos-app.ts';
import { readReport } from '../tests/support/report-file.ts';
import { totalCost } from './support/cost.ts';
import { type BenchDatabase, NEWEST, withDatabase } from './support/database.ts';
import { FIRST_POLL, gate } from './support/gate.ts';
import { addInFlight, LATEST, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, milliseconds, type Spread, spreadOf, spreadText } from './support/spread.ts';
import { timed } from './support/timing.ts';

const IN_FLIGHT = 2000;
const HOUR_MS = 3_600_000;
/** How many workflows go through the application's queue each time, and how many at once. One time spans several polls. */
const WORKFLOWS = 24_000;
const AT_ONCE = 8000;
const ROUNDS = 3;

/** 5a. What an hour of holding costs the database. */
export const hour: Section = {
  title: 'What an hour of holding costs the database',
  about: `${number(IN_FLIGHT)} workflows in flight, all by default. The hour consists of the pauses, which are skipped.`,
  head: ['polls', 'transactions', 'pages', 'backend time', 'of the hour'],
  async rows(server) {
    return withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      let polls = 0;
      const cost = await totalCost(server, database, async () => {
        polls = await holdForAnHour(database);
      });
      return [
        [
          number(polls),
          number(cost.transactions),
          number(cost.buffers),
          milliseconds(cost.backendMs),
          `${figure((100 * cost.backendMs) / HOUR_MS)} %`,
        ],
      ];
    });
  },
};

/** Holds for an hour of the skipping clock. Returns the number of polls. */
async function holdForAnHour(database: BenchDatabase): Promise<number> {
  const gateConfig = config({ mode: 'wait', timeoutMs: HOUR_MS, failFast: false });
  const clock = skippingClock();
  const reader = systemDatabase(database.config, gateConfig, clock.now);
  let polls = 0;
  try {
    const result = await hold(gateConfig, {
      reader,
      clock,
      signal: new AbortController().signal,
      onPoll: () => {
        polls += 1;
      },
      onFailedPoll: ({ outage }) => {
        throw new Error(`A poll failed: ${JSON.stringify(outage.failure)}`);
      },
    });
    answered(result);
  } finally {
    await reader.close();
  }
  return polls;
}

/** Returns a clock of real time, except that a pause is over at once and its length is added to the time. */
function skippingClock(): Clock {
  let skipped = 0;
  return {
    now: () => performance.now() + skipped,
    withTimeout: systemClock.withTimeout,
    pause: async (pauseMs) => {
      skipped += pauseMs;
    },
  };
}

/** 5b. What it costs the application. */
export const application: Section = {
  title: 'What it costs the application',
  about: `A real DBOS application of the newest SDK runs ${number(WORKFLOWS)} workflows through its queue, ${number(AT_ONCE)} at a time, from the first enqueued to the last finished, next to ${number(IN_FLIGHT)} in flight on the version to retire; ${ROUNDS} times each way. The application, the database and the gate share the machine.`,
  head: ['gate', 'polls', 'time', 'with / without'],
  async rows(server) {
    return withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      const app = await launchApp({ sdk: NEWEST, version: LATEST, databaseUrl: database.url });
      try {
        const batch = async () => {
          let overriddenDuration = 0;
          for (let started = 0; started < WORKFLOWS; started += AT_ONCE) {
            overriddenDuration += await app.runThroughQueue(AT_ONCE);
          }
          return { overriddenDuration };
        };
        // Autovacuum is off, so each time starts with a vacuum of what the last one left.
        const vacuumed = (run: typeof batch) => async () => {
          await tidy(database);
          return run();
        };
        const often = duringHold(database, '250ms', batch);
        const usual = duringHold(database, '5s', batch);
        const times = await timed(
          { without: vacuumed(batch), usual: vacuumed(usual.run), often: vacuumed(often.run) },
          { rounds: ROUNDS },
        );
        const row = (name: string, time: Spread, polls: string) => [
          name,
          polls,
          spreadText(time),
          (time.median / times.without.median).toFixed(2),
        ];
        return [
          row('none', times.without, ''),
          row('`poll-interval: 5s`, the default', times.usual, usual.polls()),
          row('`poll-interval: 250ms`', times.often, often.polls()),
        ];
      } finally {
        await app.stop();
      }
    });
  },
};

/** Runs the work while a gate holds: starts it after the gate's first poll, and cancels the gate after it. */
function duringHold<T>(database: BenchDatabase, pollInterval: string, work: () => Promise<T>) {
  const counts: number[] = [];
  return {
    async run(): Promise<T> {
      const holding = gate(database, { 'poll-interval': pollInterval, 'fail-fast': 'false' });
      await holding.until(FIRST_POLL);
      const result = await work();
      holding.kill('SIGINT');
      const { outputs, report, shown } = await holding.finished;
      if (outputs['verdict'] !== 'cancelled' || report === undefined) throw new Error(shown);
      counts.push(readReport(report).polls - 1);
      return result;
    },
    /** Returns the number of polls during the work, as a median. */
    polls: () => figure(spreadOf(counts).median),
  };
}
