import type { WorkflowStatus } from '../forecast/activity.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import { describeActivity, nextStepFor } from './activity-text.ts';
import { plain } from './escape.ts';
import { iso, seconds } from './formats.ts';
import type { ActivityReport, ForecastReport } from './schema.ts';

/** So many bounds of each version are in the report. */
const EARLIEST_ENDS_REPORTED = 5;

/** The forecast, for programs. */
export function forecastReport(forecast: DrainForecast, now: number): ForecastReport {
  const { trend, rate: pace, left, notBefore, earliestEnds, states, arrived, withoutProcess } = forecast;
  return {
    trend,
    completedPerMinute: pace === undefined ? null : hundredths(pace.completedPerMinute),
    arrivedPerMinute: pace === undefined ? null : hundredths(pace.arrivedPerMinute),
    rateOverSeconds: pace === undefined ? null : seconds(pace.overMs),
    secondsLeft:
      left === undefined
        ? null
        : { likely: seconds(left.leftMs), from: seconds(left.fromMs), to: seconds(left.toMs) },
    notBefore: notBefore === undefined || notBefore <= now ? null : iso(notBefore),
    earliestEnds: earliestEnds
      .slice(0, EARLIEST_ENDS_REPORTED)
      .map(({ id, name, version, until, because }) => ({
        id,
        workflow: name,
        version,
        until: iso(until),
        because,
      })),
    ...states,
    arrivedRoots: arrived.roots,
    arrivedChildren: arrived.children,
    noProcessSeen: withoutProcess.length > 0,
  };
}

/** What a workflow is doing, for programs. */
export function activityReport(status: WorkflowStatus, now: number): ActivityReport {
  const { state, activity, progressAt } = status;
  return {
    state,
    kind: activity.kind,
    progressAt: iso(progressAt),
    until: 'until' in activity ? iso(activity.until) : null,
    child: activity.kind === 'child' ? activity.child.id : null,
    message: `${plain(describeActivity(status, now))}. Next: ${nextStepFor(status)}.`,
  };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
