import type { SnapshotContents, WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { PollTime } from '../hold/state.ts';
import type { Evaluation, TargetEvaluation } from '../rules/evaluate.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { QueueState, WorkflowStatus } from './activity.ts';
import type { CurvePoint } from './drain-curve.ts';
import type { Progress } from './rate.ts';

/** What the forecast carries from one poll to the next. It decides nothing about safety. */
export interface DrainHistory {
  /** When the gate began, by the database's clock. */
  readonly beganAt: number | undefined;
  readonly observedAt: number | undefined;
  /** All targets together, and each of the first so many. */
  readonly total: Series;
  readonly targets: ReadonlyMap<string, Series>;
  /** What the poll before counted as lately created, for the next one to compare with. */
  readonly created: ReadonlyMap<string, Created>;
  /** What was created without a parent since the gate began, by version and name. */
  readonly names: ReadonlyMap<string, NewTopLevel>;
  readonly queues: ReadonlyMap<string, SeenQueue>;
  readonly detailScan: DetailScan | undefined;
  /** The next roll is due then, in milliseconds since the gate began. */
  readonly detailScanDueAtMs: number;
}

/** How a drain went, thinned out where it was long. */
export interface Series {
  readonly points: readonly Sample[];
  readonly inFlight: number;
  /** When something was last seen to end, in milliseconds since the gate began. */
  readonly endedAtMs: number | undefined;
}

export interface Sample extends Progress, CurvePoint {
  /** What arrived without a parent, and as the child of another workflow, as far as the schema tells. */
  readonly roots: number;
  readonly children: number;
}

interface Created {
  readonly count: number;
  readonly children: number | null;
}

export interface NewTopLevel {
  readonly version: string;
  readonly name: string | null;
  readonly count: number;
}

interface SeenQueue extends QueueState {
  readonly enqueued: number;
}

/** A workflow, and what it is doing. */
export interface WorkflowWithStatus {
  readonly workflow: WorkflowDetail;
  readonly status: WorkflowStatus;
}

/** The oldest workflows in flight, read in detail, and when. */
export interface DetailScan {
  readonly atMs: number;
  readonly observedAt: number;
  readonly workflows: readonly WorkflowDetail[];
  readonly omitted: number;
  readonly omittedUnversioned: number;
  readonly statuses: ReadonlyMap<string, WorkflowStatus>;
  readonly byVersion: ReadonlyMap<string | null, readonly WorkflowWithStatus[]>;
  /** By version, how many have a known end, or none in sight: see `isParked`. */
  readonly parked: ReadonlyMap<string | null, Parked>;
}

export interface Parked {
  readonly all: number;
  /** Of those, what waits in a queue. */
  readonly queued: number;
}

/** A track has at most so many points, as has the picture that is made of it. */
export const SERIES_SAMPLES = 60;
/** A roll costs some pages a workflow: once so often, and more seldom when it was too much. In milliseconds. */
const DETAIL_SCAN_EVERY_MS = 60_000;
const DETAIL_SCAN_AFTER_FAILURE_MS = 600_000;
/** Of so many targets the course is kept; of more, where they stand. */
const TRACKED_TARGETS = 200;
const UNTRACKED_POINTS = 2;
/** So many names of what arrives are kept. */
const NAMES_KEPT = 50;

/** Before the first look at a target. */
export const emptySeries: Series = { points: [], inFlight: 0, endedAtMs: undefined };

/** Before the first poll. */
export const emptyHistory: DrainHistory = {
  beganAt: undefined,
  observedAt: undefined,
  total: emptySeries,
  targets: new Map(),
  created: new Map(),
  names: new Map(),
  queues: new Map(),
  detailScan: undefined,
  detailScanDueAtMs: 0,
};

/** What is left of a course after a poll that may have failed for the roll that it was to bring. */
export function withScanPostponed(history: DrainHistory, now: number): DrainHistory {
  return { ...history, detailScanDueAtMs: now + DETAIL_SCAN_AFTER_FAILURE_MS };
}

export function queueKey(version: string | null, queue: string): string {
  return JSON.stringify([version, queue]);
}

/** What was read and worked out for this poll, besides what the rules judged. */
export interface PollDetails {
  readonly index: SnapshotIndex;
  readonly queues: DrainHistory['queues'];
  readonly detailScan: DetailScan | undefined;
  /** The roll is of this poll. */
  readonly isDetailScan: boolean;
}

/** Adds a poll to the course. */
export function historyAfter(
  before: DrainHistory,
  evaluation: Evaluation,
  time: PollTime,
  { index, queues, detailScan, isDetailScan }: PollDetails,
): DrainHistory {
  const parked = (version: string) => detailScan?.parked.get(version) ?? { all: 0, queued: 0 };
  const { observedAt } = evaluation.snapshot;
  const atMs = time.ended;
  const judged = evaluation.targets;
  const changes = judged.map((target) => ({ target, change: changeOf(target, before, index) }));
  const targets = new Map(
    changes.map(({ target, change }, index) => [
      target.version,
      extended(
        before.targets.get(target.version),
        atMs,
        [target],
        change,
        parked,
        index < TRACKED_TARGETS ? SERIES_SAMPLES : UNTRACKED_POINTS,
      ),
    ]),
  );
  const sum = (of: (change: Change) => number) => changes.reduce((all, { change }) => all + of(change), 0);
  const total: Change = {
    completed: sum(({ completed }) => completed),
    arrived: sum(({ arrived }) => arrived),
    roots: sum(({ roots }) => roots),
    children: sum(({ children }) => children),
  };
  return {
    beganAt: before.beganAt ?? observedAt - time.began,
    observedAt,
    total: extended(
      before.beganAt === undefined ? undefined : before.total,
      atMs,
      judged,
      total,
      parked,
      SERIES_SAMPLES,
    ),
    targets,
    created: new Map(
      index.contents.started.versions.map(({ version, fromHere, childrenFromHere }) => [
        version,
        { count: fromHere.count, children: childrenFromHere },
      ]),
    ),
    names: namesWith(before, judged, index.contents),
    queues,
    detailScan,
    detailScanDueAtMs: isDetailScan ? time.ended + DETAIL_SCAN_EVERY_MS : before.detailScanDueAtMs,
  };
}

/** What came and went on a target since the poll before, at least. */
interface Change {
  readonly completed: number;
  readonly arrived: number;
  readonly roots: number;
  readonly children: number;
}

/**
 * Completions are what arrived and is not there any more. What was in flight at both polls cancels out; a workflow that
 * began and ended between them counts in both.
 */
function changeOf(target: TargetEvaluation, before: DrainHistory, index: SnapshotIndex): Change {
  const nothing = { completed: 0, arrived: 0, roots: 0, children: 0 };
  const series = before.targets.get(target.version);
  if (series === undefined) return nothing;
  const then = before.created.get(target.version);
  const now = index.started.get(target.version);
  const created = Math.max(0, (now?.sincePrevious.count ?? 0) - (then?.count ?? 0));
  const children = Math.max(0, (now?.childrenSincePrevious ?? 0) - (then?.children ?? 0));
  const more = target.inFlight - series.inFlight;
  const arrived = Math.max(created, more);
  const roots = now?.childrenSincePrevious == null ? 0 : Math.max(0, created - children);
  return { completed: arrived - more, arrived, roots, children };
}

function extended(
  before: Series | undefined,
  atMs: number,
  targets: readonly TargetEvaluation[],
  change: Change,
  parked: (version: string) => Parked,
  most: number,
): Series {
  const { points, endedAtMs } = before ?? emptySeries;
  const sum = (of: (target: TargetEvaluation) => number) => targets.reduce((all, each) => all + of(each), 0);
  const last = points.at(-1);
  const point = {
    atMs,
    pending: sum(({ pending }) => pending),
    enqueued: sum(({ enqueued }) => enqueued),
    delayed: sum(({ delayed }) => delayed),
    moving: sum((each) => Math.max(0, each.inFlight - each.delayed - parked(each.version).all)),
    queued: sum(({ version, enqueued }) => Math.max(0, enqueued - parked(version).queued)),
    completed: (last?.completed ?? 0) + change.completed,
    arrived: (last?.arrived ?? 0) + change.arrived,
    roots: (last?.roots ?? 0) + change.roots,
    children: (last?.children ?? 0) + change.children,
  };
  return {
    points: thinned([...points, point], most),
    inFlight: sum(({ inFlight }) => inFlight),
    endedAtMs: change.completed > 0 ? atMs : endedAtMs,
  };
}

/** Every second point of too many, the first and the last among them. */
function thinned(points: readonly Sample[], most: number): readonly Sample[] {
  if (points.length <= most) return points;
  return points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
}

function namesWith(
  before: DrainHistory,
  judged: readonly TargetEvaluation[],
  { started }: SnapshotContents,
): DrainHistory['names'] {
  const versions = new Set(judged.map(({ version }) => version));
  const names = new Map(before.names);
  for (const { version, name, count } of started.names) {
    const key = JSON.stringify([version, name]);
    const known = names.get(key);
    if (!versions.has(version) || (known === undefined && names.size >= NAMES_KEPT)) continue;
    names.set(key, { version, name, count: count + (known?.count ?? 0) });
  }
  return names;
}

/** A queue moved when it handed something out: the rows that run from it tell, and that fewer wait. */
export function queuesAfter(
  before: DrainHistory,
  { contents, inFlight }: SnapshotIndex,
  observedAt: number,
): DrainHistory['queues'] {
  return new Map(
    contents.queues.map((each) => {
      const { version, queue, enqueued, newestStartedAt } = each;
      const known = before.queues.get(queueKey(version, queue));
      // Between two short workflows nothing runs: at the first poll, that its version takes up work speaks for it.
      const atFirst = newestStartedAt ?? inFlight.get(version)?.newestTakenAt ?? 0;
      const movedAt = Math.max(known?.movedAt ?? atFirst, newestStartedAt ?? 0);
      const fell = known !== undefined && enqueued < known.enqueued;
      const state = {
        enqueued,
        movedAt: fell ? observedAt : movedAt,
        running: each.runningInAll,
        limit: each.concurrency,
        rateMs: each.rateMs,
      };
      return [queueKey(version, queue), state];
    }),
  );
}
