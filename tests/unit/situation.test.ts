import { describe, expect, test } from 'vitest';
import type { LastStep, WorkflowDetail } from '../../src/gate/observation.ts';
import { assess, type QueueState } from '../../src/gate/situation.ts';
import { DATABASE_EPOCH as now, step, workflowDetail } from './builders.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const STUCK_AFTER = 15 * MINUTE;

interface World {
  readonly queue?: QueueState;
  readonly family?: readonly WorkflowDetail[];
}

/** What a workflow is said to do, in a world with these children and this queue. */
function assessmentOf(workflow: WorkflowDetail, { queue, family = [] }: World = {}) {
  const all = [workflow, ...family];
  const families = Map.groupBy(all, ({ parent }) => parent);
  const assessments = assess(all, {
    now,
    stuckAfterMs: STUCK_AFTER,
    queue: () => queue,
    childrenOf: (id) => families.get(id) ?? [],
  });
  const found = assessments.get(workflow.id);
  if (found === undefined) throw new Error('It was not looked at.');
  return found;
}

/** Created and last written so long ago. */
function quiet(ageMs: number, changes: Partial<WorkflowDetail> = {}): WorkflowDetail {
  return workflowDetail({ createdAt: now - ageMs, updatedAt: now - ageMs, ...changes });
}

const sleep = (changes: Partial<LastStep>) => step({ name: 'DBOS.sleep', ...changes });
const asleep = sleep({ startedAt: now - HOUR, completedAt: now + HOUR });
/** A sleep after so many steps. */
const sleepAfter = (earlier: LastStep['earlier']) => ({ ...asleep, number: 4, before: 'charge', earlier });
const silentChild = quiet(HOUR, { id: 'child', parent: 'order-1' });
const busyChild = quiet(MINUTE, { id: 'child', parent: 'order-1' });

describe('a pending workflow', () => {
  test.each([
    ['its row was written lately', quiet(HOUR, { updatedAt: now - STUCK_AFTER + 1 })],
    ['it was dequeued lately', quiet(HOUR, { startedAt: now - STUCK_AFTER + 1 })],
    [
      'a step of it has ended lately',
      quiet(HOUR, { lastStep: step({ completedAt: now - STUCK_AFTER + 1 }) }),
    ],
    [
      'a sleep of it has ended lately',
      quiet(HOUR, { lastStep: sleep({ startedAt: now - HOUR, completedAt: now - MINUTE }) }),
    ],
  ])('is at work when %s', (_why, workflow) => {
    expect(assessmentOf(workflow)).toMatchObject({ state: 'draining', situation: { kind: 'running' } });
  });

  test('is stuck when nothing of it has changed for stuck-after', () => {
    const workflow = quiet(HOUR, { lastStep: step({ completedAt: now - STUCK_AFTER }) });
    expect(assessmentOf(workflow)).toEqual({
      state: 'stuck',
      situation: { kind: 'silent' },
      progressAt: now - STUCK_AFTER,
      deadline: null,
    });
  });

  test('has made no progress at a time that lies ahead', () => {
    const workflow = quiet(HOUR, { lastStep: step({ startedAt: null, completedAt: now + MINUTE }) });
    expect(assessmentOf(workflow).progressAt).toBe(now - HOUR);
  });
});

