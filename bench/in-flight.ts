import { number } from '../src/message.ts';
import { poll, pollWithDetailScan, timesOf } from './support/contenders.ts';
import { costOf } from './support/cost.ts';
import { NEWEST, withDatabase } from './support/database.ts';
import { peakMemory } from './support/gate.ts';
import { addHistory, addInFlight, clear, type Layout, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, spreadText } from './support/spread.ts';

const LAYOUTS: readonly Layout[] = ['dense', 'one row per page'];
const SIZES = [10, 1000, 100_000, 1_000_000];
const FINISHED = 10_000;

/** 2. One poll against the work in flight. */
export const inFlight: Section = {
  title: 'One poll against the work in flight',
  about: `The newest schema, ${number(FINISHED)} finished workflows. Rows in flight lie side by side in the table, or each on its own page; a quarter are PENDING, with two steps each. The memory is the peak of the whole process of the action.`,
  head: ['rows', 'in flight', 'poll', 'with the oldest 10,000 in detail', 'pages per poll', 'temporary file', 'memory'],
  async rows(server, { say }) {
    return withDatabase(server, NEWEST, async (database) => {
      const rows: string[][] = [];
      for (const layout of LAYOUTS) {
        for (const size of SIZES) {
          say(`${layout}: ${number(size)} in flight`);
          await clear(database);
          await addInFlight(database, size, layout);
          await addHistory(database, 1, FINISHED);
          await tidy(database);
          const rounds = { rounds: 3, iterations: size > 100_000 ? 2 : 5 };
          const times = await timesOf(database, { alone: poll, withScan: pollWithDetailScan }, rounds);
          const cost = await costOf(server, database, poll, 2);
          const row = [
            layout,
            number(size),
            spreadText(times.alone),
            spreadText(times.withScan),
            number(Math.round(cost.buffers)),
            cost.temporaryBytes > 0 ? `${figure(cost.temporaryBytes / 1024 ** 2)} MB` : '',
            `${figure((await peakMemory(database)) / 1024 ** 2)} MB`,
          ];
          say(row.join(' | '));
          rows.push(row);
        }
      }
      return rows;
    });
  },
};
