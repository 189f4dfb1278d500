import { INTERNAL_QUEUE } from '../dbos/own-workflows.ts';
import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import { fullName, type WorkflowName } from '../dbos/workflow-name.ts';
import { type Activity, OVERDUE_MS, type WorkflowStatus } from '../forecast/activity.ts';
import { isHidden } from '../hidden-ids.ts';
import { joined, type Message, msg, trusted } from '../message.ts';
import { durationText, momentText } from '../time.ts';
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
function deadlineText({ deadline, activity }: WorkflowStatus, now: number): string {
  if (deadline === null) return '';
  if ('until' in activity && activity.until === deadline) return '; that is its deadline, at which DBOS cancels it';
  if (deadline > now) return `; DBOS cancels it at its deadline, ${momentText(deadline, now)}`;
  const agoMs = now - deadline;
  return agoMs <= OVERDUE_MS ? '' : `; its deadline was ${farText(agoMs)} ago, and no process has cancelled it`;
}

function describeWait({ activity, progressAt }: WorkflowStatus, now: number, generations: number): Message {
  const quiet = trusted(durationText(Math.max(1000, now - progressAt)));
  const at = (until: number) =>
    trusted(`${momentText(until, now)} (${until > now ? `in ${farText(until - now)}` : 'now'})`);
  switch (activity.kind) {
    case 'running':
      return msg`at work, last seen to change ${quiet} ago`;
    case 'silent':
      return msg`no step has ended for ${quiet}: a long step, or its process is gone`;
    case 'sleeping':
      return msg`asleep until ${at(activity.until)}`;
    case 'message':
      if (activity.ofDebouncer) {
        const end = activity.until === null ? msg`for ${quiet} now` : msg`until ${at(activity.until)}`;
        return msg`a debouncer of DBOS's own, which waits for further calls ${end}: each call puts that off`;
      }
      return activity.until === null
        ? msg`waits for a message or an event, for ${quiet} now`
        : msg`waits until ${at(activity.until)}: asleep, or for a message or an event`;
    case 'timer':
      return msg`in a sleep, or in a wait with a timeout, for ${quiet} now: its SDK does not record until when`;
    case 'child': {
      const { child, status } = activity;
      const why = generations > 1 ? msg`: ${describeActivity(status, now, generations - 1)}` : trusted('');
      return msg`waits for its child ${workflowNamed(child)}${why}`;
    }
    case 'delayed':
      return activity.until === null
        ? trusted('delayed, without a time')
        : msg`delayed until ${at(activity.until)}${trusted(activity.debounced ? ', and debounced: each further call moves that' : '')}`;
    case 'overdue':
      return msg`its delay was over ${trusted(farText(now - activity.since))} ago, and no process has taken it up`;
    case 'queued':
      return describeQueue(activity, quiet);
  }
}

/** A row can hold any time. Beyond ten years the distance means nothing. */
function farText(milliseconds: number): string {
  return milliseconds > FAR_MS ? 'more than ten years' : durationText(milliseconds);
}

function queueNamed(queue: string): Message {
  const own = queue === INTERNAL_QUEUE ? " (DBOS's own: for schedules, forks and resumed workflows)" : '';
  return msg`the queue ${queue}${trusted(own)}`;
}

function describeQueue(activity: Activity & { readonly kind: 'queued' }, quiet: Message): Message {
  const { moves, running, limit, inPartition, workerLimit } = activity;
  const queue = queueNamed(activity.queue);
  if (limit === 0) return msg`in ${queue}, whose concurrency limit is 0: nothing is taken from it`;
  const isFull = limit !== null && running >= limit;
  const runs = isFull
    ? trusted(
        `${running} of ${limit} running in all versions, ${inPartition ? "its partition's" : 'its'} concurrency limit`,
      )
    : trusted(`${running} running in all versions`);
  if (moves) {
    const rate = trusted(activity.rateLimited ? ', rate-limited' : '');
    return msg`in ${queue}, behind others (${runs}${rate})`;
  }
  if (isFull && inPartition) {
    return msg`in ${queue}, for its turn in a partition that is full (${runs}), and nothing of its version was taken for ${quiet}`;
  }
  return isFull
    ? msg`in ${queue}, which is full (${runs}) and has not moved for ${quiet}`
    : msg`in ${queue}, from which nothing of its version was taken for ${quiet} (${runs}${trusted(workerLimit === undefined ? '' : `, at most ${workerLimit} in each process, of the queue or of a partition`)})`;
}

const NEXT_STEPS = {
  running: 'let it finish',
  sleeping: 'let it wake in time, or cancel or fork it',
  message: 'send what it waits for, or cancel or fork it',
  debouncer:
    'stop the calls that it debounces, which new versions make as well, and let it start its workflow; or cancel it',
  timer: 'look at its code for how long it waits',
  overdue: 'start a process of its application',
} as const;

/** What a person can do about it. `executor`: the id of the process that ran it; null where it is hidden, or differs. */
export function nextStepFor({ state, activity }: WorkflowStatus, executor: string | null): Message {
  if (activity.kind === 'silent') return nextStepInSilence(executor);
  if (activity.kind === 'queued') return trusted(nextStepInQueue(activity));
  if (activity.kind === 'child') return trusted(state === 'stuck' ? 'help its child first' : 'let its child finish');
  if (activity.kind === 'message' && activity.ofDebouncer) return trusted(NEXT_STEPS.debouncer);
  if (activity.kind !== 'delayed') return trusted(NEXT_STEPS[activity.kind]);
  return trusted(
    activity.debounced
      ? 'stop the calls that delay it, or cancel it'
      : 'let its time come, shorten its delay, or cancel or fork it',
  );
}

/** The executor id that every SDK has unless it is given another one. */
export const DEFAULT_EXECUTOR = 'local';

/** A process recovers what runs on its version and under its executor id. DBOS Conductor alone hands it to another one. */
function nextStepInSilence(executor: string | null): Message {
  const byDefault = trusted(executor === DEFAULT_EXECUTOR ? ', the default' : '');
  const identity = executor
    ? msg`with the executor id ${executor}${byDefault}`
    : trusted('with the executor id it had');
  return msg`look at what its code does after its last step; if its process is gone, start one of its version ${identity} (another id recovers it with DBOS Conductor only), or fork it`;
}

function nextStepInQueue({
  moves,
  running,
  limit,
  inPartition,
  workerLimit,
}: Activity & { readonly kind: 'queued' }): string {
  if (limit === 0) return 'raise the limit of that queue, or cancel or fork it';
  if (moves) return 'let the queue drain';
  if (limit !== null && running >= limit) {
    const where = inPartition ? 'that partition of the queue' : 'that queue';
    return `help what runs from ${where}, in whatever version, or raise its limit`;
  }
  if (workerLimit !== undefined) {
    return 'help what runs from that queue in its version, or raise its worker limit; or start another process of its version, or fork it';
  }
  return running > 0
    ? 'look at what runs from that queue: it may have all the workers; or start a process of its version, or fork it'
    : 'start a process of its version that listens to that queue, or fork it';
}
