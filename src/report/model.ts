import type { GateConfig } from '../config.ts';
import type { ReportedFailure } from '../errors.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { PastDeadline } from '../forecast/earliest-end.ts';
import type { NewTopLevel } from '../forecast/history.ts';
import { shownId } from '../hidden-ids.ts';
import type { HoldResult, Poll } from '../hold/hold.ts';
import { cutName } from '../long-names.ts';
import type { Message } from '../message.ts';
import { blockersOfAll } from '../rules/decide.ts';
import type { TargetEvaluation } from '../rules/evaluate.ts';
import { type Blocker, explainBlocker, shortNames } from '../rules/index.ts';
import type { Prospects } from '../rules/rule.ts';
import { conclusionOf } from '../rules/verdict.ts';
import { TROUBLESHOOTING } from '../run-context.ts';
import { firstToUnblock } from '../unblock/remedies.ts';
import {
  areTargetsInDoubt,
  blockingGroups,
  blocksTarget,
  canFork,
  commandLineOf,
  inFlightOnAll,
  newVersionOf,
  omittedFrom,
} from './blocking.ts';
import { type Diagnoses, diagnosesOf } from './diagnosis.ts';
import { activitiesReport, activityReport, forecastReport } from './forecast-report.ts';
import { describeCannotDrain, describeForecast, neededTimeout } from './forecast-text.ts';
import { foundIn } from './found.ts';
import { headlineOf } from './headline.ts';
import type { RunConnection } from './preflight-next.ts';
import type { RunReport, VersionReport } from './schema.ts';
import { accessWarnings, configurationWarnings, launchWarnings, patternWarnings, warningsOf } from './warnings.ts';

const WORKFLOWS_REPORTED = 50;

/** A run that has ended, and what it was about. */
export interface Run extends Omit<HoldResult, 'error'> {
  /** Why there is no answer, where a failure and no blocker is the reason. */
  readonly failure: ReportedFailure | undefined;
  /** Undefined when the inputs could not be read. */
  readonly config: GateConfig | undefined;
  /** The schema that holds DBOS's tables. */
  readonly schema: string;
  /** How it connects; undefined when the inputs could not be read. */
  readonly connection?: RunConnection | undefined;
  /** What there is to warn of the connection. */
  readonly warnings?: readonly Message[];
  /** The address of the troubleshooting page, where it is known. */
  readonly page?: string | undefined;
}

/** A run that failed before its first poll. */
export function failedRun(failure: ReportedFailure, config?: GateConfig, schema = ''): Run {
  const nothing = { first: undefined, last: undefined, waitedMs: 0, polls: 0, failedPolls: 0 };
  return { verdict: 'error', failure, config, schema, ...nothing };
}

const NOTHING_EXPECTED = { forecast: null, outlook: [] } as const;
const NO_DIAGNOSES: Diagnoses = { worst: undefined, worstOf: undefined, of: new Map() };
const NOTHING_LISTED = { items: [], omitted: 0 } as const;

/** Before the first poll that decides anything. */
const NOTHING_SEEN = {
  ...NOTHING_EXPECTED,
  observedAt: null,
  notBefore: null,
  diagnosis: null,
  database: null,
  inFlight: null,
  unversioned: null,
  blockers: [],
  pastDeadline: null,
  neededTimeout: null,
  versions: [],
  newTopLevel: [],
  history: [],
  drainedVersions: [],
  drainingVersions: [],
  newVersion: null,
  otherApplications: [],
  groups: NOTHING_LISTED,
  activities: { observedAt: null, ...NOTHING_LISTED },
  workflows: NOTHING_LISTED,
  firstToUnblock: null,
  commandLine: null,
} as const;

