import { z } from 'zod';
import { type Blocker, describeBlocker } from '../gate/blocker.ts';
import { blockersOfAll } from '../gate/decide.ts';
import type { TargetJudgement } from '../gate/target.ts';
import { VERDICTS } from '../gate/verdict.ts';
import { plain } from './escape.ts';
import {
  blockingWorkflows,
  drainedVersions,
  drainingVersions,
  headline,
  inFlightOn,
  inFlightOnAll,
  leftOut,
  type Result,
  targetsOf,
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
            startedAt: timestamp,
            delayUntil: timestamp,
            lastStep: z.object({ number: z.int(), name: z.string(), completedAt: timestamp }).nullable(),
            parent: text,
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
  const workflows = observation?.seen?.workflows;
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
      ...(judgement === undefined ? [] : blockersOfAll(judgement)).map(told),
    ],
    warnings: result.warnings.map(plain),
    versions: versionsOf(result),
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
      items: blockingWorkflows(result).map(({ name, ...workflow }) => ({
        ...workflow,
        workflow: name,
        createdAt: iso(workflow.createdAt),
        startedAt: iso(workflow.startedAt),
        delayUntil: iso(workflow.delayUntil),
        lastStep:
          workflow.lastStep === null
            ? null
            : { ...workflow.lastStep, completedAt: iso(workflow.lastStep.completedAt) },
      })),
      leftOut: leftOut(workflows, result),
    },
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
    blockers: [...(result.last?.judgement.gate ?? []), ...target.blockers].map(told),
  }));
}

function told(blocker: Blocker): z.infer<typeof blockerSchema> {
  return { kind: blocker.kind, message: plain(describeBlocker(blocker)) };
}

/** Whole seconds and tenths. */
export function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}

/** ISO 8601; null for no time, and for one that no calendar has (a row may hold any number). */
export function iso(epochMs: number | null | undefined): string | null {
  if (epochMs === null || epochMs === undefined) return null;
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  return Number.isNaN(date.getTime()) || year < 0 || year > 9999 ? null : date.toISOString();
}
