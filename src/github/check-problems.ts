import { ReportableError } from '../errors.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';
import type { RunContext } from '../run-context.ts';
import { spanText } from '../time.ts';
import { ApiFailure, type CheckSubject } from './checks-api.ts';

/** Why a check run was not published. Its id is a heading in `docs/troubleshooting.md`. */
export class CheckProblem extends ReportableError {
  override readonly name = 'CheckProblem';
  /** To try again can help. */
  readonly isTransient: boolean;
  /** How long to wait before that, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(explanation: Message, id: `check-${string}`, transient?: { readonly retryAfterMs: number }) {
    super(explanation, { id });
    this.isTransient = transient !== undefined;
    this.retryAfterMs = transient?.retryAfterMs ?? 0;
  }
}

const PERMISSION = trusted(
  'Give the job `permissions:` with `checks: write`, and pass `github-token: $' + '{{ github.token }}`.',
);

export function withoutToken(name: string): CheckProblem {
  return new CheckProblem(
    msg`The check run ${name} was not published: \`github-token\` is empty. ${PERMISSION}`,
    'check-no-token',
  );
}

/** The workflow run does not say which repository or commit it is about. */
export function withoutCommit(name: string): CheckProblem {
  return new CheckProblem(
    msg`The check run ${name} was not published: GITHUB_REPOSITORY names no repository, or GITHUB_SHA no commit. The runner sets both. Name the commit in \`check-sha\`.`,
    'check-no-commit',
  );
}

export function takenByOthers({ name, sha }: CheckSubject): CheckProblem {
  return new CheckProblem(
    msg`The check run ${name} was not published: ${shortSha(sha)} already has one of that name, from another app or a job. It is left alone. Choose another name in \`check-run\`, one that no job has.`,
    'check-of-another-app',
  );
}

export function takenByOtherTargets({ name, sha }: CheckSubject): CheckProblem {
  return new CheckProblem(
    msg`The check run ${name} was not published: the one on ${shortSha(sha)} is about other versions, another application or another database. It is left alone. Give each gate a \`check-run\` of its own.`,
    'check-of-other-targets',
  );
}

/** What went wrong with a request. */
export function problemOf(error: unknown, subject: CheckSubject, context: Pick<RunContext, 'withoutSecrets'>) {
  if (error instanceof CheckProblem) return error;
  if (error instanceof ApiFailure) return refusal(error, subject, context);
  return new CheckProblem(
    msg`${notPublished(subject)}: GitHub's API did not answer in time, or not at all. Is \`GITHUB_API_URL\` reachable from this runner?`,
    'check-unanswered',
    { retryAfterMs: 0 },
  );
}

function refusal(
  { status, message, retryAfterMs }: ApiFailure,
  subject: CheckSubject,
  { withoutSecrets }: Pick<RunContext, 'withoutSecrets'>,
): CheckProblem {
  const what = notPublished(subject);
  if (status >= 500) {
    return new CheckProblem(
      msg`${what}: GitHub's API has a failure (${status}). See https://www.githubstatus.com.`,
      'check-server-error',
      { retryAfterMs: retryAfterMs ?? 0 },
    );
  }
  if (retryAfterMs !== undefined) {
    return new CheckProblem(
      msg`${what}: GitHub limits the requests of this token (${status}), for ${trusted(spanText(retryAfterMs))}. The limit is shared by all jobs that use the token's app.`,
      'check-limited',
      { retryAfterMs },
    );
  }
  const said = msg`GitHub answered: ${message}`;
  switch (status) {
    case 401:
      return new CheckProblem(
        msg`${what}: GitHub does not accept \`github-token\` (401). A job's token expires when the job ends, and after 24 hours. ${PERMISSION}`,
        'check-token-refused',
      );
    case 403:
      // Its words are all that tells this from a missing permission (OP5dev/TF-via-PR issue 538).
      if (/modified by the GitHub App that created it/i.test(message)) return takenByOthers(subject);
      return new CheckProblem(
        msg`${what}: the token lacks the permission \`checks: write\` (403). ${remedyOf(withoutSecrets)} ${said}`,
        'check-forbidden',
      );
    case 404:
      return new CheckProblem(
        msg`${what}: GitHub finds no such repository for this token (404). Does the token belong to another repository, or lack \`checks: write\`?`,
        'check-not-found',
      );
    case 422:
      return new CheckProblem(
        msg`${what}: GitHub refuses it (422). Most often ${shortSha(subject.sha)} is no commit of this repository, or a force push has removed it. Is \`check-sha\` right? ${said}`,
        'check-refused',
      );
    default:
      return new CheckProblem(msg`${what}: GitHub refuses it (${status}). ${said}`, 'check-refused');
  }
}

/** Where Dependabot starts a run, the token only reads by default; where a fork does, always. */
function remedyOf(withoutSecrets: RunContext['withoutSecrets']): Message {
  switch (withoutSecrets) {
    case 'fork':
      return trusted('GitHub gives pull requests of forks a token that only reads.');
    case 'dependabot':
      return msg`GitHub gives Dependabot a token that only reads by default. ${PERMISSION}`;
    default:
      return msg`${PERMISSION} Personal access tokens cannot write check runs.`;
  }
}

function notPublished({ name, sha }: CheckSubject): Message {
  return msg`The check run ${name} on ${shortSha(sha)} is not up to date`;
}

function shortSha(sha: string): Message {
  return namesOf([sha.slice(0, 7)]);
}
