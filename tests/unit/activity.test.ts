import { describe, expect, test } from 'vitest';
import { sdkOf } from '../../src/dbos/sdk.ts';
import type { LastStep, WorkflowDetail } from '../../src/dbos/snapshot/index.ts';
import { type QueueState, statusesOf } from '../../src/forecast/activity.ts';
import { describeActivity, nextStepFor } from '../../src/report/activity-text.ts';
import { runReportOf } from '../../src/report/model.ts';
import { plain } from '../../src/report/text.ts';
import { config, inFlight, DATABASE_EPOCH as now, runAgainst, step, workflowDetail } from '../support/builders.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STUCK_AFTER = 15 * MINUTE;

interface World {
  readonly queue?: QueueState;
  readonly family?: readonly WorkflowDetail[];
}

/** The status of a workflow, with these children and this queue. */
function statusOf(workflow: WorkflowDetail, { queue, family = [] }: World = {}) {
  const all = [workflow, ...family];
  const families = Map.groupBy(all, ({ parent }) => parent);
  const statuses = statusesOf(all, {
    now,
    stuckAfterMs: STUCK_AFTER,
    queue: () => queue,
    childrenOf: (id) => families.get(id) ?? [],
  });
  const found = statuses.get(workflow.id);
  if (found === undefined) throw new Error('It has no status.');
  return found;
}

/** Created and last written this long ago. */
function quiet(ageMs: number, changes: Partial<WorkflowDetail> = {}): WorkflowDetail {
  return workflowDetail({ createdAt: now - ageMs, updatedAt: now - ageMs, ...changes });
}

const sleep = (changes: Partial<LastStep>) => step({ name: 'DBOS.sleep', ...changes });
const asleep = sleep({ startedAt: now - HOUR, completedAt: now + HOUR });
/** A sleep after four steps. */
const sleepAfter = (earlier: LastStep['earlier']) => ({ ...asleep, number: 4, before: 'charge', earlier });
const silentChild = quiet(HOUR, { id: 'child', parent: 'order-1' });
const busyChild = quiet(MINUTE, { id: 'child', parent: 'order-1' });

describe('a pending workflow', () => {
  test.each([
    ['its row was written recently', quiet(HOUR, { updatedAt: now - STUCK_AFTER + 1 })],
    ['it was dequeued recently', quiet(HOUR, { startedAt: now - STUCK_AFTER + 1 })],
    ['a step finished recently', quiet(HOUR, { lastStep: step({ completedAt: now - STUCK_AFTER + 1 }) })],
    [
      'a sleep finished recently',
      quiet(HOUR, { lastStep: sleep({ startedAt: now - HOUR, completedAt: now - MINUTE }) }),
    ],
  ])('is running when %s', (_why, workflow) => {
    expect(statusOf(workflow)).toMatchObject({ state: 'progressing', activity: { kind: 'running' } });
  });

  test('is stuck when nothing has changed for stuck-after', () => {
    const workflow = quiet(HOUR, { lastStep: step({ completedAt: now - STUCK_AFTER }) });
    expect(statusOf(workflow)).toEqual({
      state: 'stuck',
      activity: { kind: 'silent' },
      progressAt: now - STUCK_AFTER,
      deadline: null,
      sdk: sdkOf('js_superjson'),
    });
  });

  test('makes no progress at a time in the future', () => {
    const workflow = quiet(HOUR, { lastStep: step({ startedAt: null, completedAt: now + MINUTE }) });
    expect(statusOf(workflow).progressAt).toBe(now - HOUR);
  });
});

