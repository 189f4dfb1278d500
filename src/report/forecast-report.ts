import type { DrainForecast } from '../gate/drain-forecast.ts';
import type { Assessment } from '../gate/situation.ts';
import { plain } from './escape.ts';
import { iso, seconds } from './formats.ts';
import type { ForecastReport, SituationReport } from './report-schema.ts';
import { describeSituation, nextStepFor } from './situation-text.ts';

/** So many bounds of each version are in the report. */
const BOUNDS_TOLD = 5;

/** The forecast, for programs. */
export function forecastReport(forecast: DrainForecast, now: number): ForecastReport {
  const { trend, rate: pace, left, notBefore, bounds, states, arrived, lifeless } = forecast;
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
    bounds: bounds.slice(0, BOUNDS_TOLD).map(({ id, name, version, until, because }) => ({
      id,
      workflow: name,
      version,
      until: iso(until),
      because,
    })),
    ...states,
    arrivedRoots: arrived.roots,
    arrivedChildren: arrived.children,
    noProcessSeen: lifeless.length > 0,
  };
}

/** What a workflow is doing, for programs. */
export function situationReport(assessment: Assessment, now: number): SituationReport {
  const { state, situation, progressAt } = assessment;
  return {
    state,
    kind: situation.kind,
    progressAt: iso(progressAt),
    until: 'until' in situation ? iso(situation.until) : null,
    child: situation.kind === 'child' ? situation.child.id : null,
    message: `${plain(describeSituation(assessment, now))}. Next: ${nextStepFor(assessment)}.`,
  };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
