import { type Bound, certainBounds } from './bound.ts';
import type { GateConfig } from './config.ts';
import {
  type Course,
  followed,
  nothingFollowed,
  queueKey,
  queuesAfter,
  type Roll,
  type StartedRoots,
  type Track,
} from './course.ts';
import { hasEvidence, isKeptUp, type Rate, rateOf, type TimeLeft, timeLeft } from './estimate.ts';
import type { Judgement } from './judge.ts';
import type { LookTime } from './memory.ts';
import type { ForecastRequest, SystemDatabaseContents, WorkflowDetail } from './observation.ts';
import { type Assessment, assess, type DrainState } from './situation.ts';

/** What is to be expected: estimates, and bounds that are certain. Never evidence of safety. */
export interface Forecast {
  /** All targets together. */
  readonly total: DrainForecast;
  readonly targets: ReadonlyMap<string, DrainForecast>;
  /** What each workflow that was read in detail is doing, by its id. */
  readonly assessments: ReadonlyMap<string, Assessment>;
  /** What was created without a parent on a target since the gate began, the most frequent first. */
  readonly startedRoots: readonly StartedRoots[];
  readonly course: Course;
}

/** The forecast for one target, or for all of them. */
export interface DrainForecast {
  readonly trend: Trend;
  /** Undefined while it would be that of a few lucky seconds. */
  readonly rate: Rate | undefined;
  /** Without what is stuck, which has no end to estimate. */
  readonly left: TimeLeft | undefined;
  /** What certainly lasts longest, the latest end first: a few of them. */
  readonly bounds: readonly Bound[];
  /** Nothing drains before this, in epoch milliseconds of the database's clock. */
  readonly notBefore: number | undefined;
  readonly states: States;
  /** Since the gate began. */
  readonly arrived: { readonly roots: number; readonly children: number };
  /** Its queued work is not taken, and nothing of it has changed for `stuck-after`: no process of it seems to run. */
  readonly lifeless: boolean;
  readonly track: Track;
}

/**
 * Where a drain is going: nothing in flight; no evidence yet; ever less in flight; as much arrives as ends; all that is
 * left waits for a time; nothing has ended of late; all that is left is stuck.
 */
export const TRENDS = [
  'clean',
  'too-early',
  'draining',
  'not-converging',
  'waiting',
  'stalled',
  'stuck',
] as const;
export type Trend = (typeof TRENDS)[number];

/** How many of the workflows that were read are in each state, and how many were not read. */
export type States = Readonly<Record<DrainState | 'unread', number>>;

/** So many bounds are named. */
const BOUNDS_NAMED = 20;

/** A roll costs some four pages a workflow: once so often, in milliseconds. */
const ROLL_EVERY_MS = 60_000;

/**
 * By how much the clocks of processes, which stamp delays and wake-ups, may be ahead of the database's, in milliseconds:
 * a bound is acted on when it is beyond the timeout by more.
 */
const CLOCK_MARGIN_MS = 60_000;

/** Before the first look. */
export const nothingForecast = nothingFollowed;

/** What the forecast asks of a look that begins now (in milliseconds since the gate began). */
export function forecastRequest({ roll, beganAt, observedAt }: Course, now: number): ForecastRequest {
  return {
    roll: roll === undefined || now - roll.atMs >= ROLL_EVERY_MS,
    namesSince: beganAt === undefined ? undefined : observedAt,
  };
}

/** What is to be expected after this look, given the course until then. Pure. */
export function forecastOf(
  config: Pick<GateConfig, 'stuckAfterMs'>,
  before: Course,
  judgement: Judgement,
  time: LookTime,
): Forecast {
  const contents = judgement.seen?.contents;
  if (contents === undefined) return nothingToExpect(before);
  const { observedAt } = judgement.observation;
  const queues = queuesAfter(before, contents, observedAt);
  const assessments = assessed(config, before.roll, queues, contents, observedAt);
  const isRoll = contents.roll || contents.workflows.leftOut + contents.workflows.leftOutUnversioned === 0;
  const roll = isRoll ? rollOf(contents, assessments, observedAt, time) : before.roll;
  const course = followed(before, judgement, time, { contents, queues, roll });
  const bounds = certainBounds(contents.lastDelayed, contents.workflows.items, assessments);

  const scene = { config, contents, course, bounds, observedAt, atMs: time.ended };
  const targets = new Map(
    judgement.targets
      .filter(({ judged }) => judged)
      .map(({ version }) => [version, forecastFor([version], course.targets.get(version), scene)]),
  );
  return {
    total: forecastFor([...targets.keys()], course.total, scene),
    targets,
    assessments: new Map([...(roll?.assessments ?? []), ...assessments]),
    startedRoots: [...course.names.values()].sort((a, b) => b.count - a.count),
    course,
  };
}

