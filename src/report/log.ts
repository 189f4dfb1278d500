import type { GateConfig } from '../config.ts';
import type { FailedPoll, HoldParts, Poll } from '../hold/hold.ts';
import { type Outage, patienceLeftMs } from '../hold/outage.ts';
import { joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import { blockersOf, blockersOfAll } from '../rules/decide.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { explainBlocker, shortNames } from '../rules/index.ts';
import { describeCounts, summed } from '../status-counts.ts';
import { durationText } from '../time.ts';
import { describeActivity, nextStepFor, workflowNamed } from './activity-text.ts';
import { blockingGroups, blocksTarget, inFlightOnAll } from './blocking.ts';
import { fingerprintOf, isSameFingerprint } from './fingerprint.ts';
import { type Explanations, forecastParts, outlook } from './forecast-text.ts';
import { foundIn, foundLines } from './found.ts';
import type { RunReport } from './schema.ts';
import { describeServer, namesOfVersions, plain, quotedName, versionName } from './text.ts';
import { configurationWarnings, formerNames } from './warnings.ts';

/** The longest time without a line, in milliseconds. */
const HEARTBEAT_MS = 60_000;
const GROUPS_SHOWN = 20;
/** The log explains only so many. The summary explains more. */
const EXPLAINED_TARGETS = 5;
const EXPLAINED_STUCK = 3;

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

  const isDue = ({ decides, endedMs, fingerprint }: PollReport) =>
    decides ||
    lastShown === undefined ||
    !isSameFingerprint(fingerprint, lastShown.fingerprint) ||
    endedMs - lastShown.endedMs >= HEARTBEAT_MS;

  return {
    onPoll(poll) {
      const report = pollReportOf(poll);
      if (outage !== undefined) {
        sink.line(recoveryLine(outage, report.endedMs));
        outage = undefined;
        lastShown = undefined;
      }
      if (previous === undefined) {
        // A mistyped URL can have the password where the database should be. Now it has proved right.
        sink.line(plain(msg`System database: ${database}, schema ${schema}.`));
        sink.line(plain(describeDatabase(poll.evaluation)));
        const renamed = formerNames(poll.evaluation);
        if (renamed !== undefined) sink.line(plain(msg`Mind: ${renamed}`));
        const groups = groupLines(blockingGroups(poll.evaluation), report.targets.length);
        if (groups.length > 0) sink.group('What is in flight, by workflow', groups);
        const { index } = poll.evaluation;
        if (config.mode === 'preflight' && index !== undefined) {
          sink.group('What is here, by version', foundLines(foundIn(index)));
        }
      }
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
  const { snapshot, targets, drained } = evaluation;
  return {
    decides,
    endedMs: time.ended,
    drained,
    inFlight: inFlightOnAll(targets),
    counts: summed(targets),
    targets,
    kept: evaluation.state.kept ?? [],
    settledForMs: settledFor(evaluation),
    /** Short names of what else than work in flight blocks. */
    reasons: shortNames(blockersOf(evaluation)),
    forecast: forecastParts(forecast.total, snapshot.observedAt),
    explanations: [...explainedBlockers(evaluation), ...expectations(poll)],
    fingerprint: fingerprintOf(poll),
  };
}

/** What the first poll found, before it is evaluated: server, registrations, kept versions and targets. */
function describeDatabase({ snapshot, index, gate, targets, state }: Evaluation): Message {
  const { serverVersion, migration } = snapshot.database;
  const server = describeServer(serverVersion, migration ?? null);
  if (index === undefined) return msg`${server}.`;
  const [newest] = index.registered;
  const { registrations } = index.contents;
  const registered =
    newest === undefined || registrations === undefined
      ? trusted('no version is registered')
      : msg`${registrations.length} registered, the latest is ${newest.version}`;
  const parts = [msg`${server}. Versions: ${registered}`];
  if (state.kept !== undefined) parts.push(msg`kept: ${namesOf(state.kept)}`);
  if (state.kept !== undefined && gate.length === 0) {
    const retired = namesOfVersions(targets);
    parts.push(targets.length > 0 ? msg`to retire: ${retired}` : trusted('nothing to retire'));
  }
  return msg`${joined(parts, '; ')}.`;
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
      message: msg`Stuck: ${workflowNamed(workflow)}: ${describeActivity(status, observedAt)}. Next: ${trusted(nextStepFor(status))}.`,
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

function openingOf(config: GateConfig): Message {
  const application = config.application === undefined ? trusted('') : msg` of the application ${config.application}`;
  const what = msg`${targetsInWords(config)}${application}`;
  const settle = trusted(durationText(config.settleMs));
  const timeout = trusted(durationText(config.timeoutMs));
  const interval = trusted(durationText(config.pollIntervalMs));
  switch (config.mode) {
    case 'wait':
      return msg`Waiting until ${what} can be retired: for ${timeout} at most, a poll every ${interval}, and then idle for ${settle} in a row.`;
    case 'check':
      return msg`Checking whether ${what} can be retired: if it is idle, for ${settle} in a row; anything in flight fails this step.`;
    case 'report':
      return msg`Reporting whether ${what} can be retired: if it is idle, for ${settle} in a row; work in flight does not fail this step.`;
    case 'preflight':
      return msg`Checking whether the gate can work here${application}. No version is judged.`;
  }
}

function targetsInWords({ targets }: GateConfig): Message {
  if (targets.kind === 'named') return namesOf(targets.versions);
  if (targets.kind === 'none') return trusted('no version');
  return msg`every version but ${targets.kind === 'all-but' ? namesOf(targets.keep) : trusted('the latest')}`;
}

function pollLine(config: GateConfig, report: PollReport, previous: PollReport | undefined): string {
  const { inFlight, counts, drained, decides, endedMs } = report;
  const parts = [
    `${number(inFlight)} in flight${inFlight > 0 ? ` (${describeCounts(counts)})` : ''}`,
    drained || previous === undefined ? '' : difference(inFlight - previous.inFlight),
    ...report.reasons,
    ...report.forecast,
    versionsPart(report.targets),
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

/** `- "checkout" on queue "payments": 3 pending, 1 enqueued`: the largest first. */
function groupLines({ items, omitted }: RunReport['groups'], targets: number): readonly string[] {
  const lines = items.slice(0, GROUPS_SHOWN).map((group) => {
    const name = group.workflow === null ? 'a workflow without a name' : quotedName(group.workflow);
    const queue = group.queue === null ? '' : ` on queue ${quotedName(group.queue)}`;
    const version = group.version === null ? ', unversioned' : targets > 1 ? `, ${quotedName(group.version)}` : '';
    return `- ${name}${queue}${version}${group.ignored ? ', ignored' : ''}: ${describeCounts(group)}`;
  });
  const left = items.length - lines.length + omitted;
  return left > 0 ? [...lines, `- and ${number(left)} more`] : lines;
}
