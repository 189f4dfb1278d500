import { describe, expect, test } from 'vitest';
import { readInventory } from '../../src/review/inventory/read.ts';
import type { SdkRelease } from '../support/dbos-app.ts';
import { holdOn, pollAt, seenIn, withoutLimit } from '../support/holding.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Names are compared byte for byte, also where their columns have a collation to which V1 and v1 are equal. */

const databases = systemDatabases();
const everyApplication = { application: undefined, pollTimeoutMs: 30_000 };

/** Creates a system database whose names and ids have a collation that ignores case. */
async function caseless(sdk: SdkRelease = '5.3.0'): Promise<TestDatabase> {
  const database = await databases.create(sdk);
  await database.query(`
    CREATE COLLATION public.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    DO $$
    DECLARE part record;
    BEGIN
      FOR part IN SELECT conrelid::regclass AS rel, conname FROM pg_constraint
                   WHERE connamespace = 'dbos'::regnamespace AND contype = 'f'
      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', part.rel, part.conname); END LOOP;
      FOR part IN SELECT attrelid::regclass AS rel, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
                   WHERE attrelid IN (to_regclass('dbos.workflow_status'), to_regclass('dbos.application_versions'), to_regclass('dbos.queues'))
                     AND attname IN ('workflow_uuid', 'parent_workflow_id', 'application_version', 'version_name',
                                     'application_name', 'name', 'queue_name')
      LOOP EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s COLLATE public.caseless', part.rel, part.attname, part.type); END LOOP;
    END $$`);
  return database;
}

describe.each<SdkRelease>(['4.10.15', '4.20.11', '5.3.0'])(
  'where a collation ignores case, on the schema of SDK %s',
  (sdk) => {
    test('a poll can do all that it can be asked for', async () => {
      const database = await caseless(sdk);
      await database.insert(
        { application_version: 'v1', status: 'PENDING' },
        { application_version: 'v1', status: 'LOST' },
      );
      const everything = { searchHistoryFor: ['v1'], scanStatuses: true, countFailed: true, detailScan: true };
      const request = { ...everything, selection: { only: ['v1'] }, registrationsOf: ['v1'] };
      const { contents } = await pollAt(database, { ignoreWorkflows: ['monitor*'] }, request);
      expect(contents).toMatchObject({
        inFlight: [{ version: 'v1', pending: 1 }],
        history: { found: [{ version: 'v1', stranger: null }] },
        unknownStatuses: [{ version: 'v1', status: 'LOST', count: 1 }],
      });
      await database.insert(...['V1', 'v1'].map((version) => ({ application_version: version, status: 'ENQUEUED' })));
      await database.query(
        `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name)
         SELECT workflow_uuid, 0, 'pay' FROM dbos.workflow_status`,
      );
      const { applications } = await readInventory(database.config, everyApplication, withoutLimit);
      const versions = applications.flatMap((application) => application.versions);
      expect(versions.map(({ version, workflows }) => [version, workflows])).toMatchObject([
        ['V1', [{ pending: 0, enqueued: 1, steps: [{ name: 'pay', executions: [1] }] }]],
        ['v1', [{ pending: 1, enqueued: 1, steps: [{ name: 'pay', executions: [2] }] }]],
      ]);
    });
  },
);

describe('where a collation ignores case', () => {
  const shop = { application_name: 'shop' };

  test.each([
    ['retire-version', { kind: 'named', versions: ['v1'] }],
    ['keep-version', { kind: 'all-but', keep: ['V1'] }],
  ] as const)('a version that differs in case is another one, for %s', async (_, targets) => {
    const database = await caseless();
    await database.register({ version: 'V1', owner: 'shop' });
    await database.insert(
      ...['V1', 'V1', 'V1', 'v1', 'v1'].map((version) => ({
        ...shop,
        application_version: version,
        status: 'PENDING',
      })),
    );
    const { polls, verdict } = await holdOn(database, { mode: 'check', targets });
    expect(verdict).toBe('in-flight');
    expect(polls[0]?.evaluation.targets).toMatchObject([{ version: 'v1', pending: 2 }]);
  });

  test('an owner that differs in case is another application', async () => {
    const database = await caseless();
    const rows = ['shop', 'Shop'].map((owner) => ({
      application_name: owner,
      application_version: '1.0.0',
      status: 'PENDING',
    }));
    await database.insert(...rows);
    expect((await seenIn(database)).owners.toSorted()).toEqual(['Shop', 'shop']);
    const { inFlight } = await seenIn(database, { application: 'shop' });
    expect(inFlight).toMatchObject([{ version: '1.0.0', application: 'shop', pending: 1 }]);
    expect((await seenIn(database, { application: 'SHOP' })).applicationSeen).toBe(false);
  });

  test('a name that differs in case from an ignored one is not ignored', async () => {
    const database = await caseless();
    const rows = ['monitor-1', 'Monitor-1'].map((name) => ({
      ...shop,
      name,
      application_version: '1.0.0',
      status: 'PENDING',
    }));
    await database.insert(...rows);
    const { inFlight, groups } = await seenIn(database, { ignoreWorkflows: ['monitor*'] });
    expect(inFlight).toMatchObject([{ pending: 1, ignored: 1 }]);
    expect(groups.items.map(({ name, ignored }) => [name, ignored]).toSorted()).toEqual([
      ['Monitor-1', false],
      ['monitor-1', true],
    ]);
  });

  test('queues and parents that differ in case are others', async () => {
    const database = await caseless();
    const onTarget = { ...shop, application_version: '1.0.0' };
    await database.insert(
      { ...onTarget, workflow_uuid: 'parent', status: 'PENDING', queue_name: 'mail' },
      { ...onTarget, status: 'ENQUEUED', queue_name: 'Mail', parent_workflow_id: 'PARENT' },
      { ...onTarget, status: 'ENQUEUED', queue_name: 'mail' },
    );
    const { queues, workflows } = await seenIn(database);
    expect(queues.toSorted((a, b) => a.pending - b.pending)).toMatchObject([
      { queue: 'Mail', enqueued: 1, pending: 0, runningInAll: 0 },
      { queue: 'mail', enqueued: 1, pending: 1, runningInAll: 1 },
    ]);
    expect(workflows.items.find(({ id }) => id === 'parent')?.hasChildren).toBe(false);
  });
});
