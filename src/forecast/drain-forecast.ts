import type { GateConfig } from '../config.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Activity, WorkflowState, WorkflowStatus } from './activity.ts';
import type { WorkflowWithStatus } from './detail-scan.ts';
import { type CertainEnd, certainEnd, type EarliestEnd, latest } from './earliest-end.ts';
import { movingTimeLeft, type TimeLeft, withWaits } from './estimate.ts';
import type { DrainHistory, Series } from './history.ts';
import { hasEvidence, isKeptUp, type Rate, rateOf, recent } from './rate.ts';

/** The forecast for one target, or for all of them. */
export interface DrainForecast extends CertainEnd {
  readonly trend: Trend;
  /** Undefined without evidence. */
  readonly rate: Rate | undefined;
  /** Stuck workflows have no end to estimate: it leaves them out. */
  readonly left: TimeLeft | undefined;
  readonly states: States;
  /** Since the gate started. */
  readonly arrived: Arrived;
  /** Workflows without a parent arrived in the recent window. */
  readonly hasTraffic: boolean;
  /** Versions of which no process seems to run: nobody takes their queued work, and nothing changed for `stuck-after`. */
  readonly withoutProcess: readonly string[];
  readonly series: Series;
}

/** Arrivals. Resumed and imported ones are neither roots nor children, nor is any where the schema has no parents. */
export interface Arrived {
  readonly total: number;
  readonly roots: number;
  readonly children: number;
}

/**
 * Where a drain is going: nothing is in flight; no evidence yet; fewer and fewer are in flight; as many arrive as
 * finish; the rest waits for a known time; nothing finished recently; the rest is stuck.
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

/** The number of workflows in each state, and of those that the detail scan did not read. */
export type States = Readonly<Record<WorkflowState | 'notScanned', number>>;

/** Without evidence, a rate is shown once it was measured over this many milliseconds. */
const RATE_OVER_MS = 60_000;

/** Arrivals are compared with completions after this many milliseconds and this many arrivals. */
const ARRIVALS_OVER_MS = 60_000;
const ARRIVALS_ENOUGH = 5;

/** What the forecast of a target needs next to its series. */
export interface ForecastContext {
  readonly config: Pick<GateConfig, 'stuckAfterMs'>;
  readonly index: Pick<SnapshotIndex, 'inFlight'>;
  readonly history: DrainHistory;
  readonly earliestEnds: readonly EarliestEnd[];
  readonly observedAt: number;
  readonly atMs: number;
}

/** Returns the forecast for these versions, which have this series together. Pure. */
export function drainForecast(
  versions: readonly string[],
  series: Series,
  context: ForecastContext,
): DrainForecast {
  // The last detail scan can hold workflows of versions that have drained since.
  const inFlight = versions.filter((version) => inFlightOf(version, context) > 0);
  const certain = certainEnd(inFlight, context.earliestEnds, context.index);
  const { points } = series;
  const newest = points.at(-1);
  const states = summed(inFlight.map((version) => statesOf(version, context)));
  const rate = rateOf(points);
  const moving = movingTimeLeft(points);
  const trend = trendOf(series, states, rate, moving, context);
  const waits = waitsOf(inFlight, certain, context);
  return {
    trend,
    rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
    left: trend === 'stalled' ? undefined : withWaits(moving, newest?.moving ?? 0, waits),
    ...certain,
    states,
    arrived: { total: newest?.arrived ?? 0, roots: newest?.roots ?? 0, children: newest?.children ?? 0 },
    hasTraffic: (newest?.roots ?? 0) > (recent(points)[0]?.roots ?? 0),
    withoutProcess: inFlight.filter((version) => isWithoutProcess(version, context)),
    series,
  };
}

/**
 * Counts a version's workflows by state, as the last detail scan read them. When fewer are in flight now, the progressing
 * ones have most probably finished, and then the waiting ones.
 */
function statesOf(version: string, context: ForecastContext): States {
  const all = scanned(version, context);
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

function waitsOf(versions: readonly string[], { notBefore }: CertainEnd, context: ForecastContext) {
  const ends = versions.flatMap((version) =>
    scanned(version, context).flatMap(({ status }) => endOf(status)),
  );
  const last = latest(notBefore === undefined ? ends : [notBefore, ...ends]);
  const msUntil = (time: number) => Math.max(0, time - context.observedAt);
  return {
    certainMs: notBefore === undefined ? 0 : msUntil(notBefore),
    expectedMs: last === undefined ? undefined : msUntil(last),
  };
}

/** Returns when a wait is expected to be over, certain or not; empty where nothing says. */
function endOf({ activity }: WorkflowStatus): readonly number[] {
  const { kind } = activity;
  return (kind === 'sleeping' || kind === 'delayed') && activity.until !== null ? [activity.until] : [];
}

function trendOf(
  { points, inFlight, endedAtMs }: Series,
  states: States,
  rate: Rate | undefined,
  left: TimeLeft | undefined,
  { config, atMs }: ForecastContext,
): Trend {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return 'too-early';
  if (inFlight === 0) return 'idle';
  const enough =
    rate !== undefined && rate.overMs >= ARRIVALS_OVER_MS && last.arrived - first.arrived >= ARRIVALS_ENOUGH;
  if (enough && isKeptUp(rate)) return 'not-converging';
  if (last.moving === 0 && states.notScanned === 0) return states.waiting > 0 ? 'waiting' : 'stuck';
  if (atMs - (endedAtMs ?? first.atMs) >= config.stuckAfterMs) return 'stalled';
  return left === undefined ? 'too-early' : 'draining';
}

function inFlightOf(version: string, { history }: ForecastContext): number {
  return history.targets.get(version)?.inFlight ?? 0;
}

/** Returns what the last detail scan read of a version. */
function scanned(version: string, { history }: ForecastContext): readonly WorkflowWithStatus[] {
  return history.detailScan?.byVersion.get(version) ?? [];
}

/** Whether work waits in a queue that has room, and nothing has changed that a process of the version would change. */
function isWithoutProcess(version: string, context: ForecastContext): boolean {
  const { config, index, history, observedAt, atMs } = context;
  const own = scanned(version, context);
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
  if (activity.kind !== 'queued' || activity.moves || activity.rateLimited) return false;
  const { running, limit } = activity;
  return limit === null ? running === 0 : running < limit;
}
