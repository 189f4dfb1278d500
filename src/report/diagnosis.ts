import type { GateConfig } from '../config.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { Poll } from '../hold/hold.ts';
import { type Message, msg, trusted } from '../message.ts';
import type { TargetEvaluation } from '../rules/evaluate.ts';
import type { Blocker } from '../rules/index.ts';
import type { Target } from '../rules/target.ts';
import * as say from './diagnosis-text.ts';
import { quotedName, versionName } from './text.ts';

/** What a drain is: it will finish; something does not move; it cannot finish before the timeout, or at all. */
export const DIAGNOSES = ['slow', 'stuck', 'never'] as const;

/** What a diagnosis rests on. */
export const CAUSES = [
  'live',
  'outlasting',
  'no-process',
  'not-converging',
  'stuck',
  'stalled',
  'moving',
  'starting',
  'unversioned',
  'open-transaction',
  'settling',
] as const;

/** What becomes of a drain that nobody touches. It explains, and decides no verdict. */
export interface Diagnosis {
  readonly kind: (typeof DIAGNOSES)[number];
  readonly cause: (typeof CAUSES)[number];
  /** How many workflows outlast the timeout, where that is the cause. */
  readonly count?: number;
  /** For a line of the log: `stuck: 3 of 16 without progress for over 15m`. */
  readonly brief: string;
  /** The cause, in a sentence: `Never: 1 of 16 workflows sleeps until 23:34 UTC, after the timeout at 21:36 UTC.` */
  readonly reason: Message;
  /** What happens next, and when: continues `If you do nothing: `. */
  readonly ifNothing: Message;
  /** What helps, in a sentence, where it is one thing for all that blocks. */
  readonly nextStep?: Message;
}

/** What the texts of a diagnosis are about. Times are in epoch milliseconds of the database's clock. */
export interface Subject {
  readonly target: TargetEvaluation;
  readonly drain: DrainForecast;
  readonly poll: Poll;
  readonly config: GateConfig;
  readonly now: number;
  /** When `wait` times out; undefined in the other modes. */
  readonly deadline: number | undefined;
}

/** The diagnoses of a poll: that of each target, and the worst of them, which names its version where there are several. */
export interface Diagnoses {
  readonly worst: Diagnosis | undefined;
  /** The version of the worst; undefined where there is none. */
  readonly worstOf: Target | undefined;
  readonly of: ReadonlyMap<Target, Diagnosis>;
}

/** Returns the diagnosis of each target. Pure. */
export function diagnosesOf(poll: Poll, config: GateConfig): Diagnoses {
  const { targets } = poll.evaluation;
  const found = targets.flatMap((target) => {
    const diagnosis = diagnosisOf(target, poll, config);
    return diagnosis === undefined ? [] : [{ target, diagnosis }];
  });
  const severity = ({ diagnosis }: (typeof found)[number]) => DIAGNOSES.indexOf(diagnosis.kind);
  const drainOf = ({ target }: (typeof found)[number]) => poll.forecast.targets.get(target.version);
  // Where nothing moves, no process may be left: that matters more than the longest estimate.
  const endOf = (each: (typeof found)[number]) =>
    drainOf(each)?.quietMs === undefined ? (drainOf(each)?.left?.leftMs ?? 0) : Number.POSITIVE_INFINITY;
  // Where a name is a typo, how the others drain is no answer.
  const isUnknown = targets.some(({ blockers }) => blockers.some(({ kind }) => kind === 'unknown-version'));
  const [worst] = found.toSorted(
    (a, b) => severity(b) - severity(a) || Math.sign(endOf(b) - endOf(a)) || b.target.inFlight - a.target.inFlight,
  );
  return {
    worst: isUnknown
      ? undefined
      : worst && labelled(worst.diagnosis, targets.length > 1 ? versionName(worst.target.version) : undefined),
    worstOf: isUnknown ? undefined : worst?.target.version,
    of: new Map(found.map(({ target, diagnosis }) => [target.version, labelled(diagnosis, undefined)])),
  };
}

/** `Stuck: …`, or `Stuck ("1.0.0"): …` where there are several versions. */
function labelled({ kind, brief, reason, ifNothing, ...rest }: Diagnosis, name: string | undefined): Diagnosis {
  const label = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
  const of = name === undefined ? trusted('') : msg` (${name})`;
  return {
    ...rest,
    kind,
    brief: `${kind}${name === undefined ? '' : ` (${quotedName(name)})`}: ${brief}`,
    reason: msg`${trusted(label)}${of}: ${reason}`,
    ifNothing: name === undefined ? ifNothing : msg`${name}: ${ifNothing}`,
  };
}

/**
 * Returns the diagnosis of a target; undefined where it has drained, where the whole gate is blocked, and where it is not
 * known here: none of these is a drain. Work that outlasts the timeout comes before what is stuck, and that before what
 * is slow. A version that is still live is that first: until the traffic has moved, nothing else helps.
 */
function diagnosisOf(target: TargetEvaluation, poll: Poll, config: GateConfig): Diagnosis | undefined {
  const { evaluation, forecast, time } = poll;
  const drain = forecast.targets.get(target.version);
  const isUnknown = target.blockers.some(({ kind }) => kind === 'unknown-version' || kind === 'unknown-status');
  if (target.drained || evaluation.gate.length > 0 || isUnknown || drain === undefined) return undefined;
  const now = evaluation.snapshot.observedAt;
  const deadline = config.mode === 'wait' ? now + config.timeoutMs - time.began : undefined;
  const subject: Subject = { target, drain, poll, config, now, deadline };
  const live = target.blockers.map((blocker) => say.live(blocker, subject)).find((each) => each !== undefined);
  const outlasting = forecast.outlasting && deadline !== undefined ? say.outlasting(subject, deadline) : undefined;
  if (live !== undefined) return outlasting === undefined ? live : say.both(live, outlasting);
  const found = [...inFlightDiagnoses(subject, outlasting), ...target.blockers.map((each) => others(each, subject))];
  const all = found.filter((each) => each !== undefined);
  const worst = DIAGNOSES.toReversed().flatMap((kind) => all.find((each) => each.kind === kind) ?? [])[0];
  return worst ?? (target.settledForMs === undefined ? undefined : say.settling(target.settledForMs, subject));
}

/** Without a process, it does not matter how long something sleeps. */
function inFlightDiagnoses(subject: Subject, outlasting: Diagnosis | undefined): readonly (Diagnosis | undefined)[] {
  const { target, drain, config } = subject;
  const { trend, states, withoutProcess } = drain;
  if (target.inFlight === 0) return [];
  return [
    withoutProcess.length > 0 ? say.withoutProcess(subject) : undefined,
    outlasting,
    trend === 'not-converging' ? say.notConverging(subject) : undefined,
    states.stuck > 0 ? say.stuck(subject) : undefined,
    trend === 'stalled' ? say.stalled(config.stuckAfterMs) : undefined,
    say.slow(subject),
  ];
}

/** What is neither in flight on the target nor a sign of traffic. */
function others(blocker: Blocker, subject: Subject): Diagnosis | undefined {
  switch (blocker.kind) {
    case 'still-starting':
      return say.starting(subject);
    case 'unversioned':
      return say.unversioned(blocker.count, subject);
    case 'open-transaction':
      return say.writing(blocker.writers, subject);
    default:
      return undefined;
  }
}
