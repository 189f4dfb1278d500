import { isProcessVersion } from '../dbos/sdk.ts';
import type { NewestRoots, Root } from '../dbos/snapshot/index.ts';
import { CLOCK_MARGIN_MS } from '../dbos/snapshot/started.ts';
import { UNITS_MS } from '../time.ts';
import { registeredName, type Target, targetOfRows } from './target.ts';

/*
 * Whether new work is still sent to a version, judged by who started the newest workflows. DBOS never renews a
 * registration when an old version is launched again. So after such a rollback the latest version is dead, and an older
 * one runs: `docs/rule-of-retirement.md`, rule 5, says what follows from which evidence.
 */

/** The latest versions of the application, several where timestamps are equal, and since when they are. */
export interface Latest {
  readonly versions: ReadonlySet<string>;
  /** Database clock, epoch milliseconds. */
  readonly since: number;
}

/** The latest versions as the first poll of this run found them. Where it found none: from that poll on. */
export interface LatestAtFirst extends Latest {
  /** When that poll was, by the database's clock. */
  readonly observedAt: number;
}

/** How many counted roots are weighed, the newest. */
const WEIGHED_ROOTS = 100;

/** So soon after a launch the traffic has often not moved yet. In milliseconds. */
const LAUNCH_MS = 15 * UNITS_MS.m;

/** For so long a target counts as live although other versions took up work since. In milliseconds. */
const FADES_MS = UNITS_MS.h;

/** How rarely a run of roots on other versions is taken for the end of the target's share by mistake. */
const MISTAKE = 0.0001;

/** Why a version counts as live. Times are in epoch milliseconds of the database's clock. */
export type SignOfLife =
  /**
   * `share`: too few started elsewhere since. `rollback`: it started work again soon after the latest version had.
   * `unmoved`: it received work in this run, and the version that has become the latest since has not.
   */
  | {
      readonly because: 'share' | 'rollback' | 'unmoved';
      /** Creation of the newest counted root of the version. */
      readonly startedAt: number;
      /** How many counted roots on other versions are newer. */
      readonly newer: number;
      /** How many more of them end it. */
      readonly lacking: number;
      /** When it ends if nothing more starts. Undefined: never, since no other version has taken up work since. */
      readonly until: number | undefined;
      /** From then on, any work that another version takes up ends it; undefined with `until`. */
      readonly oneIsEnoughFrom: number | undefined;
    }
  /** Its name and that of the latest version are each the name of one process. */
  | { readonly because: 'process-name'; readonly startedAt: number }
  /** The newest rows do not reach back to the launch of the latest version, and no other version took any of them up. */
  | { readonly because: 'nothing-else-runs' }
  /** The same, since other applications started nearly all of them: who takes up work in this one is not visible. */
  | { readonly because: 'hidden-by-others' };

/** A root that counts for one version. */
interface Counted {
  readonly at: number;
  readonly isOwn: boolean;
  readonly isOfLatest: boolean;
}

/**
 * Returns the sign that new work is still sent to a version other than the latest; undefined where there is none. Pure.
 *
 * @param now The database's clock, in epoch milliseconds.
 */
export function signOfLife(
  version: Target,
  latest: Latest,
  evidence: NewestRoots,
  now: number,
): SignOfLife | undefined {
  const counted = countedRoots(version, latest, evidence);
  const weighed = counted.slice(0, WEIGHED_ROOTS);
  const newer = weighed.findIndex(({ isOwn }) => isOwn);
  const newest = weighed[newer];
  if (newest === undefined) return signWithoutRoots(version, evidence);

  const startedAt = newest.at;
  if (isProcessName(version) && [...latest.versions].some(isProcessName)) return { because: 'process-name', startedAt };
  if (!evidence.showsParents) return undefined;

  const othersTookUp = othersOf(version, evidence).some(({ newestTakenUpAt }) => (newestTakenUpAt ?? 0) > startedAt);
  const isYoung = now - startedAt < FADES_MS;
  if (startedAt > latest.since + LAUNCH_MS && newer < runThatEnds(weighed.slice(newer)) && (isYoung || !othersTookUp)) {
    const fadesAt = startedAt + FADES_MS;
    const ends = othersTookUp
      ? { until: fadesAt, oneIsEnoughFrom: undefined }
      : { until: undefined, oneIsEnoughFrom: fadesAt };
    return { because: 'share', startedAt, newer, lacking: moreThatEnd(weighed, newer), ...ends };
  }
  const latestStarted = counted.slice(newer).some(({ isOfLatest }) => isOfLatest);
  if (newer === 0 && now - startedAt < LAUNCH_MS && latestStarted) {
    return {
      because: 'rollback',
      startedAt,
      newer,
      lacking: 1,
      until: startedAt + LAUNCH_MS,
      oneIsEnoughFrom: undefined,
    };
  }
  return undefined;
}

/**
 * Returns the sign of life of a version, as `signOfLife` does. Where the latest version was registered or promoted during
 * this run, what came before counts as well: a registration alone does not show where new work goes. Pure.
 */
