import { ReportableError } from '../errors.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';
import type { RunContext } from '../run-context.ts';
import { spanText } from '../time.ts';

/** What is not as it should be with a review. Its id is a heading in `docs/troubleshooting.md`. */
export class ReviewProblem extends ReportableError {
  override readonly name = 'ReviewProblem';
  /** Something was not reviewed: with `fail-on: error` the step fails. */
  readonly isIncomplete: boolean;

  constructor(explanation: Message, id: string, isIncomplete = true) {
    super(explanation, { id });
    this.isIncomplete = isIncomplete;
  }
}

const WRITE = trusted('Run `mode: inventory` on the default branch, and restore its file here.');

export function noInventory(given: string | undefined, { withoutSecrets }: Pick<RunContext, 'withoutSecrets'>) {
  if (given !== undefined) {
    return new ReviewProblem(
      msg`There is no inventory at ${given}. The first run has none. ${WRITE}`,
      'review-no-inventory',
    );
  }
  const secret =
    withoutSecrets === undefined
      ? msg``
      : msg` GitHub passes no secrets to ${trusted(withoutSecrets === 'fork' ? 'pull requests of forks' : 'Dependabot')}, so \`database-url\` can be empty here.`;
  return new ReviewProblem(
    msg`There is no inventory: \`inventory\` is empty, and so is \`database-url\`. ${WRITE}${secret}`,
    'review-no-inventory',
  );
}

/** The file that was given cannot be opened. */
export function unreadableInventory(path: string, code: string): ReviewProblem {
  return new ReviewProblem(
    msg`The inventory at ${path} cannot be opened (${trusted(code)}). Is it a file that this job can read?`,
    'review-inventory-unreadable',
  );
}

/** Neither a file nor a database gave an inventory. */
export function unreadInventory({ explanation, id }: ReportableError): ReviewProblem {
  return new ReviewProblem(explanation, id);
}

export function oldInventory(ageMs: number): ReviewProblem {
  return new ReviewProblem(
    msg`The inventory is ${trusted(spanText(ageMs))} old. What has started since is not in it. Does the workflow with \`mode: inventory\` still run?`,
    'review-inventory-old',
    false,
  );
}

export function notAPullRequest(event: string): ReviewProblem {
  return new ReviewProblem(
    msg`Nothing was reviewed: the event is ${event}, not \`pull_request\`. Let the workflow run on \`pull_request\`.`,
    'review-not-a-pull-request',
  );
}

export function privilegedEvent(): ReviewProblem {
  return new ReviewProblem(
    msg`This job runs on \`pull_request_target\`, with the secrets and the token of the base branch. The review runs no code of the pull request. Check that no other step does, or use \`pull_request\`.`,
    'review-privileged-event',
    false,
  );
}

export function noToken(): ReviewProblem {
  return new ReviewProblem(
    msg`No token is given: \`github-token\` is empty. Leave the input out: its default is the job's token.`,
    'review-no-token',
  );
}

export function movedOn(): ReviewProblem {
  return new ReviewProblem(
    msg`The pull request has newer commits than this run. The run of the newest commit reviews them.`,
    'review-moved-on',
  );
}

/** The base has the head: nothing is left to compare. */
export function alreadyMerged(): ReviewProblem {
  return new ReviewProblem(
    msg`Nothing was reviewed: the base branch has this commit already. Is the pull request merged?`,
    'review-already-merged',
  );
}

export function reviewCancelled(): ReviewProblem {
  return new ReviewProblem(msg`The job was cancelled before the pull request was reviewed.`, 'review-cancelled');
}

/** `mode: inventory` ended before its file was written. */
export function inventoryCancelled(): ReviewProblem {
  return new ReviewProblem(
    msg`The job was cancelled before the inventory was written. Run it again, or let the next scheduled run write one.`,
    'inventory-cancelled',
  );
}

/** Files beyond a limit. */
export function filesLeftOut(count: number, limit: Message): ReviewProblem {
  return new ReviewProblem(
    msg`Changed files were not reviewed: ${count}. ${limit} Name fewer files in \`paths\`, or split the pull request.`,
    'review-files-left-out',
  );
}

/** Files that each have a reason. */
export function filesUnread(files: readonly { readonly path: string; readonly why: Message }[]): ReviewProblem {
  const SHOWN = 5;
  const shown = files
    .slice(0, SHOWN)
    .flatMap(({ path, why }, at) => msg`${trusted(at === 0 ? '' : ', ')}${path} (${why})`);
  const rest = files.length > SHOWN ? msg` and ${files.length - SHOWN} more` : msg``;
  return new ReviewProblem(
    msg`Changed files could not be read: ${shown}${rest}. Exclude files without workflows in \`paths\`.`,
    'review-files-unread',
  );
}

/** Workflows in flight of which only one version of a file was read: the other has errors, or is cut. */
export function workflowsMissed(names: readonly string[]): ReviewProblem {
  return new ReviewProblem(
    msg`Workflows in flight are in one version of a file only, and the other was not read whole: ${namesOf(names)}. Check whether they are deleted, renamed or changed: work in flight can break.`,
    'review-workflows-missed',
  );
}

/** `paths` or `application` names applications that the inventory does not have. */
export function unknownApplications(names: readonly string[], known: readonly string[]): ReviewProblem {
  const knows = known.length === 0 ? trusted('It names none') : msg`It has ${namesOf(known)}`;
  return new ReviewProblem(
    msg`The inventory has nothing of ${namesOf(names)}, so changes there were not reviewed. ${knows}. Is the name in \`paths\` or \`application\` right? If it has not run yet, leave its name out.`,
    'review-application-unknown',
  );
}

/** The inventory was written for one application, and nothing says that the files belong to it. */
export function inventoryOfOne(application: string): ReviewProblem {
  return new ReviewProblem(
    msg`The inventory is of ${application} only, and changed files can belong to another application. Set the same \`application\` here, name it in \`paths\`, or write an inventory of all.`,
    'review-inventory-of-one',
  );
}

/** The comment of somebody else's token. */
export function foreignComment(login: string): ReviewProblem {
  return new ReviewProblem(
    msg`The comment was not kept: \`github-token\` writes as ${login}, so that a later run would not find its own comment. Pass the job's token, \`github.token\`.`,
    'review-comment-of-another',
    false,
  );
}

/** A newer commit has a run of its own, which keeps the comment. */
export function commentLeft(): ReviewProblem {
  return new ReviewProblem(
    msg`The comment was left to a newer run: the pull request has newer commits than this run.`,
    'review-comment-left',
    false,
  );
}

/** The review ended, and the job did before its comment was kept. */
export function commentCancelled(): ReviewProblem {
  return new ReviewProblem(
    msg`The comment is not up to date: the job was cancelled before it was kept.`,
    'review-comment-cancelled',
    false,
  );
}
