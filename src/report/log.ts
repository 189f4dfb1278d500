import type { GateConfig } from '../config.ts';
import type { FailedPoll, HoldParts, Poll } from '../hold/hold.ts';
import { type Outage, patienceLeftMs } from '../hold/outage.ts';
import { msg, namesOf, number } from '../message.ts';
import { blockersOfAll } from '../rules/decide.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { explainBlocker } from '../rules/index.ts';
import { describeCounts, summed } from '../status-counts.ts';
import { durationText } from '../time.ts';
import { describeActivity, nextStepFor, workflowNamed } from './activity-text.ts';
import { blockingGroups, blocksTarget, inFlightOnAll } from './blocking.ts';
import { countsOf, courseOf, isSameList } from './fingerprint.ts';
import { type Explanations, forecastParts, outlook } from './forecast-text.ts';
import { foundIn, foundLines } from './found.ts';
import { describeDatabase, groupLines, openingOf } from './log-opening.ts';
import { namesOfVersions, plain, quotedName, versionName } from './text.ts';
import { allUnknown, reasonsOf } from './unknown-names.ts';
import { configurationWarnings, formerNames, patternWarnings } from './warnings.ts';

/** The longest time without a line, in milliseconds. */
const HEARTBEAT_MS = 60_000;
/** Near the end, polls come faster than a person reads: then lines that bring other counts alone are so far apart. */
const COUNTS_EVERY_MS = 5000;
/** Shorter waits for a lock deserve no line, in milliseconds. */
const SHOWN_WAIT_MS = 1000;
/** The log explains only so many. The summary explains more. */
const EXPLAINED_TARGETS = 5;
const EXPLAINED_STUCK = 3;

/** After an outage, the line of the recovery says so. */
const OTHER_SERVER =
  'Another server answers, after a restart or a failover: what was idle before has to be idle again.';

/** Where the log goes: the runner's commands in production. */
export interface LogSink {
  line(text: string): void;
  group(title: string, lines: readonly string[]): void;
}

/** Writes what the gate waits for, and returns callbacks that log its polls: what changed, or one line a minute. */
export function startLog(
  sink: LogSink,
  config: GateConfig,
  { database, schema }: { readonly database: string; readonly schema: string },
): Pick<HoldParts, 'onPoll' | 'onFailedPoll'> {
  let previous: PollReport | undefined;
  let lastShown: PollReport | undefined;
  let outage: Outage | undefined;
  const explained = new Set<string>();
  sink.line(plain(openingOf(config)));
  for (const warning of configurationWarnings(config)) sink.line(plain(msg`Mind: ${warning}`));

  const isDue = ({ decides, endedMs, course, tally }: PollReport) => {
    if (decides || lastShown === undefined || !isSameList(course, lastShown.course)) return true;
    const quietMs = endedMs - lastShown.endedMs;
    const countsEveryMs = config.pollIntervalMs === undefined ? COUNTS_EVERY_MS : 0;
    return quietMs >= (isSameList(tally, lastShown.tally) ? HEARTBEAT_MS : countsEveryMs);
  };

  return {
    onPoll(poll) {
      const report = pollReportOf(poll);
      if (outage !== undefined) {
        sink.line(recoveryLine(outage, report.endedMs));
        outage = undefined;
        lastShown = undefined;
      } else if (previous !== undefined && report.isCounted && report.server !== previous.server) {
        sink.line(`${stamp(report.endedMs)} ${OTHER_SERVER}`);
        lastShown = undefined;
      }
      if (previous === undefined) {
        // A mistyped URL can have the password where the database should be. Now it has proved right.
        sink.line(plain(msg`System database: ${database}, schema ${schema}.`));
        sink.line(plain(describeDatabase(poll.evaluation)));
        const renamed = formerNames(poll.evaluation);
        if (renamed !== undefined) sink.line(plain(msg`Mind: ${renamed}`));
        for (const warning of patternWarnings(config, poll.evaluation)) sink.line(plain(msg`Mind: ${warning}`));
        const groups = groupLines(blockingGroups(poll.evaluation), report.targets.length);
        if (groups.length > 0) sink.group('What is in flight, by workflow', groups);
        const { index } = poll.evaluation;
        if (config.mode === 'preflight' && index !== undefined) {
          sink.group('What is here, by version', foundLines(foundIn(index)));
        }
      }
      if (report.lockWaitMs >= SHOWN_WAIT_MS) sink.line(lockWaitLine(report));
      if (isKeptReplaced(report, previous)) sink.line(replacementLine(report));
      if (isDue(report) && config.mode !== 'preflight') {
        sink.line(pollLine(config, report, previous));
        lastShown = report;
      }
      // The annotations explain the deciding poll. They follow in the log at once.
      for (const { key, message } of report.decides ? [] : report.explanations) {
        if (!explained.has(key)) sink.line(`  ${plain(message)}`);
        explained.add(key);
      }
      previous = report;
    },
    onFailedPoll(failed) {
      sink.line(failureLine(config, failed, outage));
      outage = failed.outage;
    },
  };
}

