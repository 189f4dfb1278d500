import { ownWorkOf } from '../dbos/own-workflows.ts';
import { type Sdk, sdkOf } from '../dbos/sdk.ts';
import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import { EARLIER_STEPS, TIMED_STEPS } from '../dbos/snapshot/workflows.ts';

const WAITS = ['sleeping', 'message', 'timer', 'child', 'delayed', 'overdue', 'queued'] as const;
export const ACTIVITIES = ['running', 'silent', ...WAITS] as const satisfies readonly Activity['kind'][];

/** What a workflow in flight does or waits for. Times are in epoch milliseconds of the database's clock. */
export type Activity =
  /** It runs, and a step or its status changed recently. */
  | { readonly kind: 'running' }
  /** Its status says that it runs, but nothing changed: a long step, or its process is gone. */
  | { readonly kind: 'silent' }
  /** `until`: its end, or its deadline where that comes first. `certain`: nothing in the tables can end it sooner. */
  | { readonly kind: 'sleeping'; readonly until: number; readonly certain: boolean }
  /**
   * In a `recv` or a `getEvent`, which leaves a gap before its timer. `until`: where the timer records its end.
   * `ofDebouncer`: the workflow is DBOS's own, and each message puts its end off.
   */
  | { readonly kind: 'message'; readonly until: number | null; readonly ofDebouncer?: true }
  /** Its last step is a timer, and the SDK did not record when it ends. */
  | { readonly kind: 'timer' }
  | { readonly kind: 'child'; readonly child: WorkflowDetail; readonly status: WorkflowStatus }
  | { readonly kind: 'delayed'; readonly until: number | null; readonly debounced: boolean }
  /** Its delay has passed, and no process has enqueued it. */
  | { readonly kind: 'overdue'; readonly since: number }
  /** `moves`: the queue handed out work of the version within `stuck-after`, or within the period of its rate limit. */
  | {
      readonly kind: 'queued';
      readonly queue: string;
      /** It has no version: only the latest takes it, in most SDKs. No poll reads how its queue moves. */
      readonly unversioned?: true;
      readonly moves: boolean;
      /** When the queue last handed out work of the version, and not before the workflow was enqueued. */
      readonly movedAt: number;
      /** Of the queue, in all versions, or of the partition of the workflow where that is full. */
      readonly running: number;
      readonly limit: number | null;
      readonly inPartition: boolean;
      readonly rateLimited: boolean;
      /** The limit of each process, where as many run in the version: each of its processes can be at it. */
      readonly workerLimit?: number;
    };

/** Whether a workflow gets closer to its end: by work, by time alone, or not at all for `stuck-after`. */
export const WORKFLOW_STATES = ['progressing', 'waiting', 'stuck'] as const;
export type WorkflowState = (typeof WORKFLOW_STATES)[number];

export interface WorkflowStatus {
  readonly state: WorkflowState;
  readonly activity: Activity;
  /** The last change of its status, or the completion of its last step. */
  readonly progressAt: number;
  /**
   * When DBOS cancels it. Any process of the application does since TypeScript 5.1 and Python 3.4, and before only the one
   * that runs it: without that, work stays in flight beyond its deadline.
   */
  readonly deadline: number | null;
  /** Undefined where the workflow does not show which. */
  readonly sdk: Sdk | undefined;
}

/** Returns what a workflow waits for in the end: its own activity, or that of the youngest child in its line. */
export function activityInTheEnd({ activity }: WorkflowStatus): Exclude<Activity, ChildActivity> {
  return activity.kind === 'child' ? activityInTheEnd(activity.status) : activity;
}

/** The status of each workflow that was read in detail, by its id. */
export type Statuses = ReadonlyMap<string, WorkflowStatus>;

export interface QueueState {
  /** When it last handed out work of the version. */
  readonly movedAt: number;
  readonly running: number;
  readonly limit: number | null;
  /** The limit of each of its partitions. */
  readonly partitionLimit: number | null;
  /** As `Activity.workerLimit`. */
  readonly workerLimit?: number;
  /** The period of its rate limit, in milliseconds; null when there is none or it is unknown. */
  readonly rateMs: number | null;
}

interface Surroundings {
  readonly now: number;
  readonly stuckAfterMs: number;
  readonly queue: (version: string | null, queue: string) => QueueState | undefined;
  readonly childrenOf: (id: string) => readonly WorkflowDetail[];
}

const TIMED: ReadonlySet<string> = new Set(TIMED_STEPS);

/**
 * A timer that was recorded as over within this many milliseconds is only the mark of one. SDKs before TypeScript 4.25
 * and Python 2.29 record every sleep like that. Newer ones do so for the timeouts of `recv`, `getEvent` and `getResult`.
 */
const MARK_MS = 500;

/** Processes look for delays and deadlines that have passed once per second. The rest allows for their clocks. */
export const OVERDUE_MS = 60_000;

/** Only a damaged database has more generations than this: they are not followed. */
const MOST_GENERATIONS = 500;

type ChildActivity = Extract<Activity, { readonly kind: 'child' }>;

