import { INTERNAL_QUEUE } from '../dbos/own-workflows.ts';
import { sdksWithout } from '../dbos/sdk.ts';
import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import { fullName, type WorkflowName } from '../dbos/workflow-name.ts';
import { type Activity, OVERDUE_MS, type WorkflowStatus } from '../forecast/activity.ts';
import { isHidden } from '../hidden-ids.ts';
import { joined, type Message, msg, trusted } from '../message.ts';
import { durationText, momentText, spanText } from '../time.ts';
import { ownWorkNote } from './text.ts';

/** How many generations of children are described. The last one matters, and the workflow list has the others. */
const GENERATIONS = 3;

const FAR_MS = 10 * 365 * 24 * 3_600_000;

/** A workflow by its id, and by its name where it has one: `"order-7" ("Orders.ship")`. By its name alone where ids are hidden. */
export function workflowNamed({ id, ...workflow }: WorkflowName & Pick<WorkflowDetail, 'id'>): Message {
  const name = fullName(workflow);
  const own = ownWorkNote(workflow);
  if (name === null) return isHidden(id) ? trusted('a workflow without a name') : msg`${id}`;
  const named = joined([msg`${name}`, ...own.map(trusted)], ', ');
  if (!isHidden(id)) return msg`${id} (${named})`;
  return own.length > 0 ? msg`${name} (${trusted(own.join())})` : named;
}

/** What a workflow does or waits for, and when DBOS will cancel it; `now` is by the database's clock. */
export function describeActivity(status: WorkflowStatus, now: number, generations = GENERATIONS): Message {
  return msg`${describeWait(status, now, generations)}${trusted(deadlineText(status, now))}`;
}

/** When DBOS cancels it, unless that is just about to happen. */
function deadlineText({ deadline, activity, sdk }: WorkflowStatus, now: number): string {
  if (deadline === null) return '';
  if ('until' in activity && activity.until === deadline) return '; that is its deadline, at which DBOS cancels it';
  if (deadline > now) return `; DBOS cancels it at its deadline, ${momentText(deadline, now)}`;
  const agoMs = now - deadline;
  if (agoMs <= OVERDUE_MS) return '';
  const sdks = sdksWithout('cancels-overdue', sdk);
  return `; its deadline was ${farText(agoMs)} ago, but no process has cancelled it (in ${sdks}, only the one that runs it does)`;
}

function describeWait({ activity, progressAt }: WorkflowStatus, now: number, generations: number): Message {
  const quiet = trusted(durationText(Math.max(1000, now - progressAt)));
  const at = (until: number) =>
    trusted(`${momentText(until, now)} (${until > now ? `in ${farText(until - now)}` : 'now'})`);
  switch (activity.kind) {
    case 'running':
      return msg`running, last progress ${quiet} ago`;
    case 'silent':
      return msg`no step finished for ${quiet}: either a long step, or its process is gone`;
    case 'sleeping':
      return msg`asleep until ${at(activity.until)}`;
    case 'message':
      if (activity.ofDebouncer) {
        const end = activity.until === null ? msg`for ${quiet}` : msg`until ${at(activity.until)}`;
        return msg`a debouncer of DBOS's own, waiting for more calls ${end}: each call postpones it`;
      }
      return activity.until === null
        ? msg`waiting for a message or an event for ${quiet}`
        : msg`waiting until ${at(activity.until)} for a message, an event or a timer`;
    case 'timer':
      return msg`sleeping or waiting with a timeout for ${quiet} (its SDK does not record until when)`;
    case 'child': {
      const { child, status } = activity;
      const why = generations > 1 ? msg`: ${describeActivity(status, now, generations - 1)}` : trusted('');
      return msg`waiting for its child ${workflowNamed(child)}${why}`;
    }
    case 'delayed':
      return activity.until === null
        ? trusted('delayed, no time recorded')
        : msg`delayed until ${at(activity.until)}${trusted(activity.debounced ? ', debounced: each new call postpones it' : '')}`;
    case 'overdue':
      return msg`was due ${trusted(farText(now - activity.since))} ago, but no process has picked it up`;
    case 'queued':
      return describeQueue(activity, now);
  }
}

/** A row can hold any time. Beyond ten years the distance means nothing. */
function farText(milliseconds: number): string {
  return milliseconds > FAR_MS ? 'more than ten years' : spanText(milliseconds);
}

function queueNamed(queue: string): Message {
  const own = queue === INTERNAL_QUEUE ? " (DBOS's own: for schedules, forks and resumed workflows)" : '';
  return msg`queued in ${queue}${trusted(own)}`;
}