function nothingToExpect(course: Course): Forecast {
  const scene = {
    course,
    bounds: [],
    observedAt: 0,
    atMs: 0,
    contents: undefined,
    config: { stuckAfterMs: 0 },
  };
  return {
    total: forecastFor([], undefined, scene),
    targets: new Map(),
    assessments: new Map(),
    startedRoots: [],
    course,
  };
}

/** Families are looked for in the last roll as well: a look's few details seldom have all of one. */
function assessed(
  { stuckAfterMs }: Pick<GateConfig, 'stuckAfterMs'>,
  lastRoll: Roll | undefined,
  queues: Course['queues'],
  { workflows }: SystemDatabaseContents,
  now: number,
): ReadonlyMap<string, Assessment> {
  const children = new Map<string, WorkflowDetail[]>();
  const known = new Map([...(lastRoll?.workflows ?? []), ...workflows.items].map((each) => [each.id, each]));
  for (const workflow of known.values()) {
    if (workflow.parent === null) continue;
    const family = children.get(workflow.parent) ?? [];
    family.push(workflow);
    children.set(workflow.parent, family);
  }
  return assess(workflows.items, {
    now,
    stuckAfterMs,
    queue: (version, queue) => queues.get(queueKey(version, queue)),
    childrenOf: (id) => children.get(id) ?? [],
  });
}

function rollOf(
  { workflows }: SystemDatabaseContents,
  assessments: ReadonlyMap<string, Assessment>,
  observedAt: number,
  time: LookTime,
): Roll {
  const { items, leftOut, leftOutUnversioned } = workflows;
  const still = new Map<string, number>();
  for (const { id, version } of items) {
    const assessment = assessments.get(id);
    if (version === null || assessment === undefined || !isStill(assessment)) continue;
    still.set(version, (still.get(version) ?? 0) + 1);
  }
  return { atMs: time.ended, observedAt, workflows: items, leftOut, leftOutUnversioned, assessments, still };
}

/** No work moves it now. Delayed ones are counted exactly, at every look. */
function isStill({ state, situation }: Assessment): boolean {
  return (
    situation.kind !== 'delayed' &&
    (state === 'stuck' || ['sleeping', 'timer', 'message'].includes(situation.kind))
  );
}

interface Scene {
  readonly config: Pick<GateConfig, 'stuckAfterMs'>;
  readonly contents: SystemDatabaseContents | undefined;
  readonly course: Course;
  readonly bounds: readonly Bound[];
  readonly observedAt: number;
  readonly atMs: number;
}

function forecastFor(versions: readonly string[], track: Track | undefined, scene: Scene): DrainForecast {
  const chosen = new Set(versions);
  const { roll } = scene.course;
  const workflows = (roll?.workflows ?? []).filter(({ version }) => version !== null && chosen.has(version));
  const assessments = workflows.flatMap(({ id }) => roll?.assessments.get(id) ?? []);
  const bounds = scene.bounds.filter(({ version }) => chosen.has(version));
  const points = track?.points ?? [];
  const inFlight = track?.inFlight ?? 0;
  const states = { ...countOf(assessments), unread: Math.max(0, inFlight - workflows.length) };
  const notBefore = latest([
    ...bounds.map(({ until }) => until),
    ...(scene.contents?.inFlight ?? []).flatMap(({ version, delayedUntil }) =>
      version !== null && chosen.has(version) ? (delayedUntil ?? []) : [],
    ),
  ]);
  const lastEnd = latest([...(notBefore === undefined ? [] : [notBefore]), ...assessments.flatMap(endOf)]);
  const rate = rateOf(points);
  return {
    trend: trendOf(track, states, rate, scene),
    rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
    left: combined(timeLeft(points), points.at(-1)?.moving ?? 0, notBefore, lastEnd, scene.observedAt),
    bounds: bounds.slice(0, BOUNDS_NAMED),
    notBefore,
    states,
    arrived: { roots: track?.roots ?? 0, children: track?.children ?? 0 },
    lifeless: versions.some((version) => isLifeless(version, scene)),
    track: track ?? nothingFollowed.total,
  };
}

function countOf(assessments: readonly Assessment[]): Record<DrainState, number> {
  const counts = { draining: 0, waiting: 0, stuck: 0 };
  for (const { state } of assessments) counts[state] += 1;
  return counts;
}

/** When a wait is expected to be over, certain or not. */
function endOf({ situation }: Assessment): readonly number[] {
  return situation.kind === 'sleeping' || (situation.kind === 'delayed' && situation.until !== null)
    ? [situation.until ?? 0]
    : [];
}

