/** A pull request as GitHub has it now. */
export interface PullRequest {
  readonly headSha: string;
  readonly baseSha: string;
  /** How many files it changes. */
  readonly changedFiles: number;
}

/** A file that a pull request changes. */
export interface ListedFile {
  readonly path: string;
  /** The path before, where it was renamed or copied. */
  readonly previousPath: string | undefined;
  readonly status: 'added' | 'removed' | 'modified' | 'renamed' | 'copied' | 'changed' | 'unchanged';
  /** The SHA of its blob; null where there is none. */
  readonly sha: string | null;
}

/** What stands at a path of a commit. */
export type Content =
  | { readonly kind: 'file'; readonly sha: string; readonly size: number; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'symlink' | 'submodule' | 'folder' };

export interface Comment {
  readonly id: number;
  readonly body: string;
  /** The login of who wrote it, and whether that is a bot. Undefined where the account is gone. */
  readonly author: { readonly login: string; readonly isBot: boolean } | undefined;
}

/** GitHub's API, as far as a review uses it. Each call throws `ApiFailure` where GitHub refuses. */
export interface PullRequestApi {
  pullRequest(signal: AbortSignal): Promise<PullRequest>;
  /** The commit that both have in common. */
  mergeBase(base: string, head: string, signal: AbortSignal): Promise<string>;
  /** A page of the changed files, from 1; `PAGE` of them, but on the last. */
  files(page: number, signal: AbortSignal): Promise<readonly ListedFile[]>;
  /** GitHub leaves the bytes out of an answer above a megabyte. */
  content(path: string, commit: string, signal: AbortSignal): Promise<Content>;
  blob(sha: string, signal: AbortSignal): Promise<Uint8Array>;
  /** A page of the comments, from 1, the oldest first; `PAGE` of them, but on the last. */
  comments(page: number, signal: AbortSignal): Promise<readonly Comment[]>;
  createComment(body: string, signal: AbortSignal): Promise<Comment>;
  updateComment(id: number, body: string, signal: AbortSignal): Promise<void>;
  deleteComment(id: number, signal: AbortSignal): Promise<void>;
}
