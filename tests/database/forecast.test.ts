import { describe, expect, test } from 'vitest';
import type { Activity } from '../../src/forecast/activity.ts';
import type { Poll } from '../../src/hold/hold.ts';
import { type DbosApp, queueName, SDK_RELEASES, type SdkRelease } from '../support/dbos-app.ts';
import { holdOn } from '../support/holding.ts';
import { launchOn, systemDatabases, type TestDatabase, type WorkflowRow } from '../support/system-databases.ts';

/* The forecast on real applications: what each workflow waits for, and the earliest time at which it can finish. */

const MINUTE = 60_000;
/** Longer than a bound has to stand. */
const POLL = 20_000;
const HOUR = 60 * MINUTE;

const databases = systemDatabases();

async function launched(sdk: SdkRelease): Promise<{ readonly database: TestDatabase; readonly app: DbosApp }> {
  const database = await databases.create(sdk);
  return { database, app: await launchOn(database, { sdk, version: '1.0.0' }) };
}

/** Launches a version that registers later, so that 1.0.0 is not the latest. */
async function successor(sdk: SdkRelease, database: TestDatabase): Promise<DbosApp> {
  return launchOn(database, { sdk, version: '2.0.0' });
}

function situationsIn(poll: Poll | undefined, ids: readonly string[]): readonly (Activity | undefined)[] {
  return ids.map((id) => poll?.forecast.statuses.get(id)?.activity);
}

describe.each(SDK_RELEASES)('on SDK %s', (sdk) => {
  const [major = 0, minor = 0] = sdk.split('.').map(Number);
  const since = (wanted: number, itsMinor: number) => major > wanted || (major === wanted && minor >= itsMinor);
  const recordsWakeUps = since(4, 25);
  const namesParents = since(4, 10);
  const namesLanguage = since(4, 10);
  const hasQueueTable = since(4, 20);

  test('shows what each workflow waits for, as far as the tables record it', async () => {
    const { database, app } = await launched(sdk);
    const began = Date.now();
    const sleeping = await app.startSleeping(HOUR);
    const receiving = await app.startReceiving();
    const parent = await app.startParent(2);
    const dequeued = await app.enqueue({ queue: 'serial' });
    await app.begun(dequeued);
    const enqueued = await app.enqueue({ queue: 'serial' });
    const { last } = await holdOn(database, { mode: 'check' });

    const [asleep, message, child, running, queued] = situationsIn(last, [
      sleeping,
      receiving,
      parent.id,
      dequeued,
      enqueued,
    ]);
    expect(asleep).toEqual(
      recordsWakeUps ? { kind: 'sleeping', until: expect.any(Number), certain: true } : { kind: 'timer' },
    );
    if (asleep?.kind === 'sleeping') {
      expect(asleep.until).toBeGreaterThanOrEqual(began + HOUR);
      expect(asleep.until).toBeLessThan(Date.now() + HOUR);
    }
    // Step 1 can be a first sleep of Python's, where no column names the language.
    expect(message).toEqual(namesLanguage ? { kind: 'message', until: null } : { kind: 'timer' });
    expect(child).toMatchObject(
      namesParents
        ? {
            kind: 'child',
            child: { name: 'held' },
            status: { state: 'progressing', activity: { kind: 'running' } },
          }
        : { kind: 'running' },
    );
    expect(running).toEqual({ kind: 'running' });
    const limit = hasQueueTable ? 1 : null;
    expect(queued).toEqual({
      kind: 'queued',
      queue: queueName('shop', 'serial'),
      moves: true,
      movedAt: expect.any(Number),
      running: 1,
      limit,
      inPartition: false,
      rateLimited: false,
    });
    expect(last?.forecast.total.states).toEqual({
      progressing: namesParents ? 3 : 4,
      waiting: namesParents ? 4 : 3,
      stuck: 0,
      notScanned: 0,
    });
  });

  test('a sleep beyond the timeout stops a hold at the second poll, only where the SDK records its end', async () => {
    const { database, app } = await launched(sdk);
    const id = await app.startSleeping(HOUR);
    await app.startReceiving();
    await successor(sdk, database);
    const timeoutMs = 2 * POLL;
    // The gate's clock may not be a minute ahead of the database's: then no bound is acted on.
    const { verdict, waitedMs, polls, last } = await holdOn(database, { timeoutMs, pollIntervalMs: POLL });
    expect(verdict).toBe(recordsWakeUps ? 'cannot-drain' : 'timed-out');
    expect(polls.length).toBe(recordsWakeUps ? 2 : timeoutMs / POLL + 1);
    expect(waitedMs).toBe(recordsWakeUps ? POLL : timeoutMs);
    expect(last?.forecast.total.earliestEnds.map((bound) => bound.id)).toEqual(recordsWakeUps ? [id] : []);

    const patient = await holdOn(database, { timeoutMs, pollIntervalMs: POLL, failFast: false });
    expect(patient.verdict).toBe('timed-out');
    const enough = await holdOn(database, { timeoutMs: HOUR, pollIntervalMs: 10 * MINUTE }, () => app.cancel(id));
    expect(enough.polls.length).toBeGreaterThan(1);
    const ignored = await holdOn(database, {
      timeoutMs,
      ignoreWorkflows: ['sleeping'],
      pollIntervalMs: POLL,
    });
    expect(ignored.verdict).toBe('timed-out');
  });
});

