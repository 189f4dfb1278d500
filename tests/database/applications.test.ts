import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { plain } from '../../src/report/text.ts';
import { warningsOf } from '../../src/report/warnings.ts';
import { explainBlocker } from '../../src/rules/index.ts';
import { type Hold, holdOn, seenIn } from '../support/holding.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

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

describe('a rename of the former name during the hold', () => {
  async function held(keep: Partial<GateConfig>, versions: readonly string[]) {
    const database = await databases.create();
    for (const version of versions) await database.register({ version, owner: 'shop' });
    await database.register({ version: '3.0.0', owner: 'shop-api' });
    await database.query(`UPDATE dbos.application_versions SET created_at = created_at - 3600000`);
    await database.insert({ ...workflow, application_version: '3.0.0', application_name: 'shop-api' });
    return holdOn(
      database,
      { application: 'shop', onLive: 'ignore', ...keep },
      async () => {
        await database.query(`UPDATE dbos.application_versions SET application_name = 'shop'`);
        await database.query(`UPDATE dbos.workflow_status SET application_name = 'shop'`);
      },
      () => {},
      () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );
  }

  test.each([
    ['a kept version', { targets: { kind: 'all-but', keep: ['2.0.0'] } }],
    ['the latest version kept', { targets: { kind: 'all-but-latest' } }],
  ] as const)('makes what has moved to retire, with %s', async (_, keep) => {
    for (const versions of [['2.0.0'], ['1.0.0', '2.0.0']]) {
      const { verdict, last, blockers } = await held(keep, versions);
      expect(blockers.slice(0, 4)).toEqual([[], ['in-flight'], ['in-flight'], []]);
      expect(last?.evaluation.state.kept).toEqual(['2.0.0']);
      const drained = last?.evaluation.targets.map(({ version }) => version).sort();
      expect({ verdict, drained }).toEqual({
        verdict: 'drained',
        drained: [...versions.filter((version) => version !== '2.0.0'), '3.0.0'],
      });
    }
  });
});

describe('after a rename without rename-application', () => {
  const keepLatest = { targets: { kind: 'all-but-latest' } } as const;
  const former = { ...workflow, application_name: 'shop-api' };

  async function renamed(): Promise<TestDatabase> {
    const database = await databases.create();
    await database.register({ version: '1.0.0', owner: 'shop-api' }, { version: '2.0.0', owner: 'shop' });
    return database;
  }

  test('the former name is named in a warning, with its versions and counts', async () => {
    const database = await renamed();
    await database.insert(former, { ...former, status: 'DELAYED' }, { ...former, application_version: null });
    const held = await holdOn(database, { ...keepLatest, application: 'shop' });
    expect(warningsIn(held)).toContainEqual(
      expect.stringMatching(
        /renamed\? "shop-api" \(3 workflows in flight: "1\.0\.0": 1 pending, 1 delayed; unversioned: 1 pending\)/,
      ),
    );
    expect(held.last?.evaluation.otherApplications).toMatchObject([{ name: 'shop-api', mayBeFormerName: true }]);
  });

  test('it is named although one of its versions was promoted since', async () => {
    const database = await renamed();
    await database.insert(former);
    await database.query(`UPDATE dbos.application_versions SET version_timestamp = version_timestamp + 60000
                           WHERE application_name = 'shop-api'`);
    expect(warningsIn(await holdOn(database, { ...keepLatest, application: 'shop' }))).toContainEqual(FORMER_NAME);
  });

  test('it is named although none of its versions is registered', async () => {
    const database = await renamed();
    await database.insert(former);
    await database.query(`DELETE FROM dbos.application_versions WHERE application_name = 'shop-api'`);
    expect(warningsIn(await holdOn(database, { ...keepLatest, application: 'shop' }))).toContainEqual(FORMER_NAME);
  });

  test('the error that asks for the application tells what a rename looks like', async () => {
    const database = await renamed();
    await database.insert(former);
    const { verdict, last } = await holdOn(database, keepLatest);
    expect(verdict).toBe('error');
    const [blocker] = last?.evaluation.gate ?? [];
    expect(blocker && plain(explainBlocker(blocker))).toMatch(
      /share this system database: "shop", "shop-api".*Was the application renamed\? "shop-api" \(1 workflow in flight/,
    );
  });

  test('a target that only the former name has is a mistake, even with on-unknown: pass', async () => {
    const database = await renamed();
    await database.insert(former);
    const { verdict, last } = await holdOn(database, { application: 'shop', onUnknown: 'pass' });
    expect(verdict).toBe('unknown-version');
    expect(last?.evaluation.targets[0]?.blockers).toMatchObject([{ close: [{ stranger: 'shop-api', how: 'same' }] }]);
  });

  test('nothing is said of it once nothing of it is in flight, and it is found under its own name', async () => {
    const database = await renamed();
    await database.insert({ ...former, status: 'SUCCESS' });
    const held = await holdOn(database, { ...keepLatest, application: 'shop' });
    expect(warningsIn(held)).not.toContainEqual(FORMER_NAME);
    await database.insert(former);
    const { blockers } = await holdOn(database, { application: 'shop-api', mode: 'check', onLive: 'ignore' });
    expect(blockers).toEqual([['in-flight']]);
  });
});

test('an application that registers versions in turns with another one is not its former name', async () => {
  const database = await databases.create();
  const owned = (owner: string) => (version: string) => ({ version, owner });
  await database.register(owned('billing')('b-1'), ...shopVersions, owned('billing')('b-2'));
  await database.insert({ ...workflow, application_version: 'b-1', application_name: 'billing' });
  const held = await holdOn(database, { application: 'shop' });
  expect(warningsIn(held)).toEqual([]);
  expect(held.last?.evaluation.otherApplications).toMatchObject([
    { name: 'billing', mayBeFormerName: false, inFlight: [{ version: 'b-1', pending: 1 }] },
  ]);
  const undecided = await holdOn(database, {});
  expect(undecided.last?.evaluation.gate).toMatchObject([{ kind: 'several-applications', formers: [] }]);
});

test('of several other applications, only one that stopped before this one started may be its former name', async () => {
  const database = await databases.create();
  await database.register(
    ...[
      { version: 'a-1', owner: 'shop-api' },
      { version: 'o-1', owner: 'orders' },
    ],
    billing,
    ...shopVersions,
    { version: 'b-2', owner: 'billing' },
  );
  await database.insert(
    { ...workflow, application_version: 'a-1', application_name: 'shop-api' },
    { ...workflow, application_version: 'b-1', application_name: 'billing' },
  );
  const { last } = await holdOn(database, { application: 'shop' });
  expect(last?.evaluation.otherApplications.map(({ name, mayBeFormerName }) => [name, mayBeFormerName])).toEqual([
    ['billing', false],
    ['orders', false],
    ['shop-api', true],
  ]);
});

test('sees every owner, however many there are', async () => {
  const database = await databases.create();
  const many = Array.from({ length: 30 }, (_, index) => ({ version: `v${index}`, owner: `owner-${index}` }));
  await database.register(...many);
  expect((await seenIn(database)).owners).toHaveLength(30);
});

const FORMER_NAME = expect.stringMatching(/^Was this application renamed\? "shop-api"/);

function warningsIn({ last }: Hold): readonly string[] {
  return last === undefined ? [] : warningsOf(last.evaluation).map(plain);
}
