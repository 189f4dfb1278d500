import { type Blocker, describeBlocker } from '../gate/blocker.ts';
import { blockersOfAll } from '../gate/decide.ts';
import type { WorkflowDetail } from '../gate/observation.ts';
import { inFlightOn, type TargetJudgement } from '../gate/target.ts';
import { plain } from './escape.ts';
import { forecastReport, situationReport } from './forecast-report.ts';
import { outlasts } from './forecast-text.ts';
import { iso, seconds } from './formats.ts';
import type { BlockerReport, Report, VersionReport } from './report-schema.ts';
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
      ...(judgement === undefined ? [] : blockersOfAll(judgement)).map((each) => told(each)),
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
    blockers: [...(result.last?.judgement.gate ?? []), ...target.blockers].map((each) =>
      told(each, outlasts(result, target.version)),
    ),
    forecast: forecastOfTarget(result, target.version),
  }));
}

function forecastOfTarget({ last }: Result, version: string): VersionReport['forecast'] {
  const forecast = last?.forecast.targets.get(version);
  if (last === undefined || forecast === undefined) return null;
  return forecastReport(forecast, last.judgement.observation.observedAt);
}

function told(blocker: Blocker, outlastsTimeout = false): BlockerReport {
  return { kind: blocker.kind, message: plain(describeBlocker(blocker, outlastsTimeout)) };
}
