import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { probeQuery, probeRow, schemaOf } from '../../src/dbos/schema.ts';
import type { DatabaseConfig } from '../../src/postgres/url.ts';
import { buildInventory } from '../../src/review/inventory/build.ts';
import type { Inventory, InventoryWorkflow } from '../../src/review/inventory/inventory.ts';
import { parseInventory } from '../../src/review/inventory/parse.ts';
import { inventoryQuery, inventoryRow, LIMITS, type Limits } from '../../src/review/inventory/query.ts';
import { readInventory } from '../../src/review/inventory/read.ts';
import { SCHEDULES, scheduleAccess } from '../../src/review/inventory/schedules.ts';
import { statementsOnPage } from '../support/database-role-page.ts';
import type { SdkRelease } from '../support/dbos-app.ts';
import { withoutLimit } from '../support/holding.ts';
import {
  createReader,
  createRole,
  openConnection,
  systemDatabases,
  type TestDatabase,
  type WorkflowRow,
} from '../support/system-databases.ts';

const databases = systemDatabases();

function inventoryOf({ config }: { readonly config: DatabaseConfig }, application?: string): Promise<Inventory> {
  return readInventory(config, { application, pollTimeoutMs: 30_000 }, withoutLimit);
}

const UNSCOPED = { observedAt: 0, application: undefined, schedulesRead: true, unknownStatuses: 0 };

/** Reads an inventory that stops earlier than others. */
async function readWithin(database: TestDatabase, limits: Partial<Limits>): Promise<Inventory> {
  const [found] = await database.query(probeQuery('dbos', [SCHEDULES]).text);
  const [schedules, probe] = scheduleAccess(probeRow.parse(found));
  const asked = { gate: { application: undefined }, request: { selection: { except: [] } } };
  const query = { schema: schemaOf('dbos', probe), ...asked, schedules };
  const { text, values } = inventoryQuery(query, { ...LIMITS, ...limits });
  const [row] = await database.query(text, values);
  return buildInventory({ ...inventoryRow.parse(row), ...UNSCOPED });
}

function workflowsOf({ applications }: Inventory): readonly InventoryWorkflow[] {
  return applications.flatMap(({ versions }) => versions.flatMap(({ workflows }) => workflows));
}

