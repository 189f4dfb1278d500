import { expect, test } from 'vitest';
import { ReportableError } from '../../src/errors.ts';
import { type Hold, holdOn } from '../support/holding.ts';
import { launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* The schema is probed in every poll: it can change during a hold, and can lack columns that a rule needs. */

const databases = systemDatabases();

/** Summarises what each poll saw of the schema and of 1.0.0. */
function summaries({ polls }: Hold) {
  return polls.map(({ evaluation: { snapshot, index, targets } }) => ({
    migration: snapshot.database.migration,
    registered: index?.registered.map(({ version, application }) => [version, application]),
    statusesScanned: index?.contents.unknownStatuses !== undefined,
    pending: targets[0]?.pending,
    delayed: targets[0]?.delayed,
  }));
}

test('reads the new schema after a new version migrates it during the hold', async () => {
  const database = await databases.create('4.15.5');
  const blue = await launchOn(database, { sdk: '4.15.5', version: '1.0.0' });
  const held = await blue.startHeld();
  const delayed = await blue.enqueue({ queue: 'parallel', delaySeconds: 3600 });

  const outcome = await holdOn(
    database,
    { failFast: false },
    async () => {
      const green = await launchOn(database, { sdk: '5.3.0', version: '2.0.0' });
      // New work moves to it: 1.0.0 got some shortly before the gate began.
      await green.startHeld();
    },
    () => blue.finish(held),
    () => blue.cancel(delayed),
  );

  expect(outcome.blockers).toEqual([['in-flight', 'live'], ['in-flight'], ['in-flight'], [], [], []]);
  expect(outcome.verdict).toBe('drained');
  const old = { migration: 41, registered: [['1.0.0', null]], statusesScanned: true };
  const registered = [
    ['2.0.0', 'shop'],
    ['1.0.0', null],
  ];
  const migrated = { migration: 123, registered, statusesScanned: false };
  expect(summaries(outcome).slice(0, 4)).toEqual([
    { ...old, pending: 1, delayed: 1 },
    { ...migrated, pending: 1, delayed: 1 },
    { ...migrated, pending: 0, delayed: 1 },
    { ...migrated, pending: 0, delayed: 0 },
  ]);
});

test('fails at the next poll when a column is removed during the hold', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });

  const { verdict, blockers, last } = await holdOn(database, {}, () =>
    database.query('ALTER TABLE dbos.workflow_status RENAME application_version TO version'),
  );

  expect(blockers).toEqual([['in-flight'], ['untrusted-database']]);
  expect(verdict).toBe('error');
  expect(last?.evaluation.drained).toBe(false);
});

test.each([1, 24, 41, 61, 99])(
  'sees the same under migration number %i, whose meaning differs between SDKs',
  async (number) => {
    const database = await databases.create();
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
    await database.insert(
      { status: 'DELAYED', application_version: '1.0.0', application_name: 'shop' },
      { status: 'ENQUEUED', application_version: null },
    );
    const before = await holdOn(database, { mode: 'check', onUnversioned: 'block' });
    await database.query('UPDATE dbos.dbos_migrations SET version = $1', [number]);
    const after = await holdOn(database, { mode: 'check', onUnversioned: 'block' });

    expect(after.last?.evaluation.snapshot.database.migration).toBe(number);
    expect(after.last?.evaluation.targets).toEqual(before.last?.evaluation.targets);
    expect(after.blockers).toEqual([['in-flight', 'unversioned']]);
  },
);

test.each(['3.5.8', '4.10.15', '5.3.0'] as const)(
  'overlooks nothing in flight when any one column of the schema of SDK %s is missing',
  async (sdk) => {
    const database = await databases.create(sdk);
    const ofTarget = { application_version: '1.0.0', created_at: Date.now() - 600_000 };
    await database.insert({ ...ofTarget, status: 'PENDING' }, { ...ofTarget, status: 'ENQUEUED' });
    await database.insert({ ...ofTarget, status: 'DELAYED' }, { status: 'ENQUEUED' });
    const columns = await database.query(
      `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
        WHERE table_schema = 'dbos'
          AND table_name IN ('workflow_status', 'operation_outputs', 'application_versions', 'dbos_migrations')`,
    );
    expect(columns.length).toBeGreaterThan(25);

    const refused: string[] = [];
    for (const { table, column } of columns) {
      await database.query(`ALTER TABLE dbos.${table} RENAME "${column}" TO gone`);
      const answer = await blockersOrRefusal(database);
      if (answer === 'refused') refused.push(`${table}.${column}`);
      else expect(answer, `${table}.${column}`).toEqual(everythingInFlight);
      await database.query(`ALTER TABLE dbos.${table} RENAME gone TO "${column}"`);
    }
    expect(refused).toEqual(expect.arrayContaining(['workflow_status.status', 'workflow_status.created_at']));
    expect(await blockersOrRefusal(database)).toEqual(everythingInFlight);
  },
);

const everythingInFlight = expect.arrayContaining([
  { kind: 'in-flight', pending: 1, enqueued: 1, delayed: 1 },
  expect.objectContaining({ kind: 'unversioned', count: 1 }),
]);

async function blockersOrRefusal(database: TestDatabase) {
  try {
    const { verdict, last } = await holdOn(database, { mode: 'check' });
    if (verdict === 'error') return 'refused';
    return last?.evaluation.targets.flatMap(({ blockers }) => blockers);
  } catch (error) {
    expect(error).toBeInstanceOf(ReportableError);
    return 'refused';
  }
}
