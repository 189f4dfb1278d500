import { durationText, momentText } from '../duration.ts';
import type { WorkflowDetail } from '../gate/observation.ts';
import type { Assessment, Situation } from '../gate/situation.ts';
import { own, type Sentence, say } from '../sentence.ts';

/** So many generations of children are told of: the last one is what matters, and the workflow list has the others. */
const GENERATIONS = 3;

const FAR_MS = 10 * 365 * 24 * 3_600_000;

/** `"order-7" ("checkout")`: a workflow by its id, and its name where it has one. */
export function workflowNamed({ id, name }: Pick<WorkflowDetail, 'id' | 'name'>): Sentence {
  return name === null ? say`${id}` : say`${id} (${name})`;
}

/**
 * What a workflow does or waits for, and when DBOS will cancel it, in a few words.
 *
 * @param now By the database's clock, in epoch milliseconds.
 */
export function describeSituation(assessment: Assessment, now: number, generations = GENERATIONS): Sentence {
  const { deadline } = assessment;
  const situation = describeWait(assessment, now, generations);
  if (deadline === null || deadline <= now) return situation;
  return say`${situation}; DBOS cancels it at its deadline, ${own(momentText(deadline, now))}`;
}

function describeWait({ situation, progressAt }: Assessment, now: number, generations: number): Sentence {
  const quiet = own(durationText(Math.max(1000, now - progressAt)));
  const at = (until: number) =>
    own(`${momentText(until, now)} (${until > now ? `in ${farText(until - now)}` : 'now'})`);
  switch (situation.kind) {
    case 'running':
      return say`at work, last seen to change ${quiet} ago`;
    case 'silent':
      return say`no step has ended for ${quiet}: a long step, or its process is gone`;
    case 'sleeping':
      return say`asleep until ${at(situation.until)}`;
    case 'message':
      return situation.until === null
        ? say`waits for a message or an event, for ${quiet} now`
        : say`waits until ${at(situation.until)}: asleep, or for a message or an event`;
    case 'timer':
      return say`in a sleep, or in a wait with a timeout, for ${quiet} now: its SDK does not record until when`;
    case 'child': {
      const { child, assessment } = situation;
      const why = generations > 1 ? say`: ${describeSituation(assessment, now, generations - 1)}` : own('');
      return say`waits for its child ${workflowNamed(child)}${why}`;
    }
    case 'delayed':
      return situation.until === null
        ? own('delayed, without a time')
        : say`delayed until ${at(situation.until)}${own(situation.debounced ? ', and debounced: each further call moves that' : '')}`;
    case 'overdue':
      return say`its delay was over ${own(farText(now - situation.since))} ago, and no process has taken it up`;
    case 'queued':
      return describeQueue(situation, quiet);
  }
}

/** A row may hold any time: beyond some, how far it is means nothing. */
function farText(milliseconds: number): string {
  return milliseconds > FAR_MS ? 'more than ten years' : durationText(milliseconds);
}

function describeQueue(situation: Situation & { readonly kind: 'queued' }, quiet: Sentence): Sentence {
  const { queue, moves, running, limit } = situation;
  if (limit === 0) return say`in the queue ${queue}, whose concurrency limit is 0: nothing is taken from it`;
  const isFull = limit !== null && running >= limit;
  const runs = isFull
    ? own(`${running} of ${limit} running in all versions, its concurrency limit`)
    : own(`${running} running in all versions`);
  if (moves) {
    const rate = own(situation.rateLimited ? ', rate-limited' : '');
    return say`in the queue ${queue}, behind others (${runs}${rate})`;
  }
  return isFull
    ? say`in the queue ${queue}, which is full (${runs}) and has not moved for ${quiet}`
    : say`in the queue ${queue}, from which nothing of its version was taken for ${quiet} (${runs})`;
}

/** What a person can do about it. */
export function nextStepFor({ state, situation }: Assessment): string {
  switch (situation.kind) {
    case 'running':
      return 'let it finish';
    case 'silent':
      return 'look at what its code does after its last step; if its process is gone, start one of its version, or fork it';
    case 'sleeping':
      return 'let it wake in time, or cancel or fork it';
    case 'message':
      return 'send what it waits for, or cancel or fork it';
    case 'timer':
      return 'look at its code for how long it waits';
    case 'child':
      return state === 'stuck' ? 'help its child first' : 'let its child finish';
    case 'delayed':
      return situation.debounced
        ? 'stop the calls that delay it, or cancel it'
        : 'let its time come, shorten its delay, or cancel or fork it';
    case 'overdue':
      return 'start a process of its application';
    case 'queued':
      return nextStepInQueue(situation);
  }
}

function nextStepInQueue({ moves, running, limit }: Situation & { readonly kind: 'queued' }): string {
  if (limit === 0) return 'raise the limit of that queue, or cancel or fork it';
  if (moves) return 'let the queue drain';
  if (limit !== null && running >= limit) {
    return 'help what runs from that queue, in whatever version, or raise its limit';
  }
  return running > 0
    ? 'look at what runs from that queue: it may have all the workers; or start a process of its version, or fork it'
    : 'start a process of its version that listens to that queue, or fork it';
}