describe('the next step of a workflow whose process may be gone', () => {
  const next = (executor: string | null) => plain(nextStepFor(statusOf(quiet(HOUR)), executor, true));

  test('names the executor id that recovers it, unless that is hidden or unknown', () => {
    expect(next('pod-7')).toBe(
      'check whether its process (executor "pod-7") still runs. If so, read its log. If not, start one of its version with that id, or fork it',
    );
    for (const none of [null, '']) {
      expect(next(none)).toMatch(/^check whether its process still runs\. .* with the same executor id, or fork it$/);
    }
  });

  test('names none for several that differ in it', async () => {
    const nextOfGroup = async (...executors: readonly string[]) => {
      const items = executors.map((executor, index) => quiet(HOUR, { id: `order-${index}`, executor }));
      const run = await runAgainst(config({ mode: 'check' }), () => ({
        inFlight: [inFlight('1.0.0', { pending: items.length })],
        workflows: { items, omitted: 0, omittedUnversioned: 0 },
      }));
      return runReportOf(run).activities.items.map(({ nextStep }) => plain(nextStep));
    };
    expect(await nextOfGroup('pod-7', 'pod-7')).toEqual([expect.stringContaining('(executor "pod-7")')]);
    expect(await nextOfGroup('pod-7', 'pod-8')).toEqual([expect.stringContaining('with the same executor id')]);
  });
});

describe('a queue whose limit is 0', () => {
  const state = { movedAt: now - HOUR, running: 0, limit: null, partitionLimit: null, rateMs: null };
  const enqueued = quiet(HOUR, { status: 'ENQUEUED', queue: 'mail' });

  test('in each process asks to raise that limit, and to start or unblock nothing', () => {
    const status = statusOf(enqueued, { queue: { ...state, workerLimit: 0 } });
    expect(plain(describeActivity(status, now))).toBe(
      'queued in "mail", whose worker limit is 0: no process dequeues from it',
    );
    expect(plain(nextStepFor(status, null, true))).toBe('raise the worker limit of that queue, or cancel or fork it');
    expect(plain(nextStepFor(status, null, true, true))).toBe(
      'raise the worker limit of that queue, or cancel or fork it',
    );
  });
});

describe('a sleep', () => {
  test('ends when the SDK recorded, and not before', () => {
    expect(statusOf(quiet(2 * HOUR, { lastStep: asleep }))).toEqual({
      state: 'waiting',
      activity: { kind: 'sleeping', until: now + HOUR, certain: true },
      progressAt: now - HOUR,
      deadline: null,
      sdk: sdkOf('js_superjson'),
    });
  });

  test('next to a child in flight can be raced, and is not certain', () => {
    const { activity } = statusOf(quiet(HOUR, { lastStep: asleep, hasChildren: true }));
    expect(activity).toEqual({ kind: 'sleeping', until: now + HOUR, certain: false });
  });

  test('after a step that has not finished is the timeout of a message, where its end is recorded', () => {
    const told = (serialization: string | null, number = 1) =>
      statusOf(quiet(HOUR, { lastStep: { ...asleep, number, before: null }, serialization })).activity;
    expect(told('java_jackson')).toEqual({ kind: 'message', until: now + HOUR });
    expect(told('DBOS_JSON')).toEqual({ kind: 'sleeping', until: now + HOUR, certain: false });
    expect(told('py_pickle', 2)).toEqual({ kind: 'sleeping', until: now + HOUR, certain: false });
    for (const unknown of [null, 'portable_json', 'mine']) {
      expect(told(unknown)).toEqual({ kind: 'message', until: now + HOUR });
    }
  });

  test('after a step that has finished is certain', () => {
    const { activity } = statusOf(quiet(HOUR, { lastStep: sleepAfter({ count: 4, endedAt: now - HOUR }) }));
    expect(activity).toMatchObject({ kind: 'sleeping', certain: true });
  });

  test.each([
    ['a step that finished after it had started', { count: 4, endedAt: now - HOUR + 1 }],
    ['a step whose completion is not recorded', { count: 4, endedAt: null }],
    ['a step that has not finished', { count: 3, endedAt: now - HOUR }],
    ['steps that the poll did not read', null],
  ])('next to %s can be raced, and is not certain', (_what, earlier) => {
    const { activity } = statusOf(quiet(2 * HOUR, { lastStep: sleepAfter(earlier) }));
    expect(activity).toMatchObject({ kind: 'sleeping', certain: false });
  });

  test('is certain after at most 200 steps that have all finished: a poll reads no more', () => {
    const long = (count: number, number = count) =>
      statusOf(quiet(2 * HOUR, { lastStep: { ...sleepAfter({ count, endedAt: now - HOUR }), number } }));
    expect(long(200).activity).toMatchObject({ certain: true });
    expect(long(199, 200).activity).toMatchObject({ certain: false });
    expect(long(200, 201).activity).toMatchObject({ certain: false });
  });

  test('has no known end when it is only the mark of a timer, by a clock that is ahead', () => {
    const mark = sleep({ startedAt: now + MINUTE, completedAt: now + MINUTE });
    expect(statusOf(quiet(HOUR, { lastStep: mark })).activity.kind).toBe('timer');
  });

  test.each(['DBOS.recv', 'DBOS.getEvent'])('after a %s that has finished is its timeout, and over', (before) => {
    for (const times of [{}, { completedAt: now - HOUR }]) {
      const lastStep = { ...asleep, ...times, number: 1, before };
      expect(statusOf(quiet(2 * HOUR, { lastStep }))).toMatchObject({
        state: 'stuck',
        activity: { kind: 'silent' },
      });
    }
  });

  test.each([
    ['no times', { startedAt: null, completedAt: null }],
    ['one time for its start and its end', { startedAt: now - HOUR, completedAt: now - HOUR }],
    ['two times half a second apart', { startedAt: now - HOUR, completedAt: now - HOUR + 500 }],
    ['no start', { startedAt: null, completedAt: now - HOUR }],
  ])('of which the SDK recorded %s can still run', (_what, times) => {
    expect(statusOf(quiet(HOUR, { lastStep: sleep(times) }))).toMatchObject({
      state: 'waiting',
      activity: { kind: 'timer' },
    });
    const message = statusOf(quiet(HOUR, { lastStep: sleep({ ...times, number: 1 }) }));
    expect(message).toMatchObject({ state: 'stuck', activity: { kind: 'message', until: null } });
  });

  test('that is over is ignored', () => {
    const over = sleep({ startedAt: now - HOUR, completedAt: now - HOUR + 501 });
    expect(statusOf(quiet(HOUR, { lastStep: over }))).toMatchObject({
      state: 'stuck',
      activity: { kind: 'silent' },
    });
  });

  test('is recognised by its name alone', () => {
    const other = { ...asleep, name: 'DBOS.sleeper' };
    expect(statusOf(quiet(HOUR, { lastStep: other })).activity.kind).toBe('silent');
  });
});

