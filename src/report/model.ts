import type { GateConfig } from '../config.ts';
import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { PastDeadline } from '../forecast/earliest-end.ts';
import type { NewTopLevel } from '../forecast/history.ts';
import type { HoldResult, Poll } from '../hold/hold.ts';
import type { Message } from '../message.ts';
import { blockersOfAll } from '../rules/decide.ts';
import type { TargetEvaluation } from '../rules/evaluate.ts';
import { type Blocker, explainBlocker, shortNames } from '../rules/index.ts';
import { conclusionOf } from '../rules/verdict.ts';
import { NO_WORKFLOWS } from '../status-counts.ts';
import { firstToUnblock } from '../unblock/remedies.ts';
import { blockingGroups, blocksTarget, newVersionOf, omittedFrom } from './blocking.ts';
import { activitiesReport, activityReport, forecastReport } from './forecast-report.ts';
import { describeCannotDrain, describeForecast, forecastParts } from './forecast-text.ts';
import { headlineOf } from './headline.ts';
import type { BlockerReport, RunReport, VersionReport, WorkflowReport } from './schema.ts';
import { configurationWarnings, warningsOf } from './warnings.ts';

/** The report shows and lists this many workflows one by one. */
const WORKFLOWS_REPORTED = 50;

/** A run that has ended, and what it was about. */
export interface Run extends Omit<HoldResult, 'error'> {
  /** Why there is no answer, where a failure and no blocker is the reason. */
  readonly failure: Message | undefined;
  /** Undefined when the inputs could not be read. */
  readonly config: GateConfig | undefined;
  /** The schema that holds DBOS's tables. */
  readonly schema: string;
}

/** A run that failed before its first poll. */
export function failedRun(failure: Message, config?: GateConfig, schema = ''): Run {
  const nothing = { first: undefined, last: undefined, waitedMs: 0, polls: 0, failedPolls: 0 };
  return { verdict: 'error', failure, config, schema, ...nothing };
}

/** The parts of a report that come from the last poll. */
type Seen = Omit<
  RunReport,
  | 'schemaVersion'
  | ('verdict' | 'conclusion' | 'headline' | 'drained' | 'mode' | 'application' | 'outdated' | 'warnings')
  | ('waitedSeconds' | 'polls' | 'failedPolls' | 'inFlightAtFirst')
>;

const NOTHING_EXPECTED = { forecast: null, outlook: { brief: '', sentences: [] } } as const;

/** Before the first poll that decides anything. */
const NOTHING_SEEN: Seen = {
  observedAt: null,
  database: null,
  inFlight: 0,
  unversioned: 0,
  blockers: [],
  pastDeadline: null,
  versions: [],
  ...NOTHING_EXPECTED,
  newTopLevel: [],
  history: [],
  drainedVersions: [],
  drainingVersions: [],
  newVersion: null,
  groups: { items: [], omitted: 0 },
  activities: { observedAt: null, items: [], omitted: 0 },
  workflows: { items: [], omitted: 0 },
  firstToUnblock: null,
};

/** The report of a run. It explains, counts and chooses everything that a renderer shows. */
export function runReportOf(run: Run): RunReport {
  const { verdict, failure, config, first, last, waitedMs, polls, failedPolls } = run;
  const seen = last === undefined ? NOTHING_SEEN : seenAt(last, run);
  const gateBlockers = last === undefined ? [] : last.evaluation.gate;
  return {
    ...seen,
    schemaVersion: 1,
    verdict,
    conclusion: config === undefined ? 'fail' : conclusionOf(verdict, config),
    headline: headlineOf({
      verdict,
      config,
      waitedMs,
      inFlight: seen.inFlight,
      targets: seen.versions.filter(({ skipped }) => !skipped),
      unknownKept: gateBlockers.flatMap((each) =>
        each.kind === 'kept-version-unknown' ? each.versions : [],
      ),
    }),
    drained: verdict === 'drained',
    mode: config === undefined ? null : config.mode,
    application: config === undefined ? null : (config.application ?? null),
    outdated: failure !== undefined && last !== undefined,
    waitedSeconds: waitedMs / 1000,
    polls,
    failedPolls,
    inFlightAtFirst: first === undefined ? 0 : inFlightOnAll(first.evaluation.targets),
    blockers: failure === undefined ? seen.blockers : [{ kind: 'failure', message: failure }],
    warnings: warningsFor(run),
  };
}

/** Versions in the order in which they are shown: what blocks most comes first. */
export function blockedFirst(versions: readonly VersionReport[]): readonly VersionReport[] {
  return [...versions].sort((a, b) => Number(a.drained) - Number(b.drained) || b.inFlight - a.inFlight);
}

/** It held, so that there is a course to show, or a reason why none can be shown. */
export function isWatched({ mode, polls }: Pick<RunReport, 'mode' | 'polls'>): boolean {
  return mode === 'wait' && polls > 1;
}

