import { number } from '../src/message.ts';
import { poll, timesOf } from './support/contenders.ts';
import { costOf } from './support/cost.ts';
import { NEWEST, withDatabase } from './support/database.ts';
import { addInFlight, addTraffic, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { spreadText } from './support/spread.ts';

const IN_FLIGHT = 2000;
const PER_SECOND = [0, 10, 100, 1000];

/** One poll against the workflows that start and finish on the new version. */
export const traffic: Section = {
  title: 'One poll against the traffic on the new version',
  about: `${number(IN_FLIGHT)} workflows in flight on the old one. To see that nothing starts on it, a poll scans everything created in the last minute, in every version.`,
  head: ['new workflows per second', 'poll', 'pages per poll'],
  async rows(server, { say }) {
    return withDatabase(server, NEWEST, async (database) => {
      await addInFlight(database, IN_FLIGHT);
      const rows: string[][] = [];
      for (const perSecond of PER_SECOND) {
        say(`${number(perSecond)} a second`);
        await addTraffic(database, perSecond);
        await tidy(database);
        const times = await timesOf(database, { poll }, { rounds: 3, iterations: 4 });
        const { buffers } = await costOf(server, database, poll, 3);
        rows.push([number(perSecond), spreadText(times.poll), number(Math.round(buffers))]);
      }
      return rows;
    });
  },
};
