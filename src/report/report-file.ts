import { z } from 'zod';
import { type Blocker, describeBlocker } from '../gate/blocker.ts';
import { blockersOfAll } from '../gate/decide.ts';
import type { WorkflowDetail } from '../gate/observation.ts';
import { inFlightOn, type TargetJudgement } from '../gate/target.ts';
import { VERDICTS } from '../gate/verdict.ts';
import { plain } from './escape.ts';
import { forecastReport, forecastSchema, situationReport, situationSchema } from './forecast-report.ts';
import { iso, seconds } from './formats.ts';
import {
  blockingWorkflows,
  drainedVersions,
  drainingVersions,
  headline,
  inFlightOnAll,
  leftOut,
  type Result,
  targetsOf,
  workflowsLeftOut,
} from './result.ts';

const count = z.int().nonnegative();
const text = z.string().nullable();
const timestamp = z.iso.datetime().nullable();

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
    observedAt: timestamp.describe('Database time of the deciding observation'),
    waitedSeconds: z.number().nonnegative(),
    looks: count.describe('Looks that succeeded'),
    failedLooks: count.describe('Looks that failed, and were taken again'),
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
    startedRoots: z
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
        leftOut: count.describe('Groups that were not read'),
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
            lastStep: z.object({ number: z.int(), name: z.string(), completedAt: timestamp }).nullable(),
            parent: text,
            situation: situationSchema.nullable(),
          }),
        ),
        leftOut: count.describe('Workflows that were not read in detail; the counts include them'),
      })
      .describe('The oldest workflows in flight'),
  })
  .meta({ title: 'dbos-drain-gate report' });

export type Report = z.infer<typeof reportSchema>;
export type VersionReport = z.infer<typeof versionSchema>;

/** The report of a run, for programs: names and ids as they are in the database, nothing neutralised. */
export function reportOf(result: Result): Report {
  const judgement = result.last?.judgement;
  const observation = judgement?.observation;
  const groups = observation?.seen?.groups;
  return {
    schemaVersion: 1,
    verdict: result.verdict,
    step: result.step,
    headline: plain(headline(result)),
    drained: result.verdict === 'drained',
    mode: result.config?.mode ?? null,
    application: result.config?.application ?? null,
    observedAt: iso(observation?.observedAt),
    waitedSeconds: seconds(result.waitedMs),
    looks: result.looks,
    failedLooks: result.failedLooks,
    inFlight: inFlightOnAll(targetsOf(result)),
    unversioned: judgement?.unversioned ?? 0,
    database:
      observation === undefined
        ? null
        : {
            serverVersion: observation.database.serverVersion,
            schema: result.schema ?? '',
            migration: observation.database.migration ?? null,
          },
    blockers: [
      ...(result.failure === undefined ? [] : [{ kind: 'failure', message: plain(result.failure) }]),
      ...(judgement === undefined ? [] : blockersOfAll(judgement)).map((each) => told(each, result)),
    ],
    warnings: result.warnings.map(plain),
    versions: versionsOf(result),
    ...expected(result),
    drainedVersions: [...drainedVersions(result)],
    drainingVersions: [...drainingVersions(result)],
    groups: {
      items: (groups?.items ?? []).map(({ name, oldestCreatedAt, ...group }) => ({
        ...group,
        workflow: name,
        oldestCreatedAt: iso(oldestCreatedAt),
      })),
      leftOut: leftOut(groups, result),
    },
    workflows: {
      items: blockingWorkflows(result).map((workflow) => workflowReport(workflow, result)),
      leftOut: workflowsLeftOut(result),
    },
  };
}

/** The forecast for all targets together, and what it rests on. */
function expected({ last }: Result): Pick<Report, 'forecast' | 'startedRoots' | 'curve'> {
  if (last === undefined) return { forecast: null, startedRoots: [], curve: [] };
  const { total, startedRoots } = last.forecast;
  return {
    forecast: forecastReport(total, last.judgement.observation.observedAt),
    startedRoots: startedRoots.map(({ version, name, count: created }) => ({
      version,
      workflow: name,
      count: created,
    })),
    curve: total.track.points.map(({ atMs, pending, enqueued, delayed }) => ({
      seconds: seconds(atMs),
      pending,
      enqueued,
      delayed,
    })),
  };
}

function workflowReport(workflow: WorkflowDetail, { last }: Result): Report['workflows']['items'][number] {
  const { id, version, name, className, status, queue, executor, parent, lastStep } = workflow;
  const assessment = last?.forecast.assessments.get(id);
  return {
    ...{ id, version, workflow: name, className, status, queue, executor, parent },
    createdAt: iso(workflow.createdAt),
    updatedAt: iso(workflow.updatedAt),
    startedAt: iso(workflow.startedAt),
    delayUntil: iso(workflow.delayUntil),
    deadline: iso(workflow.deadline),
    lastStep:
      lastStep === null
        ? null
        : { number: lastStep.number, name: lastStep.name, completedAt: iso(lastStep.completedAt) },
    situation:
      assessment === undefined
        ? null
        : situationReport(assessment, last?.judgement.observation.observedAt ?? 0),
  };
}

/** One object a target: the output `versions`. */
export function versionsOf(result: Result): VersionReport[] {
  const drained = new Set(drainedVersions(result));
  return targetsOf(result).map((target: TargetJudgement) => ({
    version: target.version,
    application: target.application,
    pending: target.pending,
    enqueued: target.enqueued,
    delayed: target.delayed,
    inFlight: inFlightOn(target),
    ignored: target.ignored,
    latest: target.latest,
    known: target.known,
    drained: drained.has(target.version),
    blockers: [...(result.last?.judgement.gate ?? []), ...target.blockers].map((each) => told(each, result)),
    forecast: forecastOfTarget(result, target.version),
  }));
}

function forecastOfTarget({ last }: Result, version: string): VersionReport['forecast'] {
  const forecast = last?.forecast.targets.get(version);
  if (last === undefined || forecast === undefined) return null;
  return forecastReport(forecast, last.judgement.observation.observedAt);
}

function told(blocker: Blocker, { verdict }: Result): z.infer<typeof blockerSchema> {
  return { kind: blocker.kind, message: plain(describeBlocker(blocker, verdict)) };
}
