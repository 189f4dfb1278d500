// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { sdkOf } from '../../src/dbos/sdk.ts';
import type { WorkflowDetail } from '../../src/dbos/snapshot/index.ts';
import { queueName, SDK_RELEASES, type SdkRelease } from '../support/dbos-app.ts';
import { holdOn } from '../support/holding.ts';
import { launchOn, systemDatabases, type TestDatabase } from '../support/system-databases.ts';

const HOUR = 3_600_000;

const databases = systemDatabases();

describe.each(SDK_RELEASES)('an application of SDK %s', (sdk) => {
  const can = abilitiesOf(sdk);

  test('is in flight with all its work, and drained when that has finished', async () => {
    const database = await databases.create(sdk);
    const app = await launchOn(database, { sdk, version: '1.0.0' });
    await app.runShort();
    expect((await holdOn(database, { mode: 'check' })).verdict).toBe(can.register ? 'still-live' : 'drained');

    const held = await app.startHeld();
    const sleeping = await app.startSleeping(HOUR);
    const receiving = await app.startReceiving();
    const parent = await app.startParent(2);
    const dequeued = await app.enqueue({ queue: 'serial' });
    await app.begun(dequeued);
    const enqueued = await app.enqueue({ queue: 'serial' });
    const delayed = can.delay ? await app.enqueue({ queue: 'parallel', delaySeconds: HOUR / 1000 }) : undefined;
    await launchOn(database, { sdk, version: '2.0.0' });

    const { verdict, polls, blockers } = await holdOn(
      database,
      { failFast: false },
      async () => {
        for (const id of [held, receiving, parent.id, dequeued, enqueued]) await app.finish(id);
      },
      () => app.cancel(sleeping),
      () => (delayed === undefined ? undefined : app.cancel(delayed)),
    );

    expect(verdict).toBe('drained');
    const whileDelayed = can.delay ? ['in-flight'] : [];
    expect(blockers.slice(0, 4)).toEqual([['in-flight'], ['in-flight'], whileDelayed, []]);
    const [first, second, third] = polls.map(({ evaluation }) => evaluation);
    const target = { version: '1.0.0', known: true, latest: false, delayed: can.delay ? 1 : 0 };
    expect(first?.targets).toMatchObject([{ ...target, pending: 7, enqueued: 1 }]);
    expect(second?.targets).toMatchObject([{ ...target, pending: 1, enqueued: 0 }]);
    expect(third?.targets).toMatchObject([{ ...target, pending: 0, enqueued: 0 }]);
    expect(first?.index?.registered.map(({ version }) => version)).toEqual(can.register ? ['2.0.0', '1.0.0'] : []);

    const details = Object.fromEntries(first?.index?.contents.workflows.items.map((each) => [each.id, each]) ?? []);
    const child = detail({ parent: can.nameParents ? parent.id : null });
    expect(details).toEqual({
      [held]: detail({}),
      // The steps before a sleep are read only during the sleep, if its end is recorded.
      [sleeping]: detail({
        name: 'sleeping',
        lastStep: {
          ...step(0, 'DBOS.sleep'),
          earlier: can.recordWakeUps ? { count: 0, endedAt: null } : null,
        },
      }),
      [receiving]: detail({ name: 'receiving', lastStep: step(1, 'DBOS.sleep') }),
      [parent.id]: detail({ name: 'parent', lastStep: step(1, 'held') }),
      ...Object.fromEntries(parent.children.map((id) => [id, child])),
      [dequeued]: detail({ queue: queueName('shop', 'serial'), startedAt: expect.any(Number) }),
      [enqueued]: detail({ queue: queueName('shop', 'serial'), status: 'ENQUEUED' }),
      ...(delayed !== undefined && {
        [delayed]: detail({
          queue: queueName('shop', 'parallel'),
          status: 'DELAYED',
          delayUntil: expect.any(Number),
        }),
      }),
    });
  });

  test.runIf(can.scheduleInProcess)(
    'blocks while its own schedule starts work, until its process is gone',
    async () => {
      const database = await databases.create(sdk);
      const app = await launchOn(database, { sdk, version: '1.0.0', crontab: '* * * * * *' });
      await expect.poll(() => countOf(database, `name = 'short' AND status = 'SUCCESS'`), waiting).toBeGreaterThan(1);
      await launchOn(database, { sdk, version: '2.0.0' });
      const untilAnotherRan = async () => {
        const before = await countOf(database, `status = 'SUCCESS'`);
        await expect.poll(() => countOf(database, `status = 'SUCCESS'`), waiting).toBeGreaterThan(before);
      };

      const { verdict, blockers } = await holdOn(database, {}, untilAnotherRan, untilAnotherRan, () => app.kill());

      // A poll during a run sees it in flight.
      expect(blockers.flat()).toSatisfy((kinds: readonly string[]) =>
        kinds.some((kind) => kind === 'still-starting' || kind === 'in-flight'),
      );
      expect(['drained', 'timed-out']).toContain(verdict);
      // A killed process leaves nothing, a workflow that was running, or one that its schedule had just enqueued.
      const left = await countOf(database, `status IN ('PENDING', 'ENQUEUED')`);
      expect(verdict).toBe(left > 0 ? 'timed-out' : 'drained');
    },
  );

  test.runIf(can.debounce)(
    'is in flight while it holds back a debounced workflow, and drained when that is cancelled',
    async () => {
      const database = await databases.create(sdk);
      const app = await launchOn(database, { sdk, version: '1.0.0' });
      await app.debounce('a key', HOUR);
      await launchOn(database, { sdk, version: '2.0.0' });

      const { verdict, blockers } = await holdOn(
        database,
        {},
        () => undefined,
        async () => {
          const rows = await database.query(
            `SELECT workflow_uuid FROM dbos.workflow_status WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED')`,
          );
          for (const row of rows) await app.cancel(String(row['workflow_uuid']));
        },
      );

      expect(blockers.slice(0, 3)).toEqual([['in-flight'], ['in-flight'], []]);
      expect(verdict).toBe('drained');
    },
  );
});

