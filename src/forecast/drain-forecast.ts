import type { GateConfig } from '../config.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Activity, WorkflowState } from './activity.ts';
import { scannedOf } from './detail-scan.ts';
import { type CertainEnd, certainEnd, type EarliestEnd, latest } from './earliest-end.ts';
import { movingTimeLeft, type TimeLeft, type Waits, withWaits } from './estimate.ts';
import { type DrainHistory, NO_SAMPLE, type Series } from './history.ts';
import { hasEvidence, isKeptUp, type Rate, rateOf, recent } from './rate.ts';

/** The forecast for one target, or for all of them. */
export interface DrainForecast extends CertainEnd {
  readonly trend: Trend;
  /** Undefined without evidence. */
  readonly rate: Rate | undefined;
  /** Stuck workflows have no end to estimate: it leaves them out. */
  readonly left: TimeLeft | undefined;
  readonly states: States;
  /**
   * Arrivals since the gate started. Resumed and imported workflows are neither roots nor children, nor is any where the
   * schema has no parents.
   */
  readonly arrived: Readonly<Record<'total' | 'roots' | 'children', number>>;
  /** Workflows without a parent arrived in the recent window. */
  readonly hasTraffic: boolean;
  /** Versions of which no process seems to run: nobody takes their queued work, and nothing changed for `stuck-after`. */
  readonly withoutProcess: readonly string[];
  readonly series: Series;
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
type States = Readonly<Record<WorkflowState | 'notScanned', number>>;

/** Without evidence, a rate is shown once it was measured over this many milliseconds. */
const RATE_OVER_MS = 60_000;

/** Arrivals are compared with completions after this many milliseconds and this many arrivals. */
const ARRIVALS_OVER_MS = 60_000;
const ARRIVALS_ENOUGH = 5;

/** What the forecast of a target needs next to its series. */
interface ForecastContext {
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
  const { moving, roots, children, arrived: total } = points.at(-1) ?? NO_SAMPLE;
  const states = statesOf(inFlight, context);
  const rate = rateOf(points);
  const movingLeft = movingTimeLeft(points);
  const trend = trendOf(series, states, rate, movingLeft, context);
  const waits = waitsOf(inFlight, certain, context);
  return {
    trend,
    rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
    left: trend === 'stalled' ? undefined : withWaits(movingLeft, moving, waits),
    ...certain,
    states,
    arrived: { total, roots, children },
    hasTraffic: roots > (recent(points)[0]?.roots ?? 0),
    withoutProcess: inFlight.filter((version) => isWithoutProcess(version, context)),
    series,
  };
}

/**
 * Counts workflows by state, as the last detail scan read them. When fewer are in flight now, the progressing ones have
 * most probably finished, and then the waiting ones.
 */
function statesOf(versions: readonly string[], context: ForecastContext): States {
  const states = { progressing: 0, waiting: 0, stuck: 0, notScanned: 0 };
  for (const version of versions) {
    const scanned = scannedOf(version, context.history.detailScan);
    let rest = inFlightOf(version, context);
    for (const state of ['stuck', 'waiting', 'progressing'] as const) {
      const count = Math.min(rest, scanned.filter(({ status }) => status.state === state).length);
      states[state] += count;
      rest -= count;
    }
    states.notScanned += rest;
  }
  return states;
}

/** Returns how long workflows wait for a time that is known, certain or not. */
function waitsOf(
  versions: readonly string[],
  { notBefore }: CertainEnd,
  { history, observedAt }: ForecastContext,
): Waits {
  const scanned = versions.flatMap((version) => scannedOf(version, history.detailScan));
  const ends = scanned.flatMap(({ status: { activity } }) =>
    activity.kind === 'sleeping' || activity.kind === 'delayed' ? (activity.until ?? []) : [],
  );
  const last = latest(notBefore === undefined ? ends : [notBefore, ...ends]);
  const msUntil = (time: number) => Math.max(0, time - observedAt);
  return {
    certainMs: notBefore === undefined ? 0 : msUntil(notBefore),
    expectedMs: last === undefined ? undefined : msUntil(last),
  };
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

/** Whether work waits in a queue that has room, and nothing has changed that a process of the version would change. */
function isWithoutProcess(version: string, context: ForecastContext): boolean {
  const { config, index, history, observedAt, atMs } = context;
  const scanned = scannedOf(version, history.detailScan);
  if (!scanned.some(({ status: { activity } }) => isUntaken(activity))) return false;
  const pending = scanned.filter(({ workflow }) => workflow.status === 'PENDING');
  const quietForMs = [
    observedAt - (index.inFlight.get(version)?.newestTakenAt ?? 0),
    atMs - (history.targets.get(version)?.endedAtMs ?? Number.NEGATIVE_INFINITY),
    ...pending.map(({ status }) => observedAt - status.progressAt),
  ];
  return quietForMs.every((quietMs) => quietMs >= config.stuckAfterMs);
}

function isUntaken(activity: Activity): boolean {
  if (activity.kind !== 'queued' || activity.moves || activity.rateLimited) return false;
  return activity.running < (activity.limit ?? 1);
}
