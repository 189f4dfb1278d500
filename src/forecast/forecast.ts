import type { GateConfig } from '../config.ts';
import type { ForecastRequest, WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { PollTime } from '../hold/state.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import type { Target } from '../rules/target.ts';
import { type Statuses, statusesOf } from './activity.ts';
import { detailScanOf } from './detail-scan.ts';
import { type DrainForecast, drainForecast } from './drain-forecast.ts';
import { boundsOf, certainEnd, clocksAgree, earliestEndsOf, type PastDeadline, pastDeadline } from './earliest-end.ts';
import {
  type DrainHistory,
  emptyHistory,
  emptySeries,
  historyAfter,
  type NewTopLevel,
  queueKey,
  queuesAfter,
} from './history.ts';
import { hasStood, standingAfter } from './standing.ts';

/** Estimates, and ends that are certain. Never evidence of safety. */
export interface Forecast {
  /** All targets together. */
  readonly total: DrainForecast;
  readonly targets: ReadonlyMap<Target, DrainForecast>;
  /** What cannot finish before the timeout. Only what this very poll saw counts, and what had stood for a while. */
  readonly pastDeadline: PastDeadline | undefined;
  /** The same before it has stood for a while: for people, and not for a verdict. */
  readonly outlasting: PastDeadline | undefined;
  readonly statuses: Statuses;
  /** Top-level workflows created on targets since the gate started, the most frequent first. */
  readonly newTopLevel: readonly NewTopLevel[];
  readonly history: DrainHistory;
}

const NO_POLL = {
  stuckAfterMs: 0,
  inFlight: new Map(),
  history: emptyHistory,
  earliestEnds: [],
  observedAt: 0,
  atMs: 0,
};

/** The forecast where no snapshot could be read or trusted. */
const NO_FORECAST: Omit<Forecast, 'history'> = {
  total: drainForecast([], emptySeries, NO_POLL),
  targets: new Map(),
  pastDeadline: undefined,
  outlasting: undefined,
  statuses: new Map(),
  newTopLevel: [],
};

/** The poll that starts now. */
interface Opportunity {
  readonly began: number;
  /** The longest that the poll can take, and the longest that it should. */
  readonly budgetMs: number;
  readonly pollTimeoutMs: number;
  /** The targets are settled. Before that, a poll reads other versions as well. */
  readonly isSettled: boolean;
}

/** Returns what the forecast asks of a poll. A short budget allows no detail scan, except the first. */
export function forecastRequest(
  { detailScan, detailScanDueAtMs, observedAt }: DrainHistory,
  { began, budgetMs, pollTimeoutMs, isSettled }: Opportunity,
): ForecastRequest {
  const isDue = began >= detailScanDueAtMs && isSettled;
  const isFirst = detailScan === undefined && detailScanDueAtMs === 0;
  return { detailScan: isDue && (isFirst || budgetMs >= pollTimeoutMs), namesSince: observedAt };
}

/** Returns the forecast after this poll, given the history before it. Pure. */
export function forecastOf(
  config: Pick<GateConfig, 'stuckAfterMs' | 'timeoutMs'>,
  before: DrainHistory,
  evaluation: Evaluation,
  time: PollTime,
): Forecast {
  const { stuckAfterMs } = config;
  const { index, provisional } = evaluation;
  if (index === undefined) return { ...NO_FORECAST, history: before };
  const { contents, inFlight } = index;
  const { observedAt } = evaluation.snapshot;
  const { items } = contents.workflows;
  const queues = queuesAfter(before, index, observedAt);
  const statuses = statusesOf(items, {
    now: observedAt,
    stuckAfterMs,
    queue: (version, queue) => queues.get(queueKey(version, queue)),
    // A poll reads few children: those of the last detail scan count as well.
    childrenOf: childrenAmong([...(before.detailScan?.workflows ?? []), ...items]),
  });
  const read = detailScanOf(contents, statuses, observedAt);
  const isWhole = read.omitted + read.omittedUnversioned === 0;
  // A provisional poll can hold workflows of versions that are no targets.
  const isScan = (contents.detailScan || isWhole) && !provisional;
  const versions = evaluation.targets.map(({ version }) => version);
  const bounds = boundsOf(versions, earliestEndsOf(contents, read), inFlight);
  const standing = standingAfter(before.standing, bounds, (id) => isScan || statuses.has(id), time);
  const stood = bounds.filter((bound) => hasStood(standing, bound, time));
  const history = historyAfter(before, evaluation, index, time, { queues, standing, scan: isScan ? read : undefined });
  const earliestEnds = earliestEndsOf(contents, read, history.detailScan);
  const context = { stuckAfterMs, inFlight, history, earliestEnds, observedAt, atMs: time.ended };
  const agree = clocksAgree(contents, observedAt, time.began, before.startedAt);
  const outlastingAmong = (some: typeof bounds) =>
    agree ? pastDeadline(config.timeoutMs, certainEnd(some), observedAt, time.began) : undefined;
  return {
    total: drainForecast(versions, history.total, context),
    targets: new Map(
      [...history.targets].map(([version, series]) => [version, drainForecast([version], series, context)]),
    ),
    pastDeadline: outlastingAmong(stood),
    outlasting: outlastingAmong(bounds),
    statuses: new Map([...(history.detailScan?.statuses ?? []), ...statuses]),
    newTopLevel: [...history.newTopLevel.values()].sort((a, b) => b.count - a.count),
    history,
  };
}

/** Returns a function that finds the children of a workflow. Of two rows with one id, the last counts. */
function childrenAmong(workflows: readonly WorkflowDetail[]) {
  const known = new Map(workflows.map((workflow) => [workflow.id, workflow]));
  const others = known.values().filter(({ id, parent }) => parent !== id);
  const children = Map.groupBy(others, ({ parent }) => parent);
  return (parent: string) => children.get(parent) ?? [];
}
