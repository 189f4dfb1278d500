import type { GateConfig } from '../config.ts';
import type { FailedPoll, Poll } from '../hold/hold.ts';
import { type Outage, patienceLeftMs } from '../hold/outage.ts';
import { type Message, msg, namesOf, number, trusted } from '../message.ts';
import { blockersOf, blockersOfAll } from '../rules/decide.ts';
import type { Evaluation, TargetEvaluation } from '../rules/evaluate.ts';
import { type Blocker, explainBlocker, shortNames } from '../rules/index.ts';
import { describeCounts, summed } from '../status-counts.ts';
import { durationText } from '../time.ts';
import { describeActivity, nextStepFor, workflowNamed } from './activity-text.ts';
import { plain, quotedName } from './escape.ts';
import { forecastParts, outlook } from './forecast-text.ts';
import { concernsTarget, inFlightOnAll } from './model.ts';

/** Without a change there is a line so often, in milliseconds. */
const HEARTBEAT_MS = 60_000;
/** How many groups of workflows the log lists. */
const GROUPS_SHOWN = 20;
/** Of how many targets the log explains what blocks them; the summary has more. */
const EXPLAINED_TARGETS = 5;

/** Of how many stuck workflows the log says what they wait for. */
const EXPLAINED_STUCK = 3;

/** Where the log goes: the runner's commands in production. */
export interface LogSink {
  line(text: string): void;
  group(title: string, lines: readonly string[]): void;
}

/** Tells the log what the gate waits for, and how far it has come. */
export interface Progress {
  begin(
    config: GateConfig,
    where: { readonly database: string; readonly schema: string },
    advice: readonly Message[],
  ): void;
  poll(poll: Poll): void;
  failedPoll(failed: FailedPoll): void;
}

/** A log that reads well at a glance: a line when something changed, and one a minute when nothing did. */
export function progressLog(sink: LogSink): Progress {
  let config: GateConfig | undefined;
  let previous: Poll | undefined;
  let printed: { readonly at: number; readonly state: string } | undefined;
  let where: Message = [];
  let outage: Outage | undefined;
  const explained = new Set<string>();

  return {
    begin(given, { database, schema }, advice) {
      config = given;
      where = msg`System database: ${database}, schema ${schema}.`;
      sink.line(plain(opening(given)));
      for (const warning of advice) sink.line(plain(msg`Mind: ${warning}`));
    },
    poll(poll) {
      if (config === undefined) return;
      const { evaluation, time } = poll;
      if (outage !== undefined) {
        sink.line(recoveryLine(outage, time.ended));
        outage = undefined;
        printed = undefined;
      }
      if (previous === undefined) {
        // A mistyped URL can have the password where the database should be: only now has it proved right.
        sink.line(plain(where));
        sink.line(plain(whatIsThere(evaluation)));
        const groups = groupLines(evaluation);
        if (groups.length > 0) sink.group('What is in flight, by workflow', groups);
      }
      const state = stateOf(poll);
      const isDue = printed === undefined || time.ended - printed.at >= HEARTBEAT_MS;
      if (isDue || poll.decides || printed?.state !== state) {
        sink.line(pollLine(config, poll, previous));
        printed = { at: time.ended, state };
      }
      // The annotations explainBlocker the deciding poll; in the log they follow at once.
      for (const { key, version, blocker } of poll.decides ? [] : explainable(evaluation)) {
        if (explained.has(key)) continue;
        explained.add(key);
        sink.line(
          `  ${plain(msg`${version === undefined ? trusted('') : msg`${version}: `}${explainBlocker(blocker)}`)}`,
        );
      }
      for (const { key, sentence } of poll.decides ? [] : expectations(poll)) {
        if (explained.has(key)) continue;
        explained.add(key);
        sink.line(`  ${plain(sentence)}`);
      }
      previous = poll;
    },
    failedPoll(failed) {
      if (config === undefined) return;
      sink.line(failureLine(config, failed, outage));
      outage = failed.outage;
    },
  };
}

/** Why a poll failed, in full when it is not why the one before did. */
function failureLine(
  config: GateConfig,
  { outage, time, pauseMs }: FailedPoll,
  before: Outage | undefined,
): string {
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
  return `${stamp(now)} The database answers again, after ${polls} in ${durationText(now - lastSuccess)}: what was idle before has to be idle anew.`;
}

