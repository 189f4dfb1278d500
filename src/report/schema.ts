import { z } from 'zod';
import { DETAILS, MODES } from '../config.ts';
import { ACTIVITIES, WORKFLOW_STATES } from '../forecast/activity.ts';
import { TRENDS } from '../forecast/drain-forecast.ts';
import { LONGEST_NAME_BYTES } from '../long-names.ts';
import { VERDICTS } from '../rules/verdict.ts';
import { KIT_STATES } from '../unblock/states.ts';
import { CAUSES, DIAGNOSES } from './diagnosis.ts';
import { found } from './found-schema.ts';
import { count, id, message, name, rate, seconds, statusCounts, text, time } from './schema-parts.ts';

/*
 * One schema for the run report. Its input is the model that the renderers read: messages keep their untrusted parts,
 * times are epoch milliseconds of the database's clock, durations are exact. Its output is the report file: messages
 * are plain text, times are ISO 8601, durations and rates are rounded.
 */

/** What names the code of a workflow. */
const workflowName = {
  workflow: text.describe('Its name, as the SDK has it'),
  className: text.describe('Its class, where it has one'),
};
const workflowNameInDetail = {
  ...workflowName,
  instance: text.describe('The name of a configured instance of its class (`config_name`)'),
};

const truncated = <T extends z.ZodType>(item: T, omitted: string) =>
  z.object({ items: z.array(item), omitted: count.describe(omitted) });

/** What to expect: estimates and certain bounds. Never evidence of safety. */
const forecast = z.object({
  trend: z.enum(TRENDS),
  completedPerMinute: rate.nullable().describe('Null while it would be that of a few seconds'),
  arrivedPerMinute: rate.nullable(),
  rateOverSeconds: seconds.nullable().describe('The rates cover the last half of the hold, or two minutes'),
  secondsLeft: z
    .object({ likely: seconds, from: seconds, to: seconds })
    .nullable()
    .describe('An estimate with its range, without what is stuck; null without evidence'),
  notBefore: time.describe('Certain: it cannot drain before, unless somebody cancels or moves what waits'),
  earliestEnds: z
    .array(
      z.object({
        id,
        ...workflowNameInDetail,
        version: name,
        until: time,
        because: z.enum(['delayed', 'sleeping']),
      }),
    )
    .describe('What certainly lasts longest, the latest end first'),
  progressing: count.describe('Of those read in detail, the oldest 10,000 once a minute: those at work'),
  waiting: count.describe('Those that wait for a time, a child, or their turn in a queue that moves'),
  stuck: count.describe('Those without progress for stuck-after that wait for nothing of the kind'),
  notScanned: count.describe('In flight, but not among those read in detail'),
  arrivedRoots: count.describe('Created without a parent since the gate started: traffic has not moved off'),
  arrivedChildren: count.describe('Started by other workflows since the gate started'),
  noProcessSeen: z
    .boolean()
    .describe('Queued work is not taken, and nothing of the version has changed for stuck-after'),
  quietSeconds: seconds.nullable().describe('How long nothing has moved that should; null where that is not unusual'),
});

const outlook = z.array(message).describe('The forecast for people; may change');

const diagnosis = z
  .object({
    kind: z
      .enum(DIAGNOSES)
      .describe(
        '`slow`: it will finish. `stuck`: something does not move. `never`: not before the timeout, or not at all',
      ),
    cause: z.enum(CAUSES).describe('What it rests on: stable, for programs'),
    count: count.optional().describe('How many workflows outlast the timeout, where that is the cause'),
    brief: z.string().describe('The cause, for a line of a log; may change'),
    reason: message.describe('The cause, in a sentence; may change'),
    ifNothing: message.describe('What happens if nobody acts; may change'),
    nextStep: message.optional().describe('What helps, where it is one thing for all that blocks; may change'),
  })
  .nullable();

const blocker = z.object({
  kind: z.string().describe('The kind of blocker or failure: stable, and an anchor in docs/troubleshooting.md'),
  message: message.describe('What it means and the way out: for people, and may change'),
});

export const versionSchema = z.object({
  version: text.describe('Null for what processes without a version run'),
  application: text.describe('The application that owns its registration or its rows'),
  ...statusCounts,
  inFlight: count.describe('All that blocks: the three before, and rows in an unknown status'),
  ignored: count.describe('In flight under a name that ignore-workflows matches; not in inFlight'),
  oldestCreatedAt: time.describe('Creation of the oldest workflow in flight'),
  latest: z.boolean().describe('The latest version of its application'),
  known: z.boolean().describe('Registered, or carried by some row; `on-unknown: pass` can let another one pass'),
  drained: z.boolean().describe('Idle for the whole settle window: can be torn down'),
  idleSeconds: seconds.nullable().describe('How long every poll found it idle; null while it is not'),
  blockers: z.array(blocker).describe('What blocks the whole gate, then what blocks this version'),
  reasons: z.array(z.string()).describe('Short names of its blockers but work in flight; may change'),
  diagnosis: diagnosis.describe(
    'What its drain is. Null where it has drained, and where it is not a drain that blocks',
  ),
  forecast: forecast.nullable(),
  outlook,
});

const group = z.object({
  version: text,
  ...workflowName,
  queue: text,
  ...statusCounts,
  ignored: z.boolean(),
  oldestCreatedAt: time,
});

const activity = z.object({
  state: z.enum(WORKFLOW_STATES),
  kind: z.enum(ACTIVITIES).describe('What it does or waits for: stable, for programs'),
  progressAt: time.describe('The last change of its status, or the completion of its last step'),
  until: time.describe('When that ends, where the tables tell'),
  child: text.describe('The child that it waits for'),
  message: message.describe('The same for people; may change'),
  nextStep: message.describe('What a person can do about it; may change'),
});