describe('the SDK', () => {
  const first = (number: number, serialization: string | null, changes: Partial<LastStep> = {}) =>
    statusOf(quiet(HOUR, { lastStep: { ...asleep, number, before: null, earlier: null, ...changes }, serialization }));
  const mark = { completedAt: now - HOUR };

  test.each([
    ['js_superjson', 0],
    ['js_legacy', 0],
    ['DBOS_JSON', 0],
    ['java_jackson', 0],
    ['rust_serde', 0],
    ['py_pickle', 1],
  ])('of %s numbers its steps from %i, where a sleep is certain', (serialization, number) => {
    const certain = { kind: 'sleeping', until: now + HOUR, certain: true };
    expect(first(number, serialization).activity).toEqual(certain);
    expect(first(1 - number, serialization).activity).not.toEqual(certain);
    const second = { number: number + 1, before: 'charge' };
    const behind = (count: number) =>
      first(number, serialization, { ...second, earlier: { count, endedAt: now - HOUR } });
    expect(behind(1).activity).toEqual(certain);
    expect(behind(2).activity).toEqual({ ...certain, certain: false });
  });

  test.each([null, 'portable_json', 'mine'])('that %s does not name leaves nothing certain', (serialization) => {
    expect(first(0, serialization).activity).toMatchObject({ kind: 'sleeping', certain: false });
    const earlier = { count: 2, endedAt: now - HOUR };
    const third = first(2, serialization, { before: 'charge', earlier });
    expect(third.activity).toMatchObject({ kind: 'sleeping', certain: false });
  });

  test('of Python before 2.29 leaves a first sleep that is no wait for a message, and never stuck', () => {
    expect(first(1, 'py_pickle', mark)).toMatchObject({ state: 'waiting', activity: { kind: 'timer' } });
    expect(first(2, 'py_pickle', mark)).toMatchObject({ state: 'stuck', activity: { kind: 'message' } });
    expect(first(1, 'js_superjson', mark)).toMatchObject({ state: 'stuck', activity: { kind: 'message' } });
    // Either of both.
    expect(first(1, null, mark)).toMatchObject({ state: 'waiting', activity: { kind: 'timer' } });
    expect(first(2, null, mark)).toMatchObject({ state: 'stuck', activity: { kind: 'message' } });
  });
});

