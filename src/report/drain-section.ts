import type { WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { WorkflowState, WorkflowStatus } from '../forecast/activity.ts';
import { number } from '../message.ts';
import { durationText } from '../time.ts';
import { describeActivity, nextStepFor } from './activity-text.ts';
import { drainChart } from './drain-chart.ts';
import { code, markdown } from './escape.ts';
import { describeForecast } from './forecast-text.ts';
import { more, table } from './markdown-table.ts';
import { isRelevant, isWatched, type RunReport } from './model.ts';

const GROUPS_SHOWN = 30;

const STATES: Readonly<Record<WorkflowState, string>> = {
  stuck: '⛔ stuck',
  waiting: '🟡 waiting',
  progressing: '🟢 progressing',
};
const ORDER: readonly WorkflowState[] = ['stuck', 'waiting', 'progressing'];

/** How fast the work drains, whether it ever will, and what it waits for: slow, stuck and never apart. */
export function drainSection(result: RunReport): string {
  const { last } = result;
  if (last?.evaluation.index === undefined) return '';
  const { observedAt } = last.evaluation.snapshot;
  const { total, newTopLevel } = last.forecast;
  // One poll, and those of a settle window, show no course.
  const chart = isWatched(result) ? drainChart({ points: total.series.points, estimate: total.left }) : '';
  if (total.trend === 'idle') return chart === '' ? '' : `### How it drained\n\n${chart}`;
  const sentences = describeForecast(total, newTopLevel, observedAt, isWatched(result));
  return [
    '### How it drains',
    ...(sentences.length > 0 ? [sentences.map((each) => `- ${markdown(each)}`).join('\n')] : []),
    ...activityTable(result),
    ...(chart === '' ? [] : [chart]),
  ].join('\n\n');
}

/** Workflows of one name in one situation. */
interface Group {
  readonly name: string | null;
  readonly count: number;
  /** The one that lasts longest. */
  readonly longest: WorkflowStatus;
}

function activityTable(result: RunReport): readonly string[] {
  const detailScan = result.last?.forecast.history.detailScan;
  if (detailScan === undefined) return [];
  const relevant = detailScan.workflows.filter((workflow) => isRelevant(workflow, result));
  const groups = [...groupsOf(relevant, detailScan.statuses)].sort(
    (a, b) => ORDER.indexOf(a.longest.state) - ORDER.indexOf(b.longest.state) || b.count - a.count,
  );
  if (groups.length === 0) return [];
  const rows = groups
    .slice(0, GROUPS_SHOWN)
    .map(({ name, count, longest }) => [
      STATES[longest.state],
      number(count),
      name === null ? '(no name)' : code(name),
      markdown(describeActivity(longest, detailScan.observedAt)),
      markdown([nextStepFor(longest)]),
    ]);
  const ageMs = (result.last?.evaluation.snapshot.observedAt ?? 0) - detailScan.observedAt;
  return [
    ...(ageMs >= 1000 ? [`As read ${durationText(ageMs)} before the last poll:`] : []),
    table(
      ['State', 'Count', 'Workflow', 'What it does (the one that lasts longest)', 'Next step'],
      rows,
      [1],
    ),
    ...more(groups.length - rows.length, 'group'),
  ];
}

function groupsOf(
  workflows: readonly WorkflowDetail[],
  statuses: ReadonlyMap<string, WorkflowStatus>,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { id, name, queue, status: rowStatus } of workflows) {
    const status = statuses.get(id);
    if (status === undefined) continue;
    const { state, activity } = status;
    const key = JSON.stringify([state, activity.kind, name, rowStatus === 'ENQUEUED' ? queue : null]);
    const group = groups.get(key);
    const longest = group !== undefined && lasts(group.longest) >= lasts(status) ? group.longest : status;
    groups.set(key, { name, count: (group?.count ?? 0) + 1, longest });
  }
  return [...groups.values()];
}

/** A number that is greater for what lasts longer: the end that is known, or else how long nothing has changed. */
function lasts({ activity, progressAt }: WorkflowStatus): number {
  return 'until' in activity && activity.until !== null ? activity.until : -progressAt;
}
