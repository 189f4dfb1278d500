import type { StartedName } from '../dbos/snapshot/index.ts';
import type { PollTime } from '../hold/state.ts';
import type { Evaluation, TargetEvaluation } from '../rules/evaluate.ts';
import type { SnapshotIndex } from '../rules/snapshot-index.ts';
import type { Target } from '../rules/target.ts';
import { type StatusCounts, summed } from '../status-counts.ts';
import type { QueueState } from './activity.ts';
import { type DetailScan, isParked, scannedOf } from './detail-scan.ts';
import type { Standing } from './standing.ts';

/** Top-level workflows of one version, class and name. */
export type NewTopLevel = Omit<StartedName, 'scheduled'>;

/** What the forecast carries from one poll to the next. It decides nothing about safety. */
export interface DrainHistory {
  /** When the gate started and polled last, by the database's clock. */
  readonly startedAt?: number;
  readonly observedAt?: number;
  /** All targets together. */
  readonly total: Series;
  readonly targets: ReadonlyMap<Target, Series>;
  /** The previous poll's counts of recently created workflows, which the next poll counts again. */
  readonly created: SnapshotIndex['started'];
  /** Top-level workflows created since the gate started, by version, class and name. */
  readonly newTopLevel: ReadonlyMap<string, NewTopLevel>;
  readonly queues: ReadonlyMap<string, QueueState & { readonly enqueued: number }>;
  readonly standing: Standing;
  readonly detailScan?: DetailScan | undefined;
  /** When the next detail scan is due, in milliseconds since the gate started. */
  readonly detailScanDueAtMs: number;
}

/** The course of a drain, poll by poll. A long one keeps fewer of its samples. */
export interface Series {
  readonly points: readonly Sample[];
  readonly inFlight: number;
  /** The last poll at which some workflow had finished, in milliseconds since the gate started. */
  readonly endedAtMs: number | undefined;
}

/** What one poll counted, and what happened since the gate started. */
export interface Sample extends StatusCounts {
  /** Milliseconds since the gate started. */
  readonly atMs: number;
  /** In flight, and neither delayed nor parked. */
  readonly moving: number;
  readonly completed: number;
  readonly arrived: number;
  /** Arrivals without a parent, and children. Both are zero where the schema does not record parents. */
  readonly roots: number;
  readonly children: number;
}

type Totals = Pick<Sample, 'completed' | 'arrived' | 'roots' | 'children'>;

/** A target, and what its poll adds to the samples. */
type Changed = TargetEvaluation & Totals & Pick<Sample, 'moving'>;

/** The most samples of a series, and with that the most points of its chart. */
export const SERIES_SAMPLES = 60;

/** Only the first 200 targets keep the whole series. The others keep the first sample and the last. */
const TRACKED_TARGETS = 200;
const UNTRACKED_SAMPLES = 2;

/** A detail scan reads some pages per workflow: one per minute, and one per ten minutes after one that took too long. */
const DETAIL_SCAN_EVERY_MS = 60_000;
const DETAIL_SCAN_AFTER_FAILURE_MS = 600_000;

const NAMES_KEPT = 50;

const NO_TOTALS: Totals = { completed: 0, arrived: 0, roots: 0, children: 0 };

export const emptySeries: Series = { points: [], inFlight: 0, endedAtMs: undefined };

export const emptyHistory: DrainHistory = {
  total: emptySeries,
  targets: new Map(),
  created: new Map(),
  newTopLevel: new Map(),
  queues: new Map(),
  standing: new Map(),
  detailScanDueAtMs: 0,
};

/** Returns the history after a poll that could have failed because of its detail scan. */
export function withScanPostponed(history: DrainHistory, now: number): DrainHistory {
  return { ...history, detailScanDueAtMs: now + DETAIL_SCAN_AFTER_FAILURE_MS };
}

export const queueKey = (version: string | null, queue: string) => JSON.stringify([version, queue]);

/** Adds a poll to the history. `scan` is its detail scan, if it was one. */
export function historyAfter(
  before: DrainHistory,
  { targets, snapshot: { observedAt } }: Evaluation,
  index: SnapshotIndex,
  time: PollTime,
  { scan, ...kept }: Pick<DrainHistory, 'queues' | 'standing'> & { readonly scan: DetailScan | undefined },
): DrainHistory {
  const detailScan = scan ?? before.detailScan;
  const changed = targets.map((target) => {
    const parked = scannedOf(target.version, detailScan).filter(isParked).length;
    const moving = Math.max(0, target.inFlight - target.delayed - parked);
    return { ...target, ...changeOf(target, before, index), moving };
  });
  return {
    startedAt: before.startedAt ?? observedAt - time.began,
    observedAt,
    total: extended(before.total, changed, time.ended, SERIES_SAMPLES),
    targets: new Map(
      changed.map((target, number) => {
        const most = number < TRACKED_TARGETS ? SERIES_SAMPLES : UNTRACKED_SAMPLES;
        return [
          target.version,
          extended(before.targets.get(target.version) ?? emptySeries, [target], time.ended, most),
        ];
      }),
    ),
    created: index.started,
    newTopLevel: newTopLevelAfter(before, targets, index),
    ...kept,
    detailScan,
    detailScanDueAtMs: scan === undefined ? before.detailScanDueAtMs : time.ended + DETAIL_SCAN_EVERY_MS,
  };
}

