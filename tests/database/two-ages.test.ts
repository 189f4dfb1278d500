// @module-tag exhaustive
import { DBOSClient } from '@dbos-inc/dbos-sdk';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AppOptions, queueName } from '../support/dbos-app.ts';
import { dbosCommand } from '../support/dbos-command.ts';
import { holdOn } from '../support/holding.ts';
import { naiveVerdict, naiveVerdictInTwoQueries } from '../support/naive-gate.ts';
import {
  launchOn,
  openConnection,
  standStill,
  systemDatabases,
  type TestDatabase,
} from '../support/system-databases.ts';

/*
 * Blue-green across an SDK upgrade: 1.0.0 on SDK 4.20 next to 2.0.0 on SDK 5.3, with real processes of both. In each
 * test, a gate that follows DBOS's recipe first gives the wrong answer.
 */

const databases = systemDatabases();
const HOUR = 3_600_000;
/** The interval and the limit of waiting for something to happen, in milliseconds. */
const waiting = { interval: 20, timeout: 60_000 };

type BothAges = Awaited<ReturnType<typeof bothAges>>;

/** Launches 1.0.0 and 2.0.0, with nothing in flight on either. */
async function bothAges(old: Partial<AppOptions> = {}) {
  const options = { sdk: '4.20.11', version: '1.0.0', ...old } as const;
  const database = await databases.create(options.sdk);
  const blue = await launchOn(database, options);
  const green = await launchOn(database, { sdk: '5.3.0', version: '2.0.0' });
  return { database, blue, green };
}

async function rowOf(database: TestDatabase, id: string) {
  const [row] = await database.query(
    'SELECT application_version AS version, status FROM dbos.workflow_status WHERE workflow_uuid = $1',
    [id],
  );
  return row;
}

/** Returns the number of workflows that have finished on 1.0.0. */
async function endedOnOld(database: TestDatabase): Promise<number> {
  const [row] = await database.query(
    `SELECT count(*)::int AS count FROM dbos.workflow_status WHERE application_version = '1.0.0' AND status = 'SUCCESS'`,
  );
  return Number(row?.['count']);
}

/** Enqueues a workflow without a version behind one of 2.0.0, in a queue that both versions dequeue. */
async function letUnversionedWait({ blue, green }: BothAges) {
  const ahead = await green.enqueue({ queue: 'serial' });
  await green.begun(ahead);
  return { ahead, id: await blue.enqueueByClient({ queue: 'serial' }) };
}

/** Frees the queue until 1.0.0 dequeues one. Both versions compete: one that 2.0.0 gets is finished, and the next waits. */
async function untilOldClaims(both: BothAges, queued: { ahead: string; id: string }): Promise<string> {
  const { blue, green } = both;
  for (let { ahead, id } = queued; ; { ahead, id } = await letUnversionedWait(both)) {
    await green.finish(ahead);
    const byBlue = blue.begun(id).then(() => true);
    const byGreen = green.begun(id).then(() => false);
    if (await Promise.race([byBlue, byGreen])) return id;
    await green.finish(id);
  }
}

