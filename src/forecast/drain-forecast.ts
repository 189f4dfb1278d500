import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Target } from '../rules/target.ts';
import { activityInTheEnd, type WorkflowState } from './activity.ts';
import { scannedOf } from './detail-scan.ts';
import { boundsOf, type CertainEnd, certainEnd, type EarliestEnd, latest } from './earliest-end.ts';
import { movingTimeLeft, type TimeLeft, withWaits } from './estimate.ts';
import type { DrainHistory, Sample, Series } from './history.ts';
import { isWithoutProcess, quietTogether } from './processes.ts';
import { hasEvidence, increase, isKeptUp, type Rate, rateOf, recent } from './rate.ts';

/** The forecast for one target, or for all of them. */
export interface DrainForecast extends CertainEnd {
  readonly trend: Trend;
  /** Undefined without evidence. */
  readonly rate: Rate | undefined;
  /** Stuck workflows have no end to estimate: it leaves them out. Undefined where the drain stands still. */
  readonly left: TimeLeft | undefined;
  /** The same for the workflows that neither sleep nor are delayed. */
  readonly moving: TimeLeft | undefined;
  /** The workflows that wait for a known time, or for a child that does, certain or not, the latest end first. */
  readonly waits: readonly KnownWait[];
  /** No process seems to run, or all is stuck but for what waits for a time: to wait for that time helps nobody. */
  readonly standsStill: boolean;
  /** How long nothing has moved that should, in milliseconds; undefined where that is no longer than usual. */
  readonly quietMs: number | undefined;
  readonly states: States;
  /** Since the gate started. Resumed and imported workflows are neither roots nor children. */
  readonly arrived: Readonly<Record<'total' | 'roots' | 'children', number>>;
  /** Workflows without a parent arrived in the recent window. */
  readonly hasTraffic: boolean;
  /** Versions of which no process seems to run: see `isWithoutProcess`. Never proof. */
  readonly withoutProcess: readonly Target[];
  /** The executor ids under which those versions left running work, as last scanned: only these recover it. */
  readonly lostExecutors: readonly string[];
  readonly series: Series;
}

/** A workflow that sleeps or is delayed until a known time, in epoch milliseconds of the database's clock. */
export type KnownWait = Pick<EarliestEnd, 'until' | 'because'>;

/**
 * Where a drain is going: nothing is in flight; no evidence yet; fewer and fewer are in flight; as many arrive as
 * finish; the rest waits for a known time; nothing finished recently; the rest is stuck.
 */
export const TRENDS = ['idle', 'too-early', 'draining', 'not-converging', 'waiting', 'stalled', 'stuck'] as const;
export type Trend = (typeof TRENDS)[number];

/** The number of workflows in each state, and of those that the detail scan did not read. */
type States = Readonly<Record<WorkflowState | 'notScanned', number>>;

/** Without evidence, a rate means something once it was measured over this many milliseconds. */
const RATE_OVER_MS = 60_000;

/** Arrivals are compared with completions after this many of them. */
const ARRIVALS_ENOUGH = 5;

export interface DrainContext {
  readonly stuckAfterMs: number;
  readonly inFlight: SnapshotIndex['inFlight'];
  readonly history: DrainHistory;
  readonly earliestEnds: readonly EarliestEnd[];
  readonly observedAt: number;
  readonly atMs: number;
}

/** Returns the forecast for these versions, which have this series together. Pure. */
export function drainForecast(versions: readonly Target[], series: Series, context: DrainContext): DrainForecast {
  const { history, earliestEnds, observedAt } = context;
  // The last detail scan can hold workflows of versions that have drained since.
  const inFlight = versions.filter((version) => inFlightOf(version, history) > 0);
  const certain = certainEnd(boundsOf(inFlight, earliestEnds, context.inFlight));
  const { points } = series;
  const newest = points.at(-1);
  const rate = rateOf(points);
  const states = statesOf(inFlight, history);
  const withoutProcess = inFlight.filter((version) => isWithoutProcess(version, context));
  const standsStill = withoutProcess.length > 0 || isAllStuck(inFlight, states, context, points);
  const quietMs = standsStill ? undefined : quietOf(inFlight, states, context, points);
  const moving = standsStill || quietMs !== undefined ? undefined : movingTimeLeft(points);
  // The rate is of the time before.
  const hasStopped = quietMs !== undefined && increase('arrived', since(points, quietMs)) === 0;
  const trend = trendOf(series, states, context, hasStopped ? undefined : rate, moving);
  const waits = waitsOf(inFlight, certain.earliestEnds, history);
  const lastWait = latest([certain.notBefore, waits[0]?.until]);
  const msUntil = (time: number | undefined) => (time === undefined ? undefined : Math.max(0, time - observedAt));
  const left = withWaits(newest?.moving ?? 0, moving, msUntil(certain.notBefore), msUntil(lastWait));
  return {
    trend,
    rate: hasEvidence(points) || (rate?.overMs ?? 0) >= RATE_OVER_MS ? rate : undefined,
    left: trend === 'stalled' || standsStill ? undefined : left,
    moving: trend === 'stalled' ? undefined : moving,
    waits,
    standsStill,
    quietMs,
    ...certain,
    states,
    arrived: { total: newest?.arrived ?? 0, roots: newest?.roots ?? 0, children: newest?.children ?? 0 },
    hasTraffic: increase('roots', recent(points)) > 0,
    withoutProcess,
    lostExecutors: executorsOf(withoutProcess, history),
    series,
  };
}

