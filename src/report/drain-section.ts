import { durationText } from '../duration.ts';
import type { WorkflowDetail } from '../gate/observation.ts';
import type { Assessment, DrainState } from '../gate/situation.ts';
import { number } from '../sentence.ts';
import { drainChart } from './drain-chart.ts';
import { code, markdown } from './escape.ts';
import { describeForecast } from './forecast-text.ts';
import { more, table } from './markdown-table.ts';
import { isRelevant, isWatched, type Result } from './result.ts';
import { describeSituation, nextStepFor } from './situation-text.ts';

const GROUPS_SHOWN = 30;

const STATES: Readonly<Record<DrainState, string>> = {
  stuck: '⛔ stuck',
  waiting: '🟡 waiting',
  draining: '🟢 draining',
};
const ORDER: readonly DrainState[] = ['stuck', 'waiting', 'draining'];

/** How fast the work drains, whether it ever will, and what it waits for: slow, stuck and never apart. */
export function drainSection(result: Result): string {
  const { last } = result;
  if (last?.judgement.seen === undefined) return '';
  const { observedAt } = last.judgement.observation;
  const { total, startedRoots } = last.forecast;
  // One look, and those of a settle window, show no course.
  const chart = isWatched(result) ? drainChart({ points: total.track.points, estimate: total.left }) : '';
  if (total.trend === 'clean') return chart === '' ? '' : `### How it drained\n\n${chart}`;
  const sentences = describeForecast(total, startedRoots, observedAt, isWatched(result));
  return [
    '### How it drains',
    ...(sentences.length > 0 ? [sentences.map((each) => `- ${markdown(each)}`).join('\n')] : []),
    ...situationTable(result),
    ...(chart === '' ? [] : [chart]),
  ].join('\n\n');
}

/** Workflows of one name in one situation. */
interface Group {
  readonly name: string | null;
  readonly count: number;
  /** The one that lasts longest. */
  readonly longest: Assessment;
}

function situationTable(result: Result): readonly string[] {
  const roll = result.last?.forecast.course.roll;
  if (roll === undefined) return [];
  const relevant = roll.workflows.filter((workflow) => isRelevant(workflow, result));
  const groups = [...groupsOf(relevant, roll.assessments)].sort(
    (a, b) => ORDER.indexOf(a.longest.state) - ORDER.indexOf(b.longest.state) || b.count - a.count,
  );
  if (groups.length === 0) return [];
  const rows = groups
    .slice(0, GROUPS_SHOWN)
    .map(({ name, count, longest }) => [
      STATES[longest.state],
      number(count),
      name === null ? '(no name)' : code(name),
      markdown(describeSituation(longest, roll.observedAt)),
      markdown([nextStepFor(longest)]),
    ]);
  const ageMs = (result.last?.judgement.observation.observedAt ?? 0) - roll.observedAt;
  return [
    ...(ageMs >= 1000 ? [`As read ${durationText(ageMs)} before the last look:`] : []),
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
  assessments: ReadonlyMap<string, Assessment>,
): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { id, name, queue, status } of workflows) {
    const assessment = assessments.get(id);
    if (assessment === undefined) continue;
    const { state, situation } = assessment;
    const key = JSON.stringify([state, situation.kind, name, status === 'ENQUEUED' ? queue : null]);
    const group = groups.get(key);
    const longest =
      group !== undefined && lasts(group.longest) >= lasts(assessment) ? group.longest : assessment;
    groups.set(key, { name, count: (group?.count ?? 0) + 1, longest });
  }
  return [...groups.values()];
}

/** A number that is greater for what lasts longer: the end that is known, or else how long nothing has changed. */
function lasts({ situation, progressAt }: Assessment): number {
  return 'until' in situation && situation.until !== null ? situation.until : -progressAt;
}
