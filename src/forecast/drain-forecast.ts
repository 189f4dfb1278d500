import type { GateConfig } from '../config.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Activity, WorkflowState, WorkflowStatus } from './activity.ts';
import type { EarliestEnd } from './earliest-end.ts';
import { type DrainHistory, emptySeries, type Series, type WorkflowWithStatus } from './history.ts';
import { hasEvidence, isKeptUp, lately, type Rate, rateOf, type TimeLeft, timeLeft } from './rate.ts';

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
  readonly withoutProcess: readonly string[];
  readonly series: Series;
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
  'idle',
  'too-early',
  'draining',
  'not-converging',
  'waiting',
  'stalled',
  'stuck',
] as const;
export type Trend = (typeof TRENDS)[number];

/** How many of the workflows that were read are in each state, and how many were not read. */
export type States = Readonly<Record<WorkflowState | 'notScanned', number>>;

/** So many bounds are named. */
const EARLIEST_ENDS_KEPT = 20;

/** How long the work after a wait may take, where nothing tells: as long as the wait, within these. In milliseconds. */
const AFTERWARDS_MS = { least: 30_000, most: 180_000 } as const;

/** A rate is told of when there is evidence, or when it was measured for so long. In milliseconds. */
const RATE_OVER_MS = 60_000;

/** So long, and so many, before arrivals are compared with completions. In milliseconds. */
const ARRIVALS_OVER_MS = 60_000;
const ARRIVALS_ENOUGH = 5;

/** What the forecast of a target rests on, besides its track. */
export interface ForecastContext {
  readonly config: Pick<GateConfig, 'stuckAfterMs'>;
  readonly index: Pick<SnapshotIndex, 'inFlight'>;
  readonly history: DrainHistory;
  readonly earliestEnds: readonly EarliestEnd[];
  readonly observedAt: number;
  readonly atMs: number;
}

/** What certainly lasts longest on some versions. */
export interface CertainEnd {
  /** The latest end first: a few of them. */
  readonly earliestEnds: readonly EarliestEnd[];
  /** Nothing drains before this, in epoch milliseconds of the database's clock. */
  readonly notBefore: number | undefined;
}

/** The bounds among these that are of these versions; more may be delayed than there are bounds named. */
export function certainEnd(
  versions: readonly string[],
  earliestEnds: readonly EarliestEnd[],
  index: Pick<SnapshotIndex, 'inFlight'>,
): CertainEnd {
  const chosen = new Set(versions);
  const own = earliestEnds.filter(({ version }) => chosen.has(version));
  const delayed = versions.flatMap((version) => index.inFlight.get(version)?.delayedUntil ?? []);
  return {
    earliestEnds: own.slice(0, EARLIEST_ENDS_KEPT),
    notBefore: latest([...own.map(({ until }) => until), ...delayed]),
  };
}

/** The forecast for these versions, which have this track together. Pure. */
export function drainForecast(
  versions: readonly string[],
  series: Series | undefined,
  context: ForecastContext,
): DrainForecast {
  // What the last roll read of the others has drained since.
  const inFlight = versions.filter((version) => inFlightOf(version, context) > 0);
  const statuses = inFlight.flatMap((version) => read(version, context).map(({ status }) => status));
  const { earliestEnds, notBefore } = certainEnd(inFlight, context.earliestEnds, context.index);
  const points = series?.points ?? [];
  const newest = points.at(-1);
  const states = summed(inFlight.map((version) => statesOf(version, context)));
  const lastEnd = latest([...(notBefore === undefined ? [] : [notBefore]), ...statuses.flatMap(endOf)]);
  const rate = rateOf(points);
  const moving = timeLeft(points);
  const trend = trendOf(series, states, rate, moving, context);
  return {
    trend,
    rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
    left:
      trend === 'stalled'
        ? undefined
        : combined(moving, newest?.moving ?? 0, notBefore, lastEnd, context.observedAt),
    earliestEnds,
    notBefore,
    states,
    arrived: {
      total: newest?.arrived ?? 0,
      roots: newest?.roots ?? 0,
      children: newest?.children ?? 0,
    },
    hasTraffic: (newest?.roots ?? 0) > (lately(points)[0]?.roots ?? 0),
    withoutProcess: inFlight.filter((version) => isWithoutProcess(version, context)),
    series: series ?? emptySeries,
  };
}

