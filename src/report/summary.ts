import { number } from '../message.ts';
import { summed, total } from '../status-counts.ts';
import { durationText, iso, milliseconds } from '../time.ts';
import { type DrainCurve, drainChart } from './drain-chart.ts';
import { foundSection } from './found.ts';
import type { WrittenKit } from './kit-section.ts';
import { blocks, code, markdown, more, NO_VERSION, nameOf, quoteBlock, table } from './markdown.ts';
import { blockedFirst, isWatched } from './model.ts';
import { nextSteps } from './next-steps.ts';
import type { ForecastReport, RunReport, VersionReport, WorkflowReport } from './schema.ts';
import { describeServer, ownWorkNote, workflowName } from './text.ts';

/** GitHub drops a step's summary above 1 MiB. The margin is for what else the step writes. */
export const SUMMARY_BYTES = 1024 * 1024 - 64 * 1024;

const TARGETS_SHOWN = 100;
const TARGETS_EXPLAINED = 10;
const GROUPS_SHOWN = 50;
const APPLICATIONS_SHOWN = 10;
/** The list of workflows is open when it has at most this many rows. */
const OPEN_ROWS = 10;

const ICONS = { pass: '✅', warn: '⚠️', fail: '❌' } as const;
const STATES = { stuck: '⛔ stuck', waiting: '🟡 waiting', progressing: '🟢 progressing' } as const;

/** The job summary, in GitHub-flavoured Markdown: the verdict first, then what blocks, then what to do about it. */
export function summaryOf(report: RunReport, kit?: WrittenKit): string {
  // Before the first poll nothing is listed, so no time is shown.
  const observedAt = report.observedAt ?? 0;
  return fitted([
    verdictSection(report),
    targetTable(report, observedAt),
    foundSection(report.found),
    explanations(report),
    drainSection(report, observedAt),
    groupTable(report, observedAt),
    workflowList(report, observedAt),
    nextSteps(report, kit),
    warningList(report),
    otherApplications(report),
    footer(report),
  ]);
}

function verdictSection(report: RunReport): string {
  const { verdict, conclusion, headline, blockers, pastDeadline, polls, inFlightAtFirst } = report;
  const icon = verdict === 'drained' || conclusion !== 'pass' ? ICONS[conclusion] : 'ℹ️';
  const reasons = [...blockers.map(({ message }) => message), pastDeadline ?? []];
  const were = inFlightAtFirst === 1 ? 'workflow was' : 'workflows were';
  const before = durationText(milliseconds(report.waitedSeconds));
  return blocks(
    `## ${icon} ${markdown(headline)}`,
    polls > 1 && inFlightAtFirst > 0
      ? `${number(inFlightAtFirst)} ${were} in flight at the first poll, ${before} before.`
      : '',
    ...reasons.filter(({ length }) => length > 0).map(quoteBlock),
    report.outdated
      ? `What follows is from the last poll that succeeded, at ${isoTime(report)} (database time). It decides nothing.`
      : '',
  );
}