export function signInRun(
  version: Target,
  latest: Latest,
  atFirst: LatestAtFirst | undefined,
  evidence: NewestRoots,
  now: number,
): SignOfLife | undefined {
  if (atFirst === undefined || latest.since <= atFirst.since) return signOfLife(version, latest, evidence, now);
  const since = evidenceFrom(latest.since, evidence);
  const sign = signOfLife(version, latest, since, now);
  if (sign !== undefined) return sign;
  const hasMoved = countedRoots(version, latest, since).some(({ isOfLatest }) => isOfLatest);
  return hasMoved ? undefined : signFromBefore(version, latest, atFirst, evidence, now);
}

/** The sign of a version that was live before the latest one became it, or has started work in this run. */
function signFromBefore(
  version: Target,
  latest: Latest,
  atFirst: LatestAtFirst,
  evidence: NewestRoots,
  now: number,
): SignOfLife | undefined {
  const wasLatest = atFirst.versions.has(registeredName(version));
  const before = wasLatest ? undefined : signOfLife(version, atFirst, evidence, now);
  const weighed = countedRoots(version, atFirst, evidence).slice(0, WEIGHED_ROOTS);
  const newer = weighed.findIndex(({ isOwn }) => isOwn);
  const newest = weighed[newer];
  if (newest === undefined) return now < latest.since + LAUNCH_MS ? before : undefined;

  const startsInRun = evidence.showsParents && newest.at > atFirst.observedAt - CLOCK_MARGIN_MS;
  const isUnended = startsInRun && newer < runThatEnds(weighed.slice(newer));
  const until = Math.max(newest.at, latest.since) + LAUNCH_MS;
  if ((before === undefined && !isUnended) || now >= until) return undefined;
  return { because: 'unmoved', startedAt: newest.at, newer, lacking: 1, until, oneIsEnoughFrom: undefined };
}

/** The evidence from a moment on. */
function evidenceFrom(moment: number, { versions, reachesBack, ...others }: NewestRoots): NewestRoots {
  return {
    ...others,
    versions: versions.map(({ version, roots, newestTakenUpAt }) => ({
      version,
      roots: roots.filter(({ createdAt }) => createdAt >= moment),
      newestTakenUpAt: newestTakenUpAt !== null && newestTakenUpAt >= moment ? newestTakenUpAt : null,
    })),
    reachesBack: reachesBack || versions.some(({ roots }) => roots.some(({ createdAt }) => createdAt < moment)),
  };
}

/**
 * The roots that count for a version, the newest first. Of other versions these are the ones that a process took up and
 * no schedule started: work in the queue of a dead version is no sign of life. Of the version itself all count, but
 * those of schedules only where the latest version has taken up nothing: DBOS's schedules go to the latest, and
 * schedules in a process tick as long as it lives. Of what has no version, only what a process took up counts: any
 * version can take what waits.
 */
function countedRoots(version: Target, latest: Latest, { versions }: NewestRoots): readonly Counted[] {
  const isOfLatest = (each: string | null) => each !== null && latest.versions.has(each);
  const latestRuns = versions.some((each) => isOfLatest(each.version) && each.newestTakenUpAt !== null);
  const counts = (isOwn: boolean, { takenUp, scheduled }: Root) =>
    isOwn ? (takenUp || version !== null) && !(scheduled && latestRuns) : takenUp && !scheduled;
  return versions
    .flatMap((each) => {
      const isOwn = targetOfRows(each.version) === version;
      const roots = each.roots.filter((root) => counts(isOwn, root));
      return roots.map(({ createdAt }) => ({ at: createdAt, isOwn, isOfLatest: isOfLatest(each.version) }));
    })
    .sort((a, b) => b.at - a.at || Number(b.isOwn) - Number(a.isOwn));
}

/** Of the rows that were read, no root of the version counts among the newest. */
function signWithoutRoots(version: Target, evidence: NewestRoots): SignOfLife | undefined {
  // A dead version's schedule can fill them all, and hide the work that is older.
  const nothingElseRuns = othersOf(version, evidence).every(({ newestTakenUpAt }) => newestTakenUpAt === null);
  if (evidence.reachesBack || !nothingElseRuns) return undefined;
  return { because: evidence.othersFill ? 'hidden-by-others' : 'nothing-else-runs' };
}

function othersOf(version: Target, { versions }: NewestRoots): NewestRoots['versions'] {
  return versions.filter((each) => targetOfRows(each.version) !== version);
}

/**
 * How many roots in a row on other versions show that the version's share has ended: by chance, with the share that it
 * had, so many come once in ten thousand times.
 */
function runThatEnds(untilNewest: readonly Counted[]): number {
  const ofOthers = untilNewest.filter(({ isOwn }) => !isOwn).length / untilNewest.length;
  return Math.max(1, Math.ceil(Math.log(MISTAKE) / Math.log(ofOthers)));
}

/** How many more roots on other versions end the share. Each of them also takes the place of the oldest one weighed. */
function moreThatEnd(weighed: readonly Counted[], newer: number): number {
  let more = 1;
  while (newer + more < WEIGHED_ROOTS && newer + more < runThatEnds(weighed.slice(newer, WEIGHED_ROOTS - more)))
    more += 1;
  return more;
}

function isProcessName(version: Target): boolean {
  return version !== null && isProcessVersion(version);
}
