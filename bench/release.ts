import { setTimeout as delay } from 'node:timers/promises';
import { number } from '../src/message.ts';
import { NEWEST, withDatabase } from './support/database.ts';
import { FIRST_POLL, gate } from './support/gate.ts';
import { addInFlight, finishAll, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { milliseconds, spreadOf, spreadText } from './support/spread.ts';

const IN_FLIGHT = 2000;
const GATES = 8;
const POLL_INTERVAL_MS = 5000;
const SETTLE_MS = 30_000;

/** 4. From the end of the last workflow to the release of the gate. */
export const release: Section = {
  title: 'From the end of the last workflow to the release',
  about: `${number(IN_FLIGHT)} workflows in flight, \`poll-interval\` ${POLL_INTERVAL_MS / 1000}s and \`settle\` ${SETTLE_MS / 1000}s, the defaults. ${GATES} gates hold at once, their polls spread evenly over the poll interval, and all work finishes at one moment. The time is from that moment until each gate's process has exited, less the settle window.`,
  head: ['beyond the settle window', 'the longest'],
  async rows(server, { say }) {
    const row = await withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      await tidy(database);
      const releases: Promise<number>[] = [];
      const startedAt = performance.now();
      for (let each = 0; each < GATES; each++) {
        await until(startedAt + (each * POLL_INTERVAL_MS) / GATES);
        const run = gate(database, {
          mode: 'wait',
          'poll-interval': `${POLL_INTERVAL_MS}ms`,
          settle: `${SETTLE_MS}ms`,
          // Some of the work is delayed beyond the timeout.
          'fail-fast': 'false',
        });
        releases.push(
          run.finished.then(({ outputs, shown }) => {
            if (outputs['verdict'] !== 'drained') throw new Error(shown);
            return performance.now();
          }),
        );
        await run.until(FIRST_POLL);
      }
      await until(startedAt + 3 * POLL_INTERVAL_MS);
      say('all work finishes');
      await finishAll(database);
      const finishedAt = performance.now();
      const beyond = (await Promise.all(releases)).map((at) => at - finishedAt - SETTLE_MS);
      return [spreadText(spreadOf(beyond)), milliseconds(Math.max(...beyond))];
    });
    return [row];
  },
};

async function until(time: number): Promise<void> {
  await delay(Math.max(0, time - performance.now()));
}