describe('a deadline', () => {
  const until = (workflow: WorkflowDetail) => {
    const { activity } = statusOf(workflow);
    return 'until' in activity ? activity.until : undefined;
  };

  test.each([
    ['a sleep', quiet(2 * HOUR, { lastStep: asleep })],
    ['a wait for a message', quiet(2 * HOUR, { lastStep: { ...asleep, number: 1 }, serialization: 'java_jackson' })],
    ['a delay', quiet(2 * HOUR, { status: 'DELAYED', delayUntil: now + HOUR })],
  ])('ends %s, unless that ends before, or no process acted on it', (_what, waiting) => {
    expect(until({ ...waiting, deadline: now + MINUTE })).toBe(now + MINUTE);
    expect(until({ ...waiting, deadline: now + 2 * HOUR })).toBe(now + HOUR);
    expect(until({ ...waiting, deadline: now - MINUTE })).toBe(now - MINUTE);
    expect(until({ ...waiting, deadline: now - MINUTE - 1 })).toBe(now + HOUR);
  });

  test('is told once: as the end of the wait, as what comes after it, or as what nobody acted on', () => {
    const told = (deadline: number) =>
      plain(describeActivity(statusOf(quiet(2 * HOUR, { lastStep: asleep, deadline })), now));
    expect(told(now + 9000)).toBe('asleep until 00:00:09 UTC (in 9s); that is its deadline, at which DBOS cancels it');
    expect(told(now + 2 * HOUR)).toBe('asleep until 01:00 UTC (in 1h); DBOS cancels it at its deadline, 02:00 UTC');
    expect(told(now - 1000)).toBe(
      'asleep until 2025-12-31 23:59:59 UTC (now); that is its deadline, at which DBOS cancels it',
    );
    expect(told(now - 5 * MINUTE)).toBe(
      'asleep until 01:00 UTC (in 1h); its deadline was 5m ago, but no process has cancelled it (in TypeScript SDKs before 5.1, only the one that runs it does)',
    );
    const overdue = (serialization: string) =>
      plain(
        describeActivity(
          statusOf(quiet(2 * HOUR, { lastStep: asleep, deadline: now - 5 * MINUTE, serialization })),
          now,
        ),
      );
    expect(overdue('java_jackson')).toContain('(in Java SDKs, only the one that runs it does)');
    expect(overdue('portable_json')).toContain('(in older SDKs, only the one that runs it does)');
    const silent = (agoMs: number) =>
      plain(describeActivity(statusOf(quiet(HOUR, { deadline: now - agoMs })), now)).split('; ')[1];
    expect(silent(MINUTE)).toBe(undefined);
    expect(silent(MINUTE + 1)).toMatch(/^its deadline was/);
  });
});

describe('a wait for a message', () => {
  test('is stuck after stuck-after, unless its timeout is known', () => {
    const waiting = (ageMs: number) =>
      statusOf(
        quiet(ageMs, {
          lastStep: sleep({ startedAt: now - ageMs, completedAt: now - ageMs, number: 1 }),
        }),
      );
    expect(waiting(STUCK_AFTER - 1).state).toBe('waiting');
    expect(waiting(STUCK_AFTER).state).toBe('stuck');
    const known = statusOf(quiet(HOUR, { lastStep: { ...asleep, number: 1 }, serialization: 'java_jackson' }));
    expect(known).toMatchObject({ state: 'waiting', activity: { kind: 'message', until: now + HOUR } });
  });
});

