import type { Writer } from '../dbos/snapshot/index.ts';
import { scannedOf } from '../forecast/detail-scan.ts';
import type { KnownWait } from '../forecast/drain-forecast.ts';
import type { EarliestEnd } from '../forecast/earliest-end.ts';
import { counted, joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import type { Blocker } from '../rules/index.ts';
import { durationText, momentText } from '../time.ts';
import { DEFAULT_EXECUTOR, describeActivity, workflowNamed } from './activity-text.ts';
import type { Diagnosis, Subject } from './diagnosis.ts';
import { leftText } from './forecast-text.ts';
import { versionName } from './text.ts';

/* The diagnosis of one target, in words: what each cause means, and what happens if nobody acts. */

/** A few workflows stand for all: this many are named. */
const NAMED = 3;

/** New work is still sent to the target. */
export function live(blocker: Blocker, { now, deadline }: Subject): Diagnosis | undefined {
  if (blocker.kind === 'live') {
    return {
      cause: 'live',
      kind: 'stuck',
      brief: 'traffic has not moved, still the latest version',
      reason: trusted('traffic has not moved, and this is still the latest version.'),
      ifNothing: trusted('new work keeps going to this version, and it does not drain.'),
    };
  }
  if (blocker.kind !== 'receives-work') return undefined;
  const until = 'until' in blocker.sign ? blocker.sign.until : undefined;
  if (until === undefined || (deadline !== undefined && until > deadline)) {
    return {
      cause: 'live',
      kind: 'stuck',
      brief: 'traffic has not moved, still receives work',
      reason: trusted('traffic does not seem to have moved to another version.'),
      ifNothing: trusted('it counts as live until another version picks up work.'),
    };
  }
  const moment = trusted(momentText(until, now));
  return {
    cause: 'live',
    kind: 'slow',
    brief: `counts as live until ${momentText(until, now)}`,
    reason: msg`it received new work recently, and counts as live until ${moment}.`,
    ifNothing: msg`it stops counting as live at ${moment}, unless more work starts on it.`,
  };
}

/** Traffic has not moved, and some of the work outlasts the timeout. The traffic comes first: it may be the wrong version. */
export function both(first: Diagnosis, outlast: Diagnosis): Diagnosis {
  return {
    ...first,
    kind: outlast.kind,
    brief: `${first.brief}, and ${outlast.brief}`,
    reason: msg`${first.reason} And ${outlast.reason}`,
  };
}

/** Some of the work certainly lasts past the timeout. */
export function outlasting(subject: Subject, deadline: number): Diagnosis | undefined {
  const { target, drain, poll, config, now } = subject;
  const { notBefore, waits } = drain;
  const last = poll.forecast.outlasting;
  // The bound of another target says nothing about this one.
  if (notBefore === undefined || last === undefined || notBefore <= last.deadline) return undefined;
  const late = waits.filter(({ until }) => until > deadline);
  const count = Math.min(target.inFlight, Math.max(1, late.length));
  const until = momentText(notBefore, now);
  const verb = late.length === 0 ? 'is delayed' : verbOf(late.slice(0, count));
  const still = drain.states.stuck;
  const stuckToo = still > 0 ? `, and ${number(still)} made no progress for ${durationText(config.stuckAfterMs)}` : '';
  const of = msg`${trusted(shareOf(count, target.inFlight))} ${trusted(target.inFlight === 1 ? 'workflow' : 'workflows')}`;
  return {
    cause: 'outlasting',
    kind: 'never',
    count,
    brief: `${shareOf(count, target.inFlight)} ${verb} until ${until}, after the timeout${stuckToo}`,
    reason: msg`${of} ${trusted(verb)} until ${trusted(until)}, after the timeout at ${trusted(momentText(deadline, now) + stuckToo)}.`,
    ifNothing: expectation(subject, late, notBefore),
    nextStep: msg`To drain sooner: cancel or fork ${namedEnds(drain.earliestEnds, deadline)}.`,
  };
}

export function withoutProcess({ target, drain }: Subject): Diagnosis {
  const name = versionName(target.version);
  const all = target.inFlight === 1 ? 'its workflow stays' : `all ${number(target.inFlight)} workflows stay`;
  return {
    cause: 'no-process',
    kind: 'never',
    brief: 'no process of this version seems to be running',
    reason: msg`no process of ${name} seems to be running. Work that is due is not picked up.`,
    ifNothing: msg`${trusted(all)} in flight until a process of ${name} runs, or somebody cancels or forks them. What sleeps does not wake.`,
    nextStep: msg`Start a process of ${name} again${withExecutor(drain.lostExecutors)}, or cancel or fork what is left.`,
  };
}

/** Without DBOS Conductor, a process recovers what runs on its version and under its executor id only. */
function withExecutor(executors: readonly string[]): Message {
  const [first] = executors;
  if (first === undefined) return trusted('');
  const ids =
    executors.length === 1
      ? msg`with the executor id ${first}${trusted(first === DEFAULT_EXECUTOR ? ', the default' : '')}`
      : msg`with each of the executor ids ${namesOf(executors)}`;
  return msg` ${ids} (with DBOS Conductor: any id)`;
}

/** The first few of what ends after the timeout. */
function namedEnds(ends: readonly EarliestEnd[], deadline: number): Message {
  const late = ends.filter(({ until }) => until > deadline);
  const named = late.slice(0, NAMED).map((end) => workflowNamed(end));
  if (named.length === 0) return trusted('what is delayed');
  return msg`${joined(named, ', ')}${trusted(late.length > named.length ? ' and the others' : '')}`;
}

export function notConverging({ drain }: Subject): Diagnosis {
  const fast = 'new work arrives as fast as work finishes';
  const byChildren = drain.arrived.children > drain.arrived.roots;
  return {
    cause: 'not-converging',
    kind: 'stuck',
    brief: byChildren ? fast : `traffic has not moved, ${fast}`,
    reason: trusted(
      byChildren ? `${fast}, and other workflows start most of it.` : `traffic has not moved, and ${fast}.`,
    ),
    ifNothing: trusted('about as much stays in flight as now.'),
  };
}

/** Some workflows do not move. */
export function stuck(subject: Subject): Diagnosis {
  const { target, drain, poll, config, now } = subject;
  const count = drain.states.stuck;
  const share = shareOf(count, target.inFlight);
  const scanned = scannedOf(target.version, poll.forecast.history.detailScan);
  const all = scanned.filter(({ status }) => status.state === 'stuck');
  // A parent that waits for a stuck child is no cause.
  const cause = all.find(({ status }) => status.activity.kind !== 'child') ?? all[0];
  const why =
    cause === undefined ? trusted('') : msg` ${workflowNamed(cause.workflow)}: ${describeActivity(cause.status, now)}.`;
  const quiet = trusted(durationText(config.stuckAfterMs));
  const noun = target.inFlight === 1 ? 'workflow' : 'workflows';
  return {
    cause: 'stuck',
    kind: 'stuck',
    brief: `${share} without progress for ${durationText(config.stuckAfterMs)}`,
    reason: msg`${trusted(`${share} ${noun}`)} made no progress for ${quiet}.${why}`,
    ifNothing: stuckExpectation(subject, count),
  };
}

function stuckExpectation(subject: Subject, count: number): Message {
  const rest = subject.target.inFlight - count;
  const stay =
    count === 1
      ? 'the stuck workflow stays in flight until somebody acts.'
      : `the ${number(count)} stuck workflows stay in flight until somebody acts.`;
  if (rest === 0) return trusted(stay);
  const { moving, standsStill, waits } = subject.drain;
  if (standsStill) return msg`${trusted(stay)} Nothing else has finished recently.`;
  if (moving === undefined && waits.length === 0) return trusted(`${stay} The other ${number(rest)} can still finish.`);
  return msg`${trusted(stay)} Of the others, ${expectation(subject, waits, waits[0]?.until, rest)}`;
}

export function stalled(stuckAfterMs: number): Diagnosis {
  return {
    cause: 'stalled',
    kind: 'stuck',
    brief: `nothing has finished for ${durationText(stuckAfterMs)}`,
    reason: trusted(`nothing has finished for ${durationText(stuckAfterMs)}.`),
    ifNothing: trusted('there is no sign that anything will finish.'),
  };
}

const NO_ESTIMATE = { wait: 'no estimate yet', check: 'no estimate from a single poll' } as const;

/** It will finish. */
export function slow(subject: Subject): Diagnosis {
  const { drain, config, now, deadline } = subject;
  const { left, notBefore, waits } = drain;
  const isAhead = notBefore !== undefined && notBefore > now;
  const brief =
    left !== undefined
      ? leftText(left)
      : isAhead
        ? `not before ${momentText(notBefore, now)}`
        : NO_ESTIMATE[config.mode === 'wait' ? 'wait' : 'check'];
  const isLate = left !== undefined && deadline !== undefined && deadline > now && now + left.fromMs > deadline;
  const late = isLate ? ', longer than the timeout' : '';
  return {
    cause: 'moving',
    kind: 'slow',
    brief: `${brief}${late}`,
    reason: trusted(
      left === undefined && !isAhead ? `nothing seems stuck, and there is ${brief}.` : `${brief}${late}.`,
    ),
    ifNothing: expectation(subject, waits, waits[0]?.until ?? notBefore),
  };
}

export function starting({ config }: Subject): Diagnosis {
  return {
    cause: 'starting',
    kind: 'stuck',
    brief: 'traffic has not moved, work is still starting',
    reason: trusted('traffic has not moved, and new work is still being started.'),
    ifNothing: trusted(`it drains once no new work has started for ${durationText(config.settleMs)}.`),
  };
}

/** Workflows without a version that the target could take. */
export function unversioned(count: number, { target, poll }: Subject): Diagnosis {
  const isStuck = scannedOf(null, poll.forecast.history.detailScan).some(({ status }) => status.state === 'stuck');
  const workflows = counted(count, 'workflow');
  const [wait, them] = count === 1 ? ['waits', 'it'] : ['wait', 'them'];
  return {
    cause: 'unversioned',
    kind: isStuck ? 'stuck' : 'slow',
    brief: `unversioned work ${isStuck ? 'is not picked up' : 'is still in flight'}`,
    reason: msg`${workflows} without a version ${trusted(wait)} to be picked up, and ${versionName(target.version)} could take ${trusted(them)}.`,
    ifNothing: trusted(`the new version takes ${them}, if it runs and listens to the queue.`),
  };
}

/** Nothing is in flight, but a transaction could still enqueue something. */
export function writing(writers: readonly Writer[], { target, config }: Subject): Diagnosis {
  const isPrepared = writers.some(({ pid }) => pid === null);
  const isLong = (target.settledForMs ?? 0) - config.settleMs >= config.stuckAfterMs;
  const transactions = counted(writers.length, 'transaction');
  const [are, end] = writers.length === 1 ? ['is', 'it ends'] : ['are', 'they end'];
  return {
    cause: 'open-transaction',
    kind: isPrepared || isLong ? 'stuck' : 'slow',
    brief: 'idle, but a transaction is still writing',
    reason: msg`nothing is in flight, but ${transactions} that could write workflows ${trusted(are)} still open.`,
    ifNothing: trusted(
      isPrepared
        ? 'a prepared transaction stays open until somebody commits it or rolls it back.'
        : `the version can drain as soon as ${end}.`,
    ),
  };
}

/** Nothing blocks: it has to stay so for the settle window. */
export function settling(settledForMs: number, { config }: Subject): Diagnosis {
  const left = durationText(Math.max(0, config.settleMs - settledForMs));
  return {
    cause: 'settling',
    kind: 'slow',
    brief: `idle, settling for ${left}`,
    reason: trusted(`idle, and must stay idle for ${left}.`),
    ifNothing: trusted(`it has drained in ${left}, unless new work starts.`),
  };
}

/** `15 of 16 finish by about 21:34:49 UTC; 1 sleeps until 23:34 UTC.` */
function expectation(
  { target, drain, now }: Subject,
  waits: readonly KnownWait[],
  last: number | undefined,
  all = target.inFlight,
): Message {
  const waiting = Math.min(all, Math.max(waits.length, last === undefined ? 0 : 1));
  const still = Math.min(all - waiting, all === target.inFlight ? drain.states.stuck : 0);
  const rest = all - waiting - still;
  const parts: string[] =
    still > 0 ? [`${number(still)} ${still === 1 ? 'stays' : 'stay'} in flight until somebody acts`] : [];
  if (rest > 0 && !drain.standsStill) {
    const share = rest === all ? (all === 1 ? 'it' : `all ${number(all)}`) : `${number(rest)} of ${number(all)}`;
    const { moving } = drain;
    parts.push(
      moving === undefined
        ? `${share} can still finish, with no estimate`
        : `${share} ${rest === 1 ? 'finishes' : 'finish'} by about ${momentText(now + moving.leftMs, now)}`,
    );
  }
  if (last !== undefined && waiting > 0) {
    const verb = waits.length === 0 ? 'is delayed' : verbOf(waits.slice(0, waiting));
    parts.push(`${number(waiting)} ${verb} until ${momentText(last, now)}${waiting > 1 ? ' (the last)' : ''}`);
  }
  const text = parts.join('; ');
  return trusted(text === '' ? 'nothing is known to finish by itself.' : `${text}.`);
}

function shareOf(count: number, all: number): string {
  return count === all ? number(count) : `${number(count)} of ${number(all)}`;
}

function verbOf(waits: readonly Pick<KnownWait, 'because'>[]): string {
  const isOne = waits.length === 1;
  const reasons = new Set(waits.map(({ because }) => because));
  if (reasons.size > 1) return 'sleep or are delayed';
  return reasons.has('sleeping') ? (isOne ? 'sleeps' : 'sleep') : isOne ? 'is delayed' : 'are delayed';
}
