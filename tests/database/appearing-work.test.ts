import { describe, expect, test } from 'vitest';
import { explainBlocker } from '../../src/rules/index.ts';
import { holdOn, seenIn } from '../support/holding.ts';
import { createReader, insertWorkflows, openConnection, systemDatabases } from '../support/system-databases.ts';

/* Rules 3 and 4: work that the counts of one poll do not show. */

const databases = systemDatabases();
const onTarget = { workflow_uuid: 'w', application_version: '1.0.0', application_name: 'shop' };

/** Creates a system database in which 1.0.0 has drained and 2.0.0 is the latest version. */
async function drainedDatabase() {
  const database = await databases.create();
  await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  return database;
}

describe('an enqueue in an open transaction', () => {
  test('blocks as an open transaction until it commits, then as work in flight', async () => {
    const database = await drainedDatabase();
    const writer = await openConnection(database.url);
    await writer.query(`SET application_name = 'checkout'`);
    await writer.query('BEGIN');
    await insertWorkflows(writer, [{ ...onTarget, status: 'ENQUEUED' }]);

    const { verdict, blockers, polls } = await holdOn(
      database,
      {},
      () => undefined,
      () => undefined,
      () => undefined,
      () => writer.query('COMMIT'),
      () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );

    const open = ['open-transaction'];
    expect(blockers).toEqual([open, open, open, open, ['in-flight', 'still-starting'], [], [], []]);
    expect(polls[0]?.evaluation.targets[0]).toMatchObject({
      pending: 0,
      enqueued: 0,
      blockers: [{ writers: [{ connection: 'checkout', pid: expect.any(Number) }] }],
    });
    expect(polls[4]?.evaluation.targets[0]).toMatchObject({ enqueued: 1 });
    expect(verdict).toBe('drained');
  });

  test('stops blocking when it is rolled back', async () => {
    const database = await drainedDatabase();
    const writer = await openConnection(database.url);
    await writer.query('BEGIN');
    await insertWorkflows(writer, [{ ...onTarget, status: 'ENQUEUED' }]);

    const { verdict, blockers } = await holdOn(database, {}, () => writer.query('ROLLBACK'));

    expect(blockers).toEqual([['open-transaction'], [], []]);
    expect(verdict).toBe('drained');
  });

  test('blocks when it is a prepared transaction, which no process holds', async () => {
    const database = await drainedDatabase();
    const writer = await openConnection(database.url);
    await writer.query('BEGIN');
    await insertWorkflows(writer, [{ ...onTarget, status: 'ENQUEUED' }]);
    await writer.query(`PREPARE TRANSACTION 'enqueue'`);

    const { verdict, blockers, polls } = await holdOn(
      database,
      {},
      () => database.query(`COMMIT PREPARED 'enqueue'`),
      () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );

    expect(blockers.slice(0, 3)).toEqual([['open-transaction'], ['in-flight', 'still-starting'], []]);
    expect(polls[0]?.evaluation.targets[0]?.blockers).toMatchObject([
      { writers: [{ pid: null, prepared: 'enqueue', waits: false }] },
    ]);
    expect(verdict).toBe('drained');
  });

  test('shows an ordinary role the statement that ends a prepared transaction, whatever its gid', async () => {
    const database = await drainedDatabase();
    const reader = await createReader(database);
    const writer = await openConnection(database.url);
    await writer.query('BEGIN');
    await insertWorkflows(writer, [{ ...onTarget, status: 'ENQUEUED' }]);
    await writer.query(`PREPARE TRANSACTION 'job''s \\ ${reader.config.user}'`);

    const { last } = await holdOn(reader, { mode: 'check' });
    const [blocker] = last?.evaluation.targets[0]?.blockers ?? [];
    const message = blocker === undefined ? [] : explainBlocker(blocker);
    const [statement] = message.flatMap((part) =>
      typeof part === 'object' && 'command' in part ? [part.command] : [],
    );
    expect(statement).toMatch(/^ROLLBACK PREPARED .*job''s/);
    await database.query(statement ?? '');
    expect((await holdOn(reader, { mode: 'check' })).verdict).toBe('drained');
  });

  test.each([
    ['blocks when it first writes in the settle window', 0, [[], ['open-transaction'], ['open-transaction'], []]],
    ['does not block when it first writes after the settle time', 1, [[], [], []]],
  ])('%s', async (_, pauses, expected) => {
    const database = await drainedDatabase();
    const writer = await openConnection(database.url);

    const { verdict, blockers, polls } = await holdOn(
      database,
      {},
      ...Array.from({ length: pauses }, () => () => undefined),
      async () => {
        await writer.query('BEGIN');
        await insertWorkflows(writer, [{ ...onTarget, application_version: '2.0.0', status: 'PENDING' }]);
      },
      () => undefined,
      () => writer.query('COMMIT'),
    );

    expect(blockers).toEqual(expected);
    expect(polls[pauses + 1]?.evaluation.index?.contents.writers).toHaveLength(1);
    expect(verdict).toBe('drained');
  });

  test('into a table that inherits from workflow_status blocks', async () => {
    const database = await drainedDatabase();
    await database.query('CREATE TABLE dbos.child () INHERITS (dbos.workflow_status)');
    await database.query('CREATE TABLE public.grandchild () INHERITS (dbos.child)');
    const writer = await openConnection(database.url);
    await writer.query('BEGIN');
    await writer.query(
      `INSERT INTO public.grandchild (workflow_uuid, status, name, application_version, created_at, updated_at)
       VALUES ('w', 'ENQUEUED', 'order', '1.0.0', 1, 1)`,
    );

    const { verdict, blockers } = await holdOn(
      database,
      {},
      () => writer.query('COMMIT'),
      () => database.query('DELETE FROM dbos.workflow_status'),
    );

    expect(blockers.slice(0, 3)).toEqual([['open-transaction'], ['in-flight'], []]);
    expect(verdict).toBe('drained');
  });

  test('is not confused with a reader, or with a writer of another table or database', async () => {
    const database = await drainedDatabase();
    const other = await drainedDatabase();
    const elsewhere = await openConnection(other.url);
    await elsewhere.query('BEGIN');
    await insertWorkflows(elsewhere, [{ ...onTarget, status: 'PENDING' }]);
    await database.query('CREATE SCHEMA archive');
    await database.query('CREATE TABLE archive.workflow_status (LIKE dbos.workflow_status)');
    const neighbour = await openConnection(database.url);
    await neighbour.query('BEGIN');
    await neighbour.query('DELETE FROM archive.workflow_status');
    await neighbour.query('DELETE FROM dbos.operation_outputs');
    await neighbour.query('SELECT * FROM dbos.workflow_status FOR UPDATE');

    expect((await seenIn(database)).writers).toEqual([]);
  });
});