type PollReport = ReturnType<typeof pollReportOf>;

/** What one poll found, as the log shows it. */
function pollReportOf(poll: Poll) {
  const { evaluation, forecast, time, decides } = poll;
  const { snapshot, targets, drained, index } = evaluation;
  return {
    decides,
    /** Whether anything could be read and trusted. */
    isCounted: index !== undefined,
    endedMs: time.ended,
    server: snapshot.database.startedAt,
    lockWaitMs: snapshot.lockWaitMs,
    drained,
    inFlight: inFlightOnAll(targets),
    counts: summed(targets),
    targets,
    kept: evaluation.state.kept ?? [],
    settledForMs: settledFor(evaluation),
    reasons: reasonsOf(evaluation),
    allUnknown: allUnknown(evaluation),
    forecast: forecastParts(forecast.total, snapshot.observedAt),
    explanations: [...explainedBlockers(evaluation), ...expectations(poll)],
    course: courseOf(poll),
    tally: countsOf(poll),
  };
}

function lockWaitLine({ endedMs, lockWaitMs }: PollReport): string {
  return `${stamp(endedMs)} The poll waited ${durationText(lockWaitMs)} for a lock on the tables of DBOS: most often a migration or maintenance holds it.`;
}

function isKeptReplaced({ kept }: PollReport, previous: PollReport | undefined): boolean {
  return previous !== undefined && kept.some((version) => !previous.kept.includes(version));
}

function replacementLine({ endedMs, kept, targets }: PollReport): string {
  const names = namesOf(kept);
  const retired = namesOfVersions(targets);
  return `${stamp(endedMs)} ${plain(msg`The latest version is now ${names}, which registered after the gate started: it stays; to retire: ${retired}.`)}`;
}

/** How long everything has been idle, in milliseconds; undefined while something is not. */
function settledFor({ gate, noTargets, targets }: Evaluation): number | undefined {
  const all = noTargets === undefined ? targets : [noTargets];
  const settled = all.map(({ settledForMs }) => settledForMs).filter((ms) => ms !== undefined);
  if (gate.length > 0 || settled.length < all.length) return undefined;
  return settled.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

/** What blocks the whole gate, or else what blocks the first few targets. */
function explainedBlockers(evaluation: Evaluation): Explanations {
  const ofAll = blockersOfAll(evaluation);
  if (ofAll.length > 0) {
    return ofAll.map((blocker) => ({ key: blocker.kind, message: explainBlocker(blocker) }));
  }
  return evaluation.targets.slice(0, EXPLAINED_TARGETS).flatMap(({ version, blockers }) =>
    blockers.map((blocker) => ({
      key: `${blocker.kind} ${version}`,
      message: msg`${versionName(version)}: ${explainBlocker(blocker)}`,
    })),
  );
}

/** Whether the drain converges, when it can finish at the earliest, and what is stuck. */
function expectations({ evaluation, forecast }: Poll): Explanations {
  const { observedAt } = evaluation.snapshot;
  const { total, newTopLevel, statuses, history } = forecast;
  const scanned = history.detailScan?.workflows ?? [];
  const stuck = scanned.flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    return status?.state === 'stuck' && blocksTarget(workflow, evaluation) ? [{ workflow, status }] : [];
  });
  return [
    ...outlook(total, newTopLevel, observedAt),
    ...stuck.slice(0, EXPLAINED_STUCK).map(({ workflow, status }) => ({
      key: `stuck ${workflow.id}`,
      message: msg`Stuck: ${workflowNamed(workflow)}: ${describeActivity(status, observedAt)}. Next: ${nextStepFor(status, workflow.executor)}.`,
    })),
  ];
}