/**
 * Counts what arrived on a target and what finished since the previous poll: at least these. Completions are the
 * arrivals that are not in flight any more. A workflow that started and finished between the polls counts as both.
 */
function changeOf({ version, inFlight }: TargetEvaluation, before: DrainHistory, index: SnapshotIndex): Totals {
  const series = before.targets.get(version);
  if (series === undefined) return NO_TOTALS;
  const then = before.created.get(version);
  const now = index.started.get(version);
  const created = Math.max(0, (now?.sincePrevious.count ?? 0) - (then?.fromHere.count ?? 0));
  const children = Math.max(0, (now?.childrenSincePrevious ?? 0) - (then?.childrenFromHere ?? 0));
  const more = inFlight - series.inFlight;
  const arrived = Math.max(created, more);
  const roots = now?.childrenSincePrevious == null ? 0 : Math.max(0, created - children);
  return { completed: arrived - more, arrived, roots, children };
}

/** Adds the sample of one poll, which has these targets together. */
function extended(series: Series, targets: readonly Changed[], atMs: number, most: number): Series {
  const { points, endedAtMs } = series;
  const sum = (of: (target: Changed) => number) => targets.reduce((all, each) => all + of(each), 0);
  const before = points.at(-1) ?? NO_TOTALS;
  const completed = sum((target) => target.completed);
  const sample: Sample = {
    atMs,
    ...summed(targets),
    moving: sum(({ moving }) => moving),
    completed: before.completed + completed,
    arrived: before.arrived + sum(({ arrived }) => arrived),
    roots: before.roots + sum(({ roots }) => roots),
    children: before.children + sum(({ children }) => children),
  };
  const inFlight = sum((target) => target.inFlight);
  return { points: thinned([...points, sample], most), inFlight, endedAtMs: completed > 0 ? atMs : endedAtMs };
}

/** Leaves out the sample whose neighbours are closest in time, where there are too many: near the end, polls are dense. */
function thinned(samples: readonly Sample[], most: number): readonly Sample[] {
  if (samples.length <= most) return samples;
  const gaps = samples.slice(2).map((after, index) => after.atMs - (samples[index]?.atMs ?? 0));
  return samples.toSpliced(gaps.indexOf(Math.min(...gaps)) + 1, 1);
}

function newTopLevelAfter(before: DrainHistory, targets: readonly TargetEvaluation[], { contents }: SnapshotIndex) {
  const versions = new Set(targets.map(({ version }) => version));
  const all = new Map(before.newTopLevel);
  for (const { version, name, className, count } of contents.started.names) {
    const key = JSON.stringify([version, name, className]);
    const known = all.get(key);
    if (!versions.has(version) || (known === undefined && all.size >= NAMES_KEPT)) continue;
    all.set(key, { version, name, className, count: count + (known?.count ?? 0) });
  }
  return all;
}

/** Returns the queues, with when each last moved: it handed work out, which running rows or a shorter queue show. */
export function queuesAfter(before: DrainHistory, index: SnapshotIndex, observedAt: number): DrainHistory['queues'] {
  return new Map(
    index.contents.queues.map(({ version, queue, enqueued, newestStartedAt, ...each }) => {
      const key = queueKey(version, queue);
      const known = before.queues.get(key);
      // Nothing runs between two short workflows. At the first poll, work that the version took up speaks for the queue.
      const atFirst = newestStartedAt ?? index.inFlight.get(version)?.newestTakenAt ?? 0;
      const fell = known !== undefined && enqueued < known.enqueued;
      const movedAt = fell ? observedAt : Math.max(known?.movedAt ?? atFirst, newestStartedAt ?? 0);
      const { runningInAll: running, concurrency: limit, partitionConcurrency: partitionLimit, rateMs } = each;
      const workerLimit = each.workerConcurrency;
      const mayFillWorkers = workerLimit !== null && each.pending >= workerLimit;
      return [
        key,
        { enqueued, movedAt, running, limit, partitionLimit, rateMs, ...(mayFillWorkers ? { workerLimit } : {}) },
      ];
    }),
  );
}
