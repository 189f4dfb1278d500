import { durationText } from '../duration.ts';
import { type Blocker, describeBlocker, statusCounts } from '../gate/blocker.ts';
import type { GateConfig } from '../gate/config.ts';
import { blockersOf, blockersOfAll } from '../gate/decide.ts';
import type { FailedLook, Look } from '../gate/hold.ts';
import type { Judgement } from '../gate/judge.ts';
import { type Outage, patienceLeftMs } from '../gate/outage.ts';
import { inFlightOn, type TargetJudgement } from '../gate/target.ts';
import { namesOf, number, own, type Sentence, say } from '../sentence.ts';
import { plain, quotedName } from './escape.ts';
import { forecastParts, outlook } from './forecast-text.ts';
import { concernsTarget, inFlightOnAll, shortReasons } from './result.ts';
import { describeSituation, nextStepFor, workflowNamed } from './situation-text.ts';

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
    advice: readonly Sentence[],
  ): void;
  look(look: Look): void;
  failedLook(failed: FailedLook): void;
}

/** A log that reads well at a glance: a line when something changed, and one a minute when nothing did. */
export function progressLog(sink: LogSink): Progress {
  let config: GateConfig | undefined;
  let previous: Look | undefined;
  let printed: { readonly at: number; readonly state: string } | undefined;
  let where: Sentence = [];
  let outage: Outage | undefined;
  const explained = new Set<string>();

  return {
    begin(given, { database, schema }, advice) {
      config = given;
      where = say`System database: ${database}, schema ${schema}.`;
      sink.line(plain(opening(given)));
      for (const warning of advice) sink.line(plain(say`Mind: ${warning}`));
    },
    look(look) {
      if (config === undefined) return;
      const { judgement, time } = look;
      if (outage !== undefined) {
        sink.line(recoveryLine(outage, time.ended));
        outage = undefined;
        printed = undefined;
      }
      if (previous === undefined) {
        // A mistyped URL can have the password where the database should be: only now has it proved right.
        sink.line(plain(where));
        sink.line(plain(whatIsThere(judgement)));
        const groups = groupLines(judgement);
        if (groups.length > 0) sink.group('What is in flight, by workflow', groups);
      }
      const state = stateOf(look);
      const isDue = printed === undefined || time.ended - printed.at >= HEARTBEAT_MS;
      if (isDue || look.decides || printed?.state !== state) {
        sink.line(lookLine(config, look, previous));
        printed = { at: time.ended, state };
      }
      // The annotations explain the deciding look; in the log they follow at once.
      for (const { key, version, blocker } of look.decides ? [] : explainable(judgement)) {
        if (explained.has(key)) continue;
        explained.add(key);
        sink.line(
          `  ${plain(say`${version === undefined ? own('') : say`${version}: `}${describeBlocker(blocker)}`)}`,
        );
      }
      for (const { key, sentence } of look.decides ? [] : expectations(look)) {
        if (explained.has(key)) continue;
        explained.add(key);
        sink.line(`  ${plain(sentence)}`);
      }
      previous = look;
    },
    failedLook(failed) {
      if (config === undefined) return;
      sink.line(failureLine(config, failed, outage));
      outage = failed.outage;
    },
  };
}

/** Why a look failed, in full when it is not why the one before did. */
function failureLine(
  config: GateConfig,
  { outage, time, pauseMs }: FailedLook,
  before: Outage | undefined,
): string {
  const same = before !== undefined && plain(before.failure) === plain(outage.failure);
  const what = same
    ? `The look failed again in the same way, ${outage.failures} times in a row.`
    : `The look failed. ${plain(outage.failure)}`;
  const leftMs = patienceLeftMs(config, outage, time.ended);
  const left = leftMs > 0 ? `giving up in ${durationText(leftMs)}` : 'for the last time';
  return `${stamp(time.ended)} ${what} Looking again in ${durationText(pauseMs)}, ${left}.`;
}

function recoveryLine({ failures, lastSuccess = 0 }: Outage, now: number): string {
  const looks = failures === 1 ? 'one failed look' : `${failures} failed looks`;
  return `${stamp(now)} The database answers again, after ${looks} in ${durationText(now - lastSuccess)}: what was clean before has to be clean anew.`;
}

