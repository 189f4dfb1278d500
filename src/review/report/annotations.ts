import { joined, type Message, msg } from '../../message.ts';
import { moreAt } from '../../report/help.ts';
import { plain, visible } from '../../report/text.ts';
import type { Finding } from '../judge/finding.ts';
import { conclusionOf, type ReviewRun } from '../run.ts';
import { asOf, cut, headlineOf, nameOf, SUGGESTED, sentencesOf, TITLES } from './words.ts';

export interface ReviewAnnotation {
  readonly level: 'error' | 'warning' | 'notice';
  readonly message: string;
  /** Undefined where it stands at no line. */
  readonly place: { readonly file: string; readonly startLine: number; readonly endLine: number } | undefined;
  readonly title: string;
}

/** GitHub shows ten annotations of each level per step. More of them are for the summary. */
export const FINDINGS_SHOWN = 10;
/** GitHub cuts a message at 4,096 characters. */
const MESSAGE_CHARACTERS = 3800;
/** No file system has longer paths. */
const PATH_CHARACTERS = 4096;
/** What is kept of a long name in a title. */
const NAME_CHARACTERS = 80;

/** The annotations of a review: its findings, most severe first, then one for all problems. */
export function annotationsOf(run: ReviewRun): readonly ReviewAnnotation[] {
  const findings = (run.review?.findings ?? []).slice(0, FINDINGS_SHOWN).map((finding) => findingOf(finding, run));
  const { failure, problems, review } = run;
  const isIncomplete = problems.some((problem) => problem.isIncomplete);
  const level = isIncomplete && conclusionOf(run) === 'fail' ? 'error' : 'warning';
  const told = problems.map(({ explanation }) => explanation);
  const opening = review === undefined ? [msg`${headlineOf(run)}.`] : [];
  const failed =
    failure === undefined ? [] : [general('error', 'the review failed', [failure.message], run, failure.kind)];
  const [first] = problems;
  const about = first === undefined ? [] : [general(level, 'about this review', [...opening, ...told], run, first.id)];
  return [...failed, ...findings, ...about];
}

function general(
  level: ReviewAnnotation['level'],
  title: string,
  messages: readonly Message[],
  { page }: ReviewRun,
  heading: string,
): ReviewAnnotation {
  const text = cut(plain(joined(messages, '\n')), MESSAGE_CHARACTERS);
  const message = `${text}\n${moreAt(page, heading)}`;
  return { level, title: `dbos-drain-gate: ${title}`, message, place: undefined };
}

function findingOf(finding: Finding, run: ReviewRun): ReviewAnnotation {
  const { severity, kind, workflow, path, line, endLine, suggestion } = finding;
  // The log shows messages without title and place, and a path that cannot be shown cannot be a place.
  const isPlain = visible(path, PATH_CHARACTERS) === path;
  const text = plain(joined([sentencesOf(finding), asOf(run)]));
  const code = suggestion === undefined ? '' : `\n${SUGGESTED}\n${codeLines(suggestion)}`;
  return {
    level: severity,
    title: `${TITLES[kind]}: ${visible(nameOf(workflow), NAME_CHARACTERS)}`,
    message: cut(`${text}${code}${isPlain ? '' : `\n${plain([{ untrusted: path }])}:${line}`}`, MESSAGE_CHARACTERS),
    place: isPlain ? { file: path, startLine: line, endLine } : undefined,
  };
}

/** Lines of code, each on a line of its own. What could act in them is shown as an escape. */
function codeLines(code: string): string {
  return code
    .slice(0, MESSAGE_CHARACTERS)
    .split(/\r?\n/)
    .map((line) => visible(line.replaceAll('\t', '  '), 200))
    .join('\n');
}