/** Records these steps of a workflow, in their order. */
async function record(database: TestDatabase, id: string, ...names: readonly string[]): Promise<void> {
  await database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name)
     SELECT $1, number - 1, name FROM unnest($2::text[]) WITH ORDINALITY s (name, number)`,
    [id, names],
  );
}

const shop = { application_name: 'shop', application_version: '1.0.0' };

describe.each<SdkRelease>(['3.0.63', '4.10.15', '4.20.11', '5.3.0'])('an inventory on the schema of SDK %s', (sdk) => {
  test('has what is in flight by version, class and name, with the steps and patches that it recorded', async () => {
    const database = await databases.create(sdk);
    const has = async (table: string, column: string) =>
      (
        await database.query(
          'SELECT FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 AND column_name = $3',
          ['dbos', table, column],
        )
      ).length > 0;
    const hasOwners = await has('workflow_status', 'application_name');
    const owner: WorkflowRow = hasOwners ? { application_name: 'shop' } : {};
    const hasVersions = await has('application_versions', 'version_name');
    if (hasVersions) await database.register('1.0.0', '2.0.0');
    const row = { ...owner, application_version: '1.0.0', name: 'checkOut', created_at: 1_000 };
    await database.insert(
      { ...row, workflow_uuid: 'runs-1', status: 'PENDING', created_at: 500 },
      { ...row, workflow_uuid: 'runs-2', status: 'PENDING', class_name: null },
      { ...row, status: 'ENQUEUED' },
      { ...row, status: 'DELAYED' },
      { ...row, status: 'PENDING', class_name: 'Orders' },
      { ...row, status: 'PENDING', application_version: '2.0.0' },
      { ...row, status: 'ENQUEUED', application_version: null },
      ...['SUCCESS', 'ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'].map((status) => ({ ...row, status })),
    );
    await record(database, 'runs-1', 'reserve', 'DBOS.sleep', 'DBOS.patch-fast', 'DBOS.sleep');
    await record(database, 'runs-2', 'reserve', 'DBOS.sleep');

    const inventory = await inventoryOf(database);

    const nothing = { pending: 0, enqueued: 0, delayed: 0, steps: [], patches: [] };
    const some = { ...nothing, name: 'checkOut', className: null, oldest: '1970-01-01T00:00:01.000Z', stepsReadOf: 1 };
    const application = {
      application: hasOwners ? 'shop' : null,
      latest: hasVersions ? '2.0.0' : null,
      versions: [
        { version: null, workflows: [{ ...some, enqueued: 1 }] },
        {
          version: '1.0.0',
          workflows: [
            {
              ...some,
              pending: 2,
              enqueued: 1,
              delayed: 1,
              oldest: '1970-01-01T00:00:00.500Z',
              stepsReadOf: 4,
              steps: [
                { name: 'DBOS.sleep', executions: [2, 1] },
                { name: 'reserve', executions: [2] },
              ],
              patches: [{ name: 'fast', executions: 1 }],
            },
            { ...some, className: 'Orders', pending: 1 },
          ],
        },
        { version: '2.0.0', workflows: [{ ...some, pending: 1 }] },
      ],
      schedules: [],
    };
    const unowned = { application: null, latest: '2.0.0', versions: [], schedules: [] };
    expect(inventory).toEqual({
      format: 1,
      observedAt: expect.any(String),
      application: null,
      applications: hasOwners ? [unowned, application] : [application],
      schedulesRead: true,
      omitted: { workflows: 0, steps: 0, schedules: 0, applications: 0 },
    });
    expect(Math.abs(Date.parse(inventory.observedAt) - Date.now())).toBeLessThan(60_000);
    expect(parseInventory(JSON.stringify(inventory))).toEqual(inventory);
  });
});

describe('an inventory', () => {
  test('is of one application and of what nobody owns, where it is asked for', async () => {
    const database = await databases.create();
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '7', owner: 'crm' });
    await database.insert(
      { ...shop, status: 'PENDING', name: 'of shop' },
      { ...shop, status: 'PENDING', name: 'of crm', application_name: 'crm' },
      { ...shop, status: 'PENDING', name: 'of nobody', application_name: null },
    );
    await addSchedules(database);
    const of = async (application?: string) =>
      (await inventoryOf(database, application)).applications.map((each) => [
        each.application,
        each.latest,
        each.versions.flatMap(({ workflows }) => workflows.map(({ name }) => name)),
        each.schedules.map(({ schedule }) => schedule),
      ]);
    const ofNobody = [null, null, ['of nobody'], ['anyone']];
    const ofShop = ['shop', '1.0.0', ['of shop'], ['nightly', 'paused']];
    expect(await of()).toEqual([ofNobody, ['crm', '7', ['of crm'], []], ofShop]);
    expect(await of('shop')).toEqual([ofNobody, ofShop]);
    await expect(inventoryOf(database, 'Shop')).rejects.toMatchObject({
      id: 'application-not-seen',
      message: expect.stringContaining('The owners found here are crm, shop.'),
    });
    expect((await inventoryOf(database, 'shop')).application).toBe('shop');
    await database.query('DELETE FROM dbos.application_versions');
    expect(await of('crm')).toEqual([ofNobody, ['crm', null, ['of crm'], []]]);
  });

  test('has the schedules of the database, says which are paused, and leaves no connection', async () => {
    const database = await databases.create();
    await addSchedules(database);
    const { applications, schedulesRead } = await inventoryOf(database);
    expect(schedulesRead).toBe(true);
    expect(applications.find(({ application }) => application === 'shop')?.schedules).toEqual([
      { schedule: 'nightly', name: 'cleanUp', className: 'Orders', isPaused: false },
      { schedule: 'paused', name: 'cleanUp', className: null, isPaused: true },
    ]);
    const left = `SELECT FROM pg_stat_activity WHERE application_name = 'dbos-drain-gate' AND datname = current_database()`;
    await expect.poll(() => database.query(left)).toEqual([]);
  });

  test("can be read by the role of docs/grants.sql, and its schedules with the page's further grant", async () => {
    const database = await databases.create();
    await database.insert({ ...shop, workflow_uuid: 'runs-1', status: 'PENDING' });
    await record(database, 'runs-1', 'reserve');
    await addSchedules(database);
    const role = await createRole(database);
    const grants = readFileSync('docs/grants.sql', 'utf8').replace(/^CREATE ROLE .*$/m, '');
    await database.query(grants.replaceAll('drain_gate', role.name));
    const inventory = await inventoryOf(role);
    expect(workflowsOf(inventory)).toMatchObject([{ pending: 1, steps: [{ name: 'reserve', executions: [1] }] }]);
    expect(inventory.schedulesRead).toBe(false);
    expect(inventory.applications.flatMap(({ schedules }) => schedules)).toEqual([]);
    await database.query(statementsOnPage('Schedules, for the review').replaceAll('drain_gate', role.name));
    const whole = await inventoryOf(role);
    expect(whole).toEqual({ ...(await inventoryOf(database)), observedAt: whole.observedAt });
    await database.query('ALTER TABLE dbos.workflow_schedules ENABLE ROW LEVEL SECURITY');
    expect((await inventoryOf(role)).schedulesRead).toBe(false);
  });

  test('holds no id of the database, whatever the names of steps hold', async () => {
    const database = await databases.create();
    const ids = ['order-4711', 'a0b1c2d3-0000-4000-8000-00000000abcd', 'child-0815', 'parent-99', 'fork-7-of-it'];
    const [order = '', uuid = '', child = '', parent = '', fork = ''] = ids;
    const secrets = ['executor-abc', 'instance-abc', 'partition-abc', 'group-abc', 'somebody', 'input-abc'];
    const [executor = '', instance = '', partition = '', deduplication = '', user = '', input = ''] = secrets;
    const row = { ...shop, name: 'checkOut', executor_id: executor, config_name: instance, authenticated_user: user };
    await database.insert(
      { ...row, workflow_uuid: order, status: 'PENDING', parent_workflow_id: parent, queue_partition_key: partition },
      { ...row, workflow_uuid: uuid, status: 'ENQUEUED', queue_name: 'mail', deduplication_id: deduplication },
      { ...row, workflow_uuid: fork, status: 'DELAYED', forked_from: order },
      // An id that a program has in its text is a name.
      { ...row, workflow_uuid: 'monitor', status: 'PENDING', name: 'monitor' },
    );
    await record(database, order, 'pay', `charge ${order}`, `notify ${uuid}`);
    await record(database, uuid, 'pay', `charge ${uuid}`);
    await record(database, 'monitor', 'monitorOrders');
    await database.query('UPDATE dbos.operation_outputs SET output = $1, child_workflow_id = $2', [input, child]);
    await addSchedules(database);
    const schedules = await database.query('SELECT schedule_id FROM dbos.workflow_schedules');

    const inventory = await inventoryOf(database);

    const file = JSON.stringify(inventory);
    const hidden = [...ids, ...secrets, ...schedules.map((schedule) => String(schedule['schedule_id']))];
    expect(hidden.filter((id) => file.includes(id))).toEqual([]);
    expect(workflowsOf(inventory).map(({ name, steps }) => [name, steps])).toEqual([
      ['checkOut', [{ name: 'pay', executions: [2] }]],
      ['monitor', [{ name: 'monitorOrders', executions: [1] }]],
    ]);
    expect(inventory.omitted.steps).toBe(3);
  });

  test('reads steps of those first that run, then of those that ran, and says how many it read', async () => {
    const database = await databases.create();
    const row = { application_version: '1.0.0', name: 'order', status: 'ENQUEUED', created_at: 9000, updated_at: 9000 };
    await database.insert(
      ...['waits-1', 'waits-2'].map((id) => ({ ...row, workflow_uuid: id, created_at: 1, updated_at: 1 })),
      { ...row, workflow_uuid: 'forked', forked_from: 'another' },
      { ...row, workflow_uuid: 'recovered', updated_at: 9001 },
      { ...row, workflow_uuid: 'runs', status: 'PENDING' },
    );
    for (const id of ['waits-1', 'runs', 'recovered', 'forked']) await record(database, id, `${id}!`);
    const [workflow] = workflowsOf(await readWithin(database, { executionsPerGroup: 3 }));
    expect(workflow).toMatchObject({ enqueued: 4, pending: 1, stepsReadOf: 3 });
    expect(workflow?.steps.map(({ name }) => name).toSorted()).toEqual(['forked!', 'recovered!', 'runs!']);
  });

  test('reads no more than its limits, and counts the rest', async () => {
    const database = await databases.create();
    const row = { ...shop, status: 'PENDING' };
    const ids = ['a-1', 'a-2', 'a-3', 'b-1', 'b-2'];
    await database.insert(
      ...ids.map((id, index) => ({ ...row, workflow_uuid: id, name: id.slice(0, 1), created_at: index })),
    );
    for (const id of ids) await record(database, id, 'first', 'second', 'DBOS.patch-x', 'second');
    const of = async (limits: Partial<Limits>) => {
      const inventory = await readWithin(database, limits);
      const shown = workflowsOf(inventory).map(({ name, stepsReadOf, steps, patches }) => {
        const recorded = [...steps, ...patches].map((step) => `${step.name} ${step.executions}`);
        return [name, stepsReadOf, recorded.toSorted().join('; ')];
      });
      return { shown, omitted: inventory.omitted };
    };
    const a = 'first 3; second 3,3; x 3';
    const b = 'first 2; second 2,2; x 2';
    const omitted = { workflows: 0, steps: 0, schedules: 0, applications: 0 };
    expect(await of({})).toEqual({
      shown: [
        ['a', 3, a],
        ['b', 2, b],
      ],
      omitted,
    });
    expect(await of({ groups: 1 })).toEqual({ shown: [['a', 3, a]], omitted: { ...omitted, workflows: 2 } });
    // The first of each, and then the second of the larger group.
    const three = [
      ['a', 2, 'first 2; second 2,2; x 2'],
      ['b', 1, 'first 1; second 1,1; x 1'],
    ];
    expect(await of({ executions: 3 })).toEqual({ shown: three, omitted });
    const cut = [
      ['a', 1, 'first 2; second 2,1; x 2'],
      ['b', 1, 'first 1; second 1,1; x 1'],
    ];
    expect(await of({ steps: 10 })).toEqual({ shown: cut, omitted });
    // What follows the limit is read, to see that there is more.
    const justWhole = [three[0], ['b', 1, 'first 2; second 1,1; x 1']];
    expect((await of({ steps: 12 })).shown).toEqual(justWhole);
    expect(await of({ stepsPerExecution: 3 })).toEqual({
      shown: [
        ['a', 0, a],
        ['b', 0, b],
      ],
      omitted,
    });
    expect((await of({ stepsPerExecution: 4 })).shown).toEqual([
      ['a', 3, a],
      ['b', 2, b],
    ]);
    const one = [
      ['a', 3, 'x 3'],
      ['b', 2, 'x 2'],
    ];
    expect(await of({ namesPerGroup: 1 })).toEqual({ shown: one, omitted: { ...omitted, steps: 4 } });
    const few = [
      ['a', 3, 'first 3; x 3'],
      ['b', 2, 'x 2'],
    ];
    expect(await of({ names: 3 })).toEqual({ shown: few, omitted: { ...omitted, steps: 3 } });
    await addSchedules(database);
    expect((await of({ schedules: 1 })).omitted).toEqual({ ...omitted, schedules: 2 });
  });

  test('counts nameless work, and statuses that it does not know, as left out', async () => {
    const old = await databases.create('4.10.15');
    const rows = [
      { status: 'PENDING', name: null },
      { status: 'PENDING', name: 'order' },
      { status: 'PAUSED', name: 'order' },
    ].map((row) => ({ ...row, application_version: '1.0.0' }));
    await old.insert(...rows);
    // Its index shows every status.
    expect((await inventoryOf(old)).omitted.workflows).toBe(2);
    const database = await databases.create();
    await database.insert(...rows);
    expect((await inventoryOf(database)).omitted.workflows).toBe(1);
    // A schema from the future can have new ones.
    await database.query('UPDATE dbos.dbos_migrations SET version = 9999');
    expect((await inventoryOf(database)).omitted.workflows).toBe(2);
  });

  test('compares names byte for byte, and keeps long ones apart', async () => {
    const database = await databases.create();
    const long = 'x'.repeat(100_000);
    const names = ['Order', 'order', 'order ', 'é漢🦀', `${long}1`, `${long}2`];
    await database.insert(...names.map((name) => ({ ...shop, status: 'PENDING', name })));
    const shown = workflowsOf(await inventoryOf(database)).map(({ name }) => name);
    expect(shown).toHaveLength(names.length);
    expect(shown.toSorted().slice(-4)).toEqual(['Order', 'order', 'order ', 'é漢🦀']);
    expect(shown.filter((name) => name.startsWith('(cut) sha256:'))).toHaveLength(2);
  });

  test('is read again where a migration rewrites the table meanwhile', async () => {
    const database = await databases.create();
    await database.insert({ ...shop, status: 'PENDING', name: 'order' });
    const migration = await openConnection(database.url);
    await migration.query('BEGIN');
    await migration.query('LOCK TABLE dbos.workflow_status IN ACCESS EXCLUSIVE MODE');
    const reading = inventoryOf(database);
    const waits = `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE NOT l.granted AND d.datname = current_database()`;
    await expect.poll(() => database.query(waits)).toHaveLength(1);
    await migration.query('ALTER TABLE dbos.workflow_status ADD COLUMN rewritten uuid DEFAULT gen_random_uuid()');
    await migration.query('COMMIT');
    expect(workflowsOf(await reading)).toMatchObject([{ name: 'order', pending: 1 }]);
  });
});

test('an inventory is refused, with the reason, where what it shows cannot be trusted or read', async () => {
  const database = await databases.create();
  const role = await createReader(database);
  const cases = [
    [
      'ALTER TABLE dbos.workflow_status ADD COLUMN shard_key text',
      'ALTER TABLE dbos.workflow_status DROP COLUMN shard_key',
      'untrusted-database',
    ],
    [
      'ALTER TABLE dbos.workflow_status RENAME TO other; CREATE VIEW dbos.workflow_status AS SELECT * FROM dbos.other',
      'DROP VIEW dbos.workflow_status; ALTER TABLE dbos.other RENAME TO workflow_status',
      'untrusted-database',
    ],
    [
      'ALTER TABLE dbos.workflow_status RENAME COLUMN started_at_epoch_ms TO other',
      'ALTER TABLE dbos.workflow_status RENAME COLUMN other TO started_at_epoch_ms',
      'untrusted-database',
    ],
    [
      'ALTER TABLE dbos.operation_outputs RENAME COLUMN function_name TO other',
      'ALTER TABLE dbos.operation_outputs RENAME COLUMN other TO function_name',
      'columns-missing',
    ],
    [
      'ALTER TABLE dbos.operation_outputs RENAME TO other',
      'ALTER TABLE dbos.other RENAME TO operation_outputs',
      'tables-missing',
    ],
    ...['workflow_status', 'operation_outputs'].map((table) => [
      `ALTER TABLE dbos.${table} ENABLE ROW LEVEL SECURITY`,
      `ALTER TABLE dbos.${table} DISABLE ROW LEVEL SECURITY`,
      table === 'workflow_status' ? 'untrusted-database' : 'row-security',
    ]),
    [
      `REVOKE SELECT ON dbos.operation_outputs FROM ${role.name}`,
      `GRANT SELECT ON dbos.operation_outputs TO ${role.name}`,
      'tables-not-granted',
    ],
  ];
  for (const [change = '', undo = '', id] of cases) {
    await database.query(change);
    await expect(inventoryOf(role), change).rejects.toMatchObject({ id });
    await database.query(undo);
    await expect(inventoryOf(role), undo).resolves.toMatchObject({ applications: [] });
  }
});

/** Adds an active and a paused schedule of the shop, and one that nobody owns. */
async function addSchedules(database: TestDatabase): Promise<void> {
  await database.query(
    `INSERT INTO dbos.workflow_schedules
            (schedule_id, schedule_name, workflow_name, workflow_class_name, schedule, status, context, application_name)
     VALUES ('schedule-id-1', 'nightly', 'cleanUp', 'Orders', '0 0 * * *', 'ACTIVE', 'a context', 'shop'),
            ('schedule-id-2', 'paused', 'cleanUp', '', '0 0 * * *', 'PAUSED', 'a context', 'shop'),
            ('schedule-id-3', 'anyone', 'cleanUp', NULL, '0 0 * * *', 'ACTIVE', 'a context', NULL)`,
  );
}
