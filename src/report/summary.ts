import type { ShellKind } from '../config.ts';
import { number } from '../message.ts';
import { summed, total } from '../status-counts.ts';
import { iso, milliseconds, spanText } from '../time.ts';
import { type DrainCurve, drainChart } from './drain-chart.ts';
import { headingOf, helpLink } from './help.ts';
import type { WrittenKit } from './kit-section.ts';
import { blocks, code, markdown, more, nameOf, quoteBlock, table } from './markdown.ts';
import { isWatched } from './model.ts';
import { nextSteps } from './next-steps.ts';
import { whatToDo } from './options.ts';
import { foundSection, nextSection } from './preflight-text.ts';
import type { RunReport } from './schema.ts';
import { groupTable, numbers, targetTable, workflowList, workflowsTitle } from './summary-details.ts';
import { describeServer, namesOfVersions, workflowName } from './text.ts';

/** GitHub drops a step's summary above 1 MiB. The margin is for what else the step writes. */
export const SUMMARY_BYTES = 1024 * 1024 - 64 * 1024;

/** Why a long summary is shortened: elsewhere than on GitHub, nobody but the gate limits it. */
const LIMITS: Readonly<Record<ShellKind, string>> = {
  action: 'fit GitHub’s size limit',
  'command-line': `fit the gate’s own limit of ${SUMMARY_BYTES / 1024} KiB`,
};

const APPLICATIONS_SHOWN = 10;
/** The first screen names these many groups of what blocks. */
const GROUPS_OF_WORK = 10;
/** Before this many seconds, a chart says no more than the headline. */
const CHART_FROM_SECONDS = 180;

const ICONS = { pass: '✅', warn: '⚠️', fail: '❌' } as const;
const STATES = {
  stuck: '⛔ stuck',
  asleep: '💤 asleep',
  delayed: '💤 delayed',
  queued: '🟡 queued',
  waiting: '🟡 waiting',
  progressing: '🟢 progressing',
} as const;

/** A part of the page, and what it is called where it is left out. */
export interface Section {
  readonly title: string;
  /** Empty where there is nothing to show. */
  readonly text: string;
}

/**
 * The job summary, in GitHub-flavoured Markdown. The first screen says what the answer is and why, what happens if nobody
 * acts, what to do, and what blocks. Everything else is folded.
 */
export function summaryOf(report: RunReport, kit?: WrittenKit, shell: ShellKind = 'action'): string {
  const { page, folded } = pageOf(report, kit);
  return fitted(
    [...page, ...folded].map(({ text }) => text),
    shell,
  );
}

/** The page in its two parts: what is open, and what is folded or small. */
export function pageOf(report: RunReport, kit?: WrittenKit, icon?: string) {
  // Before the first poll nothing is listed, so no time is shown.
  const observedAt = report.observedAt ?? 0;
  const versions = report.versions.length > 1 ? blocks('### Versions to retire', targetTable(report, observedAt)) : '';
  const page: readonly Section[] = [
    { title: 'the verdict', text: verdictSection(report, icon) },
    { title: 'what to do', text: whatToDo(report, kit) },
    { title: 'what to check', text: report.verdict === 'drained' ? teardown(report) : '' },
    { title: 'the versions', text: versions },
    { title: 'what is here', text: foundSection(report.found) },
    { title: 'what blocks', text: whatBlocks(report, observedAt) },
    { title: 'the chart', text: chartSection(report) },
    { title: 'the warnings', text: report.verdict === 'drained' ? '' : warningList(report) },
    { title: 'what comes next', text: nextSection(report.found) },
  ];
  const folded: readonly Section[] = [
    foldedSection('Commands, script and query', nextSteps(report, kit)),
    foldedSection('The drain in numbers', numbers(report, observedAt)),
    foldedSection('In flight by workflow', groupTable(report, observedAt)),
    foldedSection(workflowsTitle(report), workflowList(report, observedAt)),
    { title: 'the other applications', text: otherApplications(report) },
    { title: 'when this was observed', text: footer(report) },
  ];
  return { page, folded };
}

/** A part of the page that opens with a click, or nothing where it is empty. */
function foldedSection(title: string, text: string): Section {
  const folded = `<details><summary><b>${title}</b></summary>\n\n${text}\n\n</details>`;
  return { title: `“${title}”`, text: text === '' ? '' : folded };
}