function describeQueue(activity: Activity & { readonly kind: 'queued' }, now: number): Message {
  const { moves, movedAt, running, limit, inPartition, workerLimit } = activity;
  const quiet = trusted(spanText(now - movedAt));
  const queue = queueNamed(activity.queue);
  // No poll reads the queues of what has no version.
  if (activity.unversioned) return msg`${queue}, without a version`;
  if (limit === 0) return msg`${queue}, whose concurrency limit is 0: nothing is dequeued`;
  if (workerLimit === 0) return msg`${queue}, whose worker limit is 0: no process dequeues from it`;
  const isFull = limit !== null && running >= limit;
  const runs = isFull
    ? trusted(
        `${running} of ${limit} running in all versions, ${inPartition ? "its partition's" : 'its'} concurrency limit`,
      )
    : trusted(`${running}${limit === null ? '' : ` of ${limit}`} running in all versions`);
  if (moves) {
    const rate = trusted(activity.rateLimited ? ', rate-limited' : '');
    return msg`${queue} behind others (${runs}${rate})`;
  }
  if (isFull && inPartition) {
    return msg`${queue}, in a full partition (${runs}): nothing of its version was dequeued for ${quiet}`;
  }
  return isFull
    ? msg`${queue}, which is full (${runs}) and has not moved for ${quiet}`
    : msg`${queue}: nothing of its version was dequeued for ${quiet} (${runs}${trusted(workerLimit === undefined ? '' : `, at most ${workerLimit} in each process, of the queue or of a partition`)})`;
}

/** How to move a workflow off its version. */
export function cancelOrFork(canFork: boolean, what = 'it'): string {
  return canFork ? `cancel or fork ${what}` : `cancel ${what}`;
}

const NEXT_STEPS = {
  running: 'let it finish',
  debouncer: 'stop the calls that postpone it (new versions make them too), or cancel it',
  timer: 'check its code for how long it waits',
  overdue: 'start a process of its application',
} as const;

/**
 * What a person can do about it.
 *
 * @param executor The id of the process that ran it; null where it is hidden, or differs.
 * @param canFork Whether a version stays that can run its fork.
 * @param isWithoutProcess Whether no process of its version seems to run.
 */
export function nextStepFor(
  { state, activity }: WorkflowStatus,
  executor: string | null,
  canFork: boolean,
  isWithoutProcess = false,
): Message {
  const moved = cancelOrFork(canFork);
  switch (activity.kind) {
    case 'silent':
      return nextStepInSilence(executor, canFork, isWithoutProcess);
    case 'queued':
      return trusted(nextStepInQueue(activity, canFork, isWithoutProcess));
    case 'child':
      return trusted(state === 'stuck' ? 'unblock its child first' : 'let its child finish');
    case 'sleeping':
      return trusted(`wait until it wakes, or ${moved}`);
    case 'message':
      return trusted(
        activity.ofDebouncer
          ? NEXT_STEPS.debouncer
          : `send the message or set the event that it waits for, or ${moved}`,
      );
    case 'delayed':
      return trusted(
        activity.debounced ? 'stop the calls that postpone it, or cancel it' : `wait, shorten its delay, or ${moved}`,
      );
    default:
      return trusted(NEXT_STEPS[activity.kind]);
  }
}

/** The same, where a fork comes first: nothing else keeps the work. */
export function forkOrCancel(canFork: boolean): string {
  return canFork ? 'fork or cancel it' : 'cancel it';
}

/** What helps with all of a version without a process. The gate only infers that there is none. */
export function nextStepWithoutProcess(canFork: boolean): Message {
  return trusted(`start a process of its version, or ${forkOrCancel(canFork)} once none runs`);
}

/** The executor id that every SDK has unless it is given another one. */
export const DEFAULT_EXECUTOR = 'local';

/** A process recovers what runs on its version and under its executor id; only DBOS Conductor hands it to another one. */
function nextStepInSilence(executor: string | null, canFork: boolean, isWithoutProcess: boolean): Message {
  // What helps with all of the version names the executor ids, where no process of it seems to run.
  if (isWithoutProcess) return nextStepWithoutProcess(canFork);
  const [which, same] = executor ? [msg` (executor ${executor})`, 'that id'] : [trusted(''), 'the same executor id'];
  return msg`check whether its process${which} still runs. If so, read its log. If not, start one of its version with ${trusted(same)}, or ${trusted(lastResort(canFork))}`;
}

/** A fork, which does not end the work, where there can be one. */
function lastResort(canFork: boolean): string {
  return canFork ? 'fork it' : 'cancel it';
}

function nextStepInQueue(
  { moves, running, limit, inPartition, workerLimit, unversioned }: Activity & { readonly kind: 'queued' },
  canFork: boolean,
  isWithoutProcess: boolean,
): string {
  const startListener = `start a process of its version that listens to that queue, or ${lastResort(canFork)}`;
  if (limit === 0) return `raise the limit of that queue, or ${cancelOrFork(canFork)}`;
  if (workerLimit === 0) return `raise the worker limit of that queue, or ${cancelOrFork(canFork)}`;
  if (unversioned) return 'check that a process of the new version listens to that queue, or cancel it';
  if (isWithoutProcess) return startListener;
  if (moves) return 'let the queue drain';
  if (limit !== null && running >= limit) {
    const where = inPartition ? 'that partition of the queue' : 'that queue';
    return `unblock what is running from ${where} (any version), or raise its limit`;
  }
  if (workerLimit !== undefined) {
    return `unblock what is running from that queue in its version, raise its worker limit, start another process of its version, or ${lastResort(canFork)}`;
  }
  return running > 0
    ? `check what is running from that queue: it can take up all the workers. Or start a process of its version, or ${lastResort(canFork)}`
    : startListener;
}
