import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { takeSnapshot } from '../../src/dbos/poll.ts';
import { type Connection, connect } from '../../src/postgres/connection.ts';
import { config } from '../support/builders.ts';
import { databaseConfig, dropDatabases } from '../support/databases.ts';
import { holdOn, plainRequest, withoutLimit } from '../support/holding.ts';
import { startNetwork } from '../support/network.ts';
import { stopForARestart } from '../support/postgres/restart.ts';
import { openDatabase, systemDatabases, systemDatabasesOfItsOwn } from '../support/system-databases.ts';

/* Rule 9: one poll is of one server, and one hold of one cluster. */

const here = systemDatabasesOfItsOwn();
const elsewhere = systemDatabases();

const NAME = 'in_two_clusters';
const ROLE = 'of_two_clusters';

/** Makes a system database in which 1.0.0 has drained, under the same name and for the same role in each cluster. */
async function makeIn({ server, createUrl }: Pick<typeof elsewhere, 'server' | 'createUrl'>): Promise<string> {
  const made = new URL(await createUrl());
  const admin = new pg.Client({ connectionString: server().url() });
  await admin.connect();
  await admin.query(`ALTER DATABASE ${made.pathname.slice(1)} RENAME TO ${NAME}`);
  await admin.query(`CREATE ROLE ${ROLE} SUPERUSER LOGIN PASSWORD 'the-same'`);
  await admin.end();
  return Object.assign(made, { pathname: NAME, username: ROLE, password: 'the-same' }).href;
}

let urls = { here: '', elsewhere: '' };
beforeAll(async () => {
  urls = { here: await makeIn(here), elsewhere: await makeIn(elsewhere) };
});
afterAll(async () => {
  await dropDatabases(elsewhere.server().url(), [NAME]);
});

test('a hold whose address is switched to another cluster ends as an error', async () => {
  const database = await openDatabase(urls.here);
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  const copy = await openDatabase(urls.elsewhere);
  await copy.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  const network = await startNetwork(urls.here);
  const { verdict, blockers, failedPolls, polls } = await holdOn(
    { config: databaseConfig(network.through(urls.here)) },
    {},
    () => network.leadTo(urls.elsewhere),
  );
  expect({ verdict, blockers }).toEqual({ verdict: 'error', blockers: [[], ['untrusted-database']] });
  expect(failedPolls).toEqual([]);
  expect(polls[1]?.evaluation.gate).toContainEqual({ kind: 'untrusted-database', reason: 'another-cluster' });
});

test('a poll that a pooler splits is read again, and given up after three', async () => {
  const open = (url: string) => connect(databaseConfig(url), 30_000, withoutLimit);
  const [primary, other] = [await open(urls.here), await open(urls.elsewhere)];
  onTestFinished(async () => {
    await primary.close();
    await other.close();
  });
  let asked = 0;
  const splitting = (times: number): Connection => ({
    ...primary,
    rows: async (statement, row) => {
      if (!statement.text.includes('pg_locks')) return primary.rows(statement, row);
      asked += 1;
      if (asked > times) return primary.rows(statement, row);
      const answer = await other.rows(statement, row);
      await other.run('COMMIT');
      return answer;
    },
  });
  const poll = { config: databaseConfig(urls.here), gate: config(), request: plainRequest };

  expect((await takeSnapshot(splitting(2), poll, () => 0)).contents).toBeDefined();
  expect(asked).toBe(3);
  asked = 0;
  await expect(takeSnapshot(splitting(9), poll, () => 0)).rejects.toThrow(
    /Several servers answered one poll.*does not split reads from writes/,
  );
  expect(asked).toBe(3);
});

test('a restart of the server starts the settle window over, and the hold continues', async () => {
  const { verdict, waitedMs, polls } = await holdOn({ config: databaseConfig(urls.here) }, {}, async () => {
    const start = await stopForARestart(here.server());
    await start();
  });
  expect(verdict).toBe('drained');
  // The second poll, after five seconds, is the first that the new server answers.
  expect(waitedMs).toBe(15_000);
  const starts = new Set(polls.map(({ evaluation }) => evaluation.snapshot.database.startedAt));
  const clusters = new Set(polls.map(({ evaluation }) => evaluation.snapshot.database.cluster));
  expect([starts.size, clusters.size]).toEqual([2, 1]);
});
