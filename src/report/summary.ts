import type { LastStep, WorkflowDetail } from '../dbos/snapshot/index.ts';
import { type Message, msg, number, trusted } from '../message.ts';
import type { TargetEvaluation } from '../rules/evaluate.ts';
import { explainBlocker, shortNames } from '../rules/index.ts';
import { durationText } from '../time.ts';
import { describeActivity } from './activity-text.ts';
import { drainSection } from './drain-section.ts';
import { code, markdown } from './escape.ts';
import { forecastParts, outlasts, whyItCannotDrain } from './forecast-text.ts';
import { more, table } from './markdown-table.ts';
import {
  blockingWorkflows,
  headline,
  inFlightOnAll,
  isRelevant,
  obstacles,
  omitted,
  type RunReport,
  targetsOf,
  workflowsOmitted,
} from './model.ts';
import { nextSteps, type WrittenKit } from './next-steps.ts';

/** GitHub drops a step's summary above 1 MiB; the margin is for what else the step may write. */
export const SUMMARY_BYTES = 1024 * 1024 - 64 * 1024;

const TARGETS_SHOWN = 100;
const TARGETS_EXPLAINED = 10;
const GROUPS_SHOWN = 50;

const ICONS = { pass: '✅', warn: '⚠️', fail: '❌' } as const;

/**
 * The job summary, in GitHub-flavoured Markdown: the verdict first, then what blocks, then what to do about it.
 *
 * @param kit The unblock kit that was written beside the report file, if any.
 */
export function summaryOf(result: RunReport, kit?: WrittenKit): string {
  const sections = [
    verdictSection(result),
    targetTable(result),
    explanations(result),
    drainSection(result),
    groupTable(result),
    workflowList(result),
    nextSteps(result, kit),
    warningList(result),
    footer(result),
  ].filter((section) => section !== '');
  return fitted(sections);
}

function verdictSection(result: RunReport): string {
  const icon = result.verdict === 'drained' || result.step !== 'pass' ? ICONS[result.step] : 'ℹ️';
  const reasons = obstacles(result).flatMap((reason) => (reason.length > 0 ? [quoteBlock(reason)] : []));
  const why = whyItCannotDrain(result);
  return [
    `## ${icon} ${markdown(headline(result))}`,
    ...history(result),
    ...reasons,
    ...(why === undefined ? [] : [quoteBlock(why)]),
    ...whatIsOutdated(result),
  ].join('\n\n');
}

/** What there was at first, when there was anything to wait for. */
function history({ first, last, waitedMs }: RunReport): readonly string[] {
  if (first === undefined || first === last) return [];
  const count = inFlightOnAll(first.evaluation.targets);
  const were = count === 1 ? 'workflow was' : 'workflows were';
  return count > 0
    ? [`${number(count)} ${were} in flight at the first poll, ${durationText(waitedMs)} before.`]
    : [];
}

/** After a failure, all that can be shown is what was there before it. */
function whatIsOutdated({ failure, last }: RunReport): readonly string[] {
  if (failure === undefined || last === undefined) return [];
  const { observedAt } = last.evaluation.snapshot;
  return [
    `What follows is from the last poll that succeeded, at ${new Date(observedAt).toISOString()} (database time). It decides nothing.`,
  ];
}

function targetTable(result: RunReport): string {
  const targets = targetsOf(result);
  const observedAt = result.last?.evaluation.snapshot.observedAt;
  const skipped = result.last?.evaluation.skipped ?? [];
  if (targets.length + skipped.length === 0 || observedAt === undefined) return '';
  const shown = [...targets]
    .sort((a, b) => Number(a.drained) - Number(b.drained) || b.inFlight - a.inFlight)
    .slice(0, TARGETS_SHOWN)
    .map((target) => [
      code(target.version),
      targetState(target),
      targets.length > 1 ? expectedOf(target, result, observedAt) : '',
      number(target.pending),
      number(target.enqueued),
      number(target.delayed),
      number(target.ignored),
      target.oldestCreatedAt === null ? '' : `${durationText(observedAt - target.oldestCreatedAt)} ago`,
    ]);
  const neverSeen = skipped
    .slice(0, TARGETS_SHOWN - shown.length)
    .map((version) => [code(version), 'never seen, not judged', '', '0', '0', '0', '0', '']);
  const rows = [...shown, ...neverSeen];
  return [
    '### Versions to retire',
    table(
      ['Version', 'State', 'Expected', 'Pending', 'Enqueued', 'Delayed', 'Ignored', 'Oldest created'],
      rows,
      [3, 4, 5, 6],
    ),
    ...more(targets.length + skipped.length - rows.length, 'version'),
  ].join('\n\n');
}

