import { number } from '../src/message.ts';
import type { SdkRelease } from '../tests/support/dbos-app.ts';
import type { PostgresServer } from '../tests/support/postgres.ts';
import { listWorkflows, plainSql, poll, timesOf } from './support/contenders.ts';
import { costOf } from './support/cost.ts';
import { type BenchDatabase, NEWEST, withDatabase } from './support/database.ts';
import { addHistory, addInFlight, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, type Spread, spreadText } from './support/spread.ts';

/** The newest schema, one with partial indexes and payloads in `workflow_status`, one with an index on all statuses. */
const RELEASES: readonly SdkRelease[] = [NEWEST, '4.27.6', '4.10.15'];
const SIZES = [10_000, 100_000, 1_000_000];
const TEN_MILLION = 10_000_000;
const IN_FLIGHT = 2000;
const ROUNDS = 5;

/** 1. One poll against the size of history. */
export const history: Section = {
  title: 'One poll against the size of history',
  about: `${number(IN_FLIGHT)} workflows in flight, and as many finished ones as the second column shows.`,
  head: [
    'schema',
    'finished',
    'poll',
    '`listWorkflows`',
    'without payloads',
    'plain SQL',
    'pages per poll',
    'pages, plain SQL',
  ],
  async rows(server, { tenMillion, say }) {
    const rows: string[][] = [];
    for (const sdk of RELEASES) {
      const sizes = tenMillion && sdk === NEWEST ? [...SIZES, TEN_MILLION] : SIZES;
      await withDatabase(server, sdk, async (database) => {
        await addInFlight(database, IN_FLIGHT);
        let finished = 0;
        for (const size of sizes) {
          say(`${sdk}: ${number(size)} finished`);
          await addHistory(database, finished + 1, size);
          await tidy(database);
          finished = size;
          const row = [sdk, number(size), ...(await compared(server, database, sdk))];
          say(row.join(' | '));
          rows.push(row);
        }
      });
    }
    return rows;
  },
};

async function compared(server: PostgresServer, database: BenchDatabase, sdk: SdkRelease): Promise<readonly string[]> {
  const list = { whole: listWorkflows(sdk, true), bare: listWorkflows(sdk, false) };
  const contenders = { poll, ...list, sql: plainSql };
  const times = await timesOf(database, contenders, { rounds: ROUNDS, iterations: 4 });
  const pages = {
    poll: (await costOf(server, database, poll, 5)).buffers,
    sql: (await costOf(server, database, plainSql, 2)).buffers,
  };
  const relative = (time: Spread) => `${spreadText(time)}, ${figure(time.median / times.poll.median)} ×`;
  return [
    spreadText(times.poll),
    relative(times.whole),
    relative(times.bare),
    relative(times.sql),
    number(Math.round(pages.poll)),
    `${number(Math.round(pages.sql))}, ${figure(pages.sql / pages.poll)} ×`,
  ];
}