/** Why a poll failed: in full, unless the one before failed in the same way. */
function failureLine(config: GateConfig, { outage, time, pauseMs }: FailedPoll, before: Outage | undefined): string {
  const same = before !== undefined && plain(before.failure) === plain(outage.failure);
  const what = same
    ? `The poll failed again in the same way, ${outage.failures} times in a row.`
    : `The poll failed. ${plain(outage.failure)}`;
  const leftMs = patienceLeftMs(config, outage, time.ended);
  const left = leftMs > 0 ? `giving up in ${durationText(leftMs)}` : 'for the last time';
  return `${stamp(time.ended)} ${what} Polling again in ${durationText(pauseMs)}, ${left}.`;
}

function recoveryLine({ failures, lastSuccess = 0 }: Outage, now: number): string {
  const polls = failures === 1 ? 'one failed poll' : `${failures} failed polls`;
  return `${stamp(now)} The database answers again, after ${polls} in ${durationText(now - lastSuccess)}: what was idle before has to be idle again.`;
}

/** `[  1m 5s]`: the time since the gate started. */
function stamp(elapsedMs: number): string {
  return `[${durationText(Math.floor(elapsedMs / 1000) * 1000).padStart(6)}]`;
}

function pollLine(config: GateConfig, report: PollReport, previous: PollReport | undefined): string {
  const { isCounted, inFlight, counts, drained, decides, endedMs } = report;
  const found = `${number(inFlight)} in flight${inFlight > 0 ? ` (${describeCounts(counts)})` : ''}`;
  const isShown = isCounted && !report.allUnknown;
  const parts = [
    isShown ? found : isCounted ? '' : 'nothing could be counted',
    isShown && !drained && previous !== undefined ? difference(inFlight - previous.inFlight) : '',
    ...report.reasons,
    ...report.forecast,
    isShown ? versionsPart(report.targets) : '',
    settlePart(config, report),
    config.mode === 'wait' && !decides ? timeLeft(config, endedMs) : '',
  ];
  return `${stamp(endedMs)} ${parts.filter((part) => part !== '').join('; ')}`;
}

function difference(change: number): string {
  return change === 0 ? 'no change' : `${number(Math.abs(change))} ${change < 0 ? 'fewer' : 'more'}`;
}

/** With several targets: how many are idle, and which of the others hold the most. */
function versionsPart(targets: PollReport['targets']): string {
  if (targets.length === 0) return 'nothing to retire so far';
  if (targets.length < 2) return '';
  const blocked = targets.filter(({ settledForMs }) => settledForMs === undefined);
  const most = blocked
    .toSorted((a, b) => b.inFlight - a.inFlight)
    .slice(0, 3)
    .map((target) => `${quotedName(versionName(target.version))} ${number(target.inFlight)}`);
  const rest = blocked.length - most.length;
  const listed = most.length > 0 ? `: ${most.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}` : '';
  return `${targets.length - blocked.length} of ${targets.length} versions idle${listed}`;
}

function settlePart({ settleMs }: GateConfig, { drained, settledForMs }: PollReport): string {
  if (drained) return 'drained';
  if (settledForMs === undefined) return '';
  const leftMs = settleMs - settledForMs;
  return leftMs > 0 ? `idle, and must stay so for ${durationText(leftMs)}` : 'idle';
}

function timeLeft(config: GateConfig, elapsedMs: number): string {
  const leftMs = config.timeoutMs - elapsedMs;
  return leftMs > 0 ? `timeout in ${durationText(leftMs)}` : 'the timeout has passed';
}
