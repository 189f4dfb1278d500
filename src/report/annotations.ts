import { joined, type Message, msg, number, trusted } from '../message.ts';
import { milliseconds, spanText } from '../time.ts';
import { headingOf, moreAt } from './help.ts';
import { blockedFirst } from './model.ts';
import type { RunReport, VersionReport } from './schema.ts';
import { plain, versionName, visible } from './text.ts';

export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly title: string;
  readonly message: string;
}

/** An annotation, and the heading of the troubleshooting page that explains it. */
interface Explained extends Annotation {
  readonly heading?: string | undefined;
}

/** GitHub shows ten annotations of each level per step. One is for "and N more", and one for the warnings. */
const TARGETS_SHOWN = 8;
/** GitHub cuts a message at 4,096 characters. Behind these, there is room for an address. */
const MESSAGE_CHARACTERS = 3800;

/** The run's annotations: one per target with a title, or one for what blocks the whole gate; then the warnings. */
export function annotationsOf(report: RunReport): readonly Annotation[] {
  const level = report.conclusion === 'pass' ? 'notice' : report.conclusion === 'warn' ? 'warning' : 'error';
  const annotations = withHelp(verdictAnnotations(report, level), report);
  if (report.warnings.length === 0) return annotations;
  const title = 'dbos-drain-gate: before you act on this';
  return [...annotations, { level: 'warning', title, message: messageOf(joined(report.warnings, '\n')) }];
}

function verdictAnnotations(report: RunReport, level: Annotation['level']): readonly Explained[] {
  const { verdict, headline, blockers, pastDeadline } = report;
  const targets = report.versions;
  if (blockers.length > 0 || targets.length === 0 || verdict === 'cancelled') {
    const message = messageOf(joined([...blockers.map((each) => each.message), headline], '\n'));
    return [{ level, title: `dbos-drain-gate: ${verdict}`, message, heading: blockers[0]?.kind }];
  }
  // "And N more" is about what blocks least.
  const shown = blockedFirst(targets)
    .slice(0, TARGETS_SHOWN)
    .map((target) => targetAnnotation(target, level, pastDeadline));
  const more = targets.length - shown.length;
  if (more === 0) return shown;
  const levelOfMore = shown.some((annotation) => annotation.level === level) ? level : 'notice';
  const message = `and ${number(more)} more versions: see the summary.`;
  return [...shown, { level: levelOfMore, title: 'dbos-drain-gate', message }];
}

function targetAnnotation(
  target: VersionReport,
  level: Annotation['level'],
  pastDeadline: RunReport['pastDeadline'],
): Explained {
  const { version, drained, known, diagnosis, blockers, outlook } = target;
  const shown = versionName(version);
  const name = visible(shown, 80);
  if (drained) {
    const idle = trusted(spanText(milliseconds(target.idleSeconds ?? 0)));
    return {
      level: 'notice',
      title: `${name} has drained`,
      message: plain(msg`${shown} has drained: nothing in flight, and nothing started for ${idle}.`),
    };
  }
  // The diagnosis is about the work in flight.
  const others = blockers.filter(({ kind }) => diagnosis === null || kind !== 'in-flight');
  const why = [
    ...(diagnosis === null ? [] : [diagnosis.reason, msg`If you do nothing: ${diagnosis.ifNothing}`]),
    ...helpWith(diagnosis, pastDeadline),
    ...others.map(({ message }) => message),
  ];
  const all = why.length > 0 ? why : [trusted('Idle, waiting for the settle window.')];
  return {
    level,
    title: known ? `${name} cannot be retired yet` : `${name} is not known here`,
    // The log shows messages without their titles.
    message: messageOf(msg`${shown}: ${joined([...all, ...outlook], '\n')}`),
    heading: headingOf(diagnosis) ?? others[0]?.kind,
  };
}

/** Adds where each is explained, once per heading. */
function withHelp(annotations: readonly Explained[], { troubleshooting }: RunReport): readonly Annotation[] {
  const said = new Set<string | undefined>([undefined]);
  return annotations.map(({ heading, ...annotation }) => {
    if (heading === undefined || said.has(heading)) return annotation;
    said.add(heading);
    return { ...annotation, message: `${annotation.message}\n${moreAt(troubleshooting, heading)}` };
  });
}

/** Different workflows are stuck for different reasons. */
const IN_THE_SUMMARY = trusted('The summary lists the next step of each workflow that is stuck.');

/** What helps with all that blocks; with what outlasts the timeout, the `timeout` that would do as well. */
function helpWith(diagnosis: VersionReport['diagnosis'], pastDeadline: RunReport['pastDeadline']): readonly Message[] {
  if (diagnosis?.cause === 'outlasting' && pastDeadline !== null) return [pastDeadline];
  if (diagnosis?.cause === 'stuck') return [IN_THE_SUMMARY];
  return diagnosis?.nextStep === undefined ? [] : [diagnosis.nextStep];
}

/** The text of a message. Where it is too long, it is cut between two characters. */
function messageOf(message: Message): string {
  const text = plain(message);
  if (text.length <= MESSAGE_CHARACTERS) return text;
  return `${text.slice(0, MESSAGE_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
