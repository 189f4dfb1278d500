import { PAGE } from '../../github/pages.ts';
import { answered, restOf } from '../../github/rest.ts';
import type { Comment, Content, PullRequestApi } from './api.ts';

/** Which pull request. */
export interface PullRequestPlace {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
}

/** A pull request in GitHub's API. The module is loaded only where one is reviewed: it has the HTTP client. */
export function pullRequestApi(token: string, { owner, repo, number }: PullRequestPlace): PullRequestApi {
  const { pulls, repos, git, issues } = restOf(token);
  const repository = { owner, repo };
  const pull = { ...repository, pull_number: number };
  return {
    pullRequest: (signal) =>
      answered(async () => {
        const { data } = await pulls.get({ ...pull, request: { signal } });
        return { headSha: data.head.sha, baseSha: data.base.sha, changedFiles: data.changed_files };
      }),
    mergeBase: (base, head, signal) =>
      answered(async () => {
        // Its list of files ends at 300, and is not read. One commit is enough.
        const basehead = `${base}...${head}`;
        const { data } = await repos.compareCommitsWithBasehead({
          ...repository,
          basehead,
          per_page: 1,
          request: { signal },
        });
        return data.merge_base_commit.sha;
      }),
    files: (page, signal) =>
      answered(async () => {
        const { data } = await pulls.listFiles({ ...pull, per_page: PAGE, page, request: { signal } });
        return data.map(({ filename, previous_filename, status, sha }) => ({
          ...{ path: filename, previousPath: previous_filename, status, sha },
        }));
      }),
    content: (path, ref, signal) =>
      answered(async () => {
        const { data } = await repos.getContent({ ...repository, path, ref, request: { signal } });
        return contentOf(data);
      }),
    blob: (file_sha, signal) =>
      answered(async () => {
        const { data } = await git.getBlob({ ...repository, file_sha, request: { signal } });
        return Buffer.from(data.content, data.encoding === 'base64' ? 'base64' : 'utf8');
      }),
    ...commentsOf(issues, { ...repository, issue_number: number }),
  };
}

type Rest = ReturnType<typeof restOf>;
type CommentCalls = 'comments' | 'createComment' | 'updateComment' | 'deleteComment';

/** The comments of a pull request are those of an issue with its number. */
function commentsOf(
  issues: Rest['issues'],
  { issue_number, ...repository }: { readonly owner: string; readonly repo: string; readonly issue_number: number },
): Pick<PullRequestApi, CommentCalls> {
  return {
    comments: (page, signal) =>
      answered(async () => {
        const place = { ...repository, issue_number };
        const { data } = await issues.listComments({ ...place, per_page: PAGE, page, request: { signal } });
        return data.map(commentOf);
      }),
    createComment: (body, signal) =>
      answered(async () => {
        const { data } = await issues.createComment({ ...repository, issue_number, body, request: { signal } });
        return commentOf(data);
      }),
    updateComment: (comment_id, body, signal) =>
      answered(async () => {
        await issues.updateComment({ ...repository, comment_id, body, request: { signal } });
      }),
    deleteComment: (comment_id, signal) =>
      answered(async () => {
        await issues.deleteComment({ ...repository, comment_id, request: { signal } });
      }),
  };
}

type CommentAnswer = Awaited<ReturnType<Rest['issues']['createComment']>>['data'];

function commentOf({ id, body, user }: Pick<CommentAnswer, 'id' | 'body' | 'user'>): Comment {
  return {
    id,
    body: body ?? '',
    author: user === null ? undefined : { login: user.login, isBot: user.type === 'Bot' },
  };
}

type ContentAnswer = Awaited<ReturnType<Rest['repos']['getContent']>>['data'];

function contentOf(data: ContentAnswer): Content {
  if (Array.isArray(data)) return { kind: 'folder' };
  if (data.type === 'symlink' || data.type === 'submodule') return { kind: data.type };
  // Octokit takes an answer that was cut off for a text.
  if (data.type !== 'file') throw new Error('no answer');
  const { sha, size } = data;
  const isWhole = 'encoding' in data && data.encoding === 'base64';
  return { kind: 'file', sha, size, bytes: isWhole ? Buffer.from(data.content, 'base64') : undefined };
}