function verdictSection(report: RunReport, given: string | undefined): string {
  const { verdict, conclusion, headline, blockers, diagnosis, troubleshooting } = report;
  const icon = given ?? (verdict === 'drained' || conclusion !== 'pass' ? ICONS[conclusion] : 'ℹ️');
  const reasons = blockers.filter(({ message }) => message.length > 0);
  const heading = headingOf(diagnosis);
  const help = heading === undefined ? '' : ` ${helpLink(troubleshooting, heading)}`;
  return blocks(
    `## ${icon} ${markdown(headline)}`,
    ...reasons.map(({ kind, message }) => `${quoteBlock(message)} ${helpLink(troubleshooting, kind)}`),
    diagnosis === null ? '' : `**If you do nothing**: ${markdown(diagnosis.ifNothing)}${help}`,
    report.outdated
      ? `The rest of this page is from the last successful poll, at ${isoTime(report)} (database time), for information only.`
      : '',
  );
}

/** What to check before the teardown, and then that it is safe. */
function teardown(report: RunReport): string {
  const { warnings, versions } = report;
  const checks = [
    ...warnings.map((each) => `⚠️ ${markdown(each)}`),
    `This was true at ${isoTime(report)} (database time). Does any process of it still receive work? It could start more.`,
    'From the teardown on, do not resume or rewind a workflow of it, not even a finished one: it would wait for a process that is gone. Fork it to another version instead.',
  ];
  return blocks(
    '### Check before you tear down',
    checks.map((each) => `- ${each}`).join('\n'),
    `Then you can tear ${markdown(namesOfVersions(versions))} down.`,
  );
}

/** What the work that blocks does or waits for, and the next step for each. */
function whatBlocks({ activities, forecast, unversioned }: RunReport, observedAt: number): string {
  const { items, omitted } = activities;
  if (items.length === 0 || forecast === null || (forecast.trend === 'idle' && (unversioned ?? 0) === 0)) return '';
  const ageMs = observedAt - (activities.observedAt ?? observedAt);
  const rows = items.slice(0, GROUPS_OF_WORK);
  return blocks(
    '### What blocks',
    table(rows, {
      State: ({ state, count }) => `${STATES[state]} (${number(count)})`,
      'Next step': ({ nextStep }) => markdown(nextStep),
      Workflow: (each) => nameOf(workflowName(each)),
      'What it does (longest)': ({ message }) => markdown(message),
    }),
    more(items.length - rows.length + omitted, 'group'),
    ageMs >= 60_000 ? `As read ${spanText(ageMs)} before the last poll.` : '',
  );
}

/** The chart, where it informs: the work in flight has changed over several minutes. */
function chartSection(report: RunReport): string {
  const { forecast, history, observedAt, outdated } = report;
  if (forecast === null || observedAt === null || outdated || !isWatched(report)) return '';
  const [first, last] = [history[0], history.at(-1)];
  const isLong = (last?.seconds ?? 0) - (first?.seconds ?? 0) >= CHART_FROM_SECONDS;
  if (!isLong || new Set(history.map(total)).size < 2) return '';
  const chart = drainChart(curveOf(report, observedAt));
  return chart === '' ? '' : blocks('### Progress', chart);
}

/** The estimate of a drain that is stuck or has no end would draw what does not come. */
function curveOf({ history, forecast, diagnosis }: RunReport, lastAt: number): DrainCurve {
  const points = history.map(({ seconds, ...counts }) => ({ atMs: milliseconds(seconds), ...counts }));
  const left = forecast?.secondsLeft ?? null;
  if (left === null || diagnosis?.kind !== 'slow') return { points, lastAt, estimate: undefined };
  const { likely, from, to } = left;
  return {
    points,
    lastAt,
    estimate: { leftMs: milliseconds(likely), fromMs: milliseconds(from), toMs: milliseconds(to) },
  };
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
  const waited = spanText(milliseconds(waitedSeconds));
  const failed =
    failedPolls > 0
      ? `, plus ${number(failedPolls)} failed ${failedPolls === 1 ? 'poll that was' : 'polls that were'} retried`
      : '';
  const taken = `${number(polls)} ${polls === 1 ? 'poll' : 'polls'}${failed}`;
  return `<sub>Verdict ${code(verdict)}, observed at ${isoTime(report)} (database time), after ${waited} and ${taken}. ${server}.</sub>`;
}

function isoTime({ observedAt }: RunReport): string {
  return iso(observedAt) ?? 'an unknown time';
}

/** Sections in their order, but for empty ones, as many as fit. A notice says where the last ones are omitted. */
function fitted(sections: readonly string[], shell: ShellKind): string {
  const notice = `_Shortened to ${LIMITS[shell]}. The report file has everything._`;
  const kept: string[] = [];
  let bytes = Buffer.byteLength(notice) + 2;
  for (const section of sections.filter((each) => each !== '')) {
    bytes += Buffer.byteLength(section) + 2;
    if (bytes > SUMMARY_BYTES) return `${[...kept, notice].join('\n\n')}\n`;
    kept.push(section);
  }
  return `${kept.join('\n\n')}\n`;
}