describe('an enqueue that waits for its lock', () => {
  const enqueue = `INSERT INTO dbos.workflow_status (workflow_uuid, status, name, application_version, created_at, updated_at)
    VALUES ('w', 'ENQUEUED', 'order', '1.0.0', 1, 1)`;

  test.each([
    ['CREATE INDEX', 'CREATE INDEX ON dbos.workflow_status (executor_id)', enqueue],
    ['LOCK TABLE', 'LOCK TABLE dbos.workflow_status IN SHARE MODE', enqueue],
    [
      'a lock on a table that DBOS writes before',
      'LOCK TABLE dbos.workflow_events IN SHARE MODE',
      `DELETE FROM dbos.workflow_events WHERE workflow_uuid = 'w'; ${enqueue}`,
    ],
    [
      'a lock that keeps rows from being locked',
      'LOCK TABLE dbos.workflow_status IN EXCLUSIVE MODE',
      `BEGIN; SELECT FROM dbos.workflow_status WHERE workflow_uuid = 'w' FOR UPDATE; ${enqueue}; COMMIT`,
    ],
  ])('behind %s blocks, and then as work in flight', async (_, blocking, writing) => {
    const database = await drainedDatabase();
    const owner = await openConnection(database.url);
    const writer = await openConnection(database.url);
    await owner.query('BEGIN');
    await owner.query(blocking);
    const written = writer.query(writing);
    const waiting = () =>
      database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`);
    await expect.poll(waiting).toHaveLength(1);

    const { verdict, blockers, polls } = await holdOn(
      database,
      {},
      () => undefined,
      () => undefined,
      async () => {
        await owner.query('COMMIT');
        await written;
      },
      () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );

    const open = ['open-transaction'];
    expect(blockers.slice(0, 5)).toEqual([open, open, open, ['in-flight'], []]);
    expect(polls[0]?.evaluation.targets[0]?.blockers).toMatchObject([{ writers: [{ waits: true }] }]);
    expect(verdict).toBe('drained');
  });
});

describe('a transaction that has got the lock for which it waited at another table of DBOS', () => {
  test.each([
    ['blocks until it ends', 'full', false],
    ['blocks with `details: names`', 'names', false],
    ['blocks when the settle window starts over', 'full', true],
  ] as const)('%s, and then as work in flight', async (_, details, startsOver) => {
    const database = await drainedDatabase();
    await database.insert({ ...onTarget, status: 'SUCCESS', created_at: 1 });
    const owner = await openConnection(database.url);
    const writer = await openConnection(database.url);
    await owner.query('BEGIN');
    await owner.query('LOCK TABLE dbos.operation_outputs IN SHARE MODE');
    await writer.query('BEGIN');
    const written = writer.query(`DELETE FROM dbos.operation_outputs WHERE workflow_uuid = 'w'`);
    const waiting = () =>
      database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`);
    await expect.poll(waiting).toHaveLength(1);

    const { verdict, blockers } = await holdOn(
      database,
      { details },
      async () => {
        await owner.query('COMMIT');
        await written;
        if (startsOver) await database.insert({ ...onTarget, workflow_uuid: 'short', status: 'SUCCESS' });
      },
      () => undefined,
      () => undefined,
      async () => {
        await writer.query(`UPDATE dbos.workflow_status SET status = 'ENQUEUED' WHERE workflow_uuid = 'w'`);
        await writer.query('COMMIT');
      },
      () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );

    const open = ['open-transaction'];
    const second = startsOver ? ['still-starting'] : open;
    expect(blockers.slice(0, 6)).toEqual([open, second, open, open, ['in-flight'], []]);
    expect(verdict).toBe('drained');
  });
});