/** `[  1m 5s]`: the time since the gate began. */
function stamp(elapsedMs: number): string {
  return `[${durationText(Math.floor(elapsedMs / 1000) * 1000).padStart(6)}]`;
}

function opening(config: GateConfig): Message {
  const application =
    config.application === undefined ? trusted('') : msg` of the application ${config.application}`;
  const what = msg`${targetsInWords(config)}${application}`;
  const settle = durationText(config.settleMs);
  switch (config.mode) {
    case 'wait':
      return msg`Waiting until ${what} can be retired: for ${trusted(durationText(config.timeoutMs))} at most, a poll every ${trusted(
        durationText(config.pollIntervalMs),
      )}, and then idle for ${trusted(settle)} in a row.`;
    case 'check':
      return msg`Checking whether ${what} can be retired: if it is idle, for ${trusted(settle)} in a row; anything in flight fails this step.`;
    case 'report':
      return msg`Reporting whether ${what} can be retired: if it is idle, for ${trusted(settle)} in a row; work in flight does not fail this step.`;
  }
}

function targetsInWords(config: GateConfig): Message {
  switch (config.targets.kind) {
    case 'named':
      return namesOf(config.targets.versions);
    case 'all-but':
      return msg`every version but ${namesOf(config.targets.keep)}`;
    case 'all-but-latest':
      return trusted('every version but the latest');
  }
}

/** What the first poll found, before it is evaluated. */
function whatIsThere({ snapshot, index, gate, targets, state }: Evaluation): Message {
  const { database } = snapshot;
  const server = msg`PostgreSQL ${trusted(database.serverVersion)}${trusted(
    database.migration === undefined ? '' : `, DBOS migration ${database.migration}`,
  )}`;
  if (index === undefined) return msg`${server}.`;
  const newest = index.registered[0];
  const registered =
    newest === undefined
      ? trusted('no version is registered')
      : msg`${index.contents.registrations?.total ?? 0} registered, the latest is ${newest.version}`;
  const kept = state.kept === undefined ? trusted('') : msg`; kept: ${namesOf(state.kept)}`;
  const retired =
    state.kept === undefined || gate.length > 0
      ? trusted('')
      : targets.length === 0
        ? trusted('; nothing to retire')
        : msg`; to retire: ${namesOf(targets.map(({ version }) => version))}`;
  return msg`${server}. Versions: ${registered}${kept}${retired}.`;
}

/** What a change is a change of. */
function stateOf({ evaluation, forecast }: Poll): string {
  const { trend, states, withoutProcess } = forecast.total;
  return JSON.stringify([
    trend === 'not-converging',
    trend === 'stalled',
    states.stuck,
    withoutProcess.length,
    evaluation.gate.map(({ kind }) => kind),
    evaluation.noTargets?.blockers.map(({ kind }) => kind),
    evaluation.unversioned,
    evaluation.targets.map((target) => [
      target.version,
      target.pending,
      target.enqueued,
      target.delayed,
      target.unknownStatus,
      target.settledForMs !== undefined,
      target.drained,
      target.blockers.map(({ kind }) => kind),
    ]),
  ]);
}

function pollLine(config: GateConfig, poll: Poll, previous: Poll | undefined): string {
  const { evaluation, time } = poll;
  const targets = evaluation.targets;
  const inFlight = inFlightOnAll(targets);
  const parts = [
    `${number(inFlight)} in flight${inFlight > 0 ? ` (${describeCounts(summed(targets))})` : ''}`,
    ...(evaluation.drained ? [] : differencePart(inFlight, previous)),
    ...shortNames(blockersOf(evaluation)),
    ...forecastParts(poll.forecast.total, evaluation.snapshot.observedAt),
    ...versionsPart(targets),
    ...settlePart(config, evaluation),
    ...(config.mode === 'wait' && !poll.decides ? [timeLeft(config, time.ended)] : []),
  ];
  return `${stamp(time.ended)} ${parts.join('; ')}`;
}

function differencePart(inFlight: number, previous: Poll | undefined): readonly string[] {
  if (previous === undefined) return [];
  const before = inFlightOnAll(previous.evaluation.targets);
  if (before === inFlight) return ['no change'];
  const difference = number(Math.abs(inFlight - before));
  return [`${difference} ${inFlight < before ? 'fewer' : 'more'}`];
}

