import { describe, expect, test } from 'vitest';
import { openSnapshot, probeQuery } from '../../src/dbos/scans.ts';
import { probeRow, schemaOf } from '../../src/dbos/schema.ts';
import { snapshotQuery } from '../../src/dbos/snapshot/query.ts';
import type { Statement } from '../../src/dbos/sql.ts';
import type { SdkRelease } from '../support/dbos-app.ts';
import { explain } from '../support/explain.ts';
import { openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/** One of each age of indexes: one on all statuses, partial ones, partial ones with the application's name. */
const RELEASES: SdkRelease[] = ['4.10.15', '4.20.11', '5.3.0'];
const SMALL = 20_000;
const LARGE = 100_000;
/** One row in so many is in flight, in the small database: 2,000. */
const IN_FLIGHT_EVERY = 10;
/** So many are the newest: the poll before did not see them. */
const STARTED = 300;
/** An index of a larger table is a level deeper here and there. */
const TOLERANCE = 1.15;
const NAMED = 'a look at a named version';

const databases = systemDatabases();

describe.each(RELEASES)('a look at a schema of SDK %s', (sdk) => {
  test('costs what is in flight, not what has ended, whatever the statistics say', async () => {
    const database = await databases.create(sdk);
    await database.query('ALTER TABLE dbos.workflow_status SET (autovacuum_enabled = off)');
    await addWorkflows(database, { from: 1, to: SMALL, inFlight: true });
    const polls = await pollsAt(database);

    const withoutStatistics = await costsOf(database, polls);
    await database.query('ANALYZE');
    const small = await costsOf(database, polls);
    await addWorkflows(database, { from: SMALL + 1, to: LARGE, inFlight: false });
    const withStaleStatistics = await costsOf(database, polls);
    await database.query('ANALYZE');
    const large = await costsOf(database, polls);

    // About a page for each workflow in flight, scattered as they are: what is in flight is read once.
    expect(small.get(NAMED)?.pages).toBeLessThan((SMALL / IN_FLIGHT_EVERY) * TOLERANCE);
    const all = { withoutStatistics, small, withStaleStatistics, large };
    for (const [stage, costs] of Object.entries(all)) {
      for (const [poll, { scannedTables, pages, timesThroughInFlight }] of costs) {
        // Not once a queue, and not once a workflow that is shown.
        expect(timesThroughInFlight, `${poll}, ${stage}`).toBe(1);
        expect(scannedTables, `${poll}, ${stage}`).not.toContain('workflow_status');
        expect(scannedTables, `${poll}, ${stage}`).not.toContain('operation_outputs');
        expect(pages, `${poll}, ${stage}`).toBeLessThan((small.get(poll)?.pages ?? 0) * TOLERANCE);
      }
    }
  });
});

describe('what a poll shows one by one', () => {
  const SHOWN = 50;

  test('is found again by its place in the table, and has its steps read only if it runs', async () => {
    const database = await databases.create();
    await addBusyWorkflows(database, { status: 'ENQUEUED', sleepsFor: 0 });
    const { pages: queued } = await aPoll(database);
    // A page a workflow, and what a poll costs without any: through an index it would be two pages at least.
    expect(queued).toBeLessThan(1.6 * SHOWN);
    await database.query(`UPDATE dbos.workflow_status SET status = 'PENDING'`);
    expect((await aPoll(database)).pages).toBeGreaterThan(queued + 2 * SHOWN);
  });

  test('has the steps before a sleep read only while it sleeps', async () => {
    const database = await databases.create();
    await addBusyWorkflows(database, { status: 'PENDING', sleepsFor: -60_000 });
    const { pages: over } = await aPoll(database);
    await database.query(
      `UPDATE dbos.operation_outputs SET completed_at_epoch_ms = completed_at_epoch_ms + 3600000 WHERE function_name = 'DBOS.sleep'`,
    );
    const { pages: asleep } = await aPoll(database);
    expect(asleep - over).toBeGreaterThan(3 * SHOWN);
  });

  test('is of the moment of the poll, though it changes while the poll is taken', async () => {
    const database = await databases.create();
    await database.insert({ workflow_uuid: 'one', status: 'PENDING', application_version: '1.0.0' });
    const statement = (await pollsAt(database)).get(NAMED);
    const application = await openConnection(database.url);
    await database.query(openSnapshot('dbos', 30_000).text);
    // Its newer version lies on the same page, and then on another one.
    await application.query(`UPDATE dbos.workflow_status SET application_name = 'other'`);
    await application.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS', error = repeat('x', 8000)`);
    const [row] = await database.query(statement?.text ?? '', statement?.values);
    await database.query('COMMIT');
    expect(row?.['workflows']).toMatchObject([{ id: 'one', status: 'PENDING' }]);
  });

  /** Each with two hundred steps and, last of them, a sleep that ends so long from now. */
  async function addBusyWorkflows(
    database: TestDatabase,
    { status, sleepsFor }: { status: string; sleepsFor: number },
  ): Promise<void> {
    const rows = Array.from({ length: SHOWN }, (_, index) => ({
      workflow_uuid: `busy-${index}`,
      status,
      application_version: '1.0.0',
      created_at: Date.now() - 600_000,
    }));
    await database.insert(...rows);
    await database.query(
      `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, started_at_epoch_ms, completed_at_epoch_ms)
       SELECT 'busy-' || i, step, CASE step WHEN 199 THEN 'DBOS.sleep' ELSE 'work' END, repeat('x', 200), $1::bigint, $1 + $2::bigint
         FROM generate_series(0, 199) step, generate_series(0, ${SHOWN - 1}) i`,
      [Date.now(), sleepsFor],
    );
    await database.query('VACUUM (ANALYZE) dbos.workflow_status, dbos.operation_outputs');
  }

  async function aPoll(database: TestDatabase) {
    const statement = (await pollsAt(database)).get(NAMED);
    if (statement === undefined) throw new Error('There is no such poll.');
    return explain(database, statement);
  }
});

/** The polls that a run takes, with and without what only some are asked for. */
async function pollsAt(database: TestDatabase): Promise<ReadonlyMap<string, Statement>> {
  const [row] = await database.query(probeQuery('dbos'));
  const schema = schemaOf('dbos', probeRow.parse(row));
  const application = schema.hasOwners ? 'shop' : undefined;
  const named = { application, only: ['1.0.0'], except: [], ignore: ['monitor%'] };
  const allButOne = { application: undefined, only: undefined, except: ['2.0.0'], ignore: [] };
  const asked = {
    registrationsOf: ['1.0.0'],
    startedSince: Date.now() - STARTED * 1000,
    countFailed: true,
    detailScan: false,
    namesSince: Date.now() - 5000,
  };
  return new Map([
    [NAMED, snapshotQuery(schema, named, { ...asked, countFailed: false })],
    [
      'a first look at one',
      snapshotQuery(schema, named, {
        ...asked,
        startedSince: undefined,
        detailScan: true,
        namesSince: undefined,
      }),
    ],
    ['a look at all versions but one', snapshotQuery(schema, allButOne, asked)],
  ]);
}

async function costsOf(database: TestDatabase, polls: ReadonlyMap<string, Statement>) {
  const costs = new Map<string, Awaited<ReturnType<typeof explain>>>();
  for (const [poll, statement] of polls) costs.set(poll, await explain(database, statement));
  return costs;
}

/** Workflows numbered from the newest, one a second, each as wide as a real one with a step or two. */
async function addWorkflows(
  database: TestDatabase,
  { from, to, inFlight }: { from: number; to: number; inFlight: boolean },
): Promise<void> {
  const owned = (await ownersColumn(database)) ? [', application_name', `, 'shop'`] : ['', ''];
  await database.query(
    `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, class_name, queue_name, executor_id,
            application_version, created_at, updated_at, started_at_epoch_ms, inputs, output${owned[0]})
     SELECT md5(i::text),
            CASE WHEN $3 AND i % ${IN_FLIGHT_EVERY} = 0
                 THEN (ARRAY['PENDING', 'ENQUEUED', 'DELAYED'])[1 + i / ${IN_FLIGHT_EVERY} % 3]
                 ELSE coalesce((ARRAY['ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'])[i / 7 % 10], 'SUCCESS')
            END,
            'workflow' || i % 20, 'Orders', CASE WHEN i % 4 = 0 THEN 'queue' || i % 7 END, 'executor-' || i % 4,
            (ARRAY['1.0.0', '2.0.0'])[1 + i / 2 % 2], $4 - i * 1000::bigint, $4 - i * 1000::bigint, $4 - i * 1000::bigint,
            repeat(md5(i::text), 8), repeat(md5(i::text), 4)${owned[1]}
       FROM generate_series($1::int, $2::int) i`,
    [from, to, inFlight, Date.now()],
  );
  await database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output)
     SELECT md5(i::text), step, 'work', repeat('x', 200)
       FROM generate_series($1::int, $2::int) i, generate_series(0, i % 2) step`,
    [from, to],
  );
}

async function ownersColumn(database: TestDatabase): Promise<boolean> {
  const rows = await database.query(
    `SELECT FROM information_schema.columns
      WHERE table_schema = 'dbos' AND table_name = 'workflow_status' AND column_name = 'application_name'`,
  );
  return rows.length > 0;
}