const workflow = z.object({
  id,
  version: text,
  ...workflowNameInDetail,
  status: name,
  queue: text,
  executor: text,
  createdAt: time,
  updatedAt: time.describe('The last change of its status'),
  startedAt: time,
  delayUntil: time,
  deadline: time.describe('When DBOS will cancel it'),
  lastStep: z
    .object({ number: z.int(), name, completedAt: time })
    .nullable()
    .describe('Of a PENDING workflow; null of another does not say that none was done'),
  parent: text,
  activity: activity.nullable(),
});

const activityGroup = z.object({
  state: z.enum(KIT_STATES).describe('A parent has the state of the child it waits for'),
  kind: activity.shape.kind,
  count,
  ...workflowName,
  message: message.describe('What the one that lasts longest does or waits for; may change'),
  nextStep: activity.shape.nextStep,
});

/** Everything that the gate knows at the end of a run. The JSON Schema of its output is `report.schema.json`. */
export const runReportSchema = z
  .object({
    schemaVersion: z.literal(1),
    troubleshooting: z
      .string()
      .describe('The page that explains each kind under its own heading: its URL, or its path in the repository'),
    verdict: z.enum(VERDICTS),
    conclusion: z.enum(['pass', 'warn', 'fail']).describe('How the step ended'),
    headline: message.describe('The verdict in one plain sentence, and the diagnosis'),
    diagnosis: diagnosis.describe('That of the version that is worst off'),
    notBefore: time.describe('No version can have drained before. Null where no such time is known'),
    drained: z.boolean(),
    mode: z.enum(MODES).nullable(),
    details: z.enum(DETAILS).nullable().describe('With `names`, no ids of workflows and executors are here'),
    application: text.describe('The input of that name'),
    observedAt: time.describe('Database time of the deciding snapshot'),
    outdated: z.boolean().describe('The run failed after that snapshot, which decides nothing'),
    waitedSeconds: seconds,
    polls: count.describe('Polls that succeeded'),
    failedPolls: count.describe('Polls that failed, and were retried'),
    inFlight: count.nullable().describe('On all targets, ignored ones excluded. Null where nothing could be counted'),
    inFlightAtFirst: count.describe('The same at the first poll'),
    unversioned: count
      .nullable()
      .describe('In-flight rows with no version that a target could claim. Null where nothing could be counted'),
    database: z.object({ serverVersion: z.string(), schema: z.string(), migration: z.int().nullable() }).nullable(),
    found: found.nullable().describe('What a preflight checked and found. Null in the other modes'),
    blockers: z.array(blocker).describe('The failure, or what blocks the whole gate'),
    neededTimeout: z
      .string()
      .nullable()
      .describe('If cannot-drain: the `timeout` that would do; null beyond what a job can take'),
    pastDeadline: message.nullable().describe('Why not all can end before the timeout, if cannot-drain'),
    warnings: z.array(message),
    versions: z.array(versionSchema),
    forecast: forecast.nullable().describe('For all versions to retire together'),
    outlook,
    newTopLevel: z
      .array(z.object({ version: text, ...workflowName, count }))
      .describe('What was created without a parent on a version to retire since the gate started, by class and name'),
    history: z
      .array(z.object({ seconds, ...statusCounts }))
      .describe('In flight over time, in seconds since the gate started, thinned out after a long hold'),
    drainedVersions: z.array(z.string()),
    drainingVersions: z.array(z.string()),
    newVersion: text.describe('Where forks of the work in flight can run: the latest version that stays'),
    otherApplications: z
      .array(
        z.object({
          name,
          mayBeFormerName: z
            .boolean()
            .describe(
              'It has work in flight, and registered no version since this application registered its first, or this one has registered none',
            ),
          inFlight: z.array(z.object({ version: text, ...statusCounts })),
        }),
      )
      .describe('Applications beside the one that `application` names; empty without that'),
    groups: truncated(group, 'Not read').describe('What blocks, by version, class, workflow and queue, largest first'),
    activities: truncated(activityGroup, 'Not listed')
      .extend({ observedAt: time.describe('Database time of the read') })
      .describe('What the workflows that were last read in detail do or wait for, stuck ones first'),
    workflows: truncated(workflow, 'Not listed').describe('The oldest workflows in flight'),
    firstToUnblock: text.describe('The id of the workflow to unblock first; null where all of it finishes by itself'),
    commandLine: z
      .object({
        program: text.describe('Null where it has to be installed first, or chosen'),
        urlOption: z.enum(['--sys-db-url', '--db-url']),
        fits: z.string().describe('Which release fits the schema, and how to get it'),
      })
      .nullable()
      .describe('DBOS’s command line for the work that blocks, by its language and the age of the schema'),
    shortened: z
      .object({
        texts: count.describe(
          `Texts of more than ${LONGEST_NAME_BYTES} bytes. In place of each stands \`(cut) sha256:\` with its hash, its length and its start: that is no name`,
        ),
        omitted: z
          .array(z.object({ list: z.string(), entries: count }))
          .describe('Entries left out of lists: long names, and what would make the file larger than 16 MB'),
      })
      .default(() => ({ texts: 0, omitted: [] })),
  })
  .meta({ title: 'dbos-drain-gate report' });

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** How a run ended: all that a renderer needs, and the input of the report file. */
export type RunReport = Frozen<z.input<typeof runReportSchema>>;
export type VersionReport = RunReport['versions'][number];
export type ForecastReport = NonNullable<RunReport['forecast']>;
export type WorkflowReport = RunReport['workflows']['items'][number];
export type ActivityReport = NonNullable<WorkflowReport['activity']>;

export type ReportFile = z.output<typeof runReportSchema>;