/** With several targets: how many are idle, and which of the others hold the most. */
function versionsPart(targets: readonly TargetEvaluation[]): readonly string[] {
  if (targets.length < 2) return [];
  const blocked = targets.filter(({ settledForMs }) => settledForMs === undefined);
  const most = [...blocked]
    .sort((a, b) => b.inFlight - a.inFlight)
    .slice(0, 3)
    .map((target) => `${quotedName(target.version)} ${number(target.inFlight)}`);
  const rest = blocked.length - most.length;
  const listed = most.length > 0 ? `: ${most.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}` : '';
  return [`${targets.length - blocked.length} of ${targets.length} versions idle${listed}`];
}

function settlePart(config: GateConfig, evaluation: Evaluation): readonly string[] {
  if (evaluation.drained) return ['drained'];
  const all = evaluation.noTargets ? [evaluation.noTargets] : evaluation.targets;
  const settled = all.flatMap(({ settledForMs }) => settledForMs ?? []);
  if (settled.length < all.length || evaluation.gate.length > 0) return [];
  const leftMs = config.settleMs - settled.reduce((a, b) => Math.min(a, b), config.settleMs);
  return [leftMs > 0 ? `idle, and must stay so for ${durationText(leftMs)}` : 'idle'];
}

function timeLeft(config: GateConfig, elapsedMs: number): string {
  const leftMs = config.timeoutMs - elapsedMs;
  return leftMs > 0 ? `timeout in ${durationText(leftMs)}` : 'the timeout has passed';
}

/** `3 pending, 1 enqueued  "checkout" on queue "payments"`: aligned, the largest first. */
function groupLines(evaluation: Evaluation): readonly string[] {
  const { index, targets, unversioned } = evaluation;
  const groups = (index?.contents.groups.items ?? []).filter((group) => concernsTarget(group, evaluation));
  const lines = groups.slice(0, GROUPS_SHOWN).map((group) => {
    const queue = group.queue === null ? '' : ` on queue ${quotedName(group.queue)}`;
    const version =
      group.version === null ? ', unversioned' : targets.length > 1 ? `, ${quotedName(group.version)}` : '';
    const ignored = group.ignored ? ', ignored' : '';
    return `- ${group.name === null ? 'a workflow without a name' : quotedName(group.name)}${queue}${version}${ignored}: ${describeCounts(group)}`;
  });
  const cut = index?.contents.groups;
  const left =
    groups.length -
    lines.length +
    (cut?.omitted ?? 0) +
    (unversioned > 0 ? (cut?.omittedUnversioned ?? 0) : 0);
  return left > 0 ? [...lines, `- and ${number(left)} more`] : lines;
}

/** What blocks the whole gate, or else what blocks the first few targets. */
function explainable(evaluation: Evaluation): readonly {
  readonly key: string;
  readonly version: string | undefined;
  readonly blocker: Blocker;
}[] {
  const whole = blockersOfAll(evaluation);
  if (whole.length > 0) return whole.map((blocker) => ({ key: blocker.kind, version: undefined, blocker }));
  return evaluation.targets
    .slice(0, EXPLAINED_TARGETS)
    .flatMap(({ version, blockers }) =>
      blockers.map((blocker) => ({ key: `${blocker.kind} ${version}`, version, blocker })),
    );
}

/** What is to be expected, once each: that it does not converge, when it can drain at the earliest, and what is stuck. */
function expectations({
  evaluation,
  forecast,
}: Poll): readonly { readonly key: string; readonly sentence: Message }[] {
  const { observedAt } = evaluation.snapshot;
  const { total, newTopLevel, statuses, history } = forecast;
  const stuck = (history.detailScan?.workflows ?? []).flatMap((workflow) => {
    const status = statuses.get(workflow.id);
    return status?.state === 'stuck' && concernsTarget(workflow, evaluation) ? [{ workflow, status }] : [];
  });
  return [
    ...outlook(total, newTopLevel, observedAt),
    ...stuck.slice(0, EXPLAINED_STUCK).map(({ workflow, status }) => ({
      key: `stuck ${workflow.id}`,
      sentence: msg`Stuck: ${workflowNamed(workflow)}: ${describeActivity(status, observedAt)}. Next: ${trusted(nextStepFor(status))}.`,
    })),
  ];
}
