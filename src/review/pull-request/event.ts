import { z } from 'zod';
import { type RunContext, readEvent } from '../../run-context.ts';
import { notAPullRequest, privilegedEvent, type ReviewProblem } from '../problems.ts';
import type { PullRequestPlace } from './octokit.ts';

const pullRequestEvent = z.object({
  pull_request: z.object({ number: z.int().positive(), head: z.object({ sha: z.hex() }) }),
});

/** What the event says of the pull request. */
export type Subject =
  | {
      readonly kind: 'pull-request';
      readonly place: PullRequestPlace;
      readonly headSha: string;
      /** What to say of the event. */
      readonly problems: readonly ReviewProblem[];
    }
  /** A merge queue tests pull requests that were reviewed. */
  | { readonly kind: 'merge-queue' }
  | { readonly kind: 'none'; readonly problem: ReviewProblem };

/** Returns which pull request the workflow run is about. */
export function subjectOf({ environment }: Pick<RunContext, 'environment'>): Subject {
  const name = environment['GITHUB_EVENT_NAME'] ?? '';
  if (name === 'merge_group') return { kind: 'merge-queue' };
  const event = pullRequestEvent.safeParse(readEvent(environment['GITHUB_EVENT_PATH']));
  const [, owner, repo] = /^([^/\s]+)\/([^/\s]+)$/.exec(environment['GITHUB_REPOSITORY'] ?? '') ?? [];
  const isPrivileged = name === 'pull_request_target';
  if ((name !== 'pull_request' && !isPrivileged) || !event.success || owner === undefined || repo === undefined) {
    return { kind: 'none', problem: notAPullRequest(name) };
  }
  const { number, head } = event.data.pull_request;
  const problems = isPrivileged ? [privilegedEvent()] : [];
  return { kind: 'pull-request', place: { owner, repo, number }, headSha: head.sha, problems };
}
