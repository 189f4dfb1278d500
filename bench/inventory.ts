import { number } from '../src/message.ts';
import { readInventory } from '../src/review/inventory/read.ts';
import { type Contender, poll, timesOf } from './support/contenders.ts';
import { costOf } from './support/cost.ts';
import { type BenchDatabase, NEWEST, withDatabase } from './support/database.ts';
import { addHistory, addInFlight, addSteps, clear, type Layout, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, spreadText } from './support/spread.ts';

const CASES: readonly { readonly layout: Layout; readonly size: number }[] = [
  { layout: 'dense', size: 2000 },
  { layout: 'dense', size: 100_000 },
  { layout: 'one row per page', size: 2000 },
  { layout: 'one row per page', size: 100_000 },
];
const FINISHED = 10_000;
const STEPS = 10;

const read = ({ config }: BenchDatabase) =>
  readInventory(config, { application: undefined, pollTimeoutMs: 300_000 }, new AbortController().signal);

const reading: Contender = async (database) => ({ ask: () => read(database), close: async () => undefined });

/** 8. The inventory of a review. */
export const inventory: Section = {
  title: 'The inventory of a review',
  about: `The newest schema, ${number(FINISHED)} finished workflows. Every workflow in flight has recorded ${STEPS} steps more, each written at another time: no two lie side by side. The time is that of the whole read, with its connection. Next to it, a poll, which has its connection already.`,
  head: ['rows', 'in flight', 'the read', 'a poll', 'pages', 'executions whose steps are read', 'inventory'],
  async rows(server, { say }) {
    return withDatabase(server, NEWEST, async (database) => {
      const rows: string[][] = [];
      for (const { layout, size } of CASES) {
        say(`${layout}: ${number(size)} in flight`);
        await clear(database);
        await addInFlight(database, size, layout);
        await addSteps(database, size, STEPS);
        await addHistory(database, 1, FINISHED);
        await tidy(database);
        const times = await timesOf(database, { reading, poll }, { rounds: 3, iterations: 3 });
        const cost = await costOf(server, database, reading, 2);
        const written = await read(database);
        const ofSteps = written.applications.flatMap(({ versions }) =>
          versions.flatMap(({ workflows }) => workflows.map(({ stepsReadOf }) => stepsReadOf)),
        );
        const row = [
          layout,
          number(size),
          spreadText(times.reading),
          spreadText(times.poll),
          number(Math.round(cost.buffers)),
          number(ofSteps.reduce((sum, each) => sum + each, 0)),
          `${figure(Buffer.byteLength(JSON.stringify(written)) / 1024)} kB`,
        ];
        say(row.join(' | '));
        rows.push(row);
      }
      return rows;
    });
  },
};
