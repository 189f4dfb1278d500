import { z } from 'zod';
import { type DrainForecast, TRENDS } from '../gate/drain-forecast.ts';
import { type Assessment, DRAIN_STATES, SITUATIONS } from '../gate/situation.ts';
import { plain } from './escape.ts';
import { iso, seconds } from './formats.ts';
import { describeSituation, nextStepFor } from './situation-text.ts';

const count = z.int().nonnegative();
const timestamp = z.iso.datetime().nullable();
const rate = z.number().nonnegative();

/** So many bounds of each version are in the report. */
const BOUNDS_TOLD = 5;

/** The forecast, for programs. An estimate or a bound: never evidence of safety. */
export const forecastSchema = z.object({
  trend: z.enum(TRENDS),
  completedPerMinute: rate.nullable().describe('Null while it would be that of a few seconds'),
  arrivedPerMinute: rate.nullable(),
  rateOverSeconds: rate
    .nullable()
    .describe('What the two rates were measured over: the last half of the hold, or two minutes'),
  secondsLeft: z
    .object({ likely: rate, from: rate, to: rate })
    .nullable()
    .describe('An estimate with its range, without what is stuck; null without evidence'),
  notBefore: timestamp.describe(
    'Certain: it cannot drain before, unless somebody cancels or moves what waits',
  ),
  bounds: z
    .array(
      z.object({
        id: z.string(),
        workflow: z.string().nullable(),
        version: z.string(),
        until: timestamp,
        because: z.enum(['delayed', 'sleeping']),
      }),
    )
    .describe('What certainly lasts longest, the latest end first'),
  draining: count.describe('Of those read in detail, the oldest 10,000 once a minute: those at work'),
  waiting: count.describe('Those that wait for a time, a child, or their turn in a queue that moves'),
  stuck: count.describe('Those without progress for stuck-after that wait for nothing of the kind'),
  unread: count.describe('In flight, but not among those read in detail'),
  arrivedRoots: count.describe('Created without a parent since the gate began: traffic has not moved off'),
  arrivedChildren: count.describe('Started by other workflows since the gate began'),
  noProcessSeen: z
    .boolean()
    .describe('Queued work is not taken, and nothing of the version has changed for stuck-after'),
});

export type ForecastReport = z.infer<typeof forecastSchema>;

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
export const situationSchema = z.object({
  state: z.enum(DRAIN_STATES),
  kind: z.enum(SITUATIONS).describe('What it does or waits for: stable, for programs'),
  progressAt: timestamp.describe('The last change of its status, or the end of its last step'),
  until: timestamp.describe('When that ends, where the tables tell'),
  child: z.string().nullable().describe('The child that it waits for'),
  message: z.string().describe('The same for people, with the next step; may change'),
});

export function situationReport(assessment: Assessment, now: number): z.infer<typeof situationSchema> {
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
