import type { SdkRelease } from '../tests/support/dbos-app.ts';
import type { PostgresServer } from '../tests/support/postgres.ts';
import { type Contender, listWorkflows, look, plainSql, type Session } from './support/contenders.ts';
import { costOf } from './support/cost.ts';
import { type BenchDatabase, withDatabase } from './support/database.ts';
import { addHistory, addInFlight, tidy } from './support/population.ts';
import type { Section } from './support/section.ts';
import { figure, milliseconds } from './support/spread.ts';
import { timed } from './support/timing.ts';

/** The newest schema, one of partial indexes with payloads in `workflow_status`, one with an index on all statuses. */
const RELEASES: readonly SdkRelease[] = ['5.3.0', '4.27.6', '4.10.15'];
const SIZES = [10_000, 100_000, 1_000_000];
const TEN_MILLION = 10_000_000;
const IN_FLIGHT = 2000;
const ROUNDS = 5;

/** 1. One look against the size of history. */
export const history: Section = {
  title: 'One look against the size of history',
  about: `${figure(IN_FLIGHT)} workflows in flight, and as many that have ended as the first column says.`,
  head: [
    'schema',
    'ended',
    'a look',
    '`listWorkflows`',
    'plain SQL',
    'faster than `listWorkflows`',
    'pages, a look',
    'pages, plain SQL',
    'fewer pages than plain SQL',
  ],
  async rows(server, { tenMillion, say }) {
    const rows: string[][] = [];
    const sizes = tenMillion ? [...SIZES, TEN_MILLION] : SIZES;
    for (const sdk of RELEASES) {
      await withDatabase(server, sdk, async (database) => {
        await addInFlight(database, IN_FLIGHT);
        let ended = 0;
        for (const size of sizes) {
          say(`${sdk}: ${figure(size)} ended`);
          await addHistory(database, ended + 1, size);
          await tidy(database);
          ended = size;
          const row = [sdk, figure(size), ...(await compared(server, database, sdk))];
          say(row.join(' | '));
          rows.push(row);
        }
      });
    }
    return rows;
  },
};

async function compared(
  server: PostgresServer,
  database: BenchDatabase,
  sdk: SdkRelease,
): Promise<readonly string[]> {
  const contenders = { look, list: listWorkflows(sdk), sql: plainSql };
  const times = await timesOf(database, contenders);
  const pages = {
    look: (await costOf(server, database, look, 5)).buffers,
    sql: (await costOf(server, database, plainSql, 2)).buffers,
  };
  return [
    milliseconds(times.look),
    milliseconds(times.list),
    milliseconds(times.sql),
    `${figure(times.list.median / times.look.median)} ×`,
    figure(pages.look),
    figure(pages.sql),
    `${figure(pages.sql / pages.look)} ×`,
  ];
}

async function timesOf<Name extends string>(
  database: BenchDatabase,
  contenders: Readonly<Record<Name, Contender>>,
) {
  const sessions = new Map<string, Session>();
  for (const [name, contender] of Object.entries<Contender>(contenders)) {
    sessions.set(name, await contender(database));
  }
  try {
    const questions = [...sessions].map(([name, { ask }]) => [name, ask] as const);
    return await timed(Object.fromEntries(questions) as Record<Name, Session['ask']>, {
      rounds: ROUNDS,
      iterations: 4,
    });
  } finally {
    for (const session of sessions.values()) await session.close();
  }
}