/** The report of a run. It explains, counts and chooses everything that a renderer shows. */
export function runReportOf(run: Run): RunReport {
  const { verdict, failure, config, first, last, waitedMs, polls, failedPolls } = run;
  const seen = last === undefined ? NOTHING_SEEN : seenAt(last, run);
  return {
    ...seen,
    schemaVersion: 1,
    found: config?.mode === 'preflight' ? foundIn(run) : null,
    troubleshooting: run.page ?? TROUBLESHOOTING,
    verdict,
    conclusion: config === undefined ? 'fail' : conclusionOf(verdict, config),
    headline: headlineOf(run, seen),
    drained: verdict === 'drained',
    mode: config?.mode ?? null,
    details: config?.details ?? null,
    application: config?.application ?? null,
    outdated: failure !== undefined && last !== undefined,
    waitedSeconds: waitedMs / 1000,
    polls,
    failedPolls,
    inFlightAtFirst: first === undefined ? 0 : inFlightOnAll(first.evaluation.targets),
    blockers: failure === undefined ? seen.blockers : [failure],
    warnings: [
      // What was never connected to needs no warning of it.
      ...(last === undefined ? [] : (run.warnings ?? [])),
      ...(config === undefined ? [] : configurationWarnings(config)),
      // After a failure, what an earlier poll saw is no reason to warn.
      ...(failure !== undefined || config === undefined || last === undefined
        ? []
        : [
            ...accessWarnings(last.evaluation),
            ...warningsOf(last.evaluation),
            ...launchWarnings(config, last),
            ...patternWarnings(config, last.evaluation),
          ]),
    ],
  };
}

/** Versions in the order in which they are shown: what blocks most comes first. */
export function blockedFirst(versions: readonly VersionReport[]): readonly VersionReport[] {
  return versions.toSorted((a, b) => Number(a.drained) - Number(b.drained) || b.inFlight - a.inFlight);
}

/** It held, so that there is a course to show, or a reason why none can be shown. */
export function isWatched({ mode, polls }: Pick<RunReport, 'mode' | 'polls'>): boolean {
  return mode === 'wait' && polls > 1;
}

/** What runs without a version has no name to tear down by. */
function namedVersions(versions: readonly VersionReport[]): readonly string[] {
  return versions.flatMap(({ version }) => version ?? []);
}

function seenAt(last: Poll, run: Run) {
  const { evaluation, forecast } = last;
  const { snapshot, index, targets } = evaluation;
  const { observedAt } = snapshot;
  const { config } = run;
  const { serverVersion, migration } = snapshot.database;
  const pastDeadline = run.verdict === 'cannot-drain' ? forecast.pastDeadline : undefined;
  const diagnoses = diagnosesIn(run);
  const versions = targets.map((target) => versionReport(target, diagnoses, pastDeadline, last, run));
  const isInDoubt = config !== undefined && areTargetsInDoubt(config, evaluation);
  const all = expected(index && forecast.total, forecast.newTopLevel, observedAt);
  return {
    observedAt,
    database: { serverVersion, schema: run.schema, migration: migration ?? null },
    // A poll that could not be read or trusted counted nothing.
    inFlight: index === undefined ? null : inFlightOnAll(targets),
    unversioned: index === undefined ? null : evaluation.unversioned,
    blockers: [...(snapshot.access?.problems ?? []), ...blockersOfAll(evaluation).map((each) => blockerReport(each))],
    neededTimeout: pastDeadline === undefined || config === undefined ? null : neededTimeout(pastDeadline, config),
    pastDeadline:
      pastDeadline === undefined || config === undefined
        ? null
        : describeCannotDrain(pastDeadline, observedAt, config, forecast.total.states.stuck, canFork(evaluation)),
    versions,
    diagnosis: diagnoses.worst ?? null,
    // After a failure, what an earlier poll saw is no answer.
    notBefore: run.failure === undefined ? (all.forecast?.notBefore ?? null) : null,
    ...all,
    newTopLevel: forecast.newTopLevel.map(({ name, ...created }) => ({ ...created, workflow: name })),
    history: forecast.total.series.points.map(({ atMs, pending, enqueued, delayed }) => {
      return { seconds: atMs / 1000, pending, enqueued, delayed };
    }),
    drainedVersions: namedVersions(versions.filter(({ drained }) => drained)),
    drainingVersions: isInDoubt ? [] : namedVersions(versions.filter(({ drained }) => !drained)),
    newVersion: newVersionOf(evaluation),
    otherApplications: evaluation.otherApplications.map(({ name, mayBeFormerName, inFlight }) => {
      return { name, mayBeFormerName, inFlight };
    }),
    groups: blockingGroups(evaluation),
    activities: activitiesReport(last, run.config?.mode === 'wait'),
    ...workflowsReport(last, pastDeadline, run.config?.mode === 'wait'),
    commandLine:
      index === undefined || inFlightOnAll(targets) + evaluation.unversioned === 0
        ? null
        : commandLineOf(last, run.schema),
  };
}