/** How it drains, where there are several to compare. */
function expectedOf({ version }: TargetEvaluation, { last }: RunReport, now: number): string {
  const forecast = last?.forecast.targets.get(version);
  return forecast === undefined ? '' : forecastParts(forecast, now).join('; ');
}

function targetState(target: TargetEvaluation): string {
  if (target.drained) return '✅ drained';
  if (target.settledForMs !== undefined && target.blockers.length === 0)
    return '⏳ idle, not for long enough';
  const inFlight = target.inFlight;
  const reasons = [
    ...(inFlight > 0 ? [`${number(inFlight)} in flight`] : []),
    ...shortNames(target.blockers),
  ];
  return reasons.length > 0 ? `⛔ ${reasons.join(', ')}` : '⛔ blocked with the whole gate';
}

/** Why the targets are blocked, the way out included. */
function explanations(result: RunReport): string {
  const blocked = targetsOf(result).filter(({ blockers }) => blockers.length > 0);
  if (blocked.length === 0 || obstacles(result).length > 0) return '';
  const lines = blocked
    .slice(0, TARGETS_EXPLAINED)
    .flatMap(({ version, blockers }) =>
      blockers.map(
        (blocker) => `- ${code(version)}: ${markdown(explainBlocker(blocker, outlasts(result, version)))}`,
      ),
    );
  return ['### Why', lines.join('\n'), ...more(blocked.length - TARGETS_EXPLAINED, 'version')].join('\n\n');
}

function groupTable(result: RunReport): string {
  const snapshot = result.last?.evaluation.snapshot;
  const groups = snapshot?.contents?.groups;
  if (snapshot === undefined || groups === undefined) return '';
  const relevant = groups.items.filter((group) => isRelevant(group, result));
  if (relevant.length === 0) return '';
  const severalVersions = targetsOf(result).length > 1;
  const rows = relevant
    .slice(0, GROUPS_SHOWN)
    .map((group) => [
      group.name === null ? '(no name)' : code(group.name),
      group.queue === null ? '' : code(group.queue),
      ...(severalVersions ? [group.version === null ? '(none)' : code(group.version)] : []),
      number(group.pending),
      number(group.enqueued),
      number(group.delayed),
      `${durationText(snapshot.observedAt - group.oldestCreatedAt)} ago`,
      [...(group.ignored ? ['ignored'] : []), ...(group.version === null ? ['unversioned'] : [])].join(', '),
    ]);
  const version = severalVersions ? ['Version'] : [];
  const first = 2 + version.length;
  return [
    '### What is in flight, by workflow',
    table(['Workflow', 'Queue', ...version, 'Pending', 'Enqueued', 'Delayed', 'Oldest created', ''], rows, [
      first,
      first + 1,
      first + 2,
    ]),
    ...more(relevant.length - rows.length + omitted(groups, result), 'group'),
  ].join('\n\n');
}