/** `[  1m 5s]`: the time since the gate began. */
function stamp(elapsedMs: number): string {
  return `[${durationText(Math.floor(elapsedMs / 1000) * 1000).padStart(6)}]`;
}

function opening(config: GateConfig): Sentence {
  const application =
    config.application === undefined ? own('') : say` of the application ${config.application}`;
  const what = say`${targetsInWords(config)}${application}`;
  const settle = durationText(config.settleMs);
  switch (config.mode) {
    case 'wait':
      return say`Waiting until ${what} can be retired: for ${own(durationText(config.timeoutMs))} at most, a look every ${own(
        durationText(config.pollIntervalMs),
      )}, and then clean for ${own(settle)} in a row.`;
    case 'check':
      return say`Checking whether ${what} can be retired: if it is clean, for ${own(settle)} in a row; anything in flight fails this step.`;
    case 'report':
      return say`Reporting whether ${what} can be retired: if it is clean, for ${own(settle)} in a row; work in flight does not fail this step.`;
  }
}

function targetsInWords(config: GateConfig): Sentence {
  switch (config.targets.kind) {
    case 'named':
      return namesOf(config.targets.versions);
    case 'all-but':
      return say`every version but ${namesOf(config.targets.keep)}`;
    case 'all-but-latest':
      return own('every version but the latest');
  }
}

/** What the first look found, before it is judged. */
function whatIsThere({ observation, seen, gate, targets, memory }: Judgement): Sentence {
  const { database } = observation;
  const server = say`PostgreSQL ${own(database.serverVersion)}${own(
    database.migration === undefined ? '' : `, DBOS migration ${database.migration}`,
  )}`;
  if (seen === undefined) return say`${server}.`;
  const newest = seen.registered[0];
  const registered =
    newest === undefined
      ? own('no version is registered')
      : say`${seen.contents.registrations?.total ?? 0} registered, the latest is ${newest.version}`;
  const kept = memory.kept === undefined ? own('') : say`; kept: ${namesOf(memory.kept)}`;
  const retired =
    memory.kept === undefined || gate.length > 0
      ? own('')
      : targets.length === 0
        ? own('; nothing to retire')
        : say`; to retire: ${namesOf(targets.map(({ version }) => version))}`;
  return say`${server}. Versions: ${registered}${kept}${retired}.`;
}