describe("a debouncer of DBOS's own", () => {
  const GO_SDK = 'github.com/dbos-inc/dbos-transact-golang/dbos';
  const waiting = { lastStep: { ...asleep, number: 1 }, serialization: 'java_jackson' };
  const marked = { lastStep: sleep({ startedAt: now - HOUR, completedAt: now - HOUR, number: 2 }) };
  const java = { name: 'debouncerWorkflow', className: 'DBOS.InternalWorkflows' };

  test.each([
    ['Java', java],
    ['TypeScript and Python', { name: '_dbos_debouncer_workflow', className: '' }],
    ['Go', { name: `${GO_SDK}.internalDebouncerWF[...]`, className: null }],
    [
      'Go 0.19',
      { name: `${GO_SDK}.NewDebouncer[dbos.debouncerInput[example.com/shop.Order],string]`, className: null },
    ],
  ])('of %s is not told as a wait for a message, which would put it off', (_language, own) => {
    const status = statusOf(quiet(HOUR, { ...waiting, ...own }));
    expect(plain(describeActivity(status, now))).toBe(
      "a debouncer of DBOS's own, waiting for more calls until 01:00 UTC (in 1h): each call postpones it",
    );
    expect(plain(nextStepFor(status, 'local', true))).toMatch(/^stop the calls that postpone it/);
    expect(plain(describeActivity(statusOf(quiet(HOUR, { ...marked, ...own })), now))).toMatch(/for 1h: each/);
  });

  test.each([
    ['of another class', { ...java, className: 'com.shop.Orders' }],
    ['of another package', { name: 'example.com/shop.internalDebouncerWF[...]' }],
  ])('is not a workflow with such a name %s', (_what, own) => {
    const status = statusOf(quiet(HOUR, { ...waiting, ...own }));
    expect(status.activity).toEqual({ kind: 'message', until: now + HOUR });
    expect(plain(nextStepFor(status, 'local', true))).toMatch(/^send the message or set the event/);
  });
});

describe('a parent', () => {
  test('waits for a child that moves', () => {
    expect(statusOf(quiet(HOUR), { family: [busyChild] })).toMatchObject({
      state: 'waiting',
      activity: { kind: 'child', child: { id: 'child' }, status: { activity: { kind: 'running' } } },
    });
  });

  test('is stuck with a child that is, whatever the others do', () => {
    const family = [busyChild, { ...silentChild, id: 'other' }];
    expect(statusOf(quiet(MINUTE), { family })).toMatchObject({
      state: 'stuck',
      activity: { kind: 'child', child: { id: 'other' }, status: { state: 'stuck' } },
    });
  });

  test('in a timer of unknown end waits for its child', () => {
    const timer = sleep({ startedAt: null, completedAt: null });
    expect(statusOf(quiet(HOUR, { lastStep: timer }), { family: [busyChild] }).activity.kind).toBe('child');
  });

  test('that waits for a message waits for that, and not for its child', () => {
    const marked = sleep({ startedAt: now - HOUR, completedAt: now - HOUR, number: 1 });
    expect(statusOf(quiet(HOUR, { lastStep: marked }), { family: [busyChild] }).activity.kind).toBe('message');
  });

  test('of a parent has the reason of the youngest generation', () => {
    const grandchild = quiet(HOUR, { id: 'grandchild', parent: 'child' });
    expect(statusOf(quiet(HOUR), { family: [busyChild, grandchild] })).toMatchObject({
      state: 'stuck',
      activity: { status: { activity: { child: { id: 'grandchild' } } } },
    });
  });

  test('of 10,000 generations has a status, in whatever order they come', () => {
    const line = Array.from({ length: 10_000 }, (_, at) => quiet(HOUR, { id: `w${at}`, parent: `w${at - 1}` }));
    for (const family of [line, line.toReversed()]) {
      expect(statusOf(quiet(HOUR, { id: 'w-1' }), { family }).state).toBe('stuck');
    }
  });

  test('of itself, which only a damaged database has, still has a status', () => {
    const circle = [quiet(HOUR, { id: 'a', parent: 'b' }), quiet(HOUR, { id: 'b', parent: 'a' })] as const;
    expect(statusOf(circle[0], { family: [circle[1]] }).state).toBe('stuck');
    expect(statusOf(quiet(HOUR, { id: 'self', parent: 'self' })).state).toBe('stuck');
  });
});

