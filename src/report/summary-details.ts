import { number } from '../message.ts';
import { milliseconds, spanText } from '../time.ts';
import { isLive } from './blocking.ts';
import { blocks, code, markdown, more, NO_VERSION, nameOf, table } from './markdown.ts';
import { blockedFirst } from './model.ts';
import type { RunReport, VersionReport, WorkflowReport } from './schema.ts';
import { ownWorkNote, workflowName } from './text.ts';

/* The parts of the job summary that are folded, but for the versions where there are several. */

const TARGETS_SHOWN = 100;
const TARGETS_EXPLAINED = 10;
const GROUPS_SHOWN = 50;

/** The versions to retire: what blocks most comes first. */
export function targetTable({ versions, outdated }: RunReport, observedAt: number): string {
  if (versions.length === 0) return '';
  const shown = blockedFirst(versions).slice(0, TARGETS_SHOWN);
  return blocks(
    table(shown, {
      Version: ({ version }) => nameOf(version, NO_VERSION),
      State: (version) => targetState(version, outdated),
      // How each drains, where there are several to compare.
      Diagnosis: ({ diagnosis }) => (versions.length > 1 ? (diagnosis?.brief ?? '') : ''),
      Pending: ({ pending }) => pending,
      Enqueued: ({ enqueued }) => enqueued,
      Delayed: ({ delayed }) => delayed,
      Ignored: ({ ignored }) => ignored,
      'Oldest created': ({ oldestCreatedAt }) => moment(oldestCreatedAt, observedAt),
    }),
    more(versions.length - shown.length, 'version'),
  );
}

function targetState(version: VersionReport, outdated: boolean): string {
  const { known, drained, idleSeconds, inFlight, reasons } = version;
  if (drained) return known ? '✅ drained' : '✅ drained, never seen here';
  if (idleSeconds !== null && reasons.length === 0) return outdated ? '⏳ idle' : '⏳ idle, not for long enough';
  const all = [...(inFlight > 0 ? [`${number(inFlight)} in flight`] : []), ...reasons];
  return all.length > 0 ? `⛔ ${all.join(', ')}` : '⛔ blocked with the whole gate';
}

/** The versions, how it went, and the numbers behind it. */
export function numbers(report: RunReport, observedAt: number): string {
  const { versions, blockers, polls, inFlightAtFirst, waitedSeconds, forecast, outlook } = report;
  const started = inFlightAtFirst === 1 ? '1 workflow' : `${number(inFlightAtFirst)} workflows`;
  const lines = [
    ...(polls > 1 && inFlightAtFirst > 0
      ? [`It started with ${started} in flight, ${spanText(milliseconds(waitedSeconds))} earlier.`]
      : []),
    ...(forecast === null || forecast.trend === 'idle' ? [] : outlook.map(markdown)),
    ...(blockers.length > 0 ? [] : inFlightReasons(versions)),
  ];
  return blocks(
    versions.length === 1 ? targetTable(report, observedAt) : '',
    lines.map((each) => `- ${each}`).join('\n'),
  );
}

/** What is in flight on each version, and the input that lets it go. Other blockers are under "What to do". */
function inFlightReasons(versions: RunReport['versions']): readonly string[] {
  // To cancel or fork work of a live version would end live work.
  return versions
    .filter((version) => !isLive(version))
    .slice(0, TARGETS_EXPLAINED)
    .flatMap(({ version, blockers }) =>
      blockers
        .filter(({ kind }) => kind === 'in-flight')
        .map(({ message }) => `${nameOf(version, NO_VERSION)}: ${markdown(message)}`),
    );
}

/** What is in flight, by version, workflow and queue. */
export function groupTable({ groups, versions }: RunReport, observedAt: number): string {
  if (groups.items.length === 0) return '';
  const severalVersions = versions.length > 1;
  const shown = groups.items.slice(0, GROUPS_SHOWN);
  return blocks(
    table(shown, {
      Workflow: (each) => nameOf(workflowName(each)),
      Queue: ({ queue }) => nameOf(queue, ''),
      Version: ({ version }) => (severalVersions ? nameOf(version, '(none)') : ''),
      Pending: ({ pending }) => pending,
      Enqueued: ({ enqueued }) => enqueued,
      Delayed: ({ delayed }) => delayed,
      'Oldest created': ({ oldestCreatedAt }) => moment(oldestCreatedAt, observedAt),
      '': ({ ignored, version, ...each }) =>
        [
          ...ownWorkNote({ ...each, name: each.workflow }),
          ...(ignored ? ['ignored'] : []),
          ...(version === null ? ['unversioned'] : []),
        ].join(', '),
    }),
    more(groups.items.length - shown.length + groups.omitted, 'group'),
  );
}

/** How many of them the list has. */
export function workflowsTitle({ workflows: { items, omitted } }: RunReport): string {
  return omitted > 0
    ? `The oldest ${number(items.length)} of ${number(items.length + omitted)} workflows in flight`
    : 'The workflows in flight';
}

/** The oldest workflows in flight, one by one. */
export function workflowList({ workflows }: RunReport, observedAt: number): string {
  const { items, omitted } = workflows;
  if (items.length === 0) return '';
  return blocks(
    table(items, {
      Id: ({ id }) => nameOf(id, ''),
      Workflow: (each) => nameOf(workflowName(each)),
      Status: ({ status, delayUntil }) =>
        `${code(status)}${delayUntil !== null && status === 'DELAYED' ? `, due ${moment(delayUntil, observedAt)}` : ''}`,
      'What it does': ({ activity }) =>
        activity === null ? '' : `${activity.state === 'stuck' ? '⛔ ' : ''}${markdown(activity.message)}`,
      Queue: ({ queue }) => nameOf(queue, ''),
      // The row of a workflow that waits carries the executor that enqueued it. None runs it.
      Executor: ({ executor, status }) => (status === 'PENDING' ? nameOf(executor, '') : ''),
      Created: ({ createdAt }) => moment(createdAt, observedAt),
      Dequeued: ({ startedAt }) => moment(startedAt, observedAt),
      'Last step': (workflow) => lastStep(workflow, observedAt),
      Parent: ({ parent }) => nameOf(parent, ''),
    }),
    omitted > 0 ? `${number(omitted)} more are in the database. The query shows them all.` : '',
  );
}

/** `2h ago`, or `in 5m`; empty for no time. */
function moment(time: number | null, observedAt: number): string {
  if (time === null) return '';
  const distance = spanText(Math.abs(time - observedAt));
  return time > observedAt ? `in ${distance}` : `${distance} ago`;
}

/** The end of a `DBOS.sleep` can lie ahead: newer SDKs record when it will be over. */
function lastStep({ lastStep: step }: WorkflowReport, observedAt: number): string {
  if (step === null) return '';
  const when = moment(step.completedAt, observedAt);
  const ends = when.startsWith('in ') ? `, ends ${when}` : when === '' ? '' : `, ${when}`;
  return `${code(step.name)} (step ${step.number})${ends}`;
}