/** Returns the status of each workflow. Each is evaluated once, however they are related. Pure. */
export function statusesOf(workflows: readonly WorkflowDetail[], around: Surroundings): Statuses {
  const statuses = new Map<string, WorkflowStatus>();
  const started = new Set<string>();
  const statusFrom = (workflow: WorkflowDetail, generation: number): WorkflowStatus => {
    const known = statuses.get(workflow.id);
    if (known !== undefined) return known;
    const isFollowed = !started.has(workflow.id) && generation < MOST_GENERATIONS;
    started.add(workflow.id);
    const waits = (isFollowed ? around.childrenOf(workflow.id) : []).map(
      (child): ChildActivity => ({ kind: 'child', child, status: statusFrom(child, generation + 1) }),
    );
    // The child to report is a stuck one, or else the oldest.
    const foremost = waits.find(({ status }) => status.state === 'stuck') ?? waits[0];
    const progressAt = progressOf(workflow, around.now);
    const isQuiet = around.now - progressAt >= around.stuckAfterMs;
    const activity = activityOf(workflow, isQuiet, around, foremost);
    const status = {
      state: stateOf(activity, isQuiet),
      activity,
      progressAt,
      deadline: workflow.deadline,
      sdk: sdkOf(workflow.serialization),
    };
    statuses.set(workflow.id, status);
    return status;
  };
  // The youngest first: children are younger than their parents.
  for (const workflow of workflows.toReversed()) statusFrom(workflow, 0);
  return statuses;
}

function activityOf(workflow: WorkflowDetail, isQuiet: boolean, around: Surroundings, child?: ChildActivity): Activity {
  if (workflow.status === 'ENQUEUED') return queued(workflow, around);
  if (workflow.status === 'DELAYED') {
    const { delayUntil: since, debounced } = workflow;
    if (since !== null && since + OVERDUE_MS < around.now) return { kind: 'overdue', since };
    return { kind: 'delayed', until: since === null ? null : endOf(since, workflow, around.now), debounced };
  }
  const timer = timerOf(workflow, around.now);
  if (timer?.kind === 'sleeping' || timer?.kind === 'message') return timer;
  return child ?? timer ?? { kind: isQuiet ? 'silent' : 'running' };
}

/** Returns the end of a wait: the deadline where it comes first, unless it has passed and no process acted on it. */
function endOf(until: number, { deadline }: WorkflowDetail, now: number): number {
  return deadline === null || deadline + OVERDUE_MS < now ? until : Math.min(until, deadline);
}

/**
 * Returns the wait that the last step shows, if it is a timer that can still run. When a message arrives, the timer of
 * that wait is over. Where the language of the SDK is not known, step 1 can be the first, or the timer of the first.
 */
function timerOf(workflow: WorkflowDetail, now: number): Activity | undefined {
  const { lastStep: step, serialization } = workflow;
  if (step?.name !== 'DBOS.sleep' || TIMED.has(step.before ?? '')) return undefined;
  const sdk = sdkOf(serialization);
  const { number, before, startedAt, completedAt } = step;
  const isTimed = before === null && number > (sdk?.firstStep ?? 0);
  if (startedAt === null || completedAt === null || completedAt - startedAt <= MARK_MS) {
    return isTimed && (sdk !== undefined || number > 1) ? messageOf(workflow, null) : { kind: 'timer' };
  }
  if (completedAt <= now) return undefined;
  const until = endOf(completedAt, workflow, now);
  if (isTimed && sdk?.recordsTimerEnds !== false) return messageOf(workflow, until);
  return { kind: 'sleeping', until, certain: !isTimed && isAlone(workflow) };
}

function messageOf(workflow: WorkflowDetail, until: number | null): Activity {
  return { kind: 'message', until, ...(ownWorkOf(workflow) === 'debouncer' ? { ofDebouncer: true } : {}) };
}

/**
 * Whether nothing can run beside the sleep that is the last step: no child, and all steps before it had finished when it
 * started. A missing number is a step, a wait or a child's result that can still run. The code can race it against the
 * sleep. Among steps that no poll reads, one can be missing, and so can the first where the SDK is not known.
 */
function isAlone({ lastStep: step, serialization, hasChildren }: WorkflowDetail): boolean {
  const sdk = sdkOf(serialization);
  if (sdk === undefined || step === null || hasChildren) return false;
  const { number, startedAt, earlier } = step;
  const count = number - sdk.firstStep;
  if (count === 0) return true;
  if (earlier?.endedAt == null || startedAt === null) return false;
  return count <= EARLIER_STEPS && earlier.count === count && earlier.endedAt <= startedAt;
}

function queued(workflow: WorkflowDetail, around: Surroundings): Activity {
  const { version, queue, createdAt, updatedAt, isPartitionFull } = workflow;
  const state = queue === null ? undefined : around.queue(version, queue);
  const movedAt = Math.max(state?.movedAt ?? around.now, createdAt, updatedAt);
  const partitionLimit = state?.partitionLimit ?? null;
  const inPartition = partitionLimit !== null && (isPartitionFull || partitionLimit === 0);
  return {
    kind: 'queued',
    queue: queue ?? '',
    ...(version === null ? { unversioned: true } : {}),
    moves: around.now - movedAt < Math.max(around.stuckAfterMs, state?.rateMs ?? 0),
    movedAt,
    running: inPartition ? partitionLimit : (state?.running ?? 0),
    limit: inPartition ? partitionLimit : (state?.limit ?? null),
    inPartition,
    rateLimited: state?.rateMs != null,
    ...(state?.workerLimit === undefined ? {} : { workerLimit: state.workerLimit }),
  };
}

function stateOf(activity: Activity, isQuiet: boolean): WorkflowState {
  switch (activity.kind) {
    case 'running':
      return 'progressing';
    case 'silent':
      return 'stuck';
    case 'message':
      return isQuiet && activity.until === null ? 'stuck' : 'waiting';
    case 'overdue':
      return isQuiet ? 'stuck' : 'waiting';
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

/** Returns the newest time in its row and its last step that is not in the future. */
function progressOf({ createdAt, updatedAt, startedAt, lastStep }: WorkflowDetail, now: number): number {
  const times = [createdAt, updatedAt, startedAt, lastStep?.startedAt, lastStep?.completedAt];
  return Math.max(...times.map((time) => (time != null && time <= now ? time : 0)));
}
