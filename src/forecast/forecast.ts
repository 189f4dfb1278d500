import type { GateConfig } from '../config.ts';
import type { ForecastRequest, SnapshotContents } from '../dbos/snapshot/index.ts';
import type { PollTime } from '../hold/state.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { statusesOf, type WorkflowStatus } from './activity.ts';
import { certainEnd, type DrainForecast, drainForecast } from './drain-forecast.ts';
import { type EarliestEnd, earliestEndsOf, latestFirst } from './earliest-end.ts';
import {
  type DetailScan,
  type DrainHistory,
  historyAfter,
  type NewTopLevel,
  queueKey,
  queuesAfter,
  type WorkflowWithStatus,
} from './history.ts';
import { CLOCK_SKEW_MS, type PastDeadline, pastDeadline } from './past-deadline.ts';

/** What is to be expected: estimates, and bounds that are certain. Never evidence of safety. */
export interface Forecast {
  /** All targets together. */
  readonly total: DrainForecast;
  readonly targets: ReadonlyMap<string, DrainForecast>;
  /** What cannot end before the timeout, by what this very poll has seen: nothing older is acted on. */
  readonly pastDeadline: PastDeadline | undefined;
  /** What each workflow that was read in detail is doing, by its id. */
  readonly statuses: ReadonlyMap<string, WorkflowStatus>;
  /** What was created without a parent on a target since the gate began, the most frequent first. */
  readonly newTopLevel: readonly NewTopLevel[];
  readonly history: DrainHistory;
}

/** What a poll that begins now can be asked for. Times in milliseconds. */
interface Opportunity {
  readonly began: number;
  /** How long the poll may take at most, and how long it should. */
  readonly budgetMs: number;
  readonly pollTimeoutMs: number;
  /** It is settled which versions are targets: before, a poll brings others as well. */
  readonly isSettled: boolean;
}

/** What the forecast asks of a poll. A roll is never worth the poll that decides: it needs time, but for the first. */
export function forecastRequest(
  { detailScan, detailScanDueAtMs, observedAt }: DrainHistory,
  { began, budgetMs, pollTimeoutMs, isSettled }: Opportunity,
): ForecastRequest {
  const isDue = began >= detailScanDueAtMs && isSettled;
  const isFirst = detailScan === undefined && detailScanDueAtMs === 0;
  return { detailScan: isDue && (isFirst || budgetMs >= pollTimeoutMs), namesSince: observedAt };
}

/** What is to be expected after this poll, given the course until then. Pure. */
export function forecastOf(
  config: Pick<GateConfig, 'stuckAfterMs' | 'timeoutMs'>,
  before: DrainHistory,
  evaluation: Evaluation,
  time: PollTime,
): Forecast {
  const { index } = evaluation;
  if (index === undefined) return nothingToExpect(before);
  const { contents } = index;
  const { observedAt } = evaluation.snapshot;
  const queues = queuesAfter(before, index, observedAt);
  const statuses = statusesAfter(config, before.detailScan, queues, contents, observedAt);
  const isWhole = contents.workflows.omitted + contents.workflows.omittedUnversioned === 0;
  // Until the targets are settled, a poll brings what is none.
  const isDetailScan = (contents.detailScan || isWhole) && !evaluation.provisional;
  const detailScan = isDetailScan ? detailScanOf(contents, statuses, observedAt, time) : before.detailScan;
  const history = historyAfter(before, evaluation, time, { index, queues, detailScan, isDetailScan });
  const fresh = earliestEndsOf(contents.lastDelayed, contents.workflows.items, statuses, observedAt);
  const earliestEnds = isDetailScan ? fresh : withThose(detailScan, fresh, contents);

  const context = { config, index, history, earliestEnds, observedAt, atMs: time.ended };
  const targets = new Map(
    evaluation.targets.map(({ version }) => [
      version,
      drainForecast([version], history.targets.get(version), context),
    ]),
  );
  return {
    total: drainForecast([...targets.keys()], history.total, context),
    targets,
    pastDeadline: clocksAgree(before, contents, observedAt, time)
      ? pastDeadline(config, certainEnd([...targets.keys()], fresh, index), observedAt, time)
      : undefined,
    statuses: new Map([...(detailScan?.statuses ?? []), ...statuses]),
    newTopLevel: [...history.names.values()].sort((a, b) => b.count - a.count),
    history,
  };
}

function nothingToExpect(history: DrainHistory): Forecast {
  const context = {
    history,
    earliestEnds: [],
    observedAt: 0,
    atMs: 0,
    index: { inFlight: new Map() },
    config: { stuckAfterMs: 0 },
  };
  return {
    total: drainForecast([], undefined, context),
    targets: new Map(),
    pastDeadline: undefined,
    statuses: new Map(),
    newTopLevel: [],
    history,
  };
}

/**
 * Nothing shows that the clocks of processes, by which delays and sleeps end, are ahead of the database's, or that this
 * is another clock than at the first poll, as after a failover.
 */
function clocksAgree(
  { beganAt }: DrainHistory,
  { newestWriteAt }: SnapshotContents,
  observedAt: number,
  time: PollTime,
): boolean {
  const steppedBackMs = beganAt === undefined ? 0 : beganAt + time.began - observedAt;
  return steppedBackMs <= CLOCK_SKEW_MS && (newestWriteAt ?? 0) - observedAt <= CLOCK_SKEW_MS;
}

/** The bounds of sleeping workflows that the last roll saw, and this poll did not bring, beside those that it did. */
function withThose(
  detailScan: DetailScan | undefined,
  fresh: readonly EarliestEnd[],
  { workflows }: SnapshotContents,
): readonly EarliestEnd[] {
  if (detailScan === undefined) return fresh;
  const brought = new Set([...workflows.items, ...fresh].map(({ id }) => id));
  const older = earliestEndsOf([], detailScan.workflows, detailScan.statuses, detailScan.observedAt);
  return latestFirst([...older.filter(({ id }) => !brought.has(id)), ...fresh]);
}

/** Families are looked for in the last roll as well: a poll's few details seldom have all of one. */
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

function detailScanOf(
  { workflows }: SnapshotContents,
  statuses: ReadonlyMap<string, WorkflowStatus>,
  observedAt: number,
  time: PollTime,
): DetailScan {
  const { items, omitted, omittedUnversioned } = workflows;
  const read = items.flatMap((workflow): readonly WorkflowWithStatus[] => {
    const status = statuses.get(workflow.id);
    return status === undefined ? [] : [{ workflow, status }];
  });
  const byVersion = Map.groupBy(read, ({ workflow }) => workflow.version);
  const parked = new Map(
    [...byVersion].map(([version, each]) => {
      const all = each.filter(({ status }) => isParked(status));
      const queued = all.filter(({ status }) => status.activity.kind === 'queued');
      return [version, { all: all.length, queued: queued.length }];
    }),
  );
  const when = { atMs: time.ended, observedAt };
  return { ...when, workflows: items, omitted, omittedUnversioned, statuses, byVersion, parked };
}

/**
 * Its end is known, or there is none in sight. Delayed ones are counted exactly, at every poll. Waits that end at a time
 * that nobody has recorded end as those before them did: experience tells, as of work.
 */
function isParked({ state, activity }: WorkflowStatus): boolean {
  const { kind } = activity;
  return kind === 'sleeping' || (state === 'stuck' && !['delayed', 'overdue', 'message'].includes(kind));
}
