import { describe, expect, test } from 'vitest';
import { plain } from '../../src/report/text.ts';
import { patternWarnings } from '../../src/report/warnings.ts';
import { config } from '../support/builders.ts';
import type { SdkRelease } from '../support/dbos-app.ts';
import { holdOn, seenIn } from '../support/holding.ts';
import { systemDatabases, type TestDatabase, type WorkflowRow } from '../support/system-databases.ts';

/* Workflows are told apart by class, name and instance. */

const databases = systemDatabases();

const shop = { name: 'process', class_name: 'com.example.Shop' };
const depot = { name: 'process', class_name: 'com.example.Depot' };
const till = { name: 'Till.close', class_name: 'Till', config_name: 'blue' };
const go = { name: 'example.com/shop/orders.SleepFirst' };

async function databaseWith(sdk: SdkRelease, ...rows: readonly WorkflowRow[]): Promise<TestDatabase> {
  const database = await databases.create(sdk);
  await database.insert(...rows.map((row) => ({ status: 'PENDING', application_version: '1.0.0', ...row })));
  return database;
}

describe.each<SdkRelease>(['3.5.8', '5.3.0'])('on the schema of SDK %s', (sdk) => {
  test('counts by class and name, and shows the instance of each workflow', async () => {
    const blue = { ...shop, config_name: 'blue' };
    const database = await databaseWith(sdk, shop, blue, depot, till, go, { ...go, class_name: null });
    const { groups, workflows, started } = await seenIn(database, {}, { namesSince: 0 });
    const counts = groups.items.map(({ className, name, pending }) => [className, name, pending]);
    expect(counts.sort()).toEqual([
      [null, 'example.com/shop/orders.SleepFirst', 2],
      ['Till', 'Till.close', 1],
      ['com.example.Depot', 'process', 1],
      ['com.example.Shop', 'process', 2],
    ]);
    expect(started.names.map(({ className, name, count }) => [className, name, count]).sort()).toEqual(counts);
    const instances = workflows.items.map(({ className, instance }) => [className, instance]);
    expect(instances.sort()).toEqual([
      [null, null],
      [null, null],
      ['Till', 'blue'],
      ['com.example.Depot', null],
      ['com.example.Shop', null],
      ['com.example.Shop', 'blue'],
    ]);
  });
});

describe.each<SdkRelease>(['3.5.8', '5.3.0'])('ignore-workflows, on the schema of SDK %s', (sdk) => {
  const CLASSES = { shop, depot, till, go };

  test('matches names as a whole, and with a dot their class, in every rule', async () => {
    const names = Object.values(CLASSES);
    const database = await databaseWith(sdk, ...names, ...names.map((row) => ({ ...row, application_version: null })));
    if (sdk === '5.3.0') await database.register('1.0.0');
    const expected: Readonly<Record<string, readonly (keyof typeof CLASSES)[]>> = {
      process: ['shop', 'depot'],
      'com.example.Shop.process': ['shop'],
      'com.example.*': ['shop', 'depot'],
      '*.Shop.process': ['shop'],
      '*e.Shop.*': ['shop'],
      'com*': [],
      'Shop.process': [],
      'COM.example.Shop.process': [],
      'com_example.Shop.process': [],
      'Till*': ['till'],
      'Till.close': ['till'],
      'Till.*': ['till'],
      close: [],
      'Till.Till.close': [],
      SleepFirst: [],
      '*SleepFirst': ['go'],
      'example.com/*': ['go'],
    };
    for (const [pattern, matched] of Object.entries(expected)) {
      const changes = { ignoreWorkflows: ['nothing', pattern, 'no.thing'] };
      const request = { namesSince: 0, startedSince: 0, newestRoots: true, rootsSince: 0 };
      const seen = await seenIn(database, changes, request);
      const ignored = new Set(matched.map((each) => `${CLASSES[each].name}`));
      const left = names.length - matched.length;
      const inFlight = seen.inFlight.map((each) => [each.version, each.pending, each.ignored]).sort();
      expect([pattern, ...inFlight]).toEqual([pattern, [null, left, matched.length], ['1.0.0', left, matched.length]]);
      const groups = new Set(seen.groups.items.flatMap((each) => (each.ignored ? [each.name] : [])));
      expect([pattern, groups]).toEqual([pattern, ignored]);
      expect([pattern, seen.started.versions[0]?.sincePrevious.count ?? 0]).toEqual([pattern, left]);
      if (sdk === '5.3.0') {
        const roots = seen.newestRoots?.versions.map((each) => each.roots.length);
        expect([pattern, roots]).toEqual([pattern, [left, left]]);
      }
      expect([pattern, seen.workflows.items.length]).toEqual([pattern, 2 * left]);
      expect([pattern, seen.matchedPatterns]).toEqual([pattern, matched.length > 0 ? [pattern] : []]);
    }
  });
});

