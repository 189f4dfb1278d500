import { expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { MODES } from '../../src/config.ts';
import { dbosCommand } from '../support/dbos-command.ts';
import { holdOn } from '../support/holding.ts';
import { launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Rule 7 with real applications: several share a system database, and each is retired separately. */

const databases = systemDatabases();

function launch(database: TestDatabase, name: string, version: string) {
  return launchOn(database, { sdk: '5.3.0', name, version });
}

const retire = (version: string): Pick<GateConfig, 'targets'> => ({
  targets: { kind: 'named', versions: [version] },
});

test('evaluates each application of a shared database by its own work and its own latest version', async () => {
  const database = await databases.create();
  const shop = await launch(database, 'shop', '1.0.0');
  await launch(database, 'shop', '2.0.0');
  const billing = await launch(database, 'billing', 'b-1');
  const order = await shop.startHeld();
  await billing.startHeld();
  await billing.startParent(2);

  const shopHolds = await holdOn(database, { application: 'shop' }, () => shop.finish(order));
  expect(shopHolds).toMatchObject({ verdict: 'drained', blockers: [['in-flight'], [], [], []] });
  expect(shopHolds.polls[0]?.evaluation.targets).toMatchObject([
    { version: '1.0.0', application: 'shop', pending: 1, latest: false },
  ]);
  expect(shopHolds.polls[0]?.evaluation.index?.contents.owners).toEqual(['billing', 'shop']);

  // The newest version of all belongs to billing. The shop's newest is 2.0.0.
  const newest = await holdOn(database, { application: 'shop', mode: 'check', ...retire('2.0.0') });
  expect(newest).toMatchObject({ verdict: 'still-live', blockers: [['live']] });
  const others = await holdOn(database, { application: 'billing', mode: 'check', ...retire('b-1') });
  expect(others).toMatchObject({ verdict: 'in-flight', blockers: [['in-flight', 'live']] });
  expect(others.polls[0]?.evaluation.targets).toMatchObject([{ application: 'billing', pending: 4 }]);
  const foreign = await holdOn(database, { application: 'shop', mode: 'check', ...retire('b-1') });
  expect(foreign.verdict).toBe('unknown-version');

  const allButLatest = await holdOn(database, { application: 'shop', targets: { kind: 'all-but-latest' } });
  expect(allButLatest.verdict).toBe('drained');
  expect(allButLatest.polls[0]?.evaluation.targets.map(({ version }) => version)).toEqual(['1.0.0']);
});

test.each(MODES)('fails in mode %s when no application is given, or not exactly', async (mode) => {
  const database = await databases.create();
  await database.register(
    { version: '1.0.0', owner: 'shop' },
    { version: '2.0.0', owner: 'shop' },
    { version: 'b-1', owner: 'billing' },
  );
  const none = await holdOn(database, { mode });
  expect(none).toMatchObject({ verdict: 'error', blockers: [['several-applications']] });
  for (const application of ['Shop', 'SHOP', ' shop', 'shop ', 'sh op', 'shops', 'sho', '"shop"', 'shop\n', '%']) {
    const { verdict, polls } = await holdOn(database, { mode, application });
    expect(verdict, application).toBe('error');
    expect(polls.map(({ evaluation }) => evaluation.gate)).toEqual([
      [{ kind: 'application-not-seen', application, owners: ['billing', 'shop'] }],
    ]);
  }
});

test('counts work that an outside client enqueues without an application for every application', async () => {
  const database = await databases.create();
  const shop = await launch(database, 'shop', '1.0.0');
  const green = await launch(database, 'shop', '2.0.0');
  const billing = await launch(database, 'billing', '1.0.0-b');
  await shop.stop();
  // No process of 1.0.0 is left to dequeue it.
  const order = await green.enqueueByClient({ queue: 'serial', version: '1.0.0' });
  expect(
    await database.query('SELECT application_name, application_version, status FROM dbos.workflow_status'),
  ).toEqual([{ application_name: null, application_version: '1.0.0', status: 'ENQUEUED' }]);

  for (const application of ['shop', 'billing']) {
    const { blockers } = await holdOn(database, { application, mode: 'check' });
    expect(blockers).toEqual([['in-flight']]);
  }
  await billing.cancel(order);
  expect((await holdOn(database, { application: 'shop' })).verdict).toBe('drained');
});

test('fails when the given application is renamed during the hold, and keeps holding when none was given', async () => {
  const database = await databases.create();
  const blue = await launch(database, 'shop', '1.0.0');
  const green = await launch(database, 'shop', '2.0.0');
  const order = await blue.startHeld();
  // DBOS requires the application to be stopped. A crash leaves its work in flight.
  await blue.kill();
  await green.stop();
  const rename = (from: string, to: string) =>
    dbosCommand('rename-application', '--yes', '--sys-db-url', database.url, '--from', from, '--to', to);

  const named = await holdOn(database, { application: 'shop' }, () => rename('shop', 'store'));
  expect(named).toMatchObject({ verdict: 'error', blockers: [['in-flight'], ['application-not-seen']] });
  expect(named.last?.evaluation.gate).toMatchObject([{ owners: ['store'] }]);
  expect(named.last?.evaluation.drained).toBe(false);

  const unnamed = await holdOn(
    database,
    {},
    () => rename('store', 'market'),
    async () => {
      const market = await launch(database, 'market', '1.0.0');
      await market.begun(order);
      await market.finish(order);
    },
  );
  expect(unnamed).toMatchObject({ verdict: 'drained', blockers: [['in-flight'], ['in-flight'], [], [], []] });
  const owners = unnamed.polls.map(({ evaluation }) => evaluation.targets[0]?.application);
  expect(owners).toEqual(['store', 'market', 'market', 'market', 'market']);
});
