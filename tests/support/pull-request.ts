import { createHash } from 'node:crypto';
import { ApiFailure } from '../../src/github/checks-api.ts';
import { PAGE } from '../../src/github/pages.ts';
import type { Comment, ListedFile, PullRequestApi } from '../../src/review/pull-request/api.ts';

/* A pull request as GitHub keeps it: commits, the files that it changes, and its comments. */

export const BASE = 'b'.repeat(40);
export const MERGE_BASE = 'c'.repeat(40);
export const HEAD = 'a'.repeat(40);

/** What stands at a path: a text, bytes, or something that is no file. */
export type Entry =
  | string
  | Buffer
  | { readonly kind: 'symlink'; readonly to: string }
  | { readonly kind: 'submodule' };
export type Tree = Readonly<Record<string, Entry>>;

/** GitHub answers with the content of a file up to this size (*Get repository content*). */
const LARGEST_CONTENT = 1024 * 1024;

export interface PlayedPullRequest {
  headSha: string;
  readonly trees: Map<string, Tree>;
  readonly files: readonly ListedFile[];
  readonly comments: Comment[];
  /** Who writes comments. */
  login: string;
  /** What the requests were, in their order: `content src/a.ts aaaa`. */
  readonly asked: string[];
}

export interface Changes {
  readonly before?: Tree;
  readonly after?: Tree;
  /** New paths to old ones. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** What the base branch has, where it went on. */
  readonly base?: Tree;
}

/** A pull request that makes one tree of another. */
export function pullRequest({ before = {}, after = {}, renamed = {}, base = before }: Changes): PlayedPullRequest {
  const olds = new Set(Object.values(renamed));
  const files = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .toSorted()
    .flatMap((path): ListedFile[] => {
      const [old, now] = [before[path], after[path]];
      const sha = shaOf(now ?? old ?? '');
      const previousPath = renamed[path];
      if (previousPath !== undefined) return [{ path, previousPath, status: 'renamed', sha }];
      if (olds.has(path) || (old !== undefined && old === now)) return [];
      const status = old === undefined ? 'added' : now === undefined ? 'removed' : 'modified';
      return [{ path, previousPath: undefined, status, sha }];
    });
  return {
    headSha: HEAD,
    trees: new Map([
      [MERGE_BASE, before],
      [HEAD, after],
      [BASE, base],
    ]),
    files,
    comments: [],
    login: 'github-actions[bot]',
    asked: [],
  };
}

/** The SHA of a blob, as Git has it. */
export function shaOf(entry: Entry): string {
  const bytes = bytesOf(entry);
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

export function bytesOf(entry: Entry): Buffer {
  if (typeof entry === 'string') return Buffer.from(entry);
  if (Buffer.isBuffer(entry)) return entry;
  return Buffer.from(entry.kind === 'symlink' ? entry.to : '');
}

/** GitHub's API for it, without HTTP. */
export function playedApi(played: PlayedPullRequest): PullRequestApi {
  const ask = (...what: readonly (string | number)[]) => void played.asked.push(what.join(' '));
  return {
    async pullRequest() {
      ask('pull');
      return { headSha: played.headSha, baseSha: BASE, changedFiles: played.files.length };
    },
    async mergeBase(base, head) {
      ask('compare', base, head);
      return MERGE_BASE;
    },
    async files(page) {
      ask('files', page);
      return played.files.slice(0, 3000).slice((page - 1) * PAGE, page * PAGE);
    },
    async content(path, commit) {
      ask('content', path, commit);
      const tree = played.trees.get(commit);
      const entry = tree?.[path];
      if (entry === undefined) {
        const isFolder = Object.keys(tree ?? {}).some((each) => each.startsWith(`${path}/`));
        if (isFolder) return { kind: 'folder' };
        throw new ApiFailure(404, 'Not Found', undefined);
      }
      const isLink = typeof entry !== 'string' && !Buffer.isBuffer(entry);
      if (isLink && entry.kind === 'submodule') return { kind: 'submodule' };
      // GitHub answers with the file that a symlink leads to, where it is one (*Get repository content*), and with the
      // name of the link's own blob (hub4j/github-api, the recorded answers of `testGetFileContentWithSymlink`).
      const target = isLink ? tree?.[entry.kind === 'symlink' ? entry.to : ''] : entry;
      if (target === undefined) return { kind: 'symlink' };
      const bytes = bytesOf(target);
      return {
        kind: 'file',
        sha: shaOf(entry),
        size: bytes.length,
        bytes: bytes.length > LARGEST_CONTENT ? undefined : bytes,
      };
    },
    async blob(sha) {
      ask('blob', sha);
      const entries = [...played.trees.values()].flatMap((tree) => Object.values(tree));
      const found = entries.find((entry) => shaOf(entry) === sha);
      if (found === undefined) throw new ApiFailure(404, 'Not Found', undefined);
      return bytesOf(found);
    },
    async comments(page) {
      ask('comments', page);
      return played.comments.slice((page - 1) * PAGE, page * PAGE);
    },
    async createComment(body) {
      ask('create');
      const author = { login: played.login, isBot: played.login.endsWith('[bot]') };
      const comment = { id: 100 + played.comments.length, body, author };
      played.comments.push(comment);
      return comment;
    },
    async updateComment(id, body) {
      ask('update', id);
      const at = played.comments.findIndex((comment) => comment.id === id);
      const comment = played.comments[at];
      if (comment === undefined) throw new ApiFailure(404, 'Not Found', undefined);
      played.comments[at] = { ...comment, body };
    },
    async deleteComment(id) {
      ask('delete', id);
      played.comments.splice(
        played.comments.findIndex((comment) => comment.id === id),
        1,
      );
    },
  };
}