/** By the last roll. Of more than are in flight now, those at work have ended most probably, then those that waited. */
function statesOf(version: string, context: ForecastContext): States {
  const all = read(version, context);
  const count = (wanted: WorkflowState) => all.filter(({ status }) => status.state === wanted).length;
  const inFlight = inFlightOf(version, context);
  const stuck = Math.min(count('stuck'), inFlight);
  const waiting = Math.min(count('waiting'), inFlight - stuck);
  const progressing = Math.min(count('progressing'), inFlight - stuck - waiting);
  return { progressing, waiting, stuck, notScanned: inFlight - stuck - waiting - progressing };
}

function summed(all: readonly States[]): States {
  const sum = (state: keyof States) => all.reduce((total, states) => total + states[state], 0);
  return {
    progressing: sum('progressing'),
    waiting: sum('waiting'),
    stuck: sum('stuck'),
    notScanned: sum('notScanned'),
  };
}

function inFlightOf(version: string, { history }: ForecastContext): number {
  return history.targets.get(version)?.inFlight ?? 0;
}

/** When a wait is expected to be over, certain or not. */
function endOf({ activity }: WorkflowStatus): readonly number[] {
  return activity.kind === 'sleeping' || (activity.kind === 'delayed' && activity.until !== null)
    ? [activity.until ?? 0]
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
  series: Series | undefined,
  states: States,
  rate: Rate | undefined,
  left: TimeLeft | undefined,
  context: ForecastContext,
): Trend {
  const points = series?.points ?? [];
  const [first, last] = [points[0], points.at(-1)];
  if (series === undefined || first === undefined || last === undefined) return 'too-early';
  if (series.inFlight === 0) return 'idle';
  const enough =
    rate !== undefined && rate.overMs >= ARRIVALS_OVER_MS && last.arrived - first.arrived >= ARRIVALS_ENOUGH;
  if (enough && isKeptUp(rate)) return 'not-converging';
  if (last.moving === 0 && states.notScanned === 0) return states.waiting > 0 ? 'waiting' : 'stuck';
  const quietMs = context.atMs - (series.endedAtMs ?? first.atMs);
  if (quietMs >= context.config.stuckAfterMs) return 'stalled';
  return left === undefined ? 'too-early' : 'draining';
}

/** What was read of a version in detail, at the last roll. */
function read(version: string, { history }: ForecastContext): readonly WorkflowWithStatus[] {
  return history.detailScan?.byVersion.get(version) ?? [];
}

/** Work waits in a queue that has room, and nothing that a process of the version would change has changed. */
function isWithoutProcess(version: string, context: ForecastContext): boolean {
  const { config, index, history, observedAt, atMs } = context;
  const own = read(version, context);
  if (!own.some(({ status: { activity } }) => isUntaken(activity))) return false;
  const endedAtMs = history.targets.get(version)?.endedAtMs;
  const signs = [
    index.inFlight.get(version)?.newestTakenAt ?? 0,
    ...(endedAtMs === undefined ? [] : [observedAt - (atMs - endedAtMs)]),
    ...own.flatMap(({ workflow, status }) => (workflow.status === 'PENDING' ? [status.progressAt] : [])),
  ];
  return observedAt - (latest(signs) ?? 0) >= config.stuckAfterMs;
}

function isUntaken(activity: Activity): boolean {
  if (activity.kind !== 'queued' || activity.moves) return false;
  const { rateLimited, running, limit } = activity;
  if (rateLimited) return false;
  return limit === null ? running === 0 : running < limit;
}
