import { number } from '../src/sentence.ts';
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
const SCHEMAS: readonly { readonly sdk: SdkRelease; readonly grows: boolean }[] = [
  { sdk: '5.3.0', grows: true },
  { sdk: '4.27.6', grows: false },
  { sdk: '4.10.15', grows: true },
];
const SIZES = [10_000, 100_000, 1_000_000];
const TEN_MILLION = 10_000_000;
const IN_FLIGHT = 2000;
const ROUNDS = 5;

/** 1. One look against the size of history. */
export const history: Section = {
  title: 'One look against the size of history',
  about: `${number(IN_FLIGHT)} workflows in flight, and as many that have ended as the first column says.`,
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
    for (const { sdk, grows } of SCHEMAS) {
      const sizes = tenMillion && grows ? [...SIZES, TEN_MILLION] : SIZES;
      await withDatabase(server, sdk, async (database) => {
        await addInFlight(database, IN_FLIGHT);
        let ended = 0;
        for (const size of sizes) {
          say(`${sdk}: ${number(size)} ended`);
          await addHistory(database, ended + 1, size);
          await tidy(database);
          ended = size;
          const row = [sdk, number(size), ...(await compared(server, database, sdk))];
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
    number(Math.round(pages.look)),
    number(Math.round(pages.sql)),
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