test('a transaction that is prepared after the settle time blocks until it ends', async () => {
  const database = await drainedDatabase();
  const writer = await openConnection(database.url);
  await writer.query('BEGIN');
  await insertWorkflows(writer, [{ ...onTarget, status: 'ENQUEUED' }]);
  const { verdict, blockers } = await holdOn(
    database,
    {},
    () => undefined,
    () => undefined,
    () => writer.query(`PREPARE TRANSACTION 'late'`),
    () => writer.query(`COMMIT PREPARED 'late'`),
    () => database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
  );
  const open = ['open-transaction'];
  expect(blockers.slice(0, 5)).toEqual([open, open, open, open, ['in-flight', 'still-starting']]);
  expect(verdict).toBe('drained');
});

describe('a workflow that starts and finishes between two polls', () => {
  const shortOne = { ...onTarget, status: 'SUCCESS' };

  test('restarts the settle window', async () => {
    const database = await drainedDatabase();

    const { verdict, blockers, waitedMs } = await holdOn(database, {}, () => database.insert(shortOne));

    expect(blockers).toEqual([[], ['still-starting'], [], [], []]);
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 20_000 });
  });

  test('restarts the settle window when the clock of its process is 30 seconds slow', async () => {
    const database = await drainedDatabase();

    const { blockers } = await holdOn(database, {}, () =>
      database.insert({ ...shortOne, created_at: Date.now() - 30_000 }),
    );

    expect(blockers[1]).toEqual(['still-starting']);
  });

  test('restarts the settle window when another workflow is deleted at the same time', async () => {
    const database = await drainedDatabase();
    await database.insert({ ...shortOne, workflow_uuid: 'before' });

    const { blockers } = await holdOn(database, {}, async () => {
      await database.query('DELETE FROM dbos.workflow_status');
      await database.insert({ ...shortOne, workflow_uuid: 'after' });
    });

    expect(blockers.slice(0, 3)).toEqual([[], ['still-starting'], []]);
  });

  test.each([
    ['on another version', { application_version: '2.0.0' }],
    ['with an ignored name', { name: 'monitor-7' }],
    ['of another application', { application_name: 'billing' }],
  ])('does not restart the settle window %s', async (_, particulars) => {
    const database = await drainedDatabase();

    const { verdict, blockers } = await holdOn(database, { application: 'shop', ignoreWorkflows: ['monitor-*'] }, () =>
      database.insert({ ...shortOne, ...particulars }),
    );

    expect(blockers).toEqual([[], [], []]);
    expect(verdict).toBe('drained');
  });

  test('does not restart the settle window when it was there before the first poll', async () => {
    const database = await drainedDatabase();
    await database.insert(shortOne);

    const { blockers } = await holdOn(database, {}, () =>
      database.query('UPDATE dbos.workflow_status SET updated_at = updated_at + 1'),
    );

    expect(blockers).toEqual([[], [], []]);
  });
});

test('work that a schedule of the target keeps starting is named', async () => {
  const database = await drainedDatabase();
  const tick = (number: number) =>
    database.insert({
      ...onTarget,
      workflow_uuid: `sched-tick-2026-01-01T00:00:0${number}.000Z`,
      name: 'tick',
      status: 'SUCCESS',
      created_at: Date.now(),
    });
  const { polls } = await holdOn(
    database,
    {},
    () => undefined,
    () => tick(1),
  );
  const blocked = polls.flatMap(({ evaluation }) => evaluation.targets[0]?.blockers ?? []);
  expect(blocked).toContainEqual({ kind: 'still-starting', atLeast: 1, schedules: ['tick'] });
});
