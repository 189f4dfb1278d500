import { joined, type Message, msg, number, trusted } from '../message.ts';
import type { TargetEvaluation } from '../rules/evaluate.ts';
import { explainBlocker } from '../rules/index.ts';
import { durationText } from '../time.ts';
import { plain, visible } from './escape.ts';
import { describeForecast, outlasts, whyItCannotDrain } from './forecast-text.ts';
import { headline, isWatched, obstacles, type RunReport, targetsOf } from './model.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/** GitHub shows ten annotations of each level a step; one is for "and N more", and one for the warnings. */
const TARGETS_SHOWN = 8;
/** GitHub cuts a message at 4,096 characters; the log keeps it whole. */
const MESSAGE_CHARACTERS = 4000;

/** The run's annotations: one a target with a title, or one for what blocks the whole gate; then the warnings. */
export function annotationsOf(result: RunReport): readonly Annotation[] {
  const level = result.step === 'pass' ? 'notice' : result.step === 'warn' ? 'warning' : 'error';
  return [...verdictAnnotations(result, level), ...warningAnnotations(result)];
}

function verdictAnnotations(result: RunReport, level: Annotation['level']): readonly Annotation[] {
  const reasons = obstacles(result);
  const targets = targetsOf(result);
  if (reasons.length > 0 || targets.length === 0 || result.verdict === 'cancelled') {
    const message = messageOf(joined([...reasons, headline(result)], '\n'));
    return [{ level, title: `dbos-drain-gate: ${result.verdict}`, message }];
  }
  // What blocks comes first, so that "and N more" is about what does not.
  const ordered = [...targets].sort(
    (a, b) => Number(a.drained) - Number(b.drained) || b.inFlight - a.inFlight,
  );
  const why = whyItCannotDrain(result);
  const first: readonly Annotation[] =
    why === undefined ? [] : [{ level, title: 'dbos-drain-gate: cannot-drain', message: messageOf(why) }];
  const targetsShown = ordered
    .slice(0, TARGETS_SHOWN - first.length)
    .map((target) => targetAnnotation(target, level, result));
  const shown = [...first, ...targetsShown];
  const more = ordered.length - targetsShown.length;
  if (more === 0) return shown;
  return [
    ...shown,
    {
      level: shown.some((annotation) => annotation.level === level) ? level : 'notice',
      title: 'dbos-drain-gate',
      message: `and ${number(more)} more versions: see the job summary.`,
    },
  ];
}

function targetAnnotation(
  target: TargetEvaluation,
  level: Annotation['level'],
  result: RunReport,
): Annotation {
  const name = visible(target.version, 80);
  if (target.drained) {
    return {
      level: 'notice',
      title: `${name} has drained`,
      message: plain(
        msg`${target.version} has drained: nothing in flight, and nothing started for ${trusted(durationText(target.settledForMs ?? 0))}.`,
      ),
    };
  }
  const sentences =
    target.blockers.length > 0
      ? target.blockers.map((blocker) => explainBlocker(blocker, outlasts(result, target.version)))
      : [trusted('Idle, but not for long enough yet.')];
  return {
    level,
    title: target.known ? `${name} cannot be retired yet` : `${name} is not known here`,
    // The log shows messages without their titles.
    message: messageOf(
      msg`${target.version}: ${joined([...sentences, ...expectations(target, result)], '\n')}`,
    ),
  };
}

/** Whether it drains, and whether it ever will. */
function expectations({ version }: TargetEvaluation, result: RunReport): readonly Message[] {
  const { last } = result;
  const forecast = last?.forecast.targets.get(version);
  if (last === undefined || forecast === undefined) return [];
  const roots = last.forecast.newTopLevel.filter((each) => each.version === version);
  return describeForecast(forecast, roots, last.evaluation.snapshot.observedAt, isWatched(result));
}

function warningAnnotations(result: RunReport): readonly Annotation[] {
  const [first, ...more] = result.warnings;
  if (first === undefined) return [];
  return [
    {
      level: 'warning',
      title: 'dbos-drain-gate: before you act on this',
      message: messageOf(joined([first, ...more], '\n')),
    },
  ];
}

/** The text of a sentence, cut between two characters where it has to be cut. */
function messageOf(sentence: Message): string {
  const text = plain(sentence);
  if (text.length <= MESSAGE_CHARACTERS) return text;
  return `${text.slice(0, MESSAGE_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