const waiting = { interval: 50, timeout: 30_000 };

async function countOf(database: TestDatabase, where: string): Promise<number> {
  const [row] = await database.query(`SELECT count(*)::int AS count FROM dbos.workflow_status WHERE ${where}`);
  return Number(row?.['count']);
}

function abilitiesOf(sdk: SdkRelease) {
  const age = SDK_RELEASES.indexOf(sdk);
  return {
    register: age >= SDK_RELEASES.indexOf('4.10.15'),
    nameParents: age >= SDK_RELEASES.indexOf('4.10.15'),
    delay: age >= SDK_RELEASES.indexOf('4.15.5'),
    // In 3.x, a schedule does not start a workflow that was registered without a decorator.
    scheduleInProcess: age >= SDK_RELEASES.indexOf('4.5.13') && age < SDK_RELEASES.indexOf('5.0.2'),
    recordWakeUps: age >= SDK_RELEASES.indexOf('4.27.6'),
    debounce: age >= SDK_RELEASES.indexOf('3.5.8'),
  };
}

/** Returns the expected detail of a running `held` workflow, with these fields replaced. */
function detail(particulars: Partial<Record<keyof WorkflowDetail, unknown>>) {
  return {
    isPartitionFull: false,
    serialization: expect.toSatisfy((name) => name === null || sdkOf(name) !== undefined),
    id: expect.any(String),
    version: '1.0.0',
    name: 'held',
    className: expect.toSatisfy((name) => !name),
    instance: null,
    status: 'PENDING',
    queue: null,
    executor: 'local',
    createdAt: expect.any(Number),
    updatedAt: expect.any(Number),
    startedAt: null,
    delayUntil: null,
    debounced: false,
    debounceDeadline: null,
    deadline: null,
    parent: null,
    hasChildren: expect.any(Boolean),
    lastStep: null,
    ...particulars,
  };
}

function step(number: number, name: string) {
  const time = expect.toSatisfy((at) => at === null || typeof at === 'number');
  const before = number === 1 && name === 'held' ? 'held' : null;
  return { number, name, startedAt: time, completedAt: time, before, earlier: null };
}
