import { createHash } from 'node:crypto';
import { type Message, trusted } from '../../message.ts';
import type { ChangedFile } from '../judge/changed-file.ts';
import { filesUnread, type ReviewProblem } from '../problems.ts';
import { readSource } from '../source/index.ts';
import type { PullRequestApi } from './api.ts';
import type { FileToRead, Listing } from './listing.ts';
import { RequestProblem } from './problems.ts';
import type { Ask } from './requests.ts';

/** A larger file was written by a program. In bytes. */
export const FILE_BYTES = 2 * 1024 * 1024;
/** All versions of all files. In bytes. */
export const ALL_BYTES = 16 * 1024 * 1024;
/** All files that come before one that is still parsed. In milliseconds. */
export const PARSING_MS = 60_000;
/** Requests at a time. GitHub takes 100. */
const AT_A_TIME = 6;

export interface ReadFiles {
  readonly files: readonly ChangedFile[];
  /** How many files of the listing that are. */
  readonly count: number;
  readonly problems: readonly ReviewProblem[];
}

/** Why a file was not read. */
interface Unread {
  readonly why: Message;
}

/** A text, or why there is none. */
type Version = { readonly text: string } | Unread;

/**
 * Reads both versions of each file: the old one at the merge base, so that what the base branch has changed meanwhile is
 * not taken for a change of the pull request.
 *
 * @param now A monotonic clock, in milliseconds.
 * @throws ReviewProblem where GitHub refuses
 */
export async function readVersions(
  api: PullRequestApi,
  ask: Ask,
  { mergeBase, files }: Pick<Listing, 'mergeBase' | 'files'>,
  headSha: string,
  now: () => number,
): Promise<ReadFiles> {
  const sources = sourceReader(now);
  let left = ALL_BYTES;
  const reserve = (bytes: number): boolean => {
    left -= bytes;
    return left >= 0;
  };
  const read = (path: string | undefined, commit: string, sha: string | null): Promise<Version | undefined> =>
    path === undefined ? Promise.resolve(undefined) : versionOf(api, ask, { path, commit, sha }, reserve);
  const results = await inParallel(files, async (file) => {
    const before = await read(file.oldPath, mergeBase, null);
    const after = await read(file.newPath, headSha, file.sha);
    const whys = [before, after].flatMap((version) => (version !== undefined && 'why' in version ? [version.why] : []));
    const source = whys[0] === undefined ? sources(file, textOf(before), textOf(after)) : { why: whys[0] };
    return { file, source };
  });
  const changed = results.flatMap(({ file, source }) => ('why' in source ? [] : [{ file, source }]));
  const unread = results.flatMap(({ file, source }) =>
    'why' in source ? [{ path: pathOf(file), why: source.why }] : [],
  );
  const cut = changed.flatMap(({ source: { path, before, after } }) =>
    before?.isCut || after?.isCut ? [{ path, why: trusted('only a part: it is too long or too deep to parse') }] : [],
  );
  const incomplete = [...unread, ...cut];
  return {
    files: changed.map(({ source }) => source),
    count: new Set(changed.map(({ file }) => file.listedAs)).size,
    problems: incomplete.length > 0 ? [filesUnread(incomplete)] : [],
  };
}

const textOf = (version: Version | undefined) =>
  version !== undefined && 'text' in version ? version.text : undefined;

/** Its path now; that of the old version where it is gone. */
const pathOf = ({ newPath, oldPath }: FileToRead) => newPath ?? oldPath ?? '';

/** Returns a function that reads the sources of a file's versions, or says why it did not. It never throws. */
function sourceReader(now: () => number) {
  let spentMs = 0;
  return (file: FileToRead, before: string | undefined, after: string | undefined): ChangedFile | Unread => {
    // Text that is made to be slow takes many seconds per file.
    if (spentMs > PARSING_MS) return { why: trusted('the files before it took more than a minute') };
    const start = now();
    try {
      return changedFile(file, before, after);
    } catch {
      return { why: trusted('its grammar was too much for the parser') };
    } finally {
      spentMs += now() - start;
    }
  };
}

function changedFile(file: FileToRead, before: string | undefined, after: string | undefined): ChangedFile {
  const path = pathOf(file);
  const oldPath = file.oldPath ?? path;
  return {
    path,
    oldPath,
    application: file.application,
    before: before === undefined ? undefined : readSource(oldPath, before),
    after: after === undefined ? undefined : readSource(path, after),
    oldText: before,
    text: after,
  };
}

interface At {
  readonly path: string;
  readonly commit: string;
  /** What the listing says of its blob; null where it does not. */
  readonly sha: string | null;
}

async function versionOf(
  api: PullRequestApi,
  ask: Ask,
  { path, commit, sha }: At,
  reserve: (bytes: number) => boolean,
): Promise<Version> {
  const content = await ask('contents: read', (signal) => api.content(path, commit, signal)).catch((error: unknown) => {
    // The pull request itself was found: it is the file that is not there, as GitHub spells its name.
    if (error instanceof RequestProblem && error.status === 404) return undefined;
    throw error;
  });
  if (content === undefined) return { why: trusted('GitHub does not find it') };
  if (content.kind !== 'file') return { why: trusted(`it is a ${content.kind}`) };
  if (sha !== null && content.sha !== sha) return { why: SYMLINK };
  if (content.size > FILE_BYTES) return { why: trusted('it is larger than 2 MiB') };
  if (!reserve(content.size)) return { why: trusted('all files together are larger than 16 MiB') };
  const bytes = content.bytes ?? (await ask('contents: read', (signal) => api.blob(content.sha, signal)));
  return bytes.length === content.size && isBlob(bytes, content.sha) ? decoded(bytes) : { why: SYMLINK };
}

const SYMLINK = trusted('it is a symlink');

/**
 * Returns whether Git names these bytes so. Of a symlink to a file, GitHub answers with the name of the link's blob, and
 * with the text of the file. Source: answers that hub4j/github-api recorded (`testGetFileContentWithSymlink`).
 */
function isBlob(bytes: Uint8Array, sha: string): boolean {
  const hash = createHash(sha.length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${bytes.length}\0`).update(bytes).digest('hex') === sha;
}

function decoded(bytes: Uint8Array): Version {
  if (bytes.includes(0)) return { why: trusted('it is binary') };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { why: trusted('it is no UTF-8 text') };
  }
}

/** Does the work for each item, a few at a time. The first that fails ends it. Results are in the order of the items. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const queue = items.entries();
  let failed = false;
  const worker = async () => {
    for (const [at, item] of queue) {
      if (failed) return;
      try {
        results[at] = await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return results;
}
