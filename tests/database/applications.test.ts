import { expect, test } from 'vitest';
import { holdOn, seenIn } from '../support/holding.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* Rule 7, and which rows belong to an application. */

const databases = systemDatabases();
const workflow = { status: 'PENDING', application_version: '1.0.0', created_at: Date.now() - 600_000 };
const shopVersions = [
  { version: '1.0.0', owner: 'shop' },
  { version: '2.0.0', owner: 'shop' },
];
const billing = { version: 'b-1', owner: 'billing' };

test('counts the rows of the application and those that nobody owns, an empty owner among them', async () => {
  const database = await databases.create();
  await database.register(...shopVersions);
  await database.insert(
    { ...workflow, application_name: 'shop' },
    { ...workflow, application_name: null },
    { ...workflow, application_name: '' },
    { ...workflow, application_name: 'billing' },
    { ...workflow, application_name: 'Shop' },
  );
  const { inFlight, owners } = await seenIn(database, { application: 'shop' });
  expect(inFlight).toMatchObject([{ version: '1.0.0', application: 'shop', pending: 3 }]);
  expect(owners).toEqual(['Shop', 'billing', 'shop']);
});

test.each([
  ['a workflow in flight', 'dbos.workflow_status'],
  ['a registered version', 'dbos.application_versions'],
])('is an error when a second application owns %s, and none is chosen', async (_, table) => {
  const database = await databases.create();
  await database.register(...shopVersions, billing);
  await database.insert({ ...workflow, application_version: 'b-1', application_name: 'billing' });
  await database.query(
    table === 'dbos.workflow_status'
      ? `DELETE FROM dbos.application_versions WHERE application_name = 'billing'`
      : 'DELETE FROM dbos.workflow_status',
  );

  const undecided = await holdOn(database, {});
  expect(undecided.blockers).toEqual([['several-applications']]);
  expect(undecided.verdict).toBe('error');

  const decided = await holdOn(database, { application: 'shop' });
  expect(decided.verdict).toBe('drained');
});

test('is an error when the work that is starting belongs to a second application', async () => {
  const database = await databases.create();
  await database.register(...shopVersions);
  const { verdict, blockers } = await holdOn(database, {}, () =>
    database.insert({ ...workflow, status: 'SUCCESS', application_name: 'billing', created_at: Date.now() }),
  );
  expect(blockers[1]).toEqual(['several-applications', 'still-starting']);
  expect(verdict).toBe('error');
});

test('does not take a row without an owner, or with an empty one, for a second application', async () => {
  const database = await databases.create();
  await database.register(...shopVersions, 'unowned');
  await database.insert({ ...workflow, application_name: '' }, { ...workflow, application_name: null });
  const { blockers } = await holdOn(database, { mode: 'check' });
  expect(blockers).toEqual([['in-flight']]);
});

test('is an error when the chosen application owns nothing here, and says who does', async () => {
  const database = await databases.create();
  await database.register(...shopVersions);
  const { verdict, polls } = await holdOn(database, { application: 'Shop' });
  expect(verdict).toBe('error');
  expect(polls[0]?.evaluation.gate).toEqual([
    { kind: 'application-not-seen', application: 'Shop', owners: ['shop'] },
  ]);
});

test('sees an application that owns work in flight and no registered version', async () => {
  const database = await databases.create();
  await database.insert({ ...workflow, application_name: 'shop' });
  expect(await seenIn(database, { application: 'shop' })).toMatchObject({ applicationSeen: true });
  expect(await seenIn(database, { application: 'billing' })).toMatchObject({ applicationSeen: false });
});

test.each([
  ['no owner', '3.0.0'],
  ['an empty one', { version: '3.0.0', owner: '' }],
])("takes the latest version among the application's own and those with %s", async (_, unowned) => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'billing' });
  const behindAnother = await holdOn(database, { application: 'shop', mode: 'check' });
  expect(behindAnother).toMatchObject({ verdict: 'still-live', blockers: [['live']] });

  await database.register(unowned);
  const behindUnowned = await holdOn(database, { application: 'shop', mode: 'check' });
  expect(behindUnowned.verdict).toBe('drained');
});

test('judges every row on a schema that knows no owners', async () => {
  const database = await databases.create('4.10.15');
  await database.register('1.0.0', '2.0.0');
  await database.insert(workflow);
  const { inFlight, owners } = await seenIn(database);
  expect(inFlight).toMatchObject([{ version: '1.0.0', application: null, pending: 1 }]);
  expect(owners).toEqual([]);
});

test('is an error when the application is renamed, and another takes its name before the next poll', async () => {
  const database = await databases.create();
  await database.register(...shopVersions);
  await database.insert({ status: 'PENDING', application_version: '1.0.0', application_name: 'shop' });
  const { verdict, blockers } = await holdOn(database, { application: 'shop' }, async () => {
    await database.query(`UPDATE dbos.workflow_status SET application_name = 'store'`);
    await database.query(`UPDATE dbos.application_versions SET application_name = 'store'`);
    await database.register({ version: '3.0.0', owner: 'shop' });
  });
  expect([verdict, blockers.at(-1)]).toEqual(['error', ['registration-gone']]);
});
