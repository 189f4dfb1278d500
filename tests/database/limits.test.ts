import { expect, test } from 'vitest';
import { FAILED_LIMIT } from '../../src/dbos/snapshot/failed.ts';
import { GROUP_LIMIT } from '../../src/dbos/snapshot/in-flight.ts';
import { DETAIL_LIMIT } from '../../src/dbos/snapshot/workflows.ts';
import { holdOn, seenIn } from '../support/holding.ts';
import { systemDatabases, type WorkflowRow } from '../support/system-databases.ts';

/* The database truncates the lists of a poll, and reports what it omitted. No limit changes a count or a verdict. */

const databases = systemDatabases();
const longAgo = Date.now() - 86_400_000;
const workflow = { application_version: '1.0.0', application_name: 'shop' };

function workflows(count: number, particulars: (index: number) => WorkflowRow): WorkflowRow[] {
  return Array.from({ length: count }, (_, index) => ({
    ...workflow,
    created_at: longAgo + index,
    ...particulars(index),
  }));
}

test('returns the oldest workflows in detail, and the number that it omits', async () => {
  const database = await databases.create();
  const count = DETAIL_LIMIT + 3;
  await database.insert(...workflows(count, (index) => ({ status: 'PENDING', workflow_uuid: `w${count - index}` })));
  const { workflows: details, inFlight } = await seenIn(database);
  expect(details.items.map(({ id }) => id)).toEqual(
    Array.from({ length: DETAIL_LIMIT }, (_, index) => `w${count - index}`),
  );
  expect(details.omitted).toBe(3);
  expect(inFlight).toMatchObject([{ pending: count }]);
});

test('returns the largest groups, and the number that it omits', async () => {
  const database = await databases.create();
  const rows = workflows(GROUP_LIMIT + 2, (index) => ({ status: 'ENQUEUED', name: `n${index}` }));
  await database.insert(...rows, { ...workflow, status: 'PENDING', name: `n${GROUP_LIMIT + 1}` });
  const { groups, inFlight } = await seenIn(database);
  expect(groups.items).toHaveLength(GROUP_LIMIT);
  expect(groups.items[0]).toMatchObject({ name: `n${GROUP_LIMIT + 1}`, pending: 1, enqueued: 1 });
  expect(groups.omitted).toBe(2);
  expect(inFlight).toMatchObject([{ pending: 1, enqueued: GROUP_LIMIT + 2 }]);
});

const MANY = 300;
const versionsNamed = (name: string) =>
  Array.from({ length: MANY }, (_, index) => ({ version: `${name}-${index}`, owner: 'shop' }));

test('makes every registered version but the kept one a target, however many there are', async () => {
  const database = await databases.create();
  await database.register(...versionsNamed('old'), { version: '2.0.0', owner: 'shop' });
  const { verdict, last } = await holdOn(database, { targets: { kind: 'all-but', keep: ['2.0.0'] } });
  expect(verdict).toBe('drained');
  expect(last?.evaluation.targets.map(({ version }) => version).sort()).toEqual(
    versionsNamed('old')
      .map(({ version }) => version)
      .sort(),
  );
});

test('recognises a target and a kept version that are registered before many others', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, ...versionsNamed('newer'));
  expect((await holdOn(database, {})).verdict).toBe('drained');
  const kept = await holdOn(database, {
    mode: 'check',
    onLive: 'ignore',
    targets: { kind: 'all-but', keep: ['1.0.0'] },
  });
  expect(kept.verdict).toBe('drained');
});

test('holds for unversioned work that the oldest of many versions could claim', async () => {
  const database = await databases.create();
  await database.register('of-an-old-sdk', ...versionsNamed('newer'));
  await database.insert({ ...workflow, status: 'ENQUEUED', application_version: null });
  const { verdict, blockers } = await holdOn(database, { mode: 'check', targets: { kind: 'all-but-latest' } });
  expect([verdict, blockers.at(-1)]).toEqual(['in-flight', ['unversioned']]);
});

test.each(['4.10.15', '5.3.0'] as const)(
  'counts failed workflows up to a limit, on the schema of SDK %s',
  async (sdk) => {
    const database = await databases.create(sdk);
    const failed = (status: string) => ({ application_version: '1.0.0', status });
    await database.insert(
      ...Array.from({ length: FAILED_LIMIT + 1 }, () => failed('CANCELLED')),
      ...Array.from({ length: 2 }, () => failed('MAX_RECOVERY_ATTEMPTS_EXCEEDED')),
      failed('ERROR'),
    );
    expect((await seenIn(database)).failed).toBeUndefined();
    expect((await seenIn(database, {}, { countFailed: true })).failed).toEqual([
      { version: '1.0.0', cancelled: FAILED_LIMIT, deadLettered: 2 },
    ]);
  },
);

test('counts the newest failed workflows where an index orders them', async () => {
  const database = await databases.create();
  const cancelled = { ...workflow, status: 'CANCELLED' };
  await database.insert(...workflows(FAILED_LIMIT, () => ({ ...cancelled, application_version: '2.0.0' })), {
    ...cancelled,
    created_at: longAgo + FAILED_LIMIT,
  });
  const { failed } = await seenIn(database, {}, { countFailed: true });
  expect(failed).toEqual([{ version: '1.0.0', cancelled: 1, deadLettered: 0 }]);
});

test('shows the start of a long name', async () => {
  const database = await databases.create();
  const long = 'x'.repeat(5000);
  await database.insert({
    ...workflow,
    status: 'PENDING',
    name: long,
    queue_name: long,
    executor_id: long,
  });
  const { workflows: details, groups } = await seenIn(database);
  const shown = 'x'.repeat(300);
  expect(details.items).toMatchObject([{ name: shown, queue: shown, executor: shown }]);
  expect(groups.items).toMatchObject([{ name: shown, queue: shown }]);
});

test('shows the step with the highest number as the last step of a workflow', async () => {
  const database = await databases.create();
  await database.insert({ ...workflow, status: 'PENDING', workflow_uuid: 'w' });
  await database.query(
    `INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, completed_at_epoch_ms)
     VALUES ('w', 0, 'reserve', 5000), ('w', 10, 'ship', 3000), ('w', 9, 'charge', 4000), ('v', 11, 'other', 1)`,
  );
  const { workflows: details } = await seenIn(database);
  expect(details.items[0]?.lastStep).toEqual({
    ...{ number: 10, name: 'ship', startedAt: null, completedAt: 3000 },
    before: 'charge',
    earlier: null,
  });
});

test('evaluates a target by its own registration, however many newer ones there are', async () => {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, ...versionsNamed('newer'));
  await database.insert(
    { ...workflow, status: 'PENDING' },
    { ...workflow, status: 'ENQUEUED', application_version: null },
  );
  const { verdict } = await holdOn(database, { targets: { kind: 'all-but-latest' } }, () =>
    database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE application_version = '1.0.0'`),
  );
  expect(verdict).toBe('drained');
});