test('a star within a name of Go matches itself, so that a whole name lets go of no other', async () => {
  const orders = (name: string): WorkflowRow => ({ name: `example.com/shop/orders.${name}` });
  const methods = ['(*Shop).Ship-fm', '(*BookShop).Ship-fm', '(*Desk).Of(*Shop).Ship-fm'];
  const generics = ['Put[*orders.Order,string]', 'Put[orders.Order,string]', 'Put[int,*orders.Order,string]'];
  const slices = ['Sum[int,[]*orders.Order]', 'Sum[int,[]orders.Order]', 'Sum[int,*orders.Order]'];
  const names = [...methods, ...generics, ...slices];
  const database = await databaseWith('5.3.0', ...names.map(orders));
  const ignoredBy = async (pattern: string) => {
    const { groups } = await seenIn(database, { ignoreWorkflows: [`example.com/shop/orders.${pattern}`] });
    return groups.items.flatMap(({ name, ignored }) =>
      ignored ? [name?.replace('example.com/shop/orders.', '')] : [],
    );
  };
  for (const name of names) expect([name, await ignoredBy(name)]).toEqual([name, [name]]);
  expect((await ignoredBy('(**Shop).Ship-fm')).sort()).toEqual(methods.toSorted());
  expect(await ignoredBy('(*).Ship-fm')).toHaveLength(3);
  expect(await ignoredBy('Put[*]')).toHaveLength(3);
});

test('a pattern that matches work of another version, or once did, is no pattern that matches nothing', async () => {
  const rows = { newer: { ...shop, application_version: '2.0.0' }, brief: { ...till, workflow_uuid: 'brief' } };
  const database = await databaseWith('5.3.0', rows.newer, rows.brief, depot);
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  const ignoreWorkflows = ['*.Shop.process', 'Till.close', 'Tilll.close', '*Depot*', 'com*'];
  const gate = config({ ignoreWorkflows, timeoutMs: 20_000, onUnversioned: 'ignore' });
  const { last } = await holdOn(database, gate, () =>
    database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = 'brief'`),
  );
  if (last === undefined) throw new Error('There was no poll.');
  expect(patternWarnings(gate, last.evaluation).map(plain)).toEqual([
    expect.stringContaining(
      'matched nothing that any poll saw in flight or starting: "Tilll.close", "*Depot*", "com*". A pattern without a dot',
    ),
  ]);
});

test('a pattern that matches only what starts and ends between two polls has matched', async () => {
  const ended = { status: 'SUCCESS' };
  const database = await databaseWith(
    '5.3.0',
    { ...till, ...ended },
    { ...shop, ...ended, application_version: '2.0.0' },
    { ...go, ...ended, created_at: Date.now() - 3_600_000 },
  );
  const ignoreWorkflows = ['Till.*', '*.Shop.process', '*SleepFirst'];
  const { matchedPatterns } = await seenIn(database, { ignoreWorkflows });
  expect(matchedPatterns).toEqual(['Till.*']);
});

test('a pattern that matches work of another application alone matches nothing', async () => {
  const database = await databaseWith(
    '5.3.0',
    { ...shop, application_name: 'other' },
    { ...go, application_name: 'shop' },
  );
  const ignoreWorkflows = ['*.Shop.process', '*SleepFirst'];
  const { matchedPatterns } = await seenIn(database, { application: 'shop', ignoreWorkflows });
  expect(matchedPatterns).toEqual(['*SleepFirst']);
});

test('shows class and instance of what is delayed longest', async () => {
  const delayed = { status: 'DELAYED', delay_until_epoch_ms: Date.now() + 3_600_000 };
  const database = await databaseWith('5.3.0', { ...till, ...delayed });
  const { lastDelayed } = await seenIn(database);
  expect(lastDelayed).toMatchObject([{ name: 'Till.close', className: 'Till', instance: 'blue' }]);
});
