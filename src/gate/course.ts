import type { CurvePoint } from './drain-curve.ts';
import type { Progress } from './estimate.ts';
import type { Judgement } from './judge.ts';
import type { LookTime } from './memory.ts';
import type { SystemDatabaseContents, WorkflowDetail } from './observation.ts';
import type { Seen } from './seen.ts';
import type { Assessment, QueueState } from './situation.ts';
import { inFlightOn, type TargetJudgement } from './target.ts';

/** What the forecast carries from one look to the next. It decides nothing about safety. */
export interface Course {
  /** When the gate began, by the database's clock. */
  readonly beganAt: number | undefined;
  readonly observedAt: number | undefined;
  /** All targets together, and each of the first so many. */
  readonly total: Track;
  readonly targets: ReadonlyMap<string, Track>;
  /** What the look before counted as lately created, for the next one to compare with. */
  readonly created: ReadonlyMap<string, Created>;
  /** What was created without a parent since the gate began, by version and name. */
  readonly names: ReadonlyMap<string, StartedRoots>;
  readonly queues: ReadonlyMap<string, SeenQueue>;
  readonly roll: Roll | undefined;
  /** The next roll is due then, in milliseconds since the gate began. */
  readonly rollDueAtMs: number;
}

/** How a drain went, thinned out where it was long. */
export interface Track {
  readonly points: readonly TrackPoint[];
  readonly inFlight: number;
  /** When something was last seen to end, in milliseconds since the gate began. */
  readonly endedAtMs: number | undefined;
}

export interface TrackPoint extends Progress, CurvePoint {
  /** What arrived without a parent, and as the child of another workflow, as far as the schema tells. */
  readonly roots: number;
  readonly children: number;
}

interface Created {
  readonly count: number;
  readonly children: number | null;
}

export interface StartedRoots {
  readonly version: string;
  readonly name: string | null;
  readonly count: number;
}

interface SeenQueue extends QueueState {
  readonly enqueued: number;
}

/** A workflow, and what it is doing. */
export interface AssessedWorkflow {
  readonly workflow: WorkflowDetail;
  readonly assessment: Assessment;
}

/** The oldest workflows in flight, read in detail, and when. */
export interface Roll {
  readonly atMs: number;
  readonly observedAt: number;
  readonly workflows: readonly WorkflowDetail[];
  readonly leftOut: number;
  readonly leftOutUnversioned: number;
  readonly assessments: ReadonlyMap<string, Assessment>;
  readonly byVersion: ReadonlyMap<string | null, readonly AssessedWorkflow[]>;
  /** By version, how many have a known end, or none in sight: see `isStill`. */
  readonly still: ReadonlyMap<string | null, Still>;
}

export interface Still {
  readonly all: number;
  /** Of those, what waits in a queue. */
  readonly queued: number;
}

/** A track has at most so many points, as has the picture that is made of it. */
export const TRACK_POINTS = 60;
/** A roll costs some pages a workflow: once so often, and more seldom when it was too much. In milliseconds. */
const ROLL_EVERY_MS = 60_000;
const ROLL_AFTER_FAILURE_MS = 600_000;
/** Of so many targets the course is kept; of more, where they stand. */
const TRACKED_TARGETS = 200;
const UNTRACKED_POINTS = 2;
/** So many names of what arrives are kept. */
const NAMES_KEPT = 50;

/** Before the first look at a target. */
export const emptyTrack: Track = { points: [], inFlight: 0, endedAtMs: undefined };

/** Before the first look. */
export const nothingFollowed: Course = {
  beganAt: undefined,
  observedAt: undefined,
  total: emptyTrack,
  targets: new Map(),
  created: new Map(),
  names: new Map(),
  queues: new Map(),
  roll: undefined,
  rollDueAtMs: 0,
};

/** What is left of a course after a look that may have failed for the roll that it was to bring. */
export function afterFailedRoll(course: Course, now: number): Course {
  return { ...course, rollDueAtMs: now + ROLL_AFTER_FAILURE_MS };
}

export function queueKey(version: string | null, queue: string): string {
  return JSON.stringify([version, queue]);
}

/** What was read and worked out for this look, besides what the rules judged. */
export interface LookDetails {
  readonly seen: Seen;
  readonly queues: Course['queues'];
  readonly roll: Roll | undefined;
  /** The roll is of this look. */
  readonly isRoll: boolean;
}