/** The diagnoses of the last poll. A run that ended without an answer, or with one that is about no drain, has none. */
function diagnosesIn({ verdict, failure, config, last }: Run): Diagnoses {
  const isDrain = !['drained', 'no-target', 'unknown-version', 'error'].includes(verdict) && failure === undefined;
  return isDrain && config !== undefined && last !== undefined ? diagnosesOf(last, config) : NO_DIAGNOSES;
}

function versionReport(
  target: TargetEvaluation,
  diagnoses: Diagnoses,
  pastDeadline: PastDeadline | undefined,
  { evaluation, forecast }: Poll,
  run: Run,
): VersionReport {
  const { version, settledForMs, blockers, unknownStatus, failed, ...shown } = target;
  const whole = run.config?.longNames.find((name) => cutName(name) === version) ?? version;
  const drain = forecast.targets.get(version);
  const isPastDeadline = pastDeadline !== undefined && (drain?.notBefore ?? 0) > pastDeadline.deadline;
  const newTopLevel = forecast.newTopLevel.filter((each) => each.version === version);
  return {
    ...shown,
    version: whole,
    drained: shown.drained && run.failure === undefined,
    idleSeconds: settledForMs === undefined ? null : settledForMs / 1000,
    blockers: [...evaluation.gate, ...blockers].map((each) =>
      blockerReport(each, { isPastDeadline, canFork: canFork(evaluation) }),
    ),
    reasons: shortNames(blockers),
    diagnosis: diagnoses.of.get(version) ?? null,
    ...expected(drain, newTopLevel, evaluation.snapshot.observedAt),
  };
}

/** The forecast for one version, or for all of them: for programs and for people. */
function expected(
  forecast: DrainForecast | undefined,
  newTopLevel: readonly NewTopLevel[],
  now: number,
): Pick<VersionReport, 'forecast' | 'outlook'> {
  if (forecast === undefined) return NOTHING_EXPECTED;
  return {
    forecast: forecastReport(forecast, now),
    outlook: describeForecast(forecast, newTopLevel),
  };
}

/** The oldest workflows that block, and the one to unblock first. */
function workflowsReport(poll: Poll, pastDeadline: PastDeadline | undefined, isWait: boolean) {
  const { evaluation, forecast } = poll;
  const { index, snapshot } = evaluation;
  if (index === undefined) return { workflows: NOTHING_LISTED, firstToUnblock: null };
  const { workflows } = index.contents;
  const blocking = workflows.items.filter((workflow) => blocksTarget(workflow, evaluation));
  const shown = blocking.slice(0, WORKFLOWS_REPORTED);
  const first = firstToUnblock(shown, forecast.statuses, pastDeadline?.earliestEnds[0], snapshot.observedAt);
  return {
    workflows: {
      items: shown.map((workflow) => {
        const { id, name, parent, ...rest } = workflow;
        return {
          ...rest,
          id: shownId(id),
          parent: shownId(parent),
          workflow: name,
          activity: activityReport(workflow, poll, isWait),
        };
      }),
      omitted: blocking.length - shown.length + omittedFrom(workflows, evaluation),
    },
    firstToUnblock: shownId(first?.id ?? null),
  };
}

function blockerReport(blocker: Blocker, prospects?: Prospects): RunReport['blockers'][number] {
  return { kind: blocker.kind, message: explainBlocker(blocker, prospects) };
}
