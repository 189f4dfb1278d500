import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { WorkflowState, WorkflowStatus } from '../forecast/activity.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { DrainHistory } from '../forecast/history.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { describeActivity, nextStepFor } from './activity-text.ts';
import { blocksTarget } from './blocking.ts';
import type { ActivityReport, ForecastReport, RunReport } from './schema.ts';

const EARLIEST_ENDS_REPORTED = 5;
const ACTIVITIES_REPORTED = 30;

const STATE_ORDER: readonly WorkflowState[] = ['stuck', 'waiting', 'progressing'];

/**
 * The forecast for one version, or for all of them.
 *
 * @param now By the database's clock, in epoch milliseconds.
 */
export function forecastReport(forecast: DrainForecast, now: number): ForecastReport {
  const { trend, rate, left, notBefore, earliestEnds, states, arrived, withoutProcess } = forecast;
  return {
    trend,
    completedPerMinute: rate === undefined ? null : rate.completedPerMinute,
    arrivedPerMinute: rate === undefined ? null : rate.arrivedPerMinute,
    rateOverSeconds: rate === undefined ? null : rate.overMs / 1000,
    secondsLeft:
      left === undefined
        ? null
        : { likely: left.leftMs / 1000, from: left.fromMs / 1000, to: left.toMs / 1000 },
    notBefore: notBefore === undefined || notBefore <= now ? null : notBefore,
    earliestEnds: earliestEnds
      .slice(0, EARLIEST_ENDS_REPORTED)
      .map(({ name, ...earliestEnd }) => ({ ...earliestEnd, workflow: name })),
    ...states,
    arrivedRoots: arrived.roots,
    arrivedChildren: arrived.children,
    noProcessSeen: withoutProcess.length > 0,
  };
}

/** What one workflow is doing. */
export function activityReport(status: WorkflowStatus, now: number): ActivityReport {
  const { state, activity, progressAt } = status;
  return {
    state,
    kind: activity.kind,
    progressAt,
    until: 'until' in activity ? activity.until : null,
    child: activity.kind === 'child' ? activity.child.id : null,
    message: describeActivity(status, now),
    nextStep: nextStepFor(status),
  };
}

/** What the workflows that were last read in detail do or wait for: stuck ones first, then by count. */
export function activitiesReport(
  detailScan: DrainHistory['detailScan'],
  evaluation: Evaluation,
): RunReport['activities'] {
  if (detailScan === undefined) return { observedAt: null, items: [], omitted: 0 };
  const { observedAt, workflows, statuses } = detailScan;
  const blocking = workflows.filter((workflow) => blocksTarget(workflow, evaluation));
  const groups = groupsOf(blocking, statuses).sort(
    (a, b) =>
      STATE_ORDER.indexOf(a.longest.state) - STATE_ORDER.indexOf(b.longest.state) || b.count - a.count,
  );
  const items = groups.slice(0, ACTIVITIES_REPORTED).map(({ name, count, longest }) => ({
    state: longest.state,
    count,
    workflow: name,
    message: describeActivity(longest, observedAt),
    nextStep: nextStepFor(longest),
  }));
  return { observedAt, items, omitted: groups.length - items.length };
}

/** Workflows of one name that do the same. */
interface Group {
  readonly name: string | null;
  readonly count: number;
  /** The one that lasts longest. */
  readonly longest: WorkflowStatus;
}

function groupsOf(
  workflows: readonly WorkflowDetail[],
  statuses: ReadonlyMap<string, WorkflowStatus>,
): Group[] {
  const groups = new Map<string, Group>();
  for (const { id, name, queue, status: rowStatus } of workflows) {
    const status = statuses.get(id);
    if (status === undefined) continue;
    const { state, activity } = status;
    const key = JSON.stringify([state, activity.kind, name, rowStatus === 'ENQUEUED' ? queue : null]);
    const group = groups.get(key) ?? { name, count: 0, longest: status };
    const longest = lasts(group.longest) >= lasts(status) ? group.longest : status;
    groups.set(key, { name, count: group.count + 1, longest });
  }
  return [...groups.values()];
}

/** Greater for what lasts longer: the end where it is known, or else how long nothing has changed. */
function lasts({ activity, progressAt }: WorkflowStatus): number {
  return 'until' in activity && activity.until !== null ? activity.until : -progressAt;
}
