import { extname } from 'node:path';
import { allPages, PAGE } from '../../github/pages.ts';
import { type Message, msg, trusted } from '../../message.ts';
import { type PathRule, placeOf } from '../paths.ts';
import { alreadyMerged, filesLeftOut, movedOn, type ReviewProblem } from '../problems.ts';
import { languageOf } from '../source/index.ts';
import type { ListedFile, PullRequestApi } from './api.ts';
import type { Ask } from './requests.ts';

/** GitHub lists this many files of a pull request, and no more (*List pull requests files*). */
export const MOST_LISTED = 3000;
/** Each takes two requests at most, and a job's token has 1,000 per hour and repository. */
export const MOST_READ = 300;

/** A file to read: in a language that is read, and in `paths`. */
export interface FileToRead {
  /** Its path at the merge base; undefined where it is new, or was no source file. */
  readonly oldPath: string | undefined;
  /** Its path at the head; undefined where it is gone, or is no source file any more. */
  readonly newPath: string | undefined;
  /** Its path in the listing. A file that moves to another application is two to read. */
  readonly listedAs: string;
  /** The SHA of its blob at the head. */
  readonly sha: string | null;
  readonly application: string | undefined;
}

export interface Listing {
  readonly mergeBase: string;
  readonly files: readonly FileToRead[];
  /** How many files the pull request changes. */
  readonly changed: number;
  readonly problems: readonly ReviewProblem[];
  /** The lines of `paths` that matched no changed file. */
  readonly unmatched: readonly string[];
  /** What to say of files in languages of DBOS that are not read. */
  readonly limits: readonly Message[];
}

/**
 * Lists the changed files of a pull request that are to be read.
 *
 * @throws ReviewProblem where GitHub refuses, where the pull request has a newer head than `headSha`, or its base has it
 */
export async function listFiles(
  api: PullRequestApi,
  ask: Ask,
  headSha: string,
  rules: readonly PathRule[],
): Promise<Listing> {
  const listed = await allPages(
    (page) => ask('pull-requests: read', (signal) => api.files(page, signal)),
    MOST_LISTED / PAGE,
  );
  // GitHub lists the files of the newest head, so it is asked for after them. Those of an older one cannot be had.
  const now = await ask('pull-requests: read', api.pullRequest);
  if (now.headSha !== headSha) throw movedOn();
  const mergeBase = await ask('contents: read', (signal) => api.mergeBase(now.baseSha, headSha, signal));
  // Both versions of each file would be the same one.
  if (mergeBase === headSha && listed.length > 0) throw alreadyMerged();
  const files = listed.flatMap((file) => filesToRead(file, rules));
  const paths = listed.flatMap(({ path, previousPath }) => [path, previousPath ?? path]);
  return {
    mergeBase,
    files: files.slice(0, MOST_READ),
    changed: now.changedFiles,
    problems: leftOut(now.changedFiles - listed.length, files.length - MOST_READ),
    unmatched: rules.filter(({ matches }) => !paths.some(matches)).map(({ text }) => text),
    limits: unreadLanguages(listed, rules),
  };
}

/** Returns what is to be read of a listed file. One that moves to another application is gone from its old one. */
function filesToRead(
  { path, previousPath, status, sha }: ListedFile,
  rules: readonly PathRule[],
): readonly FileToRead[] {
  const placeAt = (at: string) => (languageOf(at) === undefined ? undefined : placeOf(at, rules));
  const before = previousPath ?? path;
  const oldPlace = status === 'added' || status === 'copied' ? undefined : placeAt(before);
  const newPlace = status === 'removed' ? undefined : placeAt(path);
  const old = oldPlace && { ...oldPlace, oldPath: before, newPath: undefined, listedAs: path, sha };
  const now = newPlace && { ...newPlace, oldPath: undefined, newPath: path, listedAs: path, sha };
  if (old && now && old.application === now.application) return [{ ...now, oldPath: before }];
  return [old, now].filter((file) => file !== undefined);
}

/** Languages with an SDK of DBOS whose files are not read, by the ends of their names. */
const UNREAD: ReadonlyMap<string, string> = new Map([
  ['.go', 'Go'],
  ['.java', 'Java'],
  ['.kt', 'Kotlin'],
  ['.rs', 'Rust'],
]);

function unreadLanguages(listed: readonly ListedFile[], rules: readonly PathRule[]): readonly Message[] {
  const languages = listed.flatMap(
    ({ path }) => (placeOf(path, rules) && UNREAD.get(extname(path).toLowerCase())) ?? [],
  );
  if (languages.length === 0) return [];
  const names = trusted([...new Set(languages)].toSorted().join(', '));
  return [
    msg`Files in languages that a review does not read (${names}): ${languages.length}. Their workflows were not reviewed.`,
  ];
}

function leftOut(unlisted: number, beyond: number): readonly ReviewProblem[] {
  const parts: readonly (readonly [number, Message])[] = [
    [unlisted, msg`GitHub lists ${MOST_LISTED} files of a pull request at most.`],
    [beyond, msg`A review reads ${MOST_READ} source files at most, to spare the token's limit of requests.`],
  ];
  return parts.flatMap(([count, limit]) => (count > 0 ? [filesLeftOut(count, limit)] : []));
}
