import type { Writer } from '../dbos/snapshot/index.ts';
import { activityInTheEnd } from '../forecast/activity.ts';
import { isParked, scannedOf } from '../forecast/detail-scan.ts';
import type { EarliestEnd } from '../forecast/earliest-end.ts';
import { counted, joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import type { Blocker } from '../rules/index.ts';
import { durationText, momentText, spanText } from '../time.ts';
import { cancelOrFork, DEFAULT_EXECUTOR, describeActivity, nextStepFor, workflowNamed } from './activity-text.ts';
import { largestAlike, longest } from './alike.ts';
import { canFork } from './blocking.ts';
import type { Diagnosis, Subject } from './diagnosis.ts';
import { allOf, expectation, shareOf, stuckExpectation, verbOf } from './expectation.ts';
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
      brief: 'still the latest version, so new work goes to it',
      reason: trusted('this is still the latest version, so new work goes to it.'),
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
    brief: `still receives work, counts as live until ${momentText(until, now)}`,
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
  const share = target.inFlight === 1 ? 'it' : shareOf(count, target.inFlight);
  const still = drain.states.stuck;
  const stuckToo =
    still > 0 ? `, and ${number(still)} made no progress for over ${durationText(config.stuckAfterMs)}` : '';
  const of = msg`${trusted(shareOf(count, target.inFlight))} ${trusted(target.inFlight === 1 ? 'workflow' : 'workflows')}`;
  return {
    cause: 'outlasting',
    kind: 'never',
    count,
    brief: `${share} ${verb} until ${until}, after the timeout${stuckToo}`,
    reason: msg`${of} ${trusted(verb)} until ${trusted(until)}, after the timeout at ${trusted(momentText(deadline, now) + stuckToo)}.`,
    ifNothing: expectation(subject, waits, Math.max(notBefore, waits[0]?.until ?? 0)),
    nextStep: msg`To drain sooner: ${trusted(cancelOrFork(canFork(poll.evaluation), ''))}${namedEnds(drain.earliestEnds, deadline)}.`,
  };
}

export function withoutProcess({ target, drain, deadline }: Subject): Diagnosis {
  const name = versionName(target.version);
  const all = target.inFlight === 1 ? 'its workflow stays' : `${allOf(target.inFlight)} workflows stay`;
  return {
    cause: 'no-process',
    kind: 'never',
    brief: 'no process of this version seems to be running',
    reason: msg`no process of ${name} seems to be running. Work that is due is not picked up.`,
    ifNothing: msg`${trusted(all)} in flight until a process of ${name} runs, or somebody cancels or forks them. What sleeps does not wake.`,
    nextStep: msg`Start a process of ${name} again${withExecutor(drain.lostExecutors)}.${evenThen(drain.earliestEnds, deadline)}`,
  };
}

/** What a process that is started again does not shorten. */
function evenThen(ends: readonly EarliestEnd[], deadline: number | undefined): Message {
  const isLate = deadline !== undefined && ends.some(({ until }) => until > deadline);
  return isLate ? msg` Even then, wait longer than the timeout for ${namedEnds(ends, deadline)}.` : trusted('');
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
  // A parent that waits for a stuck child is no cause. The table of what blocks begins with the largest group.
  const causes = all.filter(({ status }) => status.activity.kind !== 'child');
  const cause = longest(largestAlike(causes.length > 0 ? causes : all));
  const why =
    cause === undefined ? trusted('') : msg` ${workflowNamed(cause.workflow)}: ${describeActivity(cause.status, now)}.`;
  const quiet = trusted(durationText(config.stuckAfterMs));
  const noun = target.inFlight === 1 ? 'workflow' : 'workflows';
  return {
    cause: 'stuck',
    kind: 'stuck',
    brief: `${share} without progress for over ${durationText(config.stuckAfterMs)}`,
    reason: msg`${trusted(`${share} ${noun}`)} made no progress for over ${quiet}.${why}`,
    ifNothing: stuckExpectation(subject, count),
  };
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
  const { left, notBefore, waits, quietMs } = drain;
  if (quietMs !== undefined) return quiet(quietMs, subject);
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
      left === undefined && !isAhead ? `${seemingly(subject)}, and there is ${brief}.` : `${brief}${late}.`,
    ),
    ifNothing: expectation(subject, waits, waits[0]?.until ?? notBefore),
  };
}

function seemingly({ drain: { states } }: Subject): string {
  if (states.notScanned === 0) return 'nothing seems stuck';
  const isAnyRead = states.progressing + states.waiting > 0;
  return isAnyRead ? 'nothing that was read seems stuck' : 'no workflow has been read in detail';
}

/** Nothing is stuck yet by `stuck-after`, and nothing moves: it can be a pause, a long step or a dead process. */
function quiet(quietMs: number, subject: Subject): Diagnosis {
  const { target, drain, poll, config } = subject;
  const scanned = scannedOf(target.version, poll.forecast.history.detailScan).filter((each) => !isParked(each));
  const isDue = scanned.some(({ status }) => ['running', 'queued'].includes(activityInTheEnd(status).kind));
  // Where the rest waits for a message or a timer, its process is the last thing to check.
  const other = isDue
    ? undefined
    : longest(largestAlike(scanned.filter(({ status }) => status.activity.kind !== 'child')));
  const span = spanText(quietMs);
  const after = durationText(config.stuckAfterMs);
  return {
    cause: 'moving',
    kind: 'slow',
    brief: `nothing has moved for ${span} (stuck after ${after})`,
    reason: trusted(`nothing has moved for ${span}. After ${after} it counts as stuck.`),
    ifNothing: expectation(subject, drain.waits, drain.waits[0]?.until ?? drain.notBefore),
    nextStep:
      other === undefined
        ? msg`Check whether a process of ${versionName(target.version)} still runs.`
        : msg`${workflowNamed(other.workflow)} waits: ${nextStepFor(other.status, null, canFork(poll.evaluation))}.`,
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
export function unversioned(count: number, { target, poll, config, now }: Subject): Diagnosis {
  // No poll reads how their queues move.
  const isStuck = scannedOf(null, poll.forecast.history.detailScan).some(
    ({ status: { state, activity, progressAt } }) =>
      state === 'stuck' || (activity.kind === 'queued' && now - progressAt >= config.stuckAfterMs),
  );
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
  const left = spanText(Math.max(0, config.settleMs - settledForMs));
  return {
    cause: 'settling',
    kind: 'slow',
    brief: `idle, settling for ${left}`,
    reason: trusted(`idle, and must stay idle for ${left}.`),
    ifNothing: trusted(`it has drained in ${left}, unless new work starts.`),
  };
}
