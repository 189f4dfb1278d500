import { durationText, milliseconds } from '../time.ts';
import { type DrainCurve, drainChart } from './drain-chart.ts';
import { blocks, markdown, more, nameOf, table } from './markdown.ts';
import { isWatched } from './model.ts';
import type { ForecastReport, RunReport } from './schema.ts';

const STATES: Readonly<Record<RunReport['activities']['items'][number]['state'], string>> = {
  stuck: '⛔ stuck',
  waiting: '🟡 waiting',
  progressing: '🟢 progressing',
};

/** How fast the work drains, whether it ever will, and what it waits for: slow, stuck and never apart. */
export function drainSection(report: RunReport, observedAt: number): string {
  const { forecast } = report;
  if (forecast === null) return '';
  // One poll, and those of a settle window, show no course.
  const chart = isWatched(report) ? drainChart(curveOf(report, forecast)) : '';
  if (forecast.trend === 'idle') return chart === '' ? '' : `### How it drained\n\n${chart}`;
  const { sentences } = report.outlook;
  return blocks(
    '### How it drains',
    sentences.map((each) => `- ${markdown(each)}`).join('\n'),
    activityTable(report.activities, observedAt),
    chart,
  );
}

function curveOf({ history }: RunReport, { secondsLeft }: ForecastReport): DrainCurve {
  const points = history.map(({ seconds, ...counts }) => ({ atMs: milliseconds(seconds), ...counts }));
  if (secondsLeft === null) return { points, estimate: undefined };
  const { likely, from, to } = secondsLeft;
  return {
    points,
    estimate: { leftMs: milliseconds(likely), fromMs: milliseconds(from), toMs: milliseconds(to) },
  };
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
      Workflow: ({ workflow }) => nameOf(workflow),
      'What it does (the one that lasts longest)': ({ message }) => markdown(message),
      'Next step': ({ nextStep }) => markdown([nextStep]),
    }),
    more(omitted, 'group'),
  );
}