function targetTable({ versions, outdated }: RunReport, observedAt: number): string {
  if (versions.length === 0) return '';
  const shown = blockedFirst(versions).slice(0, TARGETS_SHOWN);
  return blocks(
    '### Versions to retire',
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

/** Why the targets are blocked, the way out included. */
function explanations({ versions, blockers }: RunReport): string {
  const blocked = versions.filter((version) => version.blockers.length > 0);
  if (blocked.length === 0 || blockers.length > 0) return '';
  const lines = blocked
    .slice(0, TARGETS_EXPLAINED)
    .flatMap((each) =>
      each.blockers.map(({ message }) => `- ${nameOf(each.version, NO_VERSION)}: ${markdown(message)}`),
    );
  return blocks('### Why', lines.join('\n'), more(blocked.length - TARGETS_EXPLAINED, 'version'));
}

/** How fast the work drains, whether it ever will, and what it waits for: slow, stuck and never apart. */
function drainSection(report: RunReport, observedAt: number): string {
  const { forecast } = report;
  if (forecast === null) return '';
  // One poll, and those of a settle window, show no course.
  const chart = isWatched(report) ? drainChart(curveOf(report, forecast)) : '';
  if (forecast.trend === 'idle') return chart === '' ? '' : `### How it drained\n\n${chart}`;
  return blocks(
    '### How it drains',
    report.outlook.map((each) => `- ${markdown(each)}`).join('\n'),
    activityTable(report.activities, observedAt),
    chart,
  );
}

function curveOf({ history }: RunReport, { secondsLeft }: ForecastReport): DrainCurve {
  const points = history.map(({ seconds, ...counts }) => ({ atMs: milliseconds(seconds), ...counts }));
  if (secondsLeft === null) return { points, estimate: undefined };
  const { likely, from, to } = secondsLeft;
  return { points, estimate: { leftMs: milliseconds(likely), fromMs: milliseconds(from), toMs: milliseconds(to) } };
}

function activityTable(activities: RunReport['activities'], observedAt: number): string {
  const { items, omitted } = activities;
  if (items.length === 0) return '';
  const ageMs = observedAt - (activities.observedAt ?? observedAt);
  return blocks(
    ageMs >= 1000 ? `As read ${durationText(ageMs)} before the last poll:` : '',
    table(items, {
      State: ({ state }) => STATES[state],
      Count: ({ count }) => count,
      Workflow: (each) => nameOf(workflowName(each)),
      'What it does (the one that lasts longest)': ({ message }) => markdown(message),
      'Next step': ({ nextStep }) => markdown(nextStep),
    }),
    more(omitted, 'group'),
  );
}

function groupTable({ groups, versions }: RunReport, observedAt: number): string {
  if (groups.items.length === 0) return '';
  const severalVersions = versions.length > 1;
  const shown = groups.items.slice(0, GROUPS_SHOWN);
  return blocks(
    '### What is in flight, by workflow',
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

function workflowList({ workflows }: RunReport, observedAt: number): string {
  const { items, omitted } = workflows;
  if (items.length === 0) return '';
  const title =
    omitted > 0
      ? `The oldest ${number(items.length)} of ${number(items.length + omitted)} workflows in flight`
      : 'The workflows in flight';
  return blocks(
    `<details${items.length <= OPEN_ROWS ? ' open' : ''}><summary><b>${title}</b></summary>`,
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
    omitted > 0 ? `${number(omitted)} more are in the database; the query below shows them all.` : '',
    '</details>',
  );
}

/** `2h ago`, or `in 5m`; empty for no time. */
function moment(time: number | null, observedAt: number): string {
  if (time === null) return '';
  const distance = durationText(Math.abs(time - observedAt));
  return time > observedAt ? `in ${distance}` : `${distance} ago`;
}

/** The end of a `DBOS.sleep` can lie ahead: newer SDKs record when it will be over. */
function lastStep({ lastStep: step }: WorkflowReport, observedAt: number): string {
  if (step === null) return '';
  const when = moment(step.completedAt, observedAt);
  const ends = when.startsWith('in ') ? `, ends ${when}` : when === '' ? '' : `, ${when}`;
  return `${code(step.name)} (step ${step.number})${ends}`;
}

function warningList({ warnings }: RunReport): string {
  if (warnings.length === 0) return '';
  return `### Before you act on this\n\n${warnings.map((each) => `- ⚠️ ${markdown(each)}`).join('\n')}`;
}

/** One line about the applications that share the database. Those that may be a former name have a warning as well. */
function otherApplications({ otherApplications: others }: RunReport): string {
  if (others.length === 0) return '';
  const shown = others.slice(0, APPLICATIONS_SHOWN).map(({ name, inFlight }) => {
    return `${code(name)} (${number(total(summed(inFlight)))} in flight)`;
  });
  const rest = others.length - shown.length;
  return `Other applications in this system database, which this run is not about: ${shown.join(', ')}${rest > 0 ? `, and ${number(rest)} more` : ''}.`;
}

function footer(report: RunReport): string {
  const { verdict, database, waitedSeconds, polls, failedPolls } = report;
  if (database === null) return '';
  const server = markdown(describeServer(database.serverVersion, database.migration));
  const waited = durationText(milliseconds(waitedSeconds));
  const failed = failedPolls > 0 ? `, and ${number(failedPolls)} that failed and had to be taken again` : '';
  const taken = `${number(polls)} ${polls === 1 ? 'poll' : 'polls'}${failed}`;
  return `<sub>Verdict ${code(verdict)}, observed at ${isoTime(report)} (database time), after ${waited} and ${taken}. ${server}.</sub>`;
}

function isoTime({ observedAt }: RunReport): string {
  return iso(observedAt) ?? 'an unknown time';
}

/** Sections in their order, but for empty ones, as many as fit. A notice says where the last ones are omitted. */
function fitted(sections: readonly string[]): string {
  const notice = '_More was left out here, to stay below the size that GitHub shows. The report file has it._';
  const kept: string[] = [];
  let bytes = Buffer.byteLength(notice) + 2;
  for (const section of sections.filter((each) => each !== '')) {
    bytes += Buffer.byteLength(section) + 2;
    if (bytes > SUMMARY_BYTES) return `${[...kept, notice].join('\n\n')}\n`;
    kept.push(section);
  }
  return `${kept.join('\n\n')}\n`;
}
