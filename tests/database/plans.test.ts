import { describe, expect, test } from 'vitest';
import { openSnapshot, probeQuery, probeRow, schemaOf } from '../../src/dbos/schema.ts';
import { snapshotQuery, snapshotRow } from '../../src/dbos/snapshot/index.ts';
import { EXAMINED_ROWS, NEWEST_ROWS } from '../../src/dbos/snapshot/newest-roots.ts';
import type { Statement } from '../../src/postgres/sql.ts';
import { inventoryQuery } from '../../src/review/inventory/query.ts';
import type { SdkRelease } from '../support/dbos-app.ts';
import { explain } from '../support/explain.ts';
import { plainRequest } from '../support/holding.ts';
import { openConnection, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/** One release per generation of indexes: on all statuses, partial, and partial with the application's name. */
const RELEASES: SdkRelease[] = ['4.10.15', '4.20.11', '5.3.0'];
const SMALL = 20_000;
const LARGE = 60_000;
/** In the small database, every tenth row is in flight: 2,000. */
const IN_FLIGHT_EVERY = 10;
/** The number of newest rows, which the previous poll did not see. */
const STARTED = 300;
/** Some indexes of a larger table are one level deeper. */
const TOLERANCE = 1.15;
const NAMED = 'a poll of a named version';
const ROOTS = 'a poll that reads who started the newest workflows';
const INVENTORY = 'the inventory of a review';

const databases = systemDatabases();

describe.each(RELEASES)('a poll on the schema of SDK %s', (sdk) => {
  test('costs as much as there is in flight, not as there is finished, whatever the statistics are', async () => {
    const database = await databases.create(sdk);
    await database.query('ALTER TABLE dbos.workflow_status SET (autovacuum_enabled = off)');
    await registerLongAgo(database);
    await addWorkflows(database, { from: 1, to: SMALL, inFlight: true });
    const polls = await pollsAt(database);

    const withoutStatistics = await costsOf(database, polls);
    await database.query('ANALYZE');
    const small = await costsOf(database, polls);
    await addWorkflows(database, { from: SMALL + 1, to: LARGE, inFlight: false });
    const withStaleStatistics = await costsOf(database, polls);
    await database.query('ANALYZE');
    const large = await costsOf(database, polls);

    // About one page per workflow in flight, as they are scattered: the work in flight is read once.
    expect(small.get(NAMED)?.pages).toBeLessThan((SMALL / IN_FLIGHT_EVERY) * TOLERANCE);
    // The 2,000 newest rows, of which a page has about ten.
    expect((small.get(ROOTS)?.pages ?? 0) - (small.get(NAMED)?.pages ?? 0)).toBeLessThan(NEWEST_ROWS / 5);
    // An inventory descends the primary key of the steps once for each.
    expect(small.get(INVENTORY)?.pages).toBeLessThan((SMALL / IN_FLIGHT_EVERY) * 5);
    const all = { withoutStatistics, small, withStaleStatistics, large };
    for (const [stage, costs] of Object.entries(all)) {
      for (const [poll, { scannedTables, pages, timesThroughInFlight }] of costs) {
        // Not once per queue, and not once per workflow shown.
        expect(timesThroughInFlight, `${poll}, ${stage}`).toBe(1);
        expect(scannedTables, `${poll}, ${stage}`).not.toContain('workflow_status');
        expect(scannedTables, `${poll}, ${stage}`).not.toContain('operation_outputs');
        expect(pages, `${poll}, ${stage}`).toBeLessThan((small.get(poll)?.pages ?? 0) * TOLERANCE);
      }
    }
  });
});

test('who started the newest workflows of a quiet application costs a bounded number of rows of others', async () => {
  const database = await databases.create();
  await registerLongAgo(database);
  await addWorkflows(database, { from: 1, to: 2 * EXAMINED_ROWS, inFlight: false });
  const gate = { application: 'crm', ignoreWorkflows: [] };
  const [row] = await database.query(probeQuery('dbos').text);
  const schema = schemaOf('dbos', probeRow.parse(row));
  const request = { ...plainRequest, newestRoots: true };
  const { pages, scannedTables } = await explain(database, snapshotQuery({ schema, gate, request }));
  expect(scannedTables).not.toContain('workflow_status');
  expect(pages).toBeLessThan(EXAMINED_ROWS / 10);
});

describe('a workflow that a poll shows in detail', () => {
  const SHOWN = 50;

  test('is read again by its ctid, and its steps are read only if it is pending', async () => {
    const database = await databases.create();
    await addBusyWorkflows(database, { status: 'ENQUEUED', sleepsFor: 0 });
    const { pages: queued } = await aPoll(database);
    // One page per workflow, plus the cost of an empty poll. Through an index it would be at least two pages each.
    expect(queued).toBeLessThan(1.6 * SHOWN);
    await database.query(`UPDATE dbos.workflow_status SET status = 'PENDING'`);
    expect((await aPoll(database)).pages).toBeGreaterThan(queued + 2 * SHOWN);
  });

  test('has its steps before a sleep read only during the sleep', async () => {
    const database = await databases.create();
    await addBusyWorkflows(database, { status: 'PENDING', sleepsFor: -60_000 });
    const { pages: over } = await aPoll(database);
    await database.query(
      `UPDATE dbos.operation_outputs SET completed_at_epoch_ms = completed_at_epoch_ms + 3600000 WHERE function_name = 'DBOS.sleep'`,
    );
    const { pages: asleep } = await aPoll(database);
    expect(asleep - over).toBeGreaterThan(3 * SHOWN);
  });

  test('is shown as of the moment of the poll, even if it changes during the poll', async () => {
    const database = await databases.create();
    await database.insert({ workflow_uuid: 'one', status: 'PENDING', application_version: '1.0.0' });
    const statement = (await pollsAt(database)).get(NAMED);
    const application = await openConnection(database.url);
    await database.query(openSnapshot('dbos', 30_000).text);
    // Its first update lies on the same page, the second on another one.
    await application.query(`UPDATE dbos.workflow_status SET application_name = 'other'`);
    await application.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS', error = repeat('x', 8000)`);
    const [row] = await database.query(statement?.text ?? '', statement?.values);
    await database.query('COMMIT');
    expect(snapshotRow.parse(row).workflows.items).toMatchObject([{ id: 'one', status: 'PENDING' }]);
  });

  /** Adds workflows with 200 steps each. The last step is a sleep that ends `sleepsFor` milliseconds from now. */
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

/** Returns the kinds of polls that a run takes, with and without their optional parts. */
async function pollsAt(database: TestDatabase): Promise<ReadonlyMap<string, Statement>> {
  const [row] = await database.query(probeQuery('dbos').text);
  const schema = schemaOf('dbos', probeRow.parse(row));
  const hasOwners = schema.tables.workflow_status?.includes('application_name');
  const shop = { application: hasOwners ? 'shop' : undefined, ignoreWorkflows: ['monitor*', 'Orders.monitor*'] };
  const anyApplication = { application: undefined, ignoreWorkflows: [] };
  const asked = {
    ...plainRequest,
    startedSince: Date.now() - STARTED * 1000,
    countFailed: true,
    namesSince: Date.now() - 5000,
  };
  const asInventory = { gate: anyApplication, request: { selection: { except: [] } }, schedules: 'none' as const };
  return new Map([
    [INVENTORY, inventoryQuery({ schema, ...asInventory })],
    [NAMED, snapshotQuery({ schema, gate: shop, request: { ...asked, countFailed: false } })],
    [ROOTS, snapshotQuery({ schema, gate: shop, request: { ...asked, countFailed: false, newestRoots: true } })],
    [
      'a first poll of one',
      snapshotQuery({
        schema,
        gate: shop,
        request: { ...asked, startedSince: undefined, detailScan: true, namesSince: undefined, newestRoots: true },
      }),
    ],
    [
      'a poll of all versions but one',
      snapshotQuery({
        schema,
        gate: anyApplication,
        request: { ...asked, selection: { except: ['2.0.0'] } },
      }),
    ],
  ]);
}

/** Every workflow is newer than the registration of the latest version, which no application owns. */
async function registerLongAgo(database: TestDatabase): Promise<void> {
  await database.register('1.0.0', '2.0.0');
  await database.query('UPDATE dbos.application_versions SET version_timestamp = version_timestamp - 1000000000000');
}

async function costsOf(database: TestDatabase, polls: ReadonlyMap<string, Statement>) {
  const costs = new Map<string, Awaited<ReturnType<typeof explain>>>();
  for (const [poll, statement] of polls) costs.set(poll, await explain(database, statement));
  return costs;
}

/** Adds workflows numbered from the newest, one per second, each as wide as a real one, with one or two steps. */
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
