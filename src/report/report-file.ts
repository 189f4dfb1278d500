import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import { blockersOfAll } from '../rules/decide.ts';
import type { TargetEvaluation } from '../rules/evaluate.ts';
import { type Blocker, explainBlocker } from '../rules/index.ts';
import { plain } from './escape.ts';
import { activityReport, forecastReport } from './forecast-report.ts';
import { outlasts } from './forecast-text.ts';
import { iso, seconds } from './formats.ts';
import {
  blockingWorkflows,
  drainedVersions,
  drainingVersions,
  headline,
  inFlightOnAll,
  omitted,
  type RunReport,
  targetsOf,
  workflowsOmitted,
} from './model.ts';
import type { BlockerReport, Report, VersionReport } from './schema.ts';

/** The report of a run, for programs: names and ids as they are in the database, nothing neutralised. */
export function reportOf(result: RunReport): Report {
  const evaluation = result.last?.evaluation;
  const snapshot = evaluation?.snapshot;
  const groups = snapshot?.contents?.groups;
  return {
    schemaVersion: 1,
    verdict: result.verdict,
    step: result.step,
    headline: plain(headline(result)),
    drained: result.verdict === 'drained',
    mode: result.config?.mode ?? null,
    application: result.config?.application ?? null,
    observedAt: iso(snapshot?.observedAt),
    waitedSeconds: seconds(result.waitedMs),
    polls: result.polls,
    failedPolls: result.failedPolls,
    inFlight: inFlightOnAll(targetsOf(result)),
    unversioned: evaluation?.unversioned ?? 0,
    database:
      snapshot === undefined
        ? null
        : {
            serverVersion: snapshot.database.serverVersion,
            schema: result.schema ?? '',
            migration: snapshot.database.migration ?? null,
          },
    blockers: [
      ...(result.failure === undefined ? [] : [{ kind: 'failure', message: plain(result.failure) }]),
      ...(evaluation === undefined ? [] : blockersOfAll(evaluation)).map((each) => told(each)),
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
      omitted: omitted(groups, result),
    },
    workflows: {
      items: blockingWorkflows(result).map((workflow) => workflowReport(workflow, result)),
      omitted: workflowsOmitted(result),
    },
  };
}

/** The forecast for all targets together, and what it rests on. */
function expected({ last }: RunReport): Pick<Report, 'forecast' | 'newTopLevel' | 'curve'> {
  if (last === undefined) return { forecast: null, newTopLevel: [], curve: [] };
  const { total, newTopLevel } = last.forecast;
  return {
    forecast: forecastReport(total, last.evaluation.snapshot.observedAt),
    newTopLevel: newTopLevel.map(({ version, name, count: created }) => ({
      version,
      workflow: name,
      count: created,
    })),
    curve: total.series.points.map(({ atMs, pending, enqueued, delayed }) => ({
      seconds: seconds(atMs),
      pending,
      enqueued,
      delayed,
    })),
  };
}

function workflowReport(workflow: WorkflowDetail, { last }: RunReport): Report['workflows']['items'][number] {
  const { id, version, name, className, status, queue, executor, parent, lastStep } = workflow;
  const doing = last?.forecast.statuses.get(id);
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
    activity: doing === undefined ? null : activityReport(doing, last?.evaluation.snapshot.observedAt ?? 0),
  };
}

/** One object a target: the output `versions`. */
export function versionsOf(result: RunReport): VersionReport[] {
  const drained = new Set(drainedVersions(result));
  const skipped = (result.last?.evaluation.skipped ?? []).map((version) => ({
    version,
    application: null,
    ...{ pending: 0, enqueued: 0, delayed: 0, inFlight: 0, ignored: 0 },
    ...{ latest: false, known: false, drained: false },
    blockers: [],
    forecast: null,
  }));
  const evaluated = targetsOf(result).map((target: TargetEvaluation) => ({
    version: target.version,
    application: target.application,
    pending: target.pending,
    enqueued: target.enqueued,
    delayed: target.delayed,
    inFlight: target.inFlight,
    ignored: target.ignored,
    latest: target.latest,
    known: target.known,
    drained: drained.has(target.version),
    blockers: [...(result.last?.evaluation.gate ?? []), ...target.blockers].map((each) =>
      told(each, outlasts(result, target.version)),
    ),
    forecast: forecastOfTarget(result, target.version),
  }));
  return [...evaluated, ...skipped];
}

function forecastOfTarget({ last }: RunReport, version: string): VersionReport['forecast'] {
  const forecast = last?.forecast.targets.get(version);
  if (last === undefined || forecast === undefined) return null;
  return forecastReport(forecast, last.evaluation.snapshot.observedAt);
}

function told(blocker: Blocker, outlastsTimeout = false): BlockerReport {
  return { kind: blocker.kind, message: plain(explainBlocker(blocker, outlastsTimeout)) };
}