describe('a sleep', () => {
  test('whose end is recorded ends then, and not before', () => {
    expect(assessmentOf(quiet(2 * HOUR, { lastStep: asleep }))).toEqual({
      state: 'waiting',
      situation: { kind: 'sleeping', until: now + HOUR, certain: true },
      progressAt: now - HOUR,
      deadline: null,
    });
  });

  test('beside a child in flight may be raced, and is not certain', () => {
    const { situation } = assessmentOf(quiet(HOUR, { lastStep: asleep, hasChildren: true }));
    expect(situation).toEqual({ kind: 'sleeping', until: now + HOUR, certain: false });
  });

  test('after a step that has not ended is the timeout of a message', () => {
    const { situation } = assessmentOf(quiet(HOUR, { lastStep: { ...asleep, number: 1 } }));
    expect(situation).toEqual({ kind: 'message', until: now + HOUR });
  });

  test('after a step that has ended is certain', () => {
    const { situation } = assessmentOf(
      quiet(HOUR, { lastStep: sleepAfter({ count: 4, endedAt: now - HOUR }) }),
    );
    expect(situation).toMatchObject({ kind: 'sleeping', certain: true });
  });

  test.each([
    ['a step that ended after it had begun', { count: 4, endedAt: now - HOUR + 1 }],
    ['a step of which nobody knows when it ended', { count: 4, endedAt: null }],
    ['a step that has not ended', { count: 3, endedAt: now - HOUR }],
    ['steps that nobody has looked at', null],
  ])('beside %s may be raced, and is not certain', (_what, earlier) => {
    const { situation } = assessmentOf(quiet(2 * HOUR, { lastStep: sleepAfter(earlier) }));
    expect(situation).toMatchObject({ kind: 'sleeping', certain: false });
  });

  test('is certain with all steps before it ended, and 200 of them at most: no more are looked at', () => {
    const long = (count: number, number = count) =>
      assessmentOf(quiet(2 * HOUR, { lastStep: { ...sleepAfter({ count, endedAt: now - HOUR }), number } }));
    expect(long(200).situation).toMatchObject({ certain: true });
    expect(long(199, 200).situation).toMatchObject({ certain: false });
    expect(long(200, 201).situation).toMatchObject({ certain: false });
  });

  test('is no wake-up when it is only the mark of a timer, of a clock that is ahead', () => {
    const mark = sleep({ startedAt: now + MINUTE, completedAt: now + MINUTE });
    expect(assessmentOf(quiet(HOUR, { lastStep: mark })).situation.kind).toBe('timer');
  });

  test.each(['DBOS.recv', 'DBOS.getEvent'])(
    'after a %s that has ended is its timeout, and over',
    (before) => {
      for (const times of [{}, { completedAt: now - HOUR }]) {
        const lastStep = { ...asleep, ...times, number: 1, before };
        expect(assessmentOf(quiet(2 * HOUR, { lastStep }))).toMatchObject({
          state: 'stuck',
          situation: { kind: 'silent' },
        });
      }
    },
  );

  test.each([
    ['no times', { startedAt: null, completedAt: null }],
    ['one time for its beginning and its end', { startedAt: now - HOUR, completedAt: now - HOUR }],
    ['two times that are all but one', { startedAt: now - HOUR, completedAt: now - HOUR + 500 }],
    ['no beginning', { startedAt: null, completedAt: now - HOUR }],
  ])('of which the SDK recorded %s may go on', (_what, times) => {
    expect(assessmentOf(quiet(HOUR, { lastStep: sleep(times) }))).toMatchObject({
      state: 'waiting',
      situation: { kind: 'timer' },
    });
    const message = assessmentOf(quiet(HOUR, { lastStep: sleep({ ...times, number: 1 }) }));
    expect(message).toMatchObject({ state: 'stuck', situation: { kind: 'message', until: null } });
  });

  test('that is over is one no more', () => {
    const over = sleep({ startedAt: now - HOUR, completedAt: now - HOUR + 501 });
    expect(assessmentOf(quiet(HOUR, { lastStep: over }))).toMatchObject({
      state: 'stuck',
      situation: { kind: 'silent' },
    });
  });

  test('is told by its name alone', () => {
    const other = { ...asleep, name: 'DBOS.sleeper' };
    expect(assessmentOf(quiet(HOUR, { lastStep: other })).situation.kind).toBe('silent');
  });
});

describe('a wait for a message', () => {
  test('is stuck after stuck-after, unless it is known when it gives up', () => {
    const waiting = (ageMs: number) =>
      assessmentOf(
        quiet(ageMs, {
          lastStep: sleep({ startedAt: now - ageMs, completedAt: now - ageMs, number: 1 }),
        }),
      );
    expect(waiting(STUCK_AFTER - 1).state).toBe('waiting');
    expect(waiting(STUCK_AFTER).state).toBe('stuck');
    const known = assessmentOf(quiet(HOUR, { lastStep: { ...asleep, number: 1 } }));
    expect(known).toMatchObject({ state: 'waiting', situation: { kind: 'message', until: now + HOUR } });
  });
});

