import { ApiFailure } from '../../github/checks-api.ts';
import { type Message, msg, trusted } from '../../message.ts';
import type { RunContext } from '../../run-context.ts';
import { spanText } from '../../time.ts';
import { ReviewProblem } from '../problems.ts';

/** The permissions of the job's token, and what each is for. */
export const PERMISSIONS = {
  'contents: read': 'Reads both versions of each changed file, and finds the commit that they have in common.',
  'pull-requests: read': 'Lists the changed files.',
  'pull-requests: write': 'Only with `comment: true`: keeps the comment. It includes `pull-requests: read`.',
} as const;

/** What a request needs. */
export interface Need {
  readonly permission: keyof typeof PERMISSIONS;
}

/** A request that failed. */
export class RequestProblem extends ReviewProblem {
  /** To try again can help. */
  readonly isTransient: boolean;
  /** How long to wait before that, in milliseconds. */
  readonly retryAfterMs: number;
  readonly status: number | undefined;

  constructor(
    parts: ConstructorParameters<typeof ReviewProblem>,
    { status, retryAfterMs }: { readonly status?: number; readonly retryAfterMs?: number } = {},
  ) {
    super(...parts);
    this.isTransient = retryAfterMs !== undefined;
    this.retryAfterMs = retryAfterMs ?? 0;
    this.status = status;
  }
}

/** What went wrong with a request. */
export function requestProblem(
  error: unknown,
  need: Need,
  context: Pick<RunContext, 'withoutSecrets'>,
): RequestProblem {
  const isComment = need.permission === 'pull-requests: write';
  const what = trusted(isComment ? 'The comment is not up to date' : 'The pull request could not be read');
  const problem = (
    text: Message,
    id: `review-${string}`,
    transient?: { readonly status?: number; readonly retryAfterMs?: number },
  ) => new RequestProblem([msg`${what}: ${text}`, id, !isComment], transient);
  if (!(error instanceof ApiFailure)) {
    const text = msg`GitHub's API did not answer in time, or not at all. Is \`GITHUB_API_URL\` reachable from this runner?`;
    return problem(text, 'review-unanswered', { retryAfterMs: 0 });
  }
  const { status, retryAfterMs } = error;
  if (status >= 500) {
    const text = msg`GitHub's API has a failure (${status}). See https://www.githubstatus.com.`;
    return problem(text, 'review-server-error', { status, retryAfterMs: retryAfterMs ?? 0 });
  }
  if (retryAfterMs !== undefined) {
    const text = msg`GitHub limits the requests of this token (${status}), for ${trusted(spanText(retryAfterMs))}. The limit is shared by all jobs of the repository.`;
    return problem(text, 'review-limited', { status, retryAfterMs });
  }
  return problem(...refusal(error, need, context), { status });
}

function refusal(
  { status, message }: ApiFailure,
  { permission }: Need,
  { withoutSecrets }: Pick<RunContext, 'withoutSecrets'>,
): readonly [Message, `review-${string}`] {
  const needed = trusted(`\`${permission}\``);
  const give = msg`Give the job \`permissions:\` with ${needed}.`;
  switch (status) {
    case 401:
      return [
        msg`GitHub does not accept \`github-token\` (401). A token of a job expires when the job ends.`,
        'review-token-refused',
      ];
    case 403:
      if (permission === 'pull-requests: write' && withoutSecrets !== undefined) {
        const whom = trusted(withoutSecrets === 'fork' ? 'pull requests of forks' : 'Dependabot');
        return [
          msg`the token lacks the permission ${needed} (403). GitHub gives ${whom} a token that only reads.`,
          'review-forbidden',
        ];
      }
      return [
        msg`the token lacks the permission ${needed} (403). ${give} GitHub answered: ${message}`,
        'review-forbidden',
      ];
    case 404:
      if (/no common ancestor/i.test(message)) {
        return [
          msg`GitHub finds no commit that the pull request and its base have in common (404). Rebase it onto its base, and push.`,
          'review-no-merge-base',
        ];
      }
      return [
        msg`GitHub finds no such pull request or commit for this token (404). Does the token lack ${needed}, or belong to another repository? ${give}`,
        'review-not-found',
      ];
    default:
      return [msg`GitHub refuses it (${status}). GitHub answered: ${message}`, 'review-refused'];
  }
}