function seenAt(last: Poll, run: Run): Seen {
  const { evaluation, forecast } = last;
  const { snapshot, index, targets, skipped } = evaluation;
  const { observedAt, database } = snapshot;
  const pastDeadline = run.verdict === 'cannot-drain' ? forecast.pastDeadline : undefined;
  const versions = [
    ...targets.map((target) => versionReport(target, pastDeadline, last, run)),
    ...skipped.map(skippedVersion),
  ];
  return {
    observedAt,
    database: {
      serverVersion: database.serverVersion,
      schema: run.schema,
      migration: database.migration ?? null,
    },
    inFlight: inFlightOnAll(targets),
    unversioned: evaluation.unversioned,
    blockers: blockersOfAll(evaluation).map((each) => blockerReport(each)),
    pastDeadline: pastDeadline === undefined ? null : describeCannotDrain(pastDeadline, observedAt),
    versions,
    ...expected(index && forecast.total, forecast.newTopLevel, observedAt, run),
    newTopLevel: forecast.newTopLevel.map(({ name, ...created }) => ({ ...created, workflow: name })),
    history: forecast.total.series.points.map(({ atMs, pending, enqueued, delayed }) => ({
      seconds: atMs / 1000,
      pending,
      enqueued,
      delayed,
    })),
    drainedVersions: versions.flatMap(({ version, drained }) => (drained ? version : [])),
    drainingVersions: versions.flatMap(({ version, drained, skipped }) =>
      drained || skipped ? [] : version,
    ),
    newVersion: newVersionOf(evaluation),
    groups: blockingGroups(evaluation),
    activities: activitiesReport(forecast.history.detailScan, evaluation),
    ...workflowsReport(last, pastDeadline),
  };
}

function versionReport(
  target: TargetEvaluation,
  pastDeadline: PastDeadline | undefined,
  { evaluation, forecast }: Poll,
  run: Run,
): VersionReport {
  const { version, settledForMs, blockers } = target;
  const drain = forecast.targets.get(version);
  const isPastDeadline =
    pastDeadline !== undefined && drain !== undefined && (drain.notBefore ?? 0) > pastDeadline.deadline;
  const newTopLevel = forecast.newTopLevel.filter((each) => each.version === version);
  return {
    version,
    application: target.application,
    pending: target.pending,
    enqueued: target.enqueued,
    delayed: target.delayed,
    inFlight: target.inFlight,
    ignored: target.ignored,
    oldestCreatedAt: target.oldestCreatedAt,
    latest: target.latest,
    known: target.known,
    skipped: false,
    drained: target.drained && run.failure === undefined,
    idleSeconds: settledForMs === undefined ? null : settledForMs / 1000,
    blockers: [...evaluation.gate, ...blockers].map((each) => blockerReport(each, isPastDeadline)),
    reasons: shortNames(blockers),
    ...expected(drain, newTopLevel, evaluation.snapshot.observedAt, run),
  };
}

/** The forecast for one version, or for all of them: for programs and for people. */
function expected(
  forecast: DrainForecast | undefined,
  newTopLevel: readonly NewTopLevel[],
  now: number,
  { config, polls }: Run,
): Pick<VersionReport, 'forecast' | 'outlook'> {
  if (forecast === undefined) return NOTHING_EXPECTED;
  const isHold = config !== undefined && isWatched({ mode: config.mode, polls });
  return {
    forecast: forecastReport(forecast, now),
    outlook: {
      brief: forecastParts(forecast, now).join('; '),
      sentences: describeForecast(forecast, newTopLevel, now, isHold),
    },
  };
}

function skippedVersion(version: string): VersionReport {
  return {
    version,
    application: null,
    ...{ ...NO_WORKFLOWS, inFlight: 0, ignored: 0, oldestCreatedAt: null },
    ...{ latest: false, known: false, skipped: true, drained: false, idleSeconds: null },
    ...{ blockers: [], reasons: [], ...NOTHING_EXPECTED },
  };
}

/** The oldest workflows that block, and the one to unblock first. */
function workflowsReport(
  { evaluation, forecast }: Poll,
  pastDeadline: PastDeadline | undefined,
): Pick<Seen, 'workflows' | 'firstToUnblock'> {
  const { index, snapshot } = evaluation;
  if (index === undefined) return { workflows: { items: [], omitted: 0 }, firstToUnblock: null };
  const { workflows } = index.contents;
  const blocking = workflows.items.filter((workflow) => blocksTarget(workflow, evaluation));
  const shown = blocking.slice(0, WORKFLOWS_REPORTED);
  const [longest] = pastDeadline === undefined ? [] : pastDeadline.earliestEnds;
  const first = firstToUnblock(shown, forecast.statuses, longest);
  return {
    workflows: {
      items: shown.map((workflow) => workflowReport(workflow, forecast.statuses, snapshot.observedAt)),
      omitted: blocking.length - shown.length + omittedFrom(workflows, evaluation),
    },
    firstToUnblock: first === undefined ? null : first.id,
  };
}

function workflowReport(
  { name, lastStep, ...workflow }: WorkflowDetail,
  statuses: Poll['forecast']['statuses'],
  now: number,
): WorkflowReport {
  const status = statuses.get(workflow.id);
  return {
    ...workflow,
    workflow: name,
    lastStep,
    activity: status === undefined ? null : activityReport(status, now),
  };
}

function blockerReport(blocker: Blocker, pastDeadline = false): BlockerReport {
  return { kind: blocker.kind, message: explainBlocker(blocker, pastDeadline) };
}

/** After a failure, what an earlier poll saw is no reason to warn. */
function warningsFor({ config, failure, last }: Run): readonly Message[] {
  const ofPoll = failure !== undefined || last === undefined ? [] : warningsOf(last.evaluation);
  return [...(config === undefined ? [] : configurationWarnings(config)), ...ofPoll];
}

function inFlightOnAll(targets: readonly TargetEvaluation[]): number {
  return targets.reduce((sum, target) => sum + target.inFlight, 0);
}
