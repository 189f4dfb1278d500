import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import { WORKFLOW_STATES, type WorkflowStatus } from '../forecast/activity.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import { shownId } from '../hidden-ids.ts';
import type { Poll } from '../hold/hold.ts';
import { describeActivity, nextStepFor } from './activity-text.ts';
import { blocksTarget } from './blocking.ts';
import type { ActivityReport, ForecastReport, RunReport } from './schema.ts';

const EARLIEST_ENDS_REPORTED = 5;
const ACTIVITIES_REPORTED = 30;

/** The forecast for one version, or for all, at `now` by the database's clock, in epoch milliseconds. */
export function forecastReport(forecast: DrainForecast, now: number): ForecastReport {
  const { trend, rate, left, notBefore, earliestEnds, states, arrived, withoutProcess } = forecast;
  return {
    trend,
    completedPerMinute: rate?.completedPerMinute ?? null,
    arrivedPerMinute: rate?.arrivedPerMinute ?? null,
    rateOverSeconds: rate === undefined ? null : rate.overMs / 1000,
    secondsLeft:
      left === undefined ? null : { likely: left.leftMs / 1000, from: left.fromMs / 1000, to: left.toMs / 1000 },
    notBefore: notBefore === undefined || notBefore <= now ? null : notBefore,
    earliestEnds: earliestEnds
      .slice(0, EARLIEST_ENDS_REPORTED)
      .map(({ id, name, ...earliestEnd }) => ({ ...earliestEnd, id: shownId(id), workflow: name })),
    ...states,
    arrivedRoots: arrived.roots,
    arrivedChildren: arrived.children,
    noProcessSeen: withoutProcess.length > 0,
  };
}

export function activityReport(
  { executor }: Pick<WorkflowDetail, 'executor'>,
  status: WorkflowStatus | undefined,
  now: number,
): ActivityReport | null {
  if (status === undefined) return null;
  const { state, activity, progressAt } = status;
  return {
    state,
    kind: activity.kind,
    progressAt,
    until: 'until' in activity ? activity.until : null,
    child: activity.kind === 'child' ? shownId(activity.child.id) : null,
    message: describeActivity(status, now),
    nextStep: nextStepFor(status, executor),
  };
}

/** What the workflows that were last read in detail do or wait for: stuck ones first, then by count. */
export function activitiesReport({ evaluation, forecast }: Poll): RunReport['activities'] {
  const { detailScan } = forecast.history;
  if (detailScan === undefined) return { observedAt: null, items: [], omitted: 0 };
  const { observedAt, workflows, statuses } = detailScan;
  const blocking = workflows.flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    return status !== undefined && blocksTarget(workflow, evaluation) ? [{ workflow, status }] : [];
  });
  const alike = Map.groupBy(blocking, ({ workflow: { name, className, queue, status: rowStatus }, status }) =>
    JSON.stringify([status.state, status.activity.kind, name, className, rowStatus === 'ENQUEUED' ? queue : null]),
  );
  const groups = [...alike.values()].map((group) => {
    const { workflow, status } = group.reduce((a, b) => (lasts(a.status) >= lasts(b.status) ? a : b));
    const isOneExecutor = group.every((each) => each.workflow.executor === workflow.executor);
    return {
      state: status.state,
      count: group.length,
      workflow: workflow.name,
      className: workflow.className,
      message: describeActivity(status, observedAt),
      nextStep: nextStepFor(status, isOneExecutor ? workflow.executor : null),
    };
  });
  const items = groups
    .sort((a, b) => WORKFLOW_STATES.indexOf(b.state) - WORKFLOW_STATES.indexOf(a.state) || b.count - a.count)
    .slice(0, ACTIVITIES_REPORTED);
  return { observedAt, items, omitted: groups.length - items.length };
}

/** Greater for what lasts longer: the end where it is known, or else how long nothing has changed. */
function lasts({ activity, progressAt }: WorkflowStatus): number {
  return 'until' in activity && activity.until !== null ? activity.until : -progressAt;
}
