import type { TimeLeft } from '../forecast/estimate.ts';
import type { Sample } from '../forecast/history.ts';
import { number } from '../message.ts';
import { type StatusCounts, total } from '../status-counts.ts';
import { spanText, UNITS_MS } from '../time.ts';

export type CurvePoint = StatusCounts & Pick<Sample, 'atMs'>;

/** A drain in the order of time, and the estimate of how it goes on. */
export interface DrainCurve {
  readonly points: readonly CurvePoint[];
  /** When the last point was, by the database's clock, in epoch milliseconds. */
  readonly lastAt: number;
  /** From the last point. */
  readonly estimate: TimeLeft | undefined;
}

/** Mermaid labels every column, and merges those with the same label: more would leave no room for their times. */
export const MOST_COLUMNS = 28;

/** An estimate longer than this share of the measured time would leave it no room: only its start is drawn. */
const LONGEST_ESTIMATE = 2;
const SHOWN_ESTIMATE = 0.5;

/** On an axis that ends below ten, Mermaid writes fractions of workflows. */
const LOWEST_AXIS_END = 10;

/** As a share of the axis: Mermaid draws columns from below zero, where a zero would show. It draws none below this. */
const BELOW_THE_AXIS = 1 / 20;

/** Times between two columns, each with its labels in UTC and the most columns that these leave room for. */
const STEPS = [
  ...[10, 20, 30].map((n) => ({ ms: n * UNITS_MS.s, from: 11, to: 19, most: 16 })),
  ...[1, 2, 5, 10, 30].map((n) => ({ ms: n * UNITS_MS.m, from: 11, to: 16, most: MOST_COLUMNS })),
  ...[1, 2, 6, 12].map((n) => ({ ms: n * UNITS_MS.h, from: 8, to: 16, most: 16 })),
  ...[24, 120].map((n) => ({ ms: n * UNITS_MS.h, from: 5, to: 10, most: MOST_COLUMNS })),
];

/** From the bottom of a column to its top. The colours match the squares, and stand out on white and on black. */
const STATUSES = [
  { status: 'pending', color: '#2f81d7', square: '🟦' },
  { status: 'enqueued', color: '#f4900c', square: '🟧' },
  { status: 'delayed', color: '#a960d0', square: '🟪' },
] as const;
type Statuses = readonly (typeof STATUSES)[number][];

const ESTIMATE = { color: '#99a3ad', square: '⬜' };

type Columns = NonNullable<ReturnType<typeof columnsOf>>;

/**
 * How the work in flight went down, in Markdown: a chart that GitHub draws, and its key in text, since Mermaid's xychart
 * has none. Empty when there is nothing to draw. It holds numbers only, so there is nothing to escape.
 *
 * Columns, not lines: stacked, they show the whole and its parts. Mermaid's lines cannot end before the last label.
 */
export function drainChart(curve: DrainCurve): string {
  const columns = columnsOf(curve);
  const statuses = STATUSES.filter(({ status }) => columns?.polls.some((poll) => poll[status] > 0));
  if (columns === undefined || statuses.length === 0) return '';
  return [mermaid(columns, statuses), keyOf(curve, columns, statuses)].join('\n\n');
}

function mermaid({ labels, polls, estimated }: Columns, statuses: Statuses): string {
  // Each series is drawn over those before it, so the highest comes first.
  const measured = statuses.map(({ color }, index) => ({
    color,
    heights: [
      ...polls.map((poll) => statuses.slice(0, index + 1).reduce((sum, { status }) => sum + poll[status], 0)),
      ...estimated.map(() => 0),
    ],
  }));
  const series = [...measured, { color: ESTIMATE.color, heights: [...polls.map(() => 0), ...estimated] }]
    .filter(({ heights }) => heights.some((height) => height > 0))
    .reverse();
  const axisEnd = Math.max(LOWEST_AXIS_END, ...series.flatMap(({ heights }) => heights));
  const config = {
    // The theme, and with it the colour of text, stays the one that GitHub chooses for light or dark pages.
    themeVariables: { xyChart: { plotColorPalette: series.map(({ color }) => color).join() } },
    xyChart: { width: 900, height: 350, xAxis: { labelFontSize: 11, showTick: false } },
  };
  return [
    '```mermaid',
    `%%{init: ${JSON.stringify(config)}}%%`,
    'xychart-beta',
    `  x-axis "UTC" [${labels.map((label) => `"${label}"`).join(', ')}]`,
    `  y-axis "workflows in flight" 0 --> ${axisEnd}`,
    ...series.map(({ heights }) => {
      const drawn = heights.map((height) => (height > 0 ? height : -axisEnd * BELOW_THE_AXIS));
      return `  bar [${drawn.map(rounded).join(', ')}]`;
    }),
    '```',
  ].join('\n');
}

function keyOf({ points, estimate }: DrainCurve, { estimated, isCut }: Columns, statuses: Statuses): string {
  const last = points.at(-1);
  const counts = statuses.map(({ status, square }) => `${square} ${number(last?.[status] ?? 0)} ${status}`);
  const seen = `At the last poll: ${counts.join(' · ')}`;
  if (estimate === undefined || estimated.length === 0) return seen;
  const range = `${spanText(estimate.fromMs)} to ${spanText(estimate.toMs)}`;
  const cut = isCut ? '; the chart ends before that' : '';
  return `${seen} · ${ESTIMATE.square} estimate: drained ${spanText(estimate.leftMs)} later (${range})${cut}`;
}

/** The curve at regular times. Undefined when there are fewer than two polls. */
function columnsOf({ points, lastAt, estimate }: DrainCurve) {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return undefined;
  const measuredMs = last.atMs - first.atMs;
  const leftMs = total(last) > 0 ? (estimate?.leftMs ?? 0) : 0;
  const isCut = leftMs > LONGEST_ESTIMATE * measuredMs;
  const drawnMs = isCut ? SHOWN_ESTIMATE * measuredMs : leftMs;

  // Three more: the last poll, and a started column at either end.
  const step = STEPS.find(({ ms, most }) => (measuredMs + drawnMs) / ms <= most - 3);
  if (step === undefined) return undefined;
  const before = Math.max(1, Math.ceil(measuredMs / step.ms));
  const after = Math.ceil(drawnMs / step.ms);
  const times = Array.from({ length: before + 1 + after }, (_, index) => (index - before) * step.ms);
  return {
    // `21:34:49`, `21:34`, `27 21:00` or `11-27`.
    labels: times.map((time) => new Date(lastAt + time).toISOString().slice(step.from, step.to).replace('T', ' ')),
    /** The first columns: the polls, up to the last. */
    polls: times.slice(0, before + 1).map((time) => points.findLast(({ atMs }) => atMs <= last.atMs + time) ?? first),
    /** The columns after those: how many can be in flight then. */
    estimated: times.slice(before + 1).map((time) => Math.max(0, rounded(total(last) * (1 - time / leftMs)))),
    /** The estimate continues after the last column. */
    isCut,
  };
}

function rounded(height: number): number {
  return Number(height.toFixed(2));
}