/** SDK 4.12 introduced delays. */
const DELAYING = SDK_RELEASES.slice(SDK_RELEASES.indexOf('4.15.5'));

describe.each(DELAYING)('on SDK %s', (sdk) => {
  test('a delay beyond the timeout stops a hold, unless a deadline comes first', async () => {
    const { database, app } = await launched(sdk);
    const id = await app.enqueue({ queue: 'parallel', delaySeconds: HOUR / 1000 });
    await successor(sdk, database);
    const wait = { timeoutMs: 30 * MINUTE, pollIntervalMs: 30 * MINUTE };
    const { verdict, last } = await holdOn(database, { ...wait, pollIntervalMs: POLL });
    expect(verdict).toBe('cannot-drain');
    expect(situationsIn(last, [id])).toMatchObject([{ kind: 'delayed', debounced: false }]);
    expect(last?.forecast.total.earliestEnds).toMatchObject([
      { id, version: '1.0.0', name: 'held', because: 'delayed' },
    ]);

    const deadline = Date.now() + 10 * MINUTE;
    await database.query('UPDATE dbos.workflow_status SET workflow_deadline_epoch_ms = $1', [deadline]);
    const withDeadline = await holdOn(database, wait);
    // The test sets the gate's clock, and the database's clock runs by itself. The second poll is at the timeout.
    expect(withDeadline.polls).toHaveLength(2);
    expect(withDeadline.polls[0]?.forecast.total.notBefore).toBe(deadline);
    await app.cancel(id);
  });
});