describe('a delayed workflow', () => {
  test('waits, however long its delay', () => {
    const delayed = quiet(HOUR, { status: 'DELAYED', delayUntil: now + HOUR });
    expect(statusOf(delayed)).toMatchObject({
      state: 'waiting',
      activity: { kind: 'delayed', until: now + HOUR, debounced: false },
    });
    expect(statusOf({ ...delayed, debounced: true }).activity).toMatchObject({ debounced: true });
    expect(statusOf({ ...delayed, delayUntil: null }).state).toBe('waiting');
  });

  test('whose delay is over is overdue after a minute, and stuck after stuck-after', () => {
    const due = (agoMs: number, ageMs = HOUR) => statusOf(quiet(ageMs, { status: 'DELAYED', delayUntil: now - agoMs }));
    expect(due(MINUTE).activity.kind).toBe('delayed');
    expect(due(MINUTE + 1)).toMatchObject({
      state: 'stuck',
      activity: { kind: 'overdue', since: now - MINUTE - 1 },
    });
    expect(due(MINUTE + 1, 2 * MINUTE).state).toBe('waiting');
  });
});

describe('an enqueued workflow', () => {
  const enqueued = quiet(HOUR, { status: 'ENQUEUED', queue: 'mail' });
  const queue = (movedAgoMs: number, running = 0, limit: number | null = null) => ({
    queue: {
      movedAt: now - movedAgoMs,
      running,
      limit,
      partitionLimit: null as number | null,
      rateMs: null as number | null,
    },
  });

  test('waits while its queue moves', () => {
    expect(statusOf(enqueued, queue(STUCK_AFTER - 1, 3, 3))).toMatchObject({
      state: 'waiting',
      activity: { kind: 'queued', queue: 'mail', moves: true, running: 3, limit: 3 },
    });
  });

  test('is stuck when its queue has not moved for stuck-after', () => {
    expect(statusOf(enqueued, queue(STUCK_AFTER, 1, 2))).toMatchObject({
      state: 'stuck',
      activity: { kind: 'queued', moves: false, running: 1, limit: 2 },
    });
  });

  test('in a queue with a rate limit waits for its period', () => {
    const limited = { queue: { ...queue(HOUR).queue, rateMs: 2 * HOUR } };
    expect(statusOf(enqueued, limited)).toMatchObject({
      state: 'waiting',
      activity: { rateLimited: true },
    });
    expect(statusOf(enqueued, { queue: { ...limited.queue, rateMs: HOUR } }).state).toBe('stuck');
  });

  test('waits for its turn in a partition that is full, in whatever version', () => {
    const partitioned = (isPartitionFull: boolean, partitionLimit: number | null, movedAgoMs = STUCK_AFTER) =>
      statusOf({ ...enqueued, isPartitionFull }, { queue: { ...queue(movedAgoMs, 5, 9).queue, partitionLimit } });
    const full = partitioned(true, 1);
    expect(full.activity).toMatchObject({ running: 1, limit: 1, inPartition: true });
    expect(plain(describeActivity(full, now))).toBe(
      'queued in "mail", in a full partition (1 of 1 running in all versions, its partition\'s concurrency limit): nothing of its version was dequeued for 15m',
    );
    expect(plain(nextStepFor(full, 'local', true))).toBe(
      'unblock what is running from that partition of the queue (any version), or raise its limit',
    );
    const moving = partitioned(true, 1, MINUTE);
    expect(moving.state).toBe('waiting');
    expect(plain(describeActivity(moving, now))).toMatch(/behind others \(1 of 1 running .* its partition's/);
    for (const other of [partitioned(false, 1), partitioned(true, null)]) {
      expect(other.activity).toMatchObject({ running: 5, limit: 9, inPartition: false });
      expect(plain(nextStepFor(other, 'local', true))).toMatch(/start a process of its version/);
    }
    expect(plain(describeActivity(partitioned(false, 0), now))).toMatch(/whose concurrency limit is 0/);
  });

  test('that has just arrived waits, however long its queue has not moved', () => {
    expect(statusOf({ ...enqueued, updatedAt: now - MINUTE }, queue(HOUR)).state).toBe('waiting');
    expect(statusOf({ ...enqueued, createdAt: now - MINUTE }, queue(HOUR)).state).toBe('waiting');
  });

  test('in an unknown queue waits', () => {
    expect(statusOf(enqueued).state).toBe('waiting');
    expect(statusOf({ ...enqueued, queue: null }).state).toBe('waiting');
  });
});
