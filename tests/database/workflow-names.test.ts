import { describe, expect, test } from 'vitest';
import type { SdkRelease } from '../support/dbos-app.ts';
import { seenIn } from '../support/holding.ts';
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

test('shows class and instance of what is delayed longest', async () => {
  const delayed = { status: 'DELAYED', delay_until_epoch_ms: Date.now() + 3_600_000 };
  const database = await databaseWith('5.3.0', { ...till, ...delayed });
  const { lastDelayed } = await seenIn(database);
  expect(lastDelayed).toMatchObject([{ name: 'Till.close', className: 'Till', instance: 'blue' }]);
});
