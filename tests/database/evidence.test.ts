import { describe, expect, test } from 'vitest';
import type { UnknownVersion } from '../../src/rules/1-known.ts';
import { holdOn } from '../support/holding.ts';
import { POSTGRES_MAJOR } from '../support/postgres/binaries.ts';
import { systemDatabases, type TestDatabase } from '../support/system-databases.ts';

/* Rules 1, 8 and 9, as far as they need a search through finished rows. */

const databases = systemDatabases();
const DAY = 86_400_000;
const longAgo = Date.now() - DAY;
const ended = { status: 'SUCCESS', application_version: '1.0.0', created_at: longAgo, updated_at: longAgo };

async function databaseWithout10() {
  const database = await databases.create();
  await database.register({ version: '2.0.0', owner: 'shop' });
  return database;
}

/** They came with Postgres 18. */
const withoutVirtualColumns = POSTGRES_MAJOR < 18;

/** Makes rows named `slow` take the server longer to read than the poll timeout allows. */
async function slowDown(database: TestDatabase): Promise<void> {
  await database.query('ALTER TABLE dbos.workflow_status RENAME COLUMN application_version TO version_stored');
  await database.query(
    `ALTER TABLE dbos.workflow_status ADD COLUMN application_version text GENERATED ALWAYS AS (
       CASE WHEN name = 'slow' THEN md5(repeat(workflow_uuid, 10000000)) ELSE version_stored END) VIRTUAL`,
  );
}

const slowRows = Array.from({ length: 40 }, () => ({ ...ended, name: 'slow' }));

