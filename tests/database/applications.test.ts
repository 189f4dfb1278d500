import { expect, test } from 'vitest';
import { holdOn, seenIn } from '../support/holding.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* Rule 7, and the rows that belong to an application. */

const databases = systemDatabases();
const workflow = { status: 'PENDING', application_version: '1.0.0', created_at: Date.now() - 600_000 };
const shopVersions = [
  { version: '1.0.0', owner: 'shop' },
  { version: '2.0.0', owner: 'shop' },
];
const billing = { version: 'b-1', owner: 'billing' };

test('counts the rows of the application, and rows whose owner is empty or missing', async () => {
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
])('fails when a second application owns %s and no application is chosen', async (_, table) => {
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

test('fails when starting work belongs to a second application', async () => {
  const database = await databases.create();
  await database.register(...shopVersions);
  const { verdict, blockers } = await holdOn(database, {}, () =>
    database.insert({ ...workflow, status: 'SUCCESS', application_name: 'billing', created_at: Date.now() }),
  );
  expect(blockers[1]).toEqual(['several-applications', 'still-starting']);
  expect(verdict).toBe('error');
});

test('does not count a row with an empty or missing owner as a second application', async () => {
  const database = await databases.create();
  await database.register(...shopVersions, 'unowned');
  await database.insert({ ...workflow, application_name: '' }, { ...workflow, application_name: null });
  const { blockers } = await holdOn(database, { mode: 'check' });
  expect(blockers).toEqual([['in-flight']]);
});

test('fails when the chosen application owns nothing here, and lists the owners', async () => {
  const database = await databases.create();
  await database.register(...shopVersions);
  const { verdict, polls } = await holdOn(database, { application: 'Shop' });
  expect(verdict).toBe('error');
  expect(polls[0]?.evaluation.gate).toEqual([{ kind: 'application-not-seen', application: 'Shop', owners: ['shop'] }]);
});

test('recognises an application that owns work in flight but no registered version', async () => {
  const database = await databases.create();
  await database.insert({ ...workflow, application_name: 'shop' });
  expect(await seenIn(database, { application: 'shop' })).toMatchObject({ applicationSeen: true });
  expect(await seenIn(database, { application: 'billing' })).toMatchObject({ applicationSeen: false });
});

test.each([
  ['no owner', '3.0.0'],
  ['an empty owner', { version: '3.0.0', owner: '' }],
])("takes the latest version from the application's versions and those with %s", async (_, unowned) => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'billing' });
  const behindAnother = await holdOn(database, { application: 'shop', mode: 'check' });
  expect(behindAnother).toMatchObject({ verdict: 'still-live', blockers: [['live']] });

  await database.register(unowned);
  const behindUnowned = await holdOn(database, { application: 'shop', mode: 'check' });
  expect(behindUnowned.verdict).toBe('drained');
});

test('counts every row on a schema without owners', async () => {
  const database = await databases.create('4.10.15');
  await database.register('1.0.0', '2.0.0');
  await database.insert(workflow);
  const { inFlight, owners } = await seenIn(database);
  expect(inFlight).toMatchObject([{ version: '1.0.0', application: null, pending: 1 }]);
  expect(owners).toEqual([]);
});

test('fails when the application is renamed and another one takes its name before the next poll', async () => {
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
