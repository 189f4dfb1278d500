import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { WorkflowStatus } from '../forecast/activity.ts';
import type { WorkflowWithStatus } from '../forecast/detail-scan.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import { shownId } from '../hidden-ids.ts';
import type { Poll } from '../hold/hold.ts';
import { type Message, trusted } from '../message.ts';
import { KIT_STATES, type KitState, kitStateOf } from '../unblock/states.ts';
import { describeActivity, forkOrCancel, nextStepFor, nextStepWithoutProcess } from './activity-text.ts';
import { likenessOf, longest } from './alike.ts';
import { blocksTarget, canFork, isLive } from './blocking.ts';
import type { ActivityReport, ForecastReport, RunReport } from './schema.ts';

const EARLIEST_ENDS_REPORTED = 5;
const ACTIVITIES_REPORTED = 30;

/** The forecast for one version, or for all, at `now` by the database's clock, in epoch milliseconds. */
export function forecastReport(forecast: DrainForecast, now: number): ForecastReport {
  const { trend, rate, left, notBefore, earliestEnds, states, arrived, withoutProcess, quietMs } = forecast;
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
    quietSeconds: quietMs === undefined ? null : quietMs / 1000,
  };
}

/** What one workflow does or waits for; null where it was not read. */
export function activityReport(workflow: WorkflowDetail, poll: Poll, isWait: boolean): ActivityReport | null {
  const status = poll.forecast.statuses.get(workflow.id);
  if (status === undefined) return null;
  const now = poll.evaluation.snapshot.observedAt;
  const { state, activity, progressAt } = status;
  const stands = standing({ workflow, status }, poll, isWait);
  return {
    state,
    kind: activity.kind,
    progressAt,
    until: 'until' in activity ? activity.until : null,
    child: activity.kind === 'child' ? shownId(activity.child.id) : null,
    message: describeActivity(status, now),
    nextStep: nextStep({ status, state: kitStateOf(status, now), stands }, workflow.executor, canFork(poll.evaluation)),
  };
}

/** What the workflows that were last read in detail do or wait for: stuck ones first, then by count. */
export function activitiesReport(poll: Poll, isWait: boolean): RunReport['activities'] {
  const { evaluation, forecast } = poll;
  const { detailScan } = forecast.history;
  if (detailScan === undefined) return { observedAt: null, items: [], omitted: 0 };
  const { observedAt, workflows, statuses } = detailScan;
  const blocking = workflows.flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    if (status === undefined || !blocksTarget(workflow, evaluation)) return [];
    const stands = standing({ workflow, status }, poll, isWait);
    return [{ workflow, status, state: kitStateOf(status, observedAt), stands }];
  });
  const alike = Map.groupBy(blocking, (read) => JSON.stringify([read.state, read.stands, likenessOf(read)]));
  const groups = [...alike.values()].flatMap((group) => {
    const foremost = longest(group);
    if (foremost === undefined) return [];
    const { workflow, status, state } = foremost;
    const isOneExecutor = group.every((each) => each.workflow.executor === workflow.executor);
    return {
      state,
      kind: status.activity.kind,
      count: group.length,
      workflow: workflow.name,
      className: workflow.className,
      message: describeActivity(status, observedAt),
      nextStep: nextStep(foremost, isOneExecutor ? workflow.executor : null, canFork(evaluation)),
    };
  });
  const items = groups
    .sort((a, b) => KIT_STATES.indexOf(a.state) - KIT_STATES.indexOf(b.state) || b.count - a.count)
    .slice(0, ACTIVITIES_REPORTED);
  return { observedAt, items, omitted: groups.length - items.length };
}

/** The next step of work that is not stuck itself, where waiting does not help; of all work, where its version is live. */
const NOT_BY_ITSELF = {
  live: () => trusted('move the traffic to another version first'),
  'no-process': nextStepWithoutProcess,
  outlasting: (canFork: boolean) => trusted(`${forkOrCancel(canFork)}: it outlasts the timeout`),
  stuck: (canFork: boolean) => trusted(`check whether its process still runs. If not, ${forkOrCancel(canFork)}`),
} as const;

/** What a person can do about a workflow, given how its version stands. */
function nextStep(
  {
    status,
    state,
    stands,
  }: { readonly status: WorkflowStatus; readonly state: KitState; readonly stands: Standing | undefined },
  executor: string | null,
  forks: boolean,
): Message {
  const isOfVersion = stands !== undefined && (state !== 'stuck' || stands === 'live');
  return isOfVersion ? NOT_BY_ITSELF[stands](forks) : nextStepFor(status, executor, forks, stands === 'no-process');
}

type Standing = keyof typeof NOT_BY_ITSELF;

/** Why nobody should simply wait for a workflow; undefined where it can finish. */
function standing(
  { workflow: { version }, status }: WorkflowWithStatus,
  poll: Poll,
  isWait: boolean,
): Standing | undefined {
  const { evaluation, forecast } = poll;
  if (evaluation.targets.some((target) => target.version === version && isLive(target))) return 'live';
  const drain = forecast.targets.get(version);
  const { activity } = status;
  if (drain?.standsStill) return drain.withoutProcess.length > 0 ? 'no-process' : 'stuck';
  const until = activity.kind === 'sleeping' || activity.kind === 'delayed' ? activity.until : null;
  const { outlasting } = forecast;
  if (isWait && outlasting !== undefined && (until ?? 0) > outlasting.deadline) return 'outlasting';
  const isDue = activity.kind === 'running' || activity.kind === 'queued';
  return isDue && drain?.quietMs !== undefined ? 'stuck' : undefined;
}
