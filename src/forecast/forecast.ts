import type { GateConfig } from '../config.ts';
import type { ForecastRequest, SnapshotContents } from '../dbos/snapshot/index.ts';
import type { PollTime } from '../hold/state.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { statusesOf, type WorkflowStatus } from './activity.ts';
import { type DetailScan, detailScanOf } from './detail-scan.ts';
import { type DrainForecast, drainForecast } from './drain-forecast.ts';
import {
  certainEnd,
  clocksAgree,
  type EarliestEnd,
  earliestEndsOf,
  latestFirst,
  type PastDeadline,
  pastDeadline,
} from './earliest-end.ts';
import {
  type DrainHistory,
  emptyHistory,
  emptySeries,
  historyAfter,
  type NewTopLevel,
  queueKey,
  queuesAfter,
} from './history.ts';

/** Estimates, and ends that are certain. Never evidence of safety. */
export interface Forecast {
  /** All targets together. */
  readonly total: DrainForecast;
  readonly targets: ReadonlyMap<string, DrainForecast>;
  /** What cannot finish before the timeout. Only what this very poll saw counts. */
  readonly pastDeadline: PastDeadline | undefined;
  /** The status of each workflow that was read in detail, by its id. */
  readonly statuses: ReadonlyMap<string, WorkflowStatus>;
  /** Top-level workflows created on targets since the gate started, the most frequent first. */
  readonly newTopLevel: readonly NewTopLevel[];
  readonly history: DrainHistory;
}

/** The forecast where no snapshot could be read or trusted. */
const NO_FORECAST: Omit<Forecast, 'history'> = {
  total: drainForecast([], emptySeries, {
    config: { stuckAfterMs: 0 },
    index: { inFlight: new Map() },
    history: emptyHistory,
    earliestEnds: [],
    observedAt: 0,
    atMs: 0,
  }),
  targets: new Map(),
  pastDeadline: undefined,
  statuses: new Map(),
  newTopLevel: [],
};

/** The poll that starts now. Times are in milliseconds. */
interface Opportunity {
  readonly began: number;
  /** The longest that the poll can take, and the longest that it should. */
  readonly budgetMs: number;
  readonly pollTimeoutMs: number;
  /** The targets are settled. Before that, a poll reads other versions as well. */
  readonly isSettled: boolean;
}

/**
 * Returns what the forecast asks of a poll. A detail scan needs time, and is never worth the poll that decides: only the
 * first one is read whatever the budget.
 */
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
  const { index } = evaluation;
  if (index === undefined) return { ...NO_FORECAST, history: before };
  const { contents } = index;
  const { observedAt } = evaluation.snapshot;
  const queues = queuesAfter(before, index, observedAt);
  const statuses = statusesAfter(config, before.detailScan, queues, contents, observedAt);
  const isWhole = contents.workflows.omitted + contents.workflows.omittedUnversioned === 0;
  // A provisional poll can hold workflows of versions that are no targets.
  const isDetailScan = (contents.detailScan || isWhole) && !evaluation.provisional;
  const detailScan = isDetailScan ? detailScanOf(contents, statuses, observedAt, time) : before.detailScan;
  const history = historyAfter(before, evaluation, time, { index, queues, detailScan, isDetailScan });
  const fresh = earliestEndsOf(contents.lastDelayed, contents.workflows.items, statuses, observedAt);
  const earliestEnds = isDetailScan ? fresh : withScanned(detailScan, fresh, contents);

  const context = { config, index, history, earliestEnds, observedAt, atMs: time.ended };
  const versions = evaluation.targets.map(({ version }) => version);
  const forecastFor = (version: string) =>
    drainForecast([version], history.targets.get(version) ?? emptySeries, context);
  return {
    total: drainForecast(versions, history.total, context),
    targets: new Map(versions.map((version) => [version, forecastFor(version)])),
    pastDeadline: clocksAgree(before.startedAt, contents, observedAt, time)
      ? pastDeadline(config, certainEnd(versions, fresh, index), observedAt, time)
      : undefined,
    statuses: new Map([...(detailScan?.statuses ?? []), ...statuses]),
    newTopLevel: [...history.newTopLevel.values()].sort((a, b) => b.count - a.count),
    history,
  };
}

/** Adds the sleeping workflows that the last detail scan read and this poll did not. */
function withScanned(
  detailScan: DetailScan | undefined,
  fresh: readonly EarliestEnd[],
  { workflows }: SnapshotContents,
): readonly EarliestEnd[] {
  if (detailScan === undefined) return fresh;
  const read = new Set([...workflows.items, ...fresh].map(({ id }) => id));
  const older = earliestEndsOf([], detailScan.workflows, detailScan.statuses, detailScan.observedAt);
  return latestFirst([...older.filter(({ id }) => !read.has(id)), ...fresh]);
}

/** Returns the statuses of what this poll read. Children come from the last detail scan as well: a poll reads few. */
function statusesAfter(
  { stuckAfterMs }: Pick<GateConfig, 'stuckAfterMs'>,
  lastDetailScan: DetailScan | undefined,
  queues: DrainHistory['queues'],
  { workflows }: SnapshotContents,
  now: number,
): ReadonlyMap<string, WorkflowStatus> {
  const known = new Map(
    [...(lastDetailScan?.workflows ?? []), ...workflows.items].map((each) => [each.id, each]),
  );
  const children = Map.groupBy(
    known.values().filter(({ id, parent }) => parent !== id),
    ({ parent }) => parent,
  );
  return statusesOf(workflows.items, {
    now,
    stuckAfterMs,
    queue: (version, queue) => queues.get(queueKey(version, queue)),
    childrenOf: (id) => children.get(id) ?? [],
  });
}