describe('a parent', () => {
  test('waits for a child that moves', () => {
    expect(assessmentOf(quiet(HOUR), { family: [busyChild] })).toMatchObject({
      state: 'waiting',
      situation: { kind: 'child', child: { id: 'child' }, assessment: { situation: { kind: 'running' } } },
    });
  });

  test('is stuck with a child that is, the others notwithstanding', () => {
    const family = [busyChild, { ...silentChild, id: 'other' }];
    expect(assessmentOf(quiet(MINUTE), { family })).toMatchObject({
      state: 'stuck',
      situation: { kind: 'child', child: { id: 'other' }, assessment: { state: 'stuck' } },
    });
  });

  test('in a timer of unknown end waits for its child', () => {
    const timer = sleep({ startedAt: null, completedAt: null });
    expect(assessmentOf(quiet(HOUR, { lastStep: timer }), { family: [busyChild] }).situation.kind).toBe(
      'child',
    );
  });

  test('that waits for a message waits for that, and not for its child', () => {
    const marked = sleep({ startedAt: now - HOUR, completedAt: now - HOUR, number: 1 });
    expect(assessmentOf(quiet(HOUR, { lastStep: marked }), { family: [busyChild] }).situation.kind).toBe(
      'message',
    );
  });

  test('of a parent has the reason of the last of the line', () => {
    const grandchild = quiet(HOUR, { id: 'grandchild', parent: 'child' });
    expect(assessmentOf(quiet(HOUR), { family: [busyChild, grandchild] })).toMatchObject({
      state: 'stuck',
      situation: { assessment: { situation: { child: { id: 'grandchild' } } } },
    });
  });

  test('of a line of 10,000 is looked at, in whatever order the line is', () => {
    const line = Array.from({ length: 10_000 }, (_, at) =>
      quiet(HOUR, { id: `w${at}`, parent: `w${at - 1}` }),
    );
    for (const family of [line, line.toReversed()]) {
      expect(assessmentOf(quiet(HOUR, { id: 'w-1' }), { family }).state).toBe('stuck');
    }
  });

  test('of itself, as only a damaged database has it, is looked at all the same', () => {
    const circle = [quiet(HOUR, { id: 'a', parent: 'b' }), quiet(HOUR, { id: 'b', parent: 'a' })] as const;
    expect(assessmentOf(circle[0], { family: [circle[1]] }).state).toBe('stuck');
    expect(assessmentOf(quiet(HOUR, { id: 'self', parent: 'self' })).state).toBe('stuck');
  });
});

describe('a delayed workflow', () => {
  test('waits, for however long', () => {
    const delayed = quiet(HOUR, { status: 'DELAYED', delayUntil: now + HOUR });
    expect(assessmentOf(delayed)).toMatchObject({
      state: 'waiting',
      situation: { kind: 'delayed', until: now + HOUR, debounced: false },
    });
    expect(assessmentOf({ ...delayed, debounced: true }).situation).toMatchObject({ debounced: true });
    expect(assessmentOf({ ...delayed, delayUntil: null }).state).toBe('waiting');
  });

  test('whose delay is over is overdue after a minute, and stuck after stuck-after', () => {
    const due = (agoMs: number, ageMs = HOUR) =>
      assessmentOf(quiet(ageMs, { status: 'DELAYED', delayUntil: now - agoMs }));
    expect(due(MINUTE).situation.kind).toBe('delayed');
    expect(due(MINUTE + 1)).toMatchObject({
      state: 'stuck',
      situation: { kind: 'overdue', since: now - MINUTE - 1 },
    });
    expect(due(MINUTE + 1, 2 * MINUTE).state).toBe('waiting');
  });
});

describe('an enqueued workflow', () => {
  const enqueued = quiet(HOUR, { status: 'ENQUEUED', queue: 'mail' });
  const queue = (movedAgoMs: number, running = 0, limit: number | null = null) => ({
    queue: { movedAt: now - movedAgoMs, running, limit, rateMs: null as number | null },
  });

  test('waits while its queue moves', () => {
    expect(assessmentOf(enqueued, queue(STUCK_AFTER - 1, 3, 3))).toMatchObject({
      state: 'waiting',
      situation: { kind: 'queued', queue: 'mail', moves: true, running: 3, limit: 3 },
    });
  });

  test('is stuck when its queue has not moved for stuck-after', () => {
    expect(assessmentOf(enqueued, queue(STUCK_AFTER, 1, 2))).toMatchObject({
      state: 'stuck',
      situation: { kind: 'queued', moves: false, running: 1, limit: 2 },
    });
  });

  test('in a queue with a rate limit waits for its period', () => {
    const limited = { queue: { movedAt: now - HOUR, running: 0, limit: null, rateMs: 2 * HOUR } };
    expect(assessmentOf(enqueued, limited)).toMatchObject({
      state: 'waiting',
      situation: { rateLimited: true },
    });
    expect(assessmentOf(enqueued, { queue: { ...limited.queue, rateMs: HOUR } }).state).toBe('stuck');
  });

  test('that has just come waits, however long its queue has stood still', () => {
    expect(assessmentOf({ ...enqueued, updatedAt: now - MINUTE }, queue(HOUR)).state).toBe('waiting');
    expect(assessmentOf({ ...enqueued, createdAt: now - MINUTE }, queue(HOUR)).state).toBe('waiting');
  });

  test('in a queue of which nothing is known waits', () => {
    expect(assessmentOf(enqueued).state).toBe('waiting');
    expect(assessmentOf({ ...enqueued, queue: null }).state).toBe('waiting');
  });
});
