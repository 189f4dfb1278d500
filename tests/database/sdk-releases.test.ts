import { describe, expect, onTestFinished, test } from 'vitest';
import type { WorkflowDetail } from '../../src/gate/observation.ts';
import { launchApp, queueName, SDK_RELEASES, type SdkRelease } from '../support/dbos-app.ts';
import { holdOn } from '../support/holding.ts';
import { openDatabase, systemDatabases } from '../support/system-databases.ts';

const HOUR = 3_600_000;

const databases = systemDatabases();

describe.each(SDK_RELEASES)('an application of SDK %s', (sdk) => {
  const can = abilitiesOf(sdk);

  test('is seen with all its work in flight, and drained when that has ended', async () => {
    const database = await openDatabase(
      await databases.server().createDatabase(`of_${sdk.replaceAll('.', '_')}`),
    );
    const app = await launch(sdk, '1.0.0', database.url);
    await app.runShort();
    expect((await holdOn(database, { mode: 'check' })).verdict).toBe(
      can.register ? 'still-latest' : 'drained',
    );

    const held = await app.startHeld();
    const sleeping = await app.startSleeping(HOUR);
    const receiving = await app.startReceiving();
    const parent = await app.startParent(2);
    const dequeued = await app.enqueue({ queue: 'serial' });
    await app.begun(dequeued);
    const enqueued = await app.enqueue({ queue: 'serial' });
    const delayed = can.delay
      ? await app.enqueue({ queue: 'parallel', delaySeconds: HOUR / 1000 })
      : undefined;
    await launch(sdk, '2.0.0', database.url);

    const { verdict, looks, blockers } = await holdOn(
      database,
      {},
      async () => {
        for (const id of [held, receiving, parent.id, dequeued, enqueued]) await app.finish(id);
      },
      () => app.cancel(sleeping),
      () => (delayed === undefined ? undefined : app.cancel(delayed)),
    );

    expect(verdict).toBe('drained');
    const whileDelayed = can.delay ? ['in-flight'] : [];
    expect(blockers.slice(0, 4)).toEqual([['in-flight'], ['in-flight'], whileDelayed, []]);
    const [first, second, third] = looks.map(({ judgement }) => judgement);
    const target = { version: '1.0.0', known: true, latest: false, delayed: can.delay ? 1 : 0 };
    expect(first?.targets).toMatchObject([{ ...target, pending: 7, enqueued: 1 }]);
    expect(second?.targets).toMatchObject([{ ...target, pending: 1, enqueued: 0 }]);
    expect(third?.targets).toMatchObject([{ ...target, pending: 0, enqueued: 0 }]);
    expect(first?.seen?.registered.map(({ version }) => version)).toEqual(
      can.register ? ['2.0.0', '1.0.0'] : [],
    );

    const seen = Object.fromEntries(
      first?.seen?.contents.workflows.items.map((each) => [each.id, each]) ?? [],
    );
    const child = detail({ parent: can.nameParents ? parent.id : null });
    expect(seen).toEqual({
      [held]: detail({}),
      [sleeping]: detail({ name: 'sleeping', lastStep: step(0, 'DBOS.sleep') }),
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
});

function abilitiesOf(sdk: SdkRelease) {
  const age = SDK_RELEASES.indexOf(sdk);
  return {
    register: age >= SDK_RELEASES.indexOf('4.10.15'),
    nameParents: age >= SDK_RELEASES.indexOf('4.10.15'),
    delay: age >= SDK_RELEASES.indexOf('4.15.5'),
  };
}

async function launch(sdk: SdkRelease, version: string, databaseUrl: string) {
  const app = await launchApp({ sdk, version, databaseUrl });
  onTestFinished(() => app.kill());
  return app;
}

/** What is seen of `held`, running, but for what is said. */
function detail(particulars: Partial<Record<keyof WorkflowDetail, unknown>>) {
  return {
    id: expect.any(String),
    version: '1.0.0',
    name: 'held',
    className: expect.toSatisfy((name) => !name),
    status: 'PENDING',
    queue: null,
    executor: 'local',
    createdAt: expect.any(Number),
    startedAt: null,
    delayUntil: null,
    parent: null,
    lastStep: null,
    ...particulars,
  };
}

function step(number: number, name: string) {
  return { number, name, completedAt: expect.toSatisfy((at) => at === null || typeof at === 'number') };
}