function latest(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b));
}

/** What moves and what waits drain side by side: the longer of the two counts. */
function combined(
  moving: TimeLeft | undefined,
  movingCount: number,
  notBefore: number | undefined,
  lastEnd: number | undefined,
  now: number,
): TimeLeft | undefined {
  if (moving === undefined && (movingCount > 0 || lastEnd === undefined)) return undefined;
  const [certainMs, expectedMs] = [notBefore, lastEnd].map((end) => Math.max(0, (end ?? now) - now));
  return {
    leftMs: Math.max(moving?.leftMs ?? 0, expectedMs ?? 0),
    fromMs: Math.max(moving?.fromMs ?? 0, certainMs ?? 0),
    toMs: Math.max(moving?.toMs ?? 0, expectedMs ?? 0),
  };
}

/** A rate is told of when there is evidence, or when it was measured for so long. In milliseconds. */
const RATE_OVER_MS = 60_000;

/** So long, and so many, before arrivals are compared with completions. In milliseconds. */
const ARRIVALS_OVER_MS = 60_000;
const ARRIVALS_ENOUGH = 5;

function trendOf(track: Track | undefined, states: States, rate: Rate | undefined, scene: Scene): Trend {
  const points = track?.points ?? [];
  const [first, last] = [points[0], points.at(-1)];
  if (track === undefined || first === undefined || last === undefined) return 'too-early';
  if (track.inFlight === 0) return 'clean';
  const enough =
    rate !== undefined && rate.overMs >= ARRIVALS_OVER_MS && last.arrived - first.arrived >= ARRIVALS_ENOUGH;
  if (enough && isKeptUp(rate)) return 'not-converging';
  if (last.moving === 0 && states.unread === 0)
    return states.waiting > 0 || last.delayed > 0 ? 'waiting' : 'stuck';
  const quietMs = scene.atMs - (track.endedAtMs ?? first.atMs);
  if (quietMs >= scene.config.stuckAfterMs) return 'stalled';
  return hasEvidence(points) && timeLeft(points) !== undefined ? 'draining' : 'too-early';
}

/** Work waits in a queue that has room, and nothing that a process of the version would change has changed. */
function isLifeless(version: string, { config, contents, course, observedAt, atMs }: Scene): boolean {
  const { roll } = course;
  const own = (roll?.workflows ?? []).filter((workflow) => workflow.version === version);
  const isUntaken = own.some(({ id }) => {
    const situation = roll?.assessments.get(id)?.situation;
    if (situation?.kind !== 'queued' || situation.moves) return false;
    return situation.running === 0 || (situation.limit !== null && situation.running < situation.limit);
  });
  if (!isUntaken) return false;
  const taken = contents?.inFlight.find((row) => row.version === version)?.newestTakenAt ?? 0;
  const endedAtMs = course.targets.get(version)?.endedAtMs;
  const signs = [
    taken,
    ...(endedAtMs === undefined ? [] : [observedAt - (atMs - endedAtMs)]),
    ...own.flatMap(({ id, status }) =>
      status === 'PENDING' ? (roll?.assessments.get(id)?.progressAt ?? []) : [],
    ),
  ];
  return observedAt - (latest(signs) ?? 0) >= config.stuckAfterMs;
}

/** The bounds that lie beyond the timeout of `wait`, and the timeout that they would take. */
export interface BeyondTimeout {
  /** The latest first; there may be more than are named. */
  readonly bounds: readonly Bound[];
  readonly notBefore: number;
  /** The deadline, by the database's clock. */
  readonly deadline: number;
  /** The shortest `timeout` that reaches the last bound, in milliseconds: whole minutes. */
  readonly neededMs: number;
}

/** What cannot end before the timeout, if there is any such thing. */
export function beyondTimeout(
  { timeoutMs }: Pick<GateConfig, 'timeoutMs'>,
  { total }: Forecast,
  judgement: Judgement,
  time: LookTime,
): BeyondTimeout | undefined {
  const { observedAt } = judgement.observation;
  const { notBefore } = total;
  const deadline = observedAt + timeoutMs - time.began;
  if (notBefore === undefined || notBefore - CLOCK_MARGIN_MS <= deadline) return undefined;
  const neededMs = notBefore - observedAt + time.began + CLOCK_MARGIN_MS;
  return {
    bounds: total.bounds.filter(({ until }) => until - CLOCK_MARGIN_MS > deadline),
    notBefore,
    deadline,
    neededMs: Math.ceil(neededMs / 60_000) * 60_000,
  };
}