describe('a version that is not registered', () => {
  test('is known when any row has it', async () => {
    const database = await databaseWithout10();
    await database.insert(ended);
    const { verdict, polls } = await holdOn(database, {});
    expect(verdict).toBe('drained');
    expect(polls[0]?.evaluation.targets[0]).toMatchObject({ known: true, pending: 0 });
  });

  test('is known without a search when an ignored workflow in flight has it', async () => {
    const database = await databaseWithout10();
    await database.insert({ ...ended, status: 'PENDING', name: 'monitor' });
    const { verdict, polls } = await holdOn(database, { ignoreWorkflows: ['monitor'] });
    expect(verdict).toBe('drained');
    expect(polls[0]?.evaluation.index?.contents.history).toBeUndefined();
  });

  test('is unknown when no row has it', async () => {
    const { verdict, polls } = await holdOn(await databaseWithout10(), {});
    expect(verdict).toBe('unknown-version');
    expect(polls[0]?.evaluation.targets[0]?.blockers).toMatchObject([
      { searched: 'whole-history', close: [], registered: ['2.0.0'] },
    ]);
  });

  test.each(['1.0.0 ', ' 1.0.0', '1.0. 0', '1.0.0\n'])(
    'is unknown when only %j was seen, and names that version',
    async (similar) => {
      const database = await databaseWithout10();
      await database.insert({ ...ended, application_version: similar });
      const { verdict, polls } = await holdOn(database, { onUnknown: 'pass' });
      expect(verdict).toBe('unknown-version');
      expect(polls[0]?.evaluation.targets[0]?.blockers).toMatchObject([
        { close: [{ version: similar, how: 'spelling' }] },
      ]);
    },
  );

  test('is unknown when only a version in different case is registered', async () => {
    const database = await databases.create();
    await database.register({ version: 'Blue', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
    const { verdict, polls } = await holdOn(database, { targets: { kind: 'named', versions: ['blue'] } });
    expect(verdict).toBe('unknown-version');
    expect(polls[0]?.evaluation.targets[0]?.blockers).toMatchObject([
      { close: [{ version: 'Blue', how: 'spelling' }] },
    ]);
  });

  test('is a mistake in its shape when a version that it is close to is known, and no harmless absence', async () => {
    const sha = 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334';
    const database = await databases.create();
    await database.register(...['1.0.0', '202611010930', '2.0.0'].map((version) => ({ version, owner: 'shop' })));
    await database.insert({ ...ended, application_version: '0.9.0' }, { ...ended, application_version: sha });
    const mistakes: [string, Partial<UnknownVersion['close'][number]>[]][] = [
      ['- 1.0.0', [{ version: '1.0.0', how: 'part' }]],
      [
        '1.0.0, 0.9.0',
        [
          { version: '1.0.0', how: 'part' },
          { version: '0.9.0', how: 'part' },
        ],
      ],
      ['"1.0.0"', [{ version: '1.0.0', how: 'spelling' }]],
      ['v1.0.0', [{ version: '1.0.0', how: 'v' }]],
      ['refs/tags/1.0.0', [{ version: '1.0.0', how: 'part' }]],
      ['1.0.0 # old', [{ version: '1.0.0', how: 'part' }]],
      ['\u200b1.0.0', [{ version: '1.0.0', how: 'spelling' }]],
      ['a1b2c3d', [{ version: sha, how: 'hash' }]],
      ['undefined', []],
    ];
    const versions = mistakes.map(([version]) => version);
    const targets = { kind: 'named', versions: [...versions, '20261101', '1.0.1'] } as const;
    const { verdict, last } = await holdOn(database, { onUnknown: 'pass', targets });
    expect(verdict).toBe('unknown-version');
    expect(last?.evaluation.targets).toMatchObject([
      ...mistakes.map(([version, close]) => ({ version, blockers: [{ kind: 'unknown-version', close }] })),
      ...['20261101', '1.0.1'].map((version) => ({ version, blockers: [] })),
    ]);
  });

  test.each([
    ['a row of', '1.0.0', 'same'],
    ['a registration of', 'b-1', 'same'],
    ['another spelling that is a row of', 'v1.0.0', 'v'],
  ])('is a mistake when %s another application has it', async (_, version, how) => {
    const database = await databaseWithout10();
    await database.register({ version: 'b-1', owner: 'billing' });
    await database.insert({ ...ended, application_name: 'billing' });
    const targets = { kind: 'named', versions: [version] } as const;
    const { verdict, last } = await holdOn(database, { application: 'shop', onUnknown: 'pass', targets });
    expect(verdict).toBe('unknown-version');
    expect(last?.evaluation.targets[0]?.blockers).toMatchObject([{ close: [{ stranger: 'billing', how }] }]);
  });

  test('is unknown when only another application has used it', async () => {
    const database = await databaseWithout10();
    await database.insert({ ...ended, application_name: 'billing' });
    const { verdict } = await holdOn(database, { application: 'shop' });
    expect(verdict).toBe('unknown-version');
  });

  test.skipIf(withoutVirtualColumns)('is unknown when the search times out', async () => {
    const database = await databaseWithout10();
    await database.insert(...slowRows);
    await slowDown(database);
    const { verdict, polls } = await holdOn(database, { pollTimeoutMs: 500 });
    expect(verdict).toBe('unknown-version');
    expect(polls[0]?.evaluation.targets[0]?.blockers).toMatchObject([{ searched: 'timed-out' }]);
  });

  test('is still known when its last row is deleted during the hold', async () => {
    const database = await databaseWithout10();
    await database.insert({ ...ended, status: 'PENDING' });
    const { verdict } = await holdOn(database, {}, () => database.query('DELETE FROM dbos.workflow_status'));
    expect(verdict).toBe('drained');
  });
});

describe('where no version is registered, a kept version', () => {
  const keep = { targets: { kind: 'all-but', keep: ['2.0.0'] } } as const;

  test('is known when some row has it', async () => {
    const database = await databases.create('3.5.8');
    await database.insert({ ...ended, application_version: '2.0.0' }, { ...ended, status: 'PENDING' });
    const { verdict, blockers } = await holdOn(database, keep, () =>
      database.query(`UPDATE dbos.workflow_status SET status = 'ERROR'`),
    );
    expect(blockers[0]).toEqual(['in-flight']);
    expect(verdict).toBe('drained');
  });

  test('is waited for when no row has it, and is finally unknown', async () => {
    const database = await databases.create('3.5.8');
    await database.insert({ ...ended, status: 'PENDING' });
    const { verdict, waitedMs } = await holdOn(database, keep);
    expect(verdict).toBe('unknown-version');
    expect(waitedMs).toBe(120_000);
  });
});

test('a kept version that only rows have is unknown where other versions are registered', async () => {
  const database = await databaseWithout10();
  await database.insert({ ...ended, application_version: '1.9.0', status: 'PENDING' });
  const { verdict, polls } = await holdOn(database, {
    mode: 'check',
    targets: { kind: 'all-but', keep: ['1.9.0'] },
  });
  expect(verdict).toBe('unknown-version');
  expect(polls[0]?.evaluation.gate).toMatchObject([{ versions: ['1.9.0'], registered: ['2.0.0'] }]);
});

describe('a status that is unknown to the gate', () => {
  const paused = { ...ended, status: 'PAUSED' };
  const statuses = [{ ...paused }, { ...paused, status: null }, { ...paused, status: 'pending' }];

  test('is seen in every poll on a schema with an index on all statuses', async () => {
    const database = await databases.create('4.10.15');
    await database.register('1.0.0', '2.0.0');
    await database.insert(...statuses, paused, { ...paused, application_version: '2.0.0' });
    const { verdict, blockers, polls } = await holdOn(database, {}, () =>
      database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );
    expect(blockers[0]).toEqual(['unknown-status']);
    expect(polls[0]?.evaluation.targets[0]).toMatchObject({ unknownStatus: 4 });
    expect(new Set(polls[0]?.evaluation.index?.unknownStatuses)).toEqual(
      new Set([
        { version: '1.0.0', status: 'PAUSED', count: 2 },
        { version: '1.0.0', status: 'pending', count: 1 },
        { version: '1.0.0', status: null, count: 1 },
      ]),
    );
    expect(verdict).toBe('drained');
  });

  test('counts as unversioned work when its row has no version', async () => {
    const database = await databases.create('4.10.15');
    await database.register('1.0.0', '2.0.0');
    await database.insert({ ...paused, application_version: null });
    const { blockers } = await holdOn(database, { mode: 'check' });
    expect(blockers).toEqual([['unversioned']]);
  });

  test('is not scanned for on a schema whose statuses are all known', async () => {
    const database = await databaseWithout10();
    await database.insert(paused);
    const { verdict, polls } = await holdOn(database, {});
    expect(verdict).toBe('drained');
    expect(polls.map(({ evaluation }) => evaluation.index?.contents.unknownStatuses)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  async function databaseOfTheFuture() {
    const database = await databases.create();
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
    await database.query('UPDATE dbos.dbos_migrations SET version = 999');
    return database;
  }

  test('blocks on a schema that is newer than the gate, until a scan finds none', async () => {
    const database = await databaseOfTheFuture();
    await database.insert(...statuses, { ...paused, application_version: '2.0.0' });
    const { verdict, blockers, polls } = await holdOn(database, {}, () =>
      database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );
    expect(blockers[0]).toEqual(['unknown-status']);
    expect(polls[0]?.evaluation.targets[0]).toMatchObject({ unknownStatus: 3 });
    expect(verdict).toBe('drained');
  });

  test('is not scanned for while known statuses block, and is scanned for once when the scan decides', async () => {
    const database = await databaseOfTheFuture();
    await database.insert({ ...ended, status: 'PENDING' });
    const { polls } = await holdOn(database, {}, () =>
      database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );
    const scans = polls.map(({ evaluation }) => evaluation.index?.contents.unknownStatuses);
    expect(scans).toEqual([undefined, [], undefined, undefined]);
  });

  test.skipIf(withoutVirtualColumns)('causes an error when the scan times out', async () => {
    const database = await databaseOfTheFuture();
    await database.insert(...slowRows.map((row) => ({ ...row, status: 'PAUSED' })));
    await slowDown(database);
    const { verdict, polls } = await holdOn(database, { pollTimeoutMs: 500 });
    expect(verdict).toBe('error');
    expect(polls[0]?.evaluation.gate).toEqual([{ kind: 'statuses-not-scanned', timedOut: true }]);
  });
});
