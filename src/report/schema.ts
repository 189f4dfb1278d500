import { z } from 'zod';
import { ACTIVITIES, WORKFLOW_STATES } from '../forecast/activity.ts';
import { TRENDS } from '../forecast/drain-forecast.ts';
import { VERDICTS } from '../rules/verdict.ts';

/*
 * The report file's contract: types for the code that writes it, the published JSON Schema, and what tests read it
 * with. The action itself needs the types alone, and does not load this.
 */

const count = z.int().nonnegative();
const rate = z.number().nonnegative();
const text = z.string().nullable();
const timestamp = z.iso.datetime().nullable();

/** The forecast, for programs. An estimate or a bound: never evidence of safety. */
const forecastSchema = z.object({
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
  earliestEnds: z
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
  progressing: count.describe('Of those read in detail, the oldest 10,000 once a minute: those at work'),
  waiting: count.describe('Those that wait for a time, a child, or their turn in a queue that moves'),
  stuck: count.describe('Those without progress for stuck-after that wait for nothing of the kind'),
  notScanned: count.describe('In flight, but not among those read in detail'),
  arrivedRoots: count.describe('Created without a parent since the gate began: traffic has not moved off'),
  arrivedChildren: count.describe('Started by other workflows since the gate began'),
  noProcessSeen: z
    .boolean()
    .describe('Queued work is not taken, and nothing of the version has changed for stuck-after'),
});

/** What a workflow is doing, for programs. */
const activitySchema = z.object({
  state: z.enum(WORKFLOW_STATES),
  kind: z.enum(ACTIVITIES).describe('What it does or waits for: stable, for programs'),
  progressAt: timestamp.describe(
    'The last change of its status, or the end of the last step if it is PENDING',
  ),
  until: timestamp.describe('When that ends, where the tables tell'),
  child: z.string().nullable().describe('The child that it waits for'),
  message: z.string().describe('The same for people, with the next step; may change'),
});

const blockerSchema = z.object({
  kind: z.string().describe('What kind of blocker: stable, for programs'),
  message: z.string().describe('What it means and the way out: for people, and may change'),
});

const versionSchema = z.object({
  version: z.string(),
  application: text.describe('The application that owns its registration or its rows'),
  pending: count,
  enqueued: count,
  delayed: count,
  inFlight: count.describe(
    'All that blocks: the three before, and rows in a status that the gate does not know',
  ),
  ignored: count.describe('In flight under a name that ignore-workflows matches; not in inFlight'),
  latest: z.boolean().describe('The latest version of its application'),
  known: z.boolean().describe('Registered, or carried by some row'),
  drained: z.boolean().describe('Clean for the whole settle window: may be torn down'),
  blockers: z.array(blockerSchema),
  forecast: forecastSchema.nullable(),
});

/** Everything that the gate knows at the end of a run. Its JSON Schema is published as `report.schema.json`. */
export const reportSchema = z
  .object({
    schemaVersion: z.literal(1),
    verdict: z.enum(VERDICTS),
    step: z.enum(['pass', 'warn', 'fail']).describe('How the step ended'),
    headline: z.string(),
    drained: z.boolean(),
    mode: z.enum(['wait', 'check', 'report']).nullable(),
    application: text.describe('The input of that name'),
    observedAt: timestamp.describe('Database time of the deciding snapshot'),
    waitedSeconds: z.number().nonnegative(),
    polls: count.describe('Polls that succeeded'),
    failedPolls: count.describe('Polls that failed, and were taken again'),
    inFlight: count.describe('On all targets, ignored ones excluded'),
    unversioned: count.describe('In-flight rows with no version that a target could claim'),
    database: z
      .object({ serverVersion: z.string(), schema: z.string(), migration: z.int().nullable() })
      .nullable(),
    blockers: z.array(blockerSchema).describe('What blocks the whole gate, and with it every version'),
    warnings: z.array(z.string()),
    versions: z.array(versionSchema),
    forecast: forecastSchema
      .nullable()
      .describe('For all versions to retire together; null when nothing was looked at'),
    newTopLevel: z
      .array(z.object({ version: z.string(), workflow: text, count }))
      .describe('What was created without a parent on a version to retire since the gate began, by name'),
    curve: z
      .array(z.object({ seconds: z.number(), pending: count, enqueued: count, delayed: count }))
      .describe('In flight over time, in seconds since the gate began, thinned out where the hold was long'),
    drainedVersions: z.array(z.string()),
    drainingVersions: z.array(z.string()),
    groups: z
      .object({
        items: z.array(
          z.object({
            version: text,
            workflow: text,
            queue: text,
            pending: count,
            enqueued: count,
            delayed: count,
            ignored: z.boolean(),
            oldestCreatedAt: timestamp,
          }),
        ),
        omitted: count.describe('Groups that were not read'),
      })
      .describe('What is in flight by version, workflow and queue, the largest first'),
    workflows: z
      .object({
        items: z.array(
          z.object({
            id: z.string(),
            version: text,
            workflow: text,
            className: text,
            status: z.string(),
            queue: text,
            executor: text,
            createdAt: timestamp,
            updatedAt: timestamp.describe('The last change of its status'),
            startedAt: timestamp,
            delayUntil: timestamp,
            deadline: timestamp.describe('When DBOS will cancel it'),
            lastStep: z
              .object({ number: z.int(), name: z.string(), completedAt: timestamp })
              .nullable()
              .describe('Of a PENDING workflow; null of another does not say that none was done'),
            parent: text,
            activity: activitySchema.nullable(),
          }),
        ),
        omitted: count.describe('Workflows that were not read in detail; the counts include them'),
      })
      .describe('The oldest workflows in flight'),
  })
  .meta({ title: 'dbos-drain-gate report' });

export type Report = z.infer<typeof reportSchema>;
export type VersionReport = z.infer<typeof versionSchema>;
export type BlockerReport = z.infer<typeof blockerSchema>;
export type ForecastReport = z.infer<typeof forecastSchema>;
export type ActivityReport = z.infer<typeof activitySchema>;