describe('a queue with partitions', () => {
  const enqueued = { status: 'ENQUEUED', application_version: '1.0.0', application_name: 'shop', queue_name: 'mail' };
  const running = { ...enqueued, status: 'PENDING', queue_partition_key: 'a' };

  /** What three workflows wait for, in partition `a`, in `b` and in none, with these limits of the queue. */
  async function waitsWith(limits: Readonly<Record<string, number | boolean>>) {
    const database = await databases.create();
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
    const columns = Object.keys(limits);
    await database.query(
      `INSERT INTO dbos.queues (name, ${columns.join(', ')}) VALUES ('mail', ${columns.map((_, at) => `$${at + 1}`).join(', ')})`,
      Object.values(limits),
    );
    await database.insert(
      { ...enqueued, workflow_uuid: 'in a', queue_partition_key: 'a' },
      { ...enqueued, workflow_uuid: 'in b', queue_partition_key: 'b' },
      { ...enqueued, workflow_uuid: 'in none' },
      { ...running, application_version: '2.0.0' },
      { ...running, application_version: '1.0.0' },
      // None of these runs there.
      { ...running, application_name: 'billing' },
      { ...running, queue_name: 'print' },
      { ...running, status: 'SUCCESS' },
    );
    const { last } = await holdOn(database, { mode: 'check', application: 'shop' });
    return situationsIn(last, ['in a', 'in b', 'in none']).map((each) =>
      each?.kind === 'queued'
        ? [each.running, each.limit, each.inPartition, ...(each.workerLimit === undefined ? [] : [each.workerLimit])]
        : each,
    );
  }

  test('has limits of each partition beside those of all', async () => {
    const ofAll = [2, 9, false];
    const limits = { concurrency: 9, partition_queue: true };
    expect(await waitsWith({ ...limits, partition_concurrency: 2 })).toEqual([[2, 2, true], ofAll, ofAll]);
    expect(await waitsWith({ ...limits, partition_concurrency: 3 })).toEqual([ofAll, ofAll, ofAll]);
    // One runs in its version, in whatever partition: its process can be at this limit.
    const ofWorkers = [...ofAll, 1];
    expect(await waitsWith({ ...limits, partition_worker_concurrency: 1 })).toEqual([ofWorkers, ofWorkers, ofWorkers]);
    expect(await waitsWith({ ...limits, worker_concurrency: 2, partition_worker_concurrency: 2 })).toEqual([
      ofAll,
      ofAll,
      ofAll,
    ]);
  });

  test('has its one limit in each partition, where its SDK knows no other', async () => {
    const unlimited = [2, null, false];
    expect(await waitsWith({ concurrency: 2, partition_queue: true })).toEqual([[2, 2, true], unlimited, unlimited]);
    expect(await waitsWith({ concurrency: 2 })).toEqual([
      [2, 2, false],
      [2, 2, false],
      [2, 2, false],
    ]);
  });
});

/** A step of a workflow, as its name or as columns. `null` leaves its number unused. */
type Step = string | null | { readonly name: string; readonly ended?: number | null; readonly child?: string };