/** Before `stuck-after`, nobody knows whether what does not move is slow, or stuck, or has no process any more. */
function quietOf(
  versions: readonly Target[],
  states: States,
  context: DrainContext,
  points: readonly Sample[],
): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || last.moving === 0 || states.notScanned > 0) return undefined;
  const window = recent(points);
  const paces = { completed: increase('completed', window), overMs: increase('atMs', window) };
  return quietTogether(versions, last.atMs - first.atMs, paces, context);
}

/** The samples of the last so many milliseconds. */
function since(points: readonly Sample[], milliseconds: number): readonly Sample[] {
  const last = points.at(-1)?.atMs ?? 0;
  return points.filter(({ atMs }) => atMs >= last - milliseconds);
}

/** The executors of running work, those with the most of it first. A row in a queue has the id of who enqueued it. */
function executorsOf(versions: readonly Target[], { detailScan }: DrainHistory): readonly string[] {
  const running = versions.flatMap((version) =>
    scannedOf(version, detailScan).flatMap(({ workflow: { status, executor } }) =>
      status === 'PENDING' && executor ? [executor] : [],
    ),
  );
  const counts = [...Map.groupBy(running, (executor) => executor)].sort(([, a], [, b]) => b.length - a.length);
  return counts.map(([executor]) => executor);
}

/** Of what the last detail scan read and of the bounds, each workflow once. */
function waitsOf(
  versions: readonly Target[],
  bounds: readonly EarliestEnd[],
  history: DrainHistory,
): readonly KnownWait[] {
  const waits = new Map<string, KnownWait>();
  for (const { workflow, status } of versions.flatMap((version) => scannedOf(version, history.detailScan))) {
    const activity = activityInTheEnd(status);
    if ((activity.kind !== 'sleeping' && activity.kind !== 'delayed') || activity.until === null) continue;
    waits.set(workflow.id, { until: activity.until, because: activity.kind });
  }
  for (const { id, until, because } of bounds) waits.set(id, { until, because });
  return [...waits.values()].sort((a, b) => b.until - a.until);
}

/** Whether something is stuck, and nothing else does anything but wait for a time or for what is stuck. */
function isAllStuck(
  versions: readonly Target[],
  states: States,
  { history }: DrainContext,
  points: readonly Sample[],
): boolean {
  if (states.stuck === 0 || states.progressing + states.notScanned > 0) return false;
  if (increase('completed', recent(points)) > 0) return false;
  const scanned = versions.flatMap((version) => scannedOf(version, history.detailScan));
  return scanned.every(({ status: { state, activity } }) => state !== 'waiting' || activity.kind !== 'queued');
}

/** Counts workflows by state, as last scanned. Those gone since were most probably progressing, or else waiting. */
function statesOf(versions: readonly Target[], history: DrainHistory): States {
  const states = { progressing: 0, waiting: 0, stuck: 0, notScanned: 0 };
  for (const version of versions) {
    const scanned = scannedOf(version, history.detailScan);
    let rest = inFlightOf(version, history);
    for (const state of ['stuck', 'waiting', 'progressing'] as const) {
      const count = Math.min(rest, scanned.filter(({ status }) => status.state === state).length);
      states[state] += count;
      rest -= count;
    }
    states.notScanned += rest;
  }
  return states;
}

function trendOf(series: Series, states: States, context: DrainContext, rate?: Rate, left?: TimeLeft): Trend {
  const { points, inFlight, endedAtMs } = series;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return 'too-early';
  if (inFlight === 0) return 'idle';
  const isMeasured = (rate?.overMs ?? 0) >= RATE_OVER_MS && increase('arrived', points) >= ARRIVALS_ENOUGH;
  if (isMeasured && rate && isKeptUp(rate.completedPerMinute, rate.arrivedPerMinute)) return 'not-converging';
  if (last.moving === 0 && states.notScanned === 0) return states.waiting > 0 ? 'waiting' : 'stuck';
  if (context.atMs - (endedAtMs ?? first.atMs) >= context.stuckAfterMs) return 'stalled';
  return left === undefined ? 'too-early' : 'draining';
}

function inFlightOf(version: Target, { targets }: DrainHistory): number {
  return targets.get(version)?.inFlight ?? 0;
}
