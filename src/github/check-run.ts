import type { Poll } from '../hold/hold.ts';
import type { ParsedInputs } from '../inputs.ts';
import { type Message, msg, trusted } from '../message.ts';
import { diagnosesOf } from '../report/diagnosis.ts';
import { countsOf, courseOf } from '../report/fingerprint.ts';
import { runReportOf } from '../report/model.ts';
import type { RunReport } from '../report/schema.ts';
import type { Watcher } from '../run.ts';
import type { RunContext } from '../run-context.ts';
import { systemClock } from '../time.ts';
import { type Check, finalCheck, liveCheck } from './check.ts';
import { type CheckProblem, withoutCommit, withoutToken } from './check-problems.ts';
import type { ChecksApi } from './checks-api.ts';
import { type CheckPublisher, checkPublisher } from './publisher.ts';
import { checkSubjectOf, workflowRunOf } from './subject.ts';

/** The check run of a run. */
export interface CheckRun extends Watcher {
  /** Publishes the answer, within three seconds. Returns what could not be done. */
  finish(report: RunReport): Promise<readonly Message[]>;
}

export interface CheckRunParts {
  readonly token: string;
  readonly context: RunContext;
  readonly page: string;
  /** Writes a line of the log. */
  readonly note: (text: Message) => void;
  /** Removes the secrets that are known by then. */
  readonly withoutSecrets: (text: Message) => Message;
  readonly load: (repository: { readonly owner: string; readonly repo: string }) => Promise<ChecksApi>;
}

/** Returns the check run that the inputs ask for; undefined where they ask for none. */
export function checkRunOf(inputs: ParsedInputs, parts: CheckRunParts): CheckRun | undefined {
  const { token, context, note, withoutSecrets } = parts;
  if (inputs.check === undefined) return undefined;
  const { name } = inputs.check;
  const where = checkSubjectOf(inputs, context);
  if (token === '') return refusedRun(withoutToken(name));
  if (where === undefined) return refusedRun(withoutCommit(name));
  const publisher = checkPublisher(where.subject, {
    load: () => parts.load(where.repository),
    clock: systemClock,
    today: Date.now,
    context,
    warn: (problem) => note(msg`Note: ${withoutSecrets(problem)}`),
  });
  return {
    ...watcherOf(inputs, publisher, parts),
    finish: async (report) => {
      const problems = await publisher.finish(finalCheck(report, workflowRunOf(context)));
      return problems.map(({ explanation }) => withoutSecrets(explanation));
    },
  };
}

function refusedRun({ explanation }: CheckProblem): CheckRun {
  return {
    onPoll: () => {},
    onFailedPoll: () => {},
    finish: async () => [explanation],
  };
}

/** Offers what each poll saw to the publisher. */
export function watcherOf(
  { gate, database }: Pick<ParsedInputs, 'gate' | 'database'>,
  publisher: Pick<CheckPublisher, 'offer'>,
  { context, page }: Pick<CheckRunParts, 'context' | 'page'>,
): Watcher {
  let first: Poll | undefined;
  let polls = 0;
  let failedPolls = 0;
  const link = workflowRunOf(context);
  const liveOf = (last: Poll): Check =>
    liveCheck(
      liveReport(
        runReportOf({
          ...{ verdict: 'in-flight', failure: undefined, config: gate, schema: database.schema, page },
          ...{ first, last, waitedMs: last.time.ended, polls, failedPolls },
        }),
      ),
      link,
    );
  return {
    onPoll: (poll) => {
      first ??= poll;
      polls += 1;
      // The answer itself follows at once.
      if (poll.decides) return;
      const course = () => [diagnosesOf(poll, gate).worst?.kind, ...courseOf(poll), ...countsOf(poll)];
      publisher.offer(course, () => liveOf(poll));
    },
    onFailedPoll: ({ outage }) => {
      failedPolls += 1;
      if (polls === 0)
        publisher.offer(
          () => ['unread'],
          () => unread(outage.failure),
        );
    },
  };

  function unread(failure: Message): Check {
    const failed = runReportOf({
      ...{ verdict: 'error', failure: { kind: 'unexpected', message: failure }, config: gate, schema: database.schema },
      ...{ first: undefined, last: undefined, waitedMs: 0, polls, failedPolls, page },
    });
    const headline = trusted('No answer yet: the database could not be read so far. The gate tries again.');
    return liveCheck({ ...failed, headline }, link);
  }
}

/** While nothing is to be retired, nothing blocks. */
function liveReport(report: RunReport): RunReport {
  const isEmpty = report.versions.length === 0 && report.blockers.length === 0;
  return isEmpty ? { ...report, headline: trusted('Nothing to retire so far. The gate looks again.') } : report;
}
