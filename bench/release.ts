import { setTimeout as delay } from 'node:timers/promises';
import { number } from '../src/message.ts';
import { type BenchDatabase, NEWEST, withDatabase } from './support/database.ts';
import { FIRST_POLL, gate } from './support/gate.ts';
import { addInFlight, enqueueDelayed, finishAll, finishOldest, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { milliseconds, spreadOf, spreadText } from './support/spread.ts';

const IN_FLIGHT = 2000;
/** More of them would wait for each other, on a machine of two cores, and take that for what a poll costs. */
const GATES = 3;
const USUAL_PAUSE_MS = 5000;
const SETTLE_MS = 30_000;

/** A drain: so many workflows finish at once, so often. */
const FINISHING = 20;
const EVERY_MS = 200;
/** The lock begins when so many are left. */
const LEFT_AT_LOCK = 500;
const LOCK_MS = 4000;

type Drain = (database: BenchDatabase) => Promise<void>;

const DRAINS: readonly (readonly [string, Drain])[] = [
  ['steady', (database) => drain(database)],
  ['steady, with a lock of 4 seconds', (database) => drain(database, lockTables)],
  ['all at one moment', finishAll],
];

/** 4. From the end of the last workflow to the release of the gate. */
export const release: Section = {
  title: 'From the end of the last workflow to the release',
  about: `${number(IN_FLIGHT)} workflows in flight, and the defaults: no \`poll-interval\`, \`settle\` ${SETTLE_MS / 1000}s. ${GATES} gates hold at once, started evenly over ${USUAL_PAUSE_MS / 1000} seconds. In a steady drain ${(FINISHING * 1000) / EVERY_MS} workflows finish per second; the lock is that of a migration, ACCESS EXCLUSIVE, with ${LEFT_AT_LOCK} left. The time is from the end of the last workflow until each gate's process has exited, less the settle window.`,
  head: ['drain', 'beyond the settle window', 'the longest'],
  async rows(server, { say }) {
    const rows: string[][] = [];
    for (const [name, finish] of DRAINS) {
      const beyond = await withDatabase(server, NEWEST, (database) => timesBeyond(database, finish, () => say(name)));
      rows.push([name, spreadText(spreadOf(beyond)), milliseconds(Math.max(...beyond))]);
    }
    return rows;
  },
};

/** Returns for each gate how long after the end of the work and the settle window its process has exited, in milliseconds. */
async function timesBeyond(database: BenchDatabase, finish: Drain, started: () => void): Promise<readonly number[]> {
  await addInFlight(database, IN_FLIGHT);
  await enqueueDelayed(database);
  await tidy(database);
  const releases: Promise<number>[] = [];
  const startedAt = performance.now();
  for (let each = 0; each < GATES; each++) {
    await until(startedAt + (each * USUAL_PAUSE_MS) / GATES);
    const run = gate(database, { mode: 'wait', settle: `${SETTLE_MS}ms` });
    releases.push(
      run.finished.then(({ outputs, shown }) => {
        if (outputs['verdict'] !== 'drained') throw new Error(shown);
        return performance.now();
      }),
    );
    await run.until(FIRST_POLL);
  }
  await until(startedAt + 3 * USUAL_PAUSE_MS);
  started();
  await finish(database);
  const finishedAt = performance.now();
  return (await Promise.all(releases)).map((at) => at - finishedAt - SETTLE_MS);
}

/** Finishes the work in flight at a steady pace. */
async function drain(database: BenchDatabase, interrupt?: Drain): Promise<void> {
  let next = performance.now();
  for (let finished = 0; finished < IN_FLIGHT; finished += FINISHING) {
    await until(next);
    next += EVERY_MS;
    if (finished === IN_FLIGHT - LEFT_AT_LOCK && interrupt !== undefined) {
      await interrupt(database);
      next = performance.now();
    }
    await finishOldest(database, FINISHING);
  }
}

async function lockTables(database: BenchDatabase): Promise<void> {
  await database.query(
    `BEGIN; LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${LOCK_MS / 1000}); COMMIT`,
  );
}

async function until(time: number): Promise<void> {
  await delay(Math.max(0, time - performance.now()));
}