describe('1.0.0 on SDK 4.20 next to 2.0.0 on SDK 5.3', () => {
  test('blocks while unversioned work is queued, which workers of 1.0.0 claim and stamp', async () => {
    const both = await bothAges();
    const { database, blue, green } = both;
    const queued = await letUnversionedWait(both);
    expect(await rowOf(database, queued.id)).toEqual({ version: null, status: 'ENQUEUED' });
    expect(await naiveVerdict(database)).toBe('drained');

    let claimed = '';
    const { verdict, blockers } = await holdOn(
      database,
      {},
      async () => {
        claimed = await untilOldClaims(both, queued);
        expect(await rowOf(database, claimed)).toEqual({ version: '1.0.0', status: 'PENDING' });
      },
      async () => {
        await blue.finish(claimed);
        // Until 2.0.0 starts something, 1.0.0 is the version that started the last workflow.
        await green.runShort();
      },
    );

    expect(blockers.slice(0, 2)).toEqual([['unversioned'], ['in-flight']]);
    expect(verdict).toBe('drained');
  });

  test.each([
    [
      'SDK 5.3 made it the latest again for a while',
      async ({ green }: BothAges) => {
        await green.setLatestVersion('1.0.0');
        await green.setLatestVersion('2.0.0');
      },
    ],
    [
      "DBOS's command adopted its rows",
      async ({ database }: BothAges) => {
        const adopt = ['--to', 'shop', '--adopt-unclaimed-rows', '--sys-db-url', database.url];
        await dbosCommand('rename-application', '--yes', ...adopt);
      },
    ],
    [
      'a process of SDK 5.3 ran the same version for a while',
      async ({ database }: BothAges) => {
        await (await launchOn(database, { sdk: '5.3.0', version: '1.0.0' })).stop();
      },
    ],
  ])('blocks while unversioned work is queued, although 1.0.0 has an owner: %s', async (_, giveOwner) => {
    const both = await bothAges();
    const { database, blue, green } = both;
    await giveOwner(both);
    const registered = 'SELECT version_name FROM dbos.application_versions WHERE application_name = $1';
    expect(await database.query(registered, ['shop'])).toHaveLength(2);
    const queued = await letUnversionedWait(both);

    let claimed = '';
    const { verdict, blockers } = await holdOn(
      database,
      {},
      async () => {
        claimed = await untilOldClaims(both, queued);
      },
      async () => {
        await blue.finish(claimed);
        // Until 2.0.0 starts something, 1.0.0 is the version that started the last workflow.
        await green.runShort();
      },
    );

    expect(blockers[0]).toEqual(['unversioned']);
    expect(blockers[1]).toContain('in-flight');
    expect(verdict).toBe('drained');
  });

  test('blocks while schedules in the old process keep starting work', async () => {
    const { database, blue } = await bothAges({ crontab: '*/2 * * * * *' });
    // A poll is compared with the previous one only in an open settle window, so every second poll sees the traffic.
    let thaw = async () => {};
    const tick = async () => {
      const before = await endedOnOld(database);
      await thaw();
      await vi.waitUntil(async () => (await endedOnOld(database)) > before, waiting);
      thaw = await standStill(database, async () => (await naiveVerdict(database)) === 'drained');
    };
    await tick();

    const { verdict, blockers } = await holdOn(database, {}, tick, tick, tick, async () => {
      await thaw();
      await blue.stop();
    });

    expect(blockers.slice(0, 4)).toEqual([[], ['still-starting'], [], ['still-starting']]);
    expect(blockers.slice(-3)).toEqual([[], [], []]);
    expect(verdict).toBe('drained');
  });

  test('blocks while short workflows start and finish between polls', async () => {
    const { database, blue } = await bothAges();
    const oneMore = async () => {
      await blue.runShort();
      expect(await naiveVerdict(database)).toBe('drained');
    };

    const { verdict, blockers } = await holdOn(database, {}, oneMore, oneMore, oneMore);

    expect(blockers).toEqual([[], ['still-starting'], [], ['still-starting'], [], [], []]);
    expect(verdict).toBe('drained');
  });

  test("blocks while a client's transaction is open, whose enqueue then lands on the old version", async () => {
    const { database, blue } = await bothAges();
    const client = await DBOSClient.create({ systemDatabaseUrl: database.url });
    onTestFinished(() => client.destroy());
    const checkout = await openConnection(database.url);
    await checkout.query('BEGIN');
    const { workflowID } = await client.enqueueInTransaction(checkout, {
      workflowName: 'held',
      queueName: queueName('shop', 'parallel'),
      appVersion: '1.0.0',
    });
    expect(await naiveVerdict(database)).toBe('drained');

    const { verdict, blockers } = await holdOn(
      database,
      {},
      async () => {
        await checkout.query('COMMIT');
        // 4.20 claims what 5.3 has enqueued but cannot read its inputs, so it stays PENDING forever.
        const landed = { version: '1.0.0', status: 'PENDING' };
        await vi.waitFor(async () => expect(await rowOf(database, workflowID)).toEqual(landed), waiting);
      },
      () => blue.cancel(workflowID),
    );

    expect(blockers.slice(0, 2)).toEqual([['open-transaction'], ['in-flight', 'still-starting']]);
    expect(verdict).toBe('drained');
  });

  test('blocks without a gap while recovery puts a running workflow back into its queue', async () => {
    const { database, blue } = await bothAges();
    const id = await blue.enqueue({ queue: 'serial' });
    await blue.begun(id);
    // The queue is paused, so that the recovered workflow stays in it for a while.
    const slots = (count: number) =>
      database.query(`UPDATE dbos.queues SET concurrency = $1 WHERE name = 'shop-serial'`, [count]);
    await slots(0);
    await blue.kill();
    let reborn = blue;
    const recover = async () => {
      reborn = await launchOn(database, { sdk: '4.20.11', version: '1.0.0' });
      const enqueued = { version: '1.0.0', status: 'ENQUEUED' };
      await vi.waitFor(async () => expect(await rowOf(database, id)).toEqual(enqueued), waiting);
    };

    const { verdict, polls, blockers } = await holdOn(
      database,
      {},
      async () => expect(await naiveVerdictInTwoQueries(database, recover)).toBe('drained'),
      async () => {
        await slots(1);
        await reborn.begun(id);
      },
      () => reborn.finish(id),
    );

    expect(blockers).toEqual([['in-flight'], ['in-flight'], ['in-flight'], [], [], []]);
    expect(polls.slice(0, 3).map(({ evaluation }) => evaluation.targets[0])).toMatchObject([
      { pending: 1, enqueued: 0 },
      { pending: 0, enqueued: 1 },
      { pending: 1, enqueued: 0 },
    ]);
    expect(verdict).toBe('drained');
  });

  test('blocks while calls of the new version keep postponing a debounced workflow of the old one', async () => {
    const database = await databases.create();
    const blue = await launchOn(database, { sdk: '5.3.0', version: '1.0.0' });
    const green = await launchOn(database, { sdk: '5.3.0', version: '2.0.0' });
    const id = await blue.debounce('cart', HOUR);
    const bounce = async () => {
      expect(await green.debounce('cart', HOUR)).toBe(id);
      expect(await rowOf(database, id)).toEqual({ version: '1.0.0', status: 'DELAYED' });
      expect(await naiveVerdict(database)).toBe('drained');
    };

    const { verdict, blockers } = await holdOn(database, {}, bounce, bounce, async () => {
      await green.debounce('cart', 1);
      expect(await blue.ended(id)).toBe('SUCCESS');
    });

    expect(blockers).toEqual([['in-flight'], ['in-flight'], ['in-flight'], [], [], []]);
    expect(verdict).toBe('drained');
  });
});

describe.each(['4.27.6', '5.0.2'] as const)('1.0.0 on SDK %s next to 2.0.0 on SDK 5.3', (sdk) => {
  test('does not block for unversioned work, because only the latest version dequeues it', async () => {
    const both = await bothAges({ sdk });
    const { database, green } = both;
    let { ahead, id } = await letUnversionedWait(both);

    const { verdict, blockers } = await holdOn(database, {});

    expect(blockers).toEqual([[], [], []]);
    expect(verdict).toBe('drained');
    for (let taken = 0; taken < 10; taken++) {
      await green.finish(ahead);
      await green.begun(id);
      expect(await rowOf(database, id)).toEqual({ version: '2.0.0', status: 'PENDING' });
      ahead = id;
      id = await green.enqueueByClient({ queue: 'serial' });
    }
  });
});
