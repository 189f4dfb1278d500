import type { LastStep, WorkflowDetail } from '../dbos/snapshot/index.ts';

/** The kinds of what a workflow can be doing. */
export const ACTIVITIES = [
  'running',
  'silent',
  'sleeping',
  'message',
  'timer',
  'child',
  'delayed',
  'overdue',
  'queued',
] as const satisfies readonly Activity['kind'][];

/**
 * What a workflow in flight is doing, or what it waits for, as far as the tables tell. Times are in epoch
 * milliseconds of the database's clock.
 */
export type Activity =
  /** It runs, and a step or a status has changed lately. */
  | { readonly kind: 'running' }
  /** It runs by its status, and nothing has changed: a long step, or its process is gone. */
  | { readonly kind: 'silent' }
  /** `certain`: nothing that the tables tell of can end it sooner. */
  | { readonly kind: 'sleeping'; readonly until: number; readonly certain: boolean }
  /** In a `recv` or a `getEvent`, by what is missing before its timer; `until` where that records its end. */
  | { readonly kind: 'message'; readonly until: number | null }
  /** Its last step is a timer of which the SDK did not record the end. */
  | { readonly kind: 'timer' }
  | { readonly kind: 'child'; readonly child: WorkflowDetail; readonly status: WorkflowStatus }
  | { readonly kind: 'delayed'; readonly until: number | null; readonly debounced: boolean }
  /** Its delay has passed, and no process has noticed. */
  | { readonly kind: 'overdue'; readonly since: number }
  /** `moves`: the queue has handed out work of its version within `stuck-after`, or within its rate limit's period. */
  | {
      readonly kind: 'queued';
      readonly queue: string;
      readonly moves: boolean;
      readonly running: number;
      readonly limit: number | null;
      readonly rateLimited: boolean;
    };

/** Whether it comes closer to its end by itself: by work, by time alone, or not at all for `stuck-after`. */
export const WORKFLOW_STATES = ['progressing', 'waiting', 'stuck'] as const;
export type WorkflowState = (typeof WORKFLOW_STATES)[number];

export interface WorkflowStatus {
  readonly state: WorkflowState;
  readonly activity: Activity;
  /** The last change of its status, or the end of its last step. */
  readonly progressAt: number;
  /** When DBOS will cancel it, if it has not ended by then. */
  readonly deadline: number | null;
}

/** What is known of the queue that a workflow waits in. */
export interface QueueState {
  /** When it was last seen to hand out work of the version. */
  readonly movedAt: number;
  readonly running: number;
  readonly limit: number | null;
  /** The period of its rate limit, in milliseconds; null without one, or where that is not known. */
  readonly rateMs: number | null;
}

/** What the assessment of workflows rests on, beside themselves. */
export interface Surroundings {
  readonly now: number;
  readonly stuckAfterMs: number;
  queue(version: string | null, queue: string): QueueState | undefined;
  /** Workflows in flight that this one has started. */
  childrenOf(id: string): readonly WorkflowDetail[];
}

const SLEEP = 'DBOS.sleep';

/** So many steps before a sleep are looked at, for one that has not ended. */
export const EARLIER_STEPS = 200;

/** Steps that have a timer of their own, which is the step after them. */
const TIMED: ReadonlySet<string> = new Set(['DBOS.recv', 'DBOS.getEvent']);

/**
 * A timer that was recorded as over so soon after its beginning is only the mark of one: SDKs before TypeScript 4.25
 * and Python 2.29 record every sleep so, and the newer ones the timeouts of `recv`, `getEvent` and `getResult`. Between
 * the two times lies at most a statement.
 */
const MARK_MS = 500;

/** Processes look for delays that have passed once a second; a clock may differ. */
const OVERDUE_MS = 60_000;

/** A line of more generations than this, which only a damaged database has, is followed no further. */
const MOST_GENERATIONS = 500;

/** What each of these workflows is doing: pure, and each looked at once, however their families are related. */
export function statusesOf(
  workflows: readonly WorkflowDetail[],
  surroundings: Surroundings,
): ReadonlyMap<string, WorkflowStatus> {
  const done = new Map<string, WorkflowStatus>();
  const begun = new Set<string>();
  const statusesAfter = (workflow: WorkflowDetail, generation = 0): WorkflowStatus => {
    const known = done.get(workflow.id);
    if (known !== undefined) return known;
    const isFollowed = !begun.has(workflow.id) && generation < MOST_GENERATIONS;
    const children = isFollowed ? surroundings.childrenOf(workflow.id) : [];
    begun.add(workflow.id);
    const family = children.map((child) => ({ child, status: statusesAfter(child, generation + 1) }));
    const result = status(workflow, foremostOf(family), surroundings);
    done.set(workflow.id, result);
    return result;
  };
  // The youngest first: children come after their parents.
  for (const workflow of workflows.toReversed()) statusesAfter(workflow);
  return done;
}