function workflowList(result: RunReport): string {
  const snapshot = result.last?.evaluation.snapshot;
  const workflows = blockingWorkflows(result);
  if (snapshot === undefined || workflows.length === 0) return '';
  const ago = (time: number | null) =>
    time === null
      ? ''
      : time > snapshot.observedAt
        ? `in ${durationText(time - snapshot.observedAt)}`
        : `${durationText(snapshot.observedAt - time)} ago`;
  const rows = workflows.map((workflow) => [
    code(workflow.id),
    workflowName(workflow),
    `${code(workflow.status)}${workflow.delayUntil !== null && workflow.status === 'DELAYED' ? `, due ${ago(workflow.delayUntil)}` : ''}`,
    doing(result, workflow, snapshot.observedAt),
    workflow.queue === null ? '' : code(workflow.queue),
    // A row that waits carries the executor that enqueued it, and none that runs it.
    workflow.executor === null || workflow.status !== 'PENDING' ? '' : code(workflow.executor),
    ago(workflow.createdAt),
    ago(workflow.startedAt),
    workflow.lastStep === null ? '' : lastStep(workflow.lastStep, ago(workflow.lastStep.completedAt)),
    workflow.parent === null ? '' : code(workflow.parent),
  ]);
  const cut = workflowsOmitted(result);
  const title =
    cut > 0
      ? `The oldest ${number(rows.length)} of ${number(rows.length + cut)} workflows in flight`
      : 'The workflows in flight';
  return [
    `<details${rows.length <= 10 ? ' open' : ''}><summary><b>${title}</b></summary>`,
    table(
      [
        'Id',
        'Workflow',
        'Status',
        'What it does',
        'Queue',
        'Executor',
        'Created',
        'Dequeued',
        'Last step',
        'Parent',
      ],
      rows,
      [],
    ),
    ...(cut > 0 ? [`${number(cut)} more are in the database; the query below shows them all.`] : []),
    '</details>',
  ].join('\n\n');
}

function doing({ last }: RunReport, { id }: WorkflowDetail, now: number): string {
  const status = last?.forecast.statuses.get(id);
  if (status === undefined) return '';
  return `${status.state === 'stuck' ? '⛔ ' : ''}${markdown(describeActivity(status, now))}`;
}

/** The end of a `DBOS.sleep` may lie ahead: newer SDKs record when it will be over. */
function lastStep(step: LastStep, when: string): string {
  const ends = when.startsWith('in ') ? `, ends ${when}` : when === '' ? '' : `, ${when}`;
  return `${code(step.name)} (step ${step.number})${ends}`;
}

function workflowName({ name, className }: WorkflowDetail): string {
  if (name === null) return '(no name)';
  return className ? `${code(className)}.${code(name)}` : code(name);
}

function warningList(result: RunReport): string {
  if (result.warnings.length === 0) return '';
  return ['### Before you act on this', result.warnings.map((w) => `- ⚠️ ${markdown(w)}`).join('\n')].join(
    '\n\n',
  );
}

function footer(result: RunReport): string {
  const snapshot = result.last?.evaluation.snapshot;
  if (snapshot === undefined) return '';
  const { serverVersion, migration } = snapshot.database;
  const server: Message = msg`PostgreSQL ${trusted(serverVersion)}${trusted(migration === undefined ? '' : `, DBOS migration ${migration}`)}`;
  return `<sub>Verdict ${code(result.verdict)}, observed at ${new Date(snapshot.observedAt).toISOString()} (database time), after ${durationText(
    result.waitedMs,
  )} and ${number(result.polls)} ${result.polls === 1 ? 'poll' : 'polls'}${
    result.failedPolls > 0 ? `, and ${number(result.failedPolls)} that failed and had to be taken again` : ''
  }. ${markdown(server)}.</sub>`;
}

/** Sections in their order, as many as fit: the last ones are left out, and that is said. */
function fitted(sections: readonly string[]): string {
  const notice =
    '_More was left out here, to stay below the size that GitHub shows. The report file has it._';
  const kept: string[] = [];
  let bytes = Buffer.byteLength(notice) + 2;
  for (const section of sections) {
    bytes += Buffer.byteLength(section) + 2;
    if (bytes > SUMMARY_BYTES) return `${[...kept, notice].join('\n\n')}\n`;
    kept.push(section);
  }
  return `${kept.join('\n\n')}\n`;
}

function quoteBlock(sentence: Message): string {
  return markdown(sentence)
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}
