import type { Bound } from './bound.ts';
import type { GateConfig } from './config.ts';
import { type AssessedWorkflow, type Course, emptyTrack, type Track } from './course.ts';
import { hasEvidence, isKeptUp, lately, type Rate, rateOf, type TimeLeft, timeLeft } from './estimate.ts';
import type { Seen } from './seen.ts';
import type { Assessment, DrainState, Situation } from './situation.ts';

/** The forecast for one target, or for all of them. */
export interface DrainForecast extends CertainEnd {
  readonly trend: Trend;
  /** Undefined while it would be that of a few lucky seconds. */
  readonly rate: Rate | undefined;
  /** Without what is stuck, which has no end to estimate. */
  readonly left: TimeLeft | undefined;
  readonly states: States;
  /** Since the gate began. */
  readonly arrived: Arrived;
  /** Of what has no parent, some arrived over the time that the rate is taken over. */
  readonly hasTraffic: boolean;
  /**
   * Versions whose queued work is not taken, and of which nothing has changed for `stuck-after`: no process of theirs
   * seems to run.
   */
  readonly lifeless: readonly string[];
  readonly track: Track;
}

/** What arrived. Neither a root nor a child is what was resumed or taken up from elsewhere, or where no schema tells. */
export interface Arrived {
  readonly total: number;
  readonly roots: number;
  readonly children: number;
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

/** How long the work after a wait may take, where nothing tells: as long as the wait, within these. In milliseconds. */
const AFTERWARDS_MS = { least: 30_000, most: 180_000 } as const;

/** A rate is told of when there is evidence, or when it was measured for so long. In milliseconds. */
const RATE_OVER_MS = 60_000;

/** So long, and so many, before arrivals are compared with completions. In milliseconds. */
const ARRIVALS_OVER_MS = 60_000;
const ARRIVALS_ENOUGH = 5;

/** What the forecast of a target rests on, besides its track. */
export interface ForecastScene {
  readonly config: Pick<GateConfig, 'stuckAfterMs'>;
  readonly seen: Pick<Seen, 'inFlight'>;
  readonly course: Course;
  readonly bounds: readonly Bound[];
  readonly observedAt: number;
  readonly atMs: number;
}

/** What certainly lasts longest on some versions. */
export interface CertainEnd {
  /** The latest end first: a few of them. */
  readonly bounds: readonly Bound[];
  /** Nothing drains before this, in epoch milliseconds of the database's clock. */
  readonly notBefore: number | undefined;
}

/** The bounds among these that are of these versions; more may be delayed than there are bounds named. */
export function certainEnd(
  versions: readonly string[],
  bounds: readonly Bound[],
  seen: Pick<Seen, 'inFlight'>,
): CertainEnd {
  const chosen = new Set(versions);
  const own = bounds.filter(({ version }) => chosen.has(version));
  const delayed = versions.flatMap((version) => seen.inFlight.get(version)?.delayedUntil ?? []);
  return {
    bounds: own.slice(0, BOUNDS_NAMED),
    notBefore: latest([...own.map(({ until }) => until), ...delayed]),
  };
}

/** The forecast for these versions, which have this track together. Pure. */
export function drainForecast(
  versions: readonly string[],
  track: Track | undefined,
  scene: ForecastScene,
): DrainForecast {
  // What the last roll read of the others has drained since.
  const inFlight = versions.filter((version) => inFlightOf(version, scene) > 0);
  const assessments = inFlight.flatMap((version) => read(version, scene).map(({ assessment }) => assessment));
  const { bounds, notBefore } = certainEnd(inFlight, scene.bounds, scene.seen);
  const points = track?.points ?? [];
  const newest = points.at(-1);
  const states = summed(inFlight.map((version) => statesOf(version, scene)));
  const lastEnd = latest([...(notBefore === undefined ? [] : [notBefore]), ...assessments.flatMap(endOf)]);
  const rate = rateOf(points);
  const moving = timeLeft(points);
  const trend = trendOf(track, states, rate, moving, scene);
  return {
    trend,
    rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
    left:
      trend === 'stalled'
        ? undefined
        : combined(moving, newest?.moving ?? 0, notBefore, lastEnd, scene.observedAt),
    bounds,
    notBefore,
    states,
    arrived: {
      total: newest?.arrived ?? 0,
      roots: newest?.roots ?? 0,
      children: newest?.children ?? 0,
    },
    hasTraffic: (newest?.roots ?? 0) > (lately(points)[0]?.roots ?? 0),
    lifeless: inFlight.filter((version) => isLifeless(version, scene)),
    track: track ?? emptyTrack,
  };
}

/** By the last roll. Of more than are in flight now, those at work have ended most probably, then those that waited. */
function statesOf(version: string, scene: ForecastScene): States {
  const all = read(version, scene);
  const count = (wanted: DrainState) => all.filter(({ assessment }) => assessment.state === wanted).length;
  const inFlight = inFlightOf(version, scene);
  const stuck = Math.min(count('stuck'), inFlight);
  const waiting = Math.min(count('waiting'), inFlight - stuck);
  const draining = Math.min(count('draining'), inFlight - stuck - waiting);
  return { draining, waiting, stuck, unread: inFlight - stuck - waiting - draining };
}

function summed(all: readonly States[]): States {
  const sum = (state: keyof States) => all.reduce((total, states) => total + states[state], 0);
  return { draining: sum('draining'), waiting: sum('waiting'), stuck: sum('stuck'), unread: sum('unread') };
}

function inFlightOf(version: string, { course }: ForecastScene): number {
  return course.targets.get(version)?.inFlight ?? 0;
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

/**
 * What moves and what waits drain side by side: the longer of the two counts. At worst, what waits longest has as much to
 * do afterwards as moves now.
 */
function combined(
  moving: TimeLeft | undefined,
  movingCount: number,
  notBefore: number | undefined,
  lastEnd: number | undefined,
  now: number,
): TimeLeft | undefined {
  if (moving === undefined && (movingCount > 0 || lastEnd === undefined)) return undefined;
  const certainMs = notBefore === undefined ? 0 : Math.max(0, notBefore - now);
  const expectedMs = lastEnd === undefined ? 0 : Math.max(0, lastEnd - now);
  const afterwardsMs = Math.min(AFTERWARDS_MS.most, Math.max(AFTERWARDS_MS.least, expectedMs));
  const { leftMs, fromMs, toMs } = moving ?? { leftMs: 0, fromMs: 0, toMs: 0 };
  return {
    leftMs: Math.max(leftMs, expectedMs),
    fromMs: Math.max(fromMs, certainMs),
    toMs: expectedMs === 0 && moving !== undefined ? toMs : expectedMs + Math.max(toMs, afterwardsMs),
  };
}

function trendOf(
  track: Track | undefined,
  states: States,
  rate: Rate | undefined,
  left: TimeLeft | undefined,
  scene: ForecastScene,
): Trend {
  const points = track?.points ?? [];
  const [first, last] = [points[0], points.at(-1)];
  if (track === undefined || first === undefined || last === undefined) return 'too-early';
  if (track.inFlight === 0) return 'clean';
  const enough =
    rate !== undefined && rate.overMs >= ARRIVALS_OVER_MS && last.arrived - first.arrived >= ARRIVALS_ENOUGH;
  if (enough && isKeptUp(rate)) return 'not-converging';
  if (last.moving === 0 && states.unread === 0) return states.waiting > 0 ? 'waiting' : 'stuck';
  const quietMs = scene.atMs - (track.endedAtMs ?? first.atMs);
  if (quietMs >= scene.config.stuckAfterMs) return 'stalled';
  return left === undefined ? 'too-early' : 'draining';
}

/** What was read of a version in detail, at the last roll. */
function read(version: string, { course }: ForecastScene): readonly AssessedWorkflow[] {
  return course.roll?.byVersion.get(version) ?? [];
}

/** Work waits in a queue that has room, and nothing that a process of the version would change has changed. */
function isLifeless(version: string, scene: ForecastScene): boolean {
  const { config, seen, course, observedAt, atMs } = scene;
  const own = read(version, scene);
  if (!own.some(({ assessment: { situation } }) => isUntaken(situation))) return false;
  const endedAtMs = course.targets.get(version)?.endedAtMs;
  const signs = [
    seen.inFlight.get(version)?.newestTakenAt ?? 0,
    ...(endedAtMs === undefined ? [] : [observedAt - (atMs - endedAtMs)]),
    ...own.flatMap(({ workflow, assessment }) =>
      workflow.status === 'PENDING' ? [assessment.progressAt] : [],
    ),
  ];
  return observedAt - (latest(signs) ?? 0) >= config.stuckAfterMs;
}

function isUntaken(situation: Situation): boolean {
  if (situation.kind !== 'queued' || situation.moves) return false;
  const { rateLimited, running, limit } = situation;
  if (rateLimited) return false;
  return limit === null ? running === 0 : running < limit;
}