type Child = { readonly child: WorkflowDetail; readonly status: WorkflowStatus };

/** Of several children the one that is to be told of: a stuck one, or else the oldest. */
function foremostOf(family: readonly Child[]): Child | undefined {
  return family.find(({ status: { state } }) => state === 'stuck') ?? family[0];
}

function status(workflow: WorkflowDetail, child: Child | undefined, around: Surroundings): WorkflowStatus {
  const progressAt = progressOf(workflow, around.now);
  const activity = activityOf(workflow, child, progressAt, around);
  return {
    state: stateOf(activity, progressAt, around),
    activity,
    progressAt,
    deadline: workflow.deadline,
  };
}

function activityOf(
  workflow: WorkflowDetail,
  child: Child | undefined,
  progressAt: number,
  around: Surroundings,
): Activity {
  const { now } = around;
  if (workflow.status === 'DELAYED') {
    const { delayUntil: until, debounced } = workflow;
    return until !== null && until + OVERDUE_MS < now
      ? { kind: 'overdue', since: until }
      : { kind: 'delayed', until, debounced };
  }
  if (workflow.status === 'ENQUEUED') return queued(workflow, around);
  const timer = timerOf(workflow, now);
  if (timer?.kind === 'sleeping' || timer?.kind === 'message') return timer;
  if (child !== undefined) return { kind: 'child', ...child };
  return timer ?? { kind: now - progressAt < around.stuckAfterMs ? 'running' : 'silent' };
}

/**
 * What the last step tells of a wait, if it is a timer that may run still. The timer of a wait for a message is over as
 * soon as that has ended, and Java's SDK, alone, records when it would have been.
 */
function timerOf({ lastStep: step, hasChildren }: WorkflowDetail, now: number): Activity | undefined {
  if (step?.name !== SLEEP || TIMED.has(step.before ?? '')) return undefined;
  const isTimed = step.number > 0 && step.before === null;
  if (isMark(step)) return isTimed ? { kind: 'message', until: null } : { kind: 'timer' };
  const until = step.completedAt ?? 0;
  if (until <= now) return undefined;
  if (isTimed) return { kind: 'message', until };
  return { kind: 'sleeping', until, certain: !hasChildren && isAlone(step) };
}

/** Its end is not recorded. */
function isMark({ startedAt, completedAt }: Pick<LastStep, 'startedAt' | 'completedAt'>): boolean {
  return startedAt === null || completedAt === null || completedAt - startedAt <= MARK_MS;
}

/**
 * Nothing that the rows tell of ran beside the sleep when it began: the steps before it had all ended by then. A number
 * that is missing among them is a step, a wait or a child's result that may go on, and be raced against the sleep; where
 * there are more steps than are looked at, one may.
 */
function isAlone({ number, startedAt, earlier }: LastStep): boolean {
  if (number === 0) return true;
  if (earlier?.endedAt == null || startedAt === null) return false;
  return number <= EARLIER_STEPS && earlier.count === number && earlier.endedAt <= startedAt;
}

function queued({ version, queue, createdAt, updatedAt }: WorkflowDetail, around: Surroundings): Activity {
  const state = queue === null ? undefined : around.queue(version, queue);
  const movedAt = Math.max(state?.movedAt ?? around.now, createdAt, updatedAt);
  return {
    kind: 'queued',
    queue: queue ?? '',
    moves: around.now - movedAt < Math.max(around.stuckAfterMs, state?.rateMs ?? 0),
    running: state?.running ?? 0,
    limit: state?.limit ?? null,
    rateLimited: state?.rateMs != null,
  };
}

function stateOf(activity: Activity, progressAt: number, { now, stuckAfterMs }: Surroundings): WorkflowState {
  switch (activity.kind) {
    case 'running':
      return 'progressing';
    case 'silent':
      return 'stuck';
    case 'message':
      return activity.until !== null || now - progressAt < stuckAfterMs ? 'waiting' : 'stuck';
    case 'overdue':
      return now - progressAt < stuckAfterMs ? 'waiting' : 'stuck';
    case 'child':
      return activity.status.state === 'stuck' ? 'stuck' : 'waiting';
    case 'queued':
      return activity.moves ? 'waiting' : 'stuck';
    case 'sleeping':
    case 'timer':
    case 'delayed':
      return 'waiting';
  }
}

/** The newest sign of progress in its row and its last step that is not in the future. */
function progressOf({ createdAt, updatedAt, startedAt, lastStep }: WorkflowDetail, now: number): number {
  const times = [createdAt, updatedAt, startedAt, lastStep?.startedAt, lastStep?.completedAt];
  return times.reduce<number>(
    (latest, time) => (time != null && time <= now ? Math.max(latest, time) : latest),
    0,
  );
}
