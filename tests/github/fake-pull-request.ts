import { ApiFailure } from '../../src/github/checks-api.ts';
import type { Comment, PullRequestApi } from '../../src/review/pull-request/api.ts';
import { type PlayedPullRequest, playedApi } from '../support/pull-request.ts';
import type { Operation, OperationName } from './description.ts';
import type { Refusal } from './fake-github.ts';

/* A pull request behind GitHub's API: what its requests need, its limits, and its answers. */

/** The number of the pull request. */
export const NUMBER = 7;

type Values = Readonly<Record<string, string | undefined>>;

/** What each operation needs (GitHub Docs, "Permissions required for fine-grained personal access tokens"). */
const NEEDED: Readonly<Partial<Record<OperationName, readonly string[]>>> = {
  pull: ['pull-requests: read', 'pull-requests: write'],
  files: ['pull-requests: read', 'pull-requests: write'],
  comments: ['pull-requests: read', 'pull-requests: write'],
  compare: ['contents: read'],
  content: ['contents: read'],
  blob: ['contents: read'],
  comment: ['pull-requests: write'],
  edit: ['pull-requests: write'],
  remove: ['pull-requests: write'],
};

/** Returns why an operation on a pull request is refused; undefined where it is not. */
export function refusalOfPull(
  operation: OperationName,
  path: Values,
  body: Readonly<Record<string, unknown>> | undefined,
  permissions: readonly string[],
): Refusal | undefined {
  // GitHub Docs, "Troubleshooting the REST API": the words for a token without the permission.
  const needed = NEEDED[operation] ?? [];
  if (!needed.some((permission) => permissions.includes(permission))) {
    return { status: 403, message: 'Resource not accessible by integration' };
  }
  // GitHub Docs, "Using pagination in the REST API": the most is 100 a page.
  if (Number(path['per_page'] ?? 30) > 100) return { status: 422, message: 'per_page is too large' };
  const number = path['pull_number'] ?? path['issue_number'];
  if (number !== undefined && Number(number) !== NUMBER) return { status: 404, message: 'Not Found' };
  // danger/danger issue 424, vebr/jest-lcov-reporter issue 14: the limit, and its words.
  if (String(body?.['body'] ?? '').length > 65_536) {
    return { status: 422, message: 'Validation Failed: Body is too long (maximum is 65536 characters)' };
  }
  return undefined;
}

const asAny = (example: unknown): Readonly<Record<string, unknown>> =>
  typeof example === 'object' && example !== null ? { ...example } : {};

const never = new AbortController().signal;

/** Obeys a request about a pull request. Its answer is GitHub's example, with what matters in its place. */
export async function doneWithPull(
  played: PlayedPullRequest,
  { name, example }: Operation,
  path: Values,
  body: Readonly<Record<string, unknown>> | undefined,
): Promise<unknown> {
  const api = playedApi(played);
  const one = asAny(Array.isArray(example) ? example[0] : example);
  const page = Number(path['page'] ?? 1);
  switch (name) {
    case 'pull': {
      const { headSha, baseSha, changedFiles } = await api.pullRequest(never);
      const [head, base] = [asAny(one['head']), asAny(one['base'])];
      return {
        ...one,
        ...{ number: NUMBER, changed_files: changedFiles, requested_teams: [] },
        ...{ head: { ...head, sha: headSha }, base: { ...base, sha: baseSha } },
      };
    }
    case 'compare': {
      const [base = '', head = ''] = (path['basehead'] ?? '').split('...');
      if (!played.trees.has(base) || !played.trees.has(head)) throw new ApiFailure(404, 'Not Found', undefined);
      const sha = await api.mergeBase(base, head, never);
      return { ...one, merge_base_commit: { ...asAny(one['merge_base_commit']), sha } };
    }
    case 'files':
      return (await api.files(page, never)).map(({ path: filename, previousPath, status, sha }) => ({
        ...one,
        ...{ filename, status, sha },
        ...(previousPath === undefined ? {} : { previous_filename: previousPath }),
      }));
    case 'content':
      return contentAnswer(await api.content(path['path'] ?? '', path['ref'] ?? '', never), one, path['path'] ?? '');
    case 'blob': {
      const bytes = Buffer.from(await api.blob(path['file_sha'] ?? '', never));
      return { ...one, sha: path['file_sha'], size: bytes.length, encoding: 'base64', content: lines(bytes) };
    }
    case 'comments':
      return (await api.comments(page, never)).map((comment) => commentAnswer(comment, one));
    case 'comment':
      return commentAnswer(await api.createComment(String(body?.['body']), never), one);
    case 'edit': {
      const id = Number(path['comment_id']);
      await api.updateComment(id, String(body?.['body']), never);
      return commentAnswer({ id, body: String(body?.['body']), author: undefined }, one);
    }
    case 'remove':
      return api.deleteComment(Number(path['comment_id']), never);
    default:
      throw new Error(`This is not about a pull request: ${name}`);
  }
}

type Content = Awaited<ReturnType<PullRequestApi['content']>>;

function contentAnswer(content: Content, one: Readonly<Record<string, unknown>>, path: string): unknown {
  const place = { path, name: path.split('/').at(-1) };
  if (content.kind === 'folder')
    return [{ ...one, ...place, type: 'dir', size: 0, content: undefined, encoding: undefined }];
  if (content.kind === 'submodule')
    return { ...one, ...place, type: 'submodule', submodule_git_url: 'git://x', size: 0 };
  if (content.kind !== 'file') return { ...one, ...place, type: 'symlink', target: '../b', size: 4 };
  const { sha, size, bytes } = content;
  // GitHub Docs, "Get repository content": above a megabyte the content is empty, and the encoding `none`.
  const body = bytes === undefined ? { content: '', encoding: 'none' } : { content: lines(bytes), encoding: 'base64' };
  return { ...one, ...place, type: 'file', sha, size, ...body };
}

/** Base64 as GitHub writes it: in lines of 60 characters. */
function lines(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/.{60}/g, '$&\n');
}

function commentAnswer({ id, body, author }: Comment, one: Readonly<Record<string, unknown>>): unknown {
  const user = author && { ...asAny(one['user']), login: author.login, type: author.isBot ? 'Bot' : 'User' };
  return { ...one, id, body, user: user ?? null };
}