/** Adds a look to the course. */
export function followed(
  before: Course,
  judgement: Judgement,
  time: LookTime,
  { seen, queues, roll, isRoll }: LookDetails,
): Course {
  const still = (version: string) => roll?.still.get(version) ?? { all: 0, queued: 0 };
  const { observedAt } = judgement.observation;
  const atMs = time.ended;
  const judged = judgement.targets.filter((target) => target.judged);
  const changes = judged.map((target) => ({ target, change: changeOf(target, before, seen) }));
  const targets = new Map(
    changes.map(({ target, change }, index) => [
      target.version,
      extended(
        before.targets.get(target.version),
        atMs,
        [target],
        change,
        still,
        index < TRACKED_TARGETS ? TRACK_POINTS : UNTRACKED_POINTS,
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
      still,
      TRACK_POINTS,
    ),
    targets,
    created: new Map(
      seen.contents.started.versions.map(({ version, fromHere, childrenFromHere }) => [
        version,
        { count: fromHere.count, children: childrenFromHere },
      ]),
    ),
    names: namesWith(before, judged, seen.contents),
    queues,
    roll,
    rollDueAtMs: isRoll ? time.ended + ROLL_EVERY_MS : before.rollDueAtMs,
  };
}

/** What came and went on a target since the look before, at least. */
interface Change {
  readonly completed: number;
  readonly arrived: number;
  readonly roots: number;
  readonly children: number;
}

/**
 * Completions are what arrived and is not there any more. What was in flight at both looks cancels out; a workflow that
 * began and ended between them counts in both.
 */
function changeOf(target: TargetJudgement, before: Course, seen: Seen): Change {
  const nothing = { completed: 0, arrived: 0, roots: 0, children: 0 };
  const track = before.targets.get(target.version);
  if (track === undefined) return nothing;
  const then = before.created.get(target.version);
  const now = seen.started.get(target.version);
  const created = Math.max(0, (now?.sincePrevious.count ?? 0) - (then?.count ?? 0));
  const children = Math.max(0, (now?.childrenSincePrevious ?? 0) - (then?.children ?? 0));
  const more = inFlightOn(target) - track.inFlight;
  const arrived = Math.max(created, more);
  const roots = now?.childrenSincePrevious == null ? 0 : Math.max(0, created - children);
  return { completed: arrived - more, arrived, roots, children };
}

function extended(
  before: Track | undefined,
  atMs: number,
  targets: readonly TargetJudgement[],
  change: Change,
  still: (version: string) => Still,
  most: number,
): Track {
  const { points, endedAtMs } = before ?? emptyTrack;
  const sum = (of: (target: TargetJudgement) => number) => targets.reduce((all, each) => all + of(each), 0);
  const last = points.at(-1);
  const point = {
    atMs,
    pending: sum(({ pending }) => pending),
    enqueued: sum(({ enqueued }) => enqueued),
    delayed: sum(({ delayed }) => delayed),
    moving: sum((each) => Math.max(0, inFlightOn(each) - each.delayed - still(each.version).all)),
    queued: sum(({ version, enqueued }) => Math.max(0, enqueued - still(version).queued)),
    completed: (last?.completed ?? 0) + change.completed,
    arrived: (last?.arrived ?? 0) + change.arrived,
    roots: (last?.roots ?? 0) + change.roots,
    children: (last?.children ?? 0) + change.children,
  };
  return {
    points: thinned([...points, point], most),
    inFlight: sum(inFlightOn),
    endedAtMs: change.completed > 0 ? atMs : endedAtMs,
  };
}

/** Every second point of too many, the first and the last among them. */
function thinned(points: readonly TrackPoint[], most: number): readonly TrackPoint[] {
  if (points.length <= most) return points;
  return points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
}

function namesWith(
  before: Course,
  judged: readonly TargetJudgement[],
  { started }: SystemDatabaseContents,
): Course['names'] {
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
  before: Course,
  { contents, inFlight }: Seen,
  observedAt: number,
): Course['queues'] {
  return new Map(
    contents.queues.map((each) => {
      const { version, queue, enqueued, newestStartedAt } = each;
      const known = before.queues.get(queueKey(version, queue));
      // Between two short workflows nothing runs: at the first look, that its version takes up work speaks for it.
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
