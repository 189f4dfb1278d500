import { expect, test } from 'vitest';
import { holdOn } from '../support/holding.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* `keep-version: latest` on a real database: versions that register, and are promoted, while the gate holds. */

const databases = systemDatabases();
const keepLatest = { targets: { kind: 'all-but-latest' } } as const;
const shop = (version: string) => ({ version, owner: 'shop' });

async function databaseWith(...versions: readonly string[]) {
  const database = await databases.create();
  await database.register(...versions.map(shop));
  const start = (version: string) =>
    database.insert({ status: 'PENDING', application_version: version, application_name: 'shop' });
  const finish = () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`);
  const promote = (version: string) =>
    database.query(
      `UPDATE dbos.application_versions SET version_timestamp = (extract(epoch FROM now()) * 1000)::bigint + 3600000
        WHERE version_name = $1`,
      [version],
    );
  return { database, start, finish, promote };
}

test('holds for the only version there was, once the new one registers in the middle of the hold', async () => {
  const { database, start, finish } = await databaseWith('1.0.0');
  await start('1.0.0');
  const { verdict, blockers, last } = await holdOn(
    database,
    keepLatest,
    () => database.register(shop('2.0.0')),
    // New work moves to it: 1.0.0 got some shortly before the gate began.
    () => start('2.0.0'),
    finish,
  );
  expect(blockers.slice(0, 4)).toEqual([[], ['in-flight'], ['in-flight'], []]);
  expect(verdict).toBe('drained');
  expect(last?.evaluation.targets.map(({ version }) => version)).toEqual(['1.0.0']);
});

test('does not retire the latest version because an operator promotes an older one during the hold', async () => {
  const { database, start, promote } = await databaseWith('1.0.0', '2.0.0');
  await start('2.0.0');
  const { verdict, blockers, last } = await holdOn(database, { ...keepLatest, timeoutMs: 30_000 }, () =>
    promote('1.0.0'),
  );
  expect([verdict, last?.evaluation.state.kept, blockers.at(-1)]).toEqual(['timed-out', ['2.0.0'], ['live']]);
});

test('ends with an error when a process without a version registers during the hold', async () => {
  const { database, start } = await databaseWith('1.0.0', '2.0.0');
  await start('1.0.0');
  const { verdict, blockers } = await holdOn(database, keepLatest, () => database.register(shop('')));
  expect([verdict, blockers.at(-1)]).toEqual(['error', ['empty-latest-version', 'in-flight']]);
});
