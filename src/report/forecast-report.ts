import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { WorkflowStatus } from '../forecast/activity.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import { shownId } from '../hidden-ids.ts';
import type { Poll } from '../hold/hold.ts';
import { trusted } from '../message.ts';
import { KIT_STATES, kitStateOf } from '../unblock/states.ts';
import { describeActivity, nextStepFor } from './activity-text.ts';
import { blocksTarget, isLive } from './blocking.ts';
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
export function activitiesReport({ evaluation, forecast }: Poll, isWait: boolean): RunReport['activities'] {
  const { detailScan } = forecast.history;
  if (detailScan === undefined) return { observedAt: null, items: [], omitted: 0 };
  const { observedAt, workflows, statuses } = detailScan;
  const live = new Set(evaluation.targets.filter(isLive).map(({ version }) => version));
  const blocking = workflows.flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    if (status === undefined || !blocksTarget(workflow, evaluation)) return [];
    return [
      {
        workflow,
        status,
        state: kitStateOf(status, observedAt),
        stands: live.has(workflow.version) ? ('live' as const) : standing(workflow.version, status, forecast, isWait),
      },
    ];
  });
  const alike = Map.groupBy(
    blocking,
    ({ workflow: { name, className, queue, status: rowStatus }, status, state, stands }) =>
      JSON.stringify([state, stands, status.activity.kind, name, className, rowStatus === 'ENQUEUED' ? queue : null]),
  );
  const groups = [...alike.values()].map((group) => {
    const { workflow, status, state, stands } = group.reduce((a, b) => (lasts(a.status) >= lasts(b.status) ? a : b));
    const isOneExecutor = group.every((each) => each.workflow.executor === workflow.executor);
    return {
      state,
      count: group.length,
      workflow: workflow.name,
      className: workflow.className,
      message: describeActivity(status, observedAt),
      nextStep:
        stands !== undefined && (state !== 'stuck' || stands === 'live')
          ? NOT_BY_ITSELF[stands]
          : nextStepFor(status, isOneExecutor ? workflow.executor : null, stands === 'no-process'),
    };
  });
  const items = groups
    .sort((a, b) => KIT_STATES.indexOf(a.state) - KIT_STATES.indexOf(b.state) || b.count - a.count)
    .slice(0, ACTIVITIES_REPORTED);
  return { observedAt, items, omitted: groups.length - items.length };
}

/** The next step of work that is not stuck itself, where waiting does not help; of all work, where its version is live. */
const NOT_BY_ITSELF = {
  live: trusted('move the traffic to another version first'),
  'no-process': trusted('start a process of its version, or fork or cancel it'),
  outlasting: trusted('fork or cancel it: it outlasts the timeout'),
  stuck: trusted('check whether its process still runs. If not, fork or cancel it'),
} as const;

/** Why nobody should wait for the work of a version; undefined where it can finish. */
function standing(
  version: string | null,
  { activity }: WorkflowStatus,
  { targets, outlasting }: Poll['forecast'],
  isWait: boolean,
): Exclude<keyof typeof NOT_BY_ITSELF, 'live'> | undefined {
  const drain = targets.get(version);
  const until = activity.kind === 'sleeping' || activity.kind === 'delayed' ? activity.until : null;
  if (drain === undefined || !drain.standsStill) {
    return isWait && outlasting !== undefined && (until ?? 0) > outlasting.deadline ? 'outlasting' : undefined;
  }
  return drain.withoutProcess.length > 0 ? 'no-process' : 'stuck';
}

/** Greater for what lasts longer: the end where it is known, or else how long nothing has changed. */
function lasts({ activity, progressAt }: WorkflowStatus): number {
  return 'until' in activity && activity.until !== null ? activity.until : -progressAt;
}
