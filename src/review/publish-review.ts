import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as core from '@actions/core';
import { reportedFailure } from '../errors.ts';
import { joined, type Message, msg } from '../message.ts';
import { plain } from '../report/text.ts';
import { writeOutputs, writeSummary } from '../runner-files.ts';
import { attempted } from './attempts.ts';
import type { ReviewInputs } from './inputs.ts';
import { temporaryFolder } from './inventory-file.ts';
import { commentCancelled, ReviewProblem } from './problems.ts';
import { keepComment, markerOf } from './pull-request/comment.ts';
import { asker } from './pull-request/requests.ts';
import { annotationsOf, FINDINGS_SHOWN } from './report/annotations.ts';
import { COMMENT_BYTES, pageOf, SUMMARY_BYTES } from './report/page.ts';
import { outputsOf, reportText } from './report/schema.ts';
import { asOf, headlineOf } from './report/words.ts';
import { conclusionOf, type Reviewed, type ReviewParts, type ReviewRun } from './run.ts';

/** The comment waits for GitHub at most this long. In milliseconds. */
const COMMENT_MS = 60_000;

const annotate = { error: core.error, warning: core.warning, notice: core.notice } as const;

type CommentParts = Pick<ReviewParts, 'clock' | 'cancelled' | 'context'>;

/** Publishes a review in every place, and sets the exit code. A place that cannot be written does not silence others. */
export async function publishReview(
  { run: reviewed, api }: Reviewed,
  inputs?: ReviewInputs,
  parts?: CommentParts,
): Promise<void> {
  let run = reviewed;
  process.exitCode = conclusionOf(run) === 'fail' ? 1 : 0;
  if (inputs?.comment && parts !== undefined && api !== undefined) run = await withComment({ run, api }, inputs, parts);
  const warn = (explanation: Message) => {
    run = { ...run, problems: [...run.problems, new ReviewProblem(explanation, 'not-written', false)] };
  };
  const reportPath = await attempted('The report file', () => writeReport(run), warn);
  await attempted('The outputs', () => writeOutputs(outputsOf(run, reportPath ?? '')), warn);
  await attempted('The summary', () => writeSummary(pageOf(run, SUMMARY_BYTES)), warn);
  for (const line of linesOf(run)) core.info(line);
  for (const { level, message, title, place } of annotationsOf(run)) annotate[level](message, { title, ...place });
}

function writeReport(run: ReviewRun): string {
  const file = path.join(temporaryFolder(), 'review.json');
  writeFileSync(file, reportText(run));
  return file;
}

/** The log: what was read, then the answer. Annotations follow. */
export function linesOf(run: ReviewRun): readonly string[] {
  const { files, unmatched, review } = run;
  const unshown = (review?.findings.length ?? 0) - FINDINGS_SHOWN;
  return [
    ...(files === undefined ? [] : [msg`Source files read: ${files.read} of ${files.changed} changed files.`]),
    ...unmatched.map((line) => msg`This line of \`paths\` matches no changed file: ${line}.`),
    ...(review?.limits ?? []).map((limit) => msg`Note: ${limit}`),
    ...(review === undefined || review.accepted.length === 0
      ? []
      : [msg`Findings that comments in the code accept: ${review.accepted.length}.`]),
    joined([msg`${headlineOf(run)}.`, asOf(run)].filter((message) => message.length > 0)),
    ...(unshown > 0
      ? [msg`Below are the first ${FINDINGS_SHOWN} findings, and ${unshown} more are in the summary.`]
      : []),
  ].map(plain);
}

/** Keeps the comment, and adds what is wrong with it. */
async function withComment(
  { run, api }: { readonly run: ReviewRun; readonly api: NonNullable<Reviewed['api']> },
  inputs: ReviewInputs,
  { clock, cancelled, context }: CommentParts,
): Promise<ReviewRun> {
  const text = commentOf(run);
  const { headSha } = run;
  if (text === 'as it is' || headSha === undefined) return run;
  const kept = { marker: markerOf(inputs), headSha };
  try {
    await clock.withTimeout(COMMENT_MS, (overdue) =>
      keepComment(api, asker({ clock, cancelled, overdue, context }), kept, text),
    );
    return run;
  } catch (error) {
    const { kind, message } = reportedFailure(error);
    const problem = cancelled.aborted ? commentCancelled() : new ReviewProblem(message, kind, false);
    return { ...run, problems: [...run.problems, problem] };
  }
}

/** The text of the comment; undefined where nothing is left to say. A review that ended early says nothing of the last. */
function commentOf(run: ReviewRun): string | undefined | 'as it is' {
  const { review, problems } = run;
  if (review === undefined) return 'as it is';
  if (review.findings.length > 0) return pageOf(run, COMMENT_BYTES, 'The job summary has more.');
  return problems.some(({ isIncomplete }) => isIncomplete) ? 'as it is' : undefined;
}