/** What a change is a change of. */
function stateOf({ judgement, forecast }: Look): string {
  const { trend, states, lifeless } = forecast.total;
  return JSON.stringify([
    trend === 'not-converging',
    trend === 'stalled',
    states.stuck,
    lifeless.length,
    judgement.gate.map(({ kind }) => kind),
    judgement.nobody?.blockers.map(({ kind }) => kind),
    judgement.unversioned,
    judgement.targets.map((target) => [
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

function lookLine(config: GateConfig, look: Look, previous: Look | undefined): string {
  const { judgement, time } = look;
  const targets = judgement.targets.filter(({ judged }) => judged);
  const inFlight = inFlightOnAll(targets);
  const parts = [
    `${number(inFlight)} in flight${inFlight > 0 ? ` (${statusCounts(summed(targets))})` : ''}`,
    ...(judgement.drained ? [] : differencePart(inFlight, previous)),
    ...shortReasons(blockersOf(judgement)),
    ...forecastParts(look.forecast.total, judgement.observation.observedAt),
    ...versionsPart(targets),
    ...settlePart(config, judgement),
    ...(config.mode === 'wait' && !look.decides ? [timeLeft(config, time.ended)] : []),
  ];
  return `${stamp(time.ended)} ${parts.join('; ')}`;
}

function differencePart(inFlight: number, previous: Look | undefined): readonly string[] {
  if (previous === undefined) return [];
  const before = inFlightOnAll(previous.judgement.targets.filter(({ judged }) => judged));
  if (before === inFlight) return ['no change'];
  const difference = number(Math.abs(inFlight - before));
  return [`${difference} ${inFlight < before ? 'fewer' : 'more'}`];
}

/** With several targets: how many are clean, and which of the others hold the most. */
function versionsPart(targets: readonly TargetJudgement[]): readonly string[] {
  if (targets.length < 2) return [];
  const blocked = targets.filter(({ settledForMs }) => settledForMs === undefined);
  const most = [...blocked]
    .sort((a, b) => inFlightOn(b) - inFlightOn(a))
    .slice(0, 3)
    .map((target) => `${quotedName(target.version)} ${number(inFlightOn(target))}`);
  const rest = blocked.length - most.length;
  const listed = most.length > 0 ? `: ${most.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}` : '';
  return [`${targets.length - blocked.length} of ${targets.length} versions clean${listed}`];
}

function settlePart(config: GateConfig, judgement: Judgement): readonly string[] {
  if (judgement.drained) return ['drained'];
  const all = judgement.nobody ? [judgement.nobody] : judgement.targets.filter(({ judged }) => judged);
  const settled = all.flatMap(({ settledForMs }) => settledForMs ?? []);
  if (settled.length < all.length || judgement.gate.length > 0) return [];
  const leftMs = config.settleMs - settled.reduce((a, b) => Math.min(a, b), config.settleMs);
  return [leftMs > 0 ? `clean, and must stay so for ${durationText(leftMs)}` : 'clean'];
}

function timeLeft(config: GateConfig, elapsedMs: number): string {
  const leftMs = config.timeoutMs - elapsedMs;
  return leftMs > 0 ? `timeout in ${durationText(leftMs)}` : 'the timeout has passed';
}

/** `3 pending, 1 enqueued  "checkout" on queue "payments"`: aligned, the largest first. */
function groupLines(judgement: Judgement): readonly string[] {
  const { seen, targets, unversioned } = judgement;
  const groups = (seen?.contents.groups.items ?? []).filter((group) => concernsTarget(group, judgement));
  const lines = groups.slice(0, GROUPS_SHOWN).map((group) => {
    const queue = group.queue === null ? '' : ` on queue ${quotedName(group.queue)}`;
    const version =
      group.version === null ? ', unversioned' : targets.length > 1 ? `, ${quotedName(group.version)}` : '';
    const ignored = group.ignored ? ', ignored' : '';
    return `- ${group.name === null ? 'a workflow without a name' : quotedName(group.name)}${queue}${version}${ignored}: ${statusCounts(group)}`;
  });
  const cut = seen?.contents.groups;
  const left =
    groups.length -
    lines.length +
    (cut?.leftOut ?? 0) +
    (unversioned > 0 ? (cut?.leftOutUnversioned ?? 0) : 0);
  return left > 0 ? [...lines, `- and ${number(left)} more`] : lines;
}

/** What blocks the whole gate, or else what blocks the first few targets. */
function explainable(judgement: Judgement): readonly {
  readonly key: string;
  readonly version: string | undefined;
  readonly blocker: Blocker;
}[] {
  const whole = blockersOfAll(judgement);
  if (whole.length > 0) return whole.map((blocker) => ({ key: blocker.kind, version: undefined, blocker }));
  return judgement.targets
    .slice(0, EXPLAINED_TARGETS)
    .flatMap(({ version, blockers }) =>
      blockers.map((blocker) => ({ key: `${blocker.kind} ${version}`, version, blocker })),
    );
}

/** What is to be expected, once each: that it does not converge, when it can drain at the earliest, and what is stuck. */
function expectations({
  judgement,
  forecast,
}: Look): readonly { readonly key: string; readonly sentence: Sentence }[] {
  const { observedAt } = judgement.observation;
  const { total, startedRoots, assessments, course } = forecast;
  const stuck = (course.roll?.workflows ?? []).flatMap((workflow) => {
    const assessment = assessments.get(workflow.id);
    return assessment?.state === 'stuck' && concernsTarget(workflow, judgement)
      ? [{ workflow, assessment }]
      : [];
  });
  return [
    ...outlook(total, startedRoots, observedAt),
    ...stuck.slice(0, EXPLAINED_STUCK).map(({ workflow, assessment }) => ({
      key: `stuck ${workflow.id}`,
      sentence: say`Stuck: ${workflowNamed(workflow)}: ${describeSituation(assessment, observedAt)}. Next: ${own(nextStepFor(assessment))}.`,
    })),
  ];
}

function summed(targets: readonly TargetJudgement[]) {
  const sum = (of: (target: TargetJudgement) => number) =>
    targets.reduce((all, target) => all + of(target), 0);
  return { pending: sum((t) => t.pending), enqueued: sum((t) => t.enqueued), delayed: sum((t) => t.delayed) };
}