describe('a timer whose end is recorded', () => {
  /** Holds for a workflow with these steps and a timer of an hour as the last. */
  async function withSteps(
    steps: readonly Step[],
    { child, serialization = 'js_superjson' }: { child?: WorkflowRow; serialization?: string | null } = {},
  ) {
    const database = await databases.create();
    const row = { status: 'PENDING', application_version: '1.0.0', application_name: 'shop' };
    await database.insert({ ...row, workflow_uuid: 'w', serialization });
    if (child !== undefined) await database.insert({ ...row, parent_workflow_id: 'w', ...child });
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
    const began = Date.now();
    const first = serialization === 'py_pickle' ? 1 : 0;
    for (const [index, each] of [...steps, { name: 'DBOS.sleep', ended: began + HOUR }].entries()) {
      if (each === null) continue;
      const { name, ended = began, child: started } = typeof each === 'string' ? { name: each } : each;
      await database.query(
        `INSERT INTO dbos.operation_outputs
           (workflow_uuid, function_id, function_name, started_at_epoch_ms, completed_at_epoch_ms, child_workflow_id)
         VALUES ('w', $1, $2, $3, $4, $5)`,
        [first + index, name, ended === null && started !== undefined ? null : began, ended, started],
      );
    }
    const { verdict, polls } = await holdOn(database, {
      timeoutMs: 2 * POLL,
      pollIntervalMs: POLL,
      application: 'shop',
      ignoreWorkflows: ['monitor'],
    });
    return { verdict, activity: situationsIn(polls[0], ['w'])[0]?.kind };
  }

  const certain = { verdict: 'cannot-drain', activity: 'sleeping' };
  const uncertain = { verdict: 'timed-out', activity: 'sleeping' };
  const java = { serialization: 'java_jackson' };

  test('is a sleep after a finished step, or as the first step', async () => {
    expect(await withSteps(['charge'])).toEqual(certain);
    expect(await withSteps([])).toEqual(certain);
  });

  test('is a sleep as the first step in Python, which counts from 1, and after a finished one', async () => {
    const python = { serialization: 'py_pickle' };
    expect(await withSteps([], python)).toEqual(certain);
    expect(await withSteps(['charge'], python)).toEqual(certain);
    expect(await withSteps(['charge', null, 'poll'], python)).toEqual(uncertain);
  });

  test('does not stop a hold where nothing tells the language of its SDK', async () => {
    expect(await withSteps([], { serialization: 'portable_json' })).toEqual(uncertain);
    expect(await withSteps(['charge'], { serialization: null })).toEqual(uncertain);
  });

  test('does not stop a hold if it could be racing a wait that started before it', async () => {
    // `Promise.race([DBOS.recv(…), poll()])` and Python's `asyncio_wait` leave these rows: the raced step has none.
    expect(await withSteps(['charge', null, 'poll'])).toEqual(uncertain);
    expect(await withSteps(['charge', 'settle', 'poll'])).toEqual(certain);
    expect(await withSteps([{ name: 'charge', ended: null }])).toEqual(uncertain);
  });

  test.each([
    ['of another version', { application_version: '2.0.0' }],
    ['of another application', { application_name: 'billing' }],
    ['that is ignored', { name: 'monitor' }],
  ])('does not stop a hold if it could be racing a child %s', async (_what, child) => {
    expect(await withSteps(['charge'], { child })).toEqual(uncertain);
  });

  test('is a sleep after a child that was started, and after a patch: no end of them is recorded', async () => {
    const started = { name: 'ship', ended: null, child: 'w-0' };
    expect(await withSteps([started], java)).toEqual(certain);
    expect(await withSteps([started, { name: 'DBOS.patch-v2', ended: null }, 'charge'], java)).toEqual(certain);
    // The result of a child is a wait for it.
    expect(await withSteps([started, { ...started, name: 'DBOS.getResult' }], java)).toEqual(uncertain);
  });

  test('is a sleep after a wait whose message came early, or was there already', async () => {
    const early: readonly Step[] = ['DBOS.recv', { name: 'DBOS.sleep', ended: Date.now() + 2 * HOUR }];
    expect(await withSteps(early, java)).toEqual(certain);
    expect(await withSteps([...early, 'charge'], java)).toEqual(certain);
    expect(await withSteps(['DBOS.getEvent', null], java)).toEqual(certain);
    expect(await withSteps(['DBOS.recv', null, 'charge', 'DBOS.recv', null, 'ship'], java)).toEqual(certain);
    // Only the number after such a wait belongs to its timer.
    expect(await withSteps(['DBOS.recv', null, null, 'charge'], java)).toEqual(uncertain);
    expect(await withSteps(['charge', ...early.slice(1)], java)).toEqual(uncertain);
  });

  test("is not a sleep after a gap in Java, where it is a message's, nor after a message that has arrived", async () => {
    expect(await withSteps(['charge', null], java)).toEqual({ verdict: 'timed-out', activity: 'message' });
    expect(await withSteps([null], java)).toEqual({ verdict: 'timed-out', activity: 'message' });
    expect(await withSteps(['charge', 'DBOS.recv'])).toEqual({ verdict: 'timed-out', activity: 'running' });
    expect(await withSteps(['DBOS.getEvent'])).toEqual({ verdict: 'timed-out', activity: 'running' });
  });

  test('is a sleep after a gap where the timers of other SDKs record no end, and could be racing', async () => {
    expect(await withSteps(['charge', null])).toEqual(uncertain);
    expect(await withSteps([null])).toEqual(uncertain);
  });
});
