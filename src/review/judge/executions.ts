import { type InventoryWorkflow, MOST_OCCURRENCES } from '../inventory/inventory.ts';
import { intersection, type Range } from './range.ts';
import { type Entry, type Markers, patchOf } from './recorded-list.ts';

/** Returns how many executions of a workflow are in flight. */
export function inFlightOf({ pending, enqueued, delayed }: InventoryWorkflow): number {
  return pending + enqueued + delayed;
}

/**
 * Returns how many executions in flight have recorded an entry of the old list, out of those with these markers. Names
 * and counts are all that is known. So it is exact where the text is straight, and a range where an earlier call of the
 * same name may or may not have been recorded.
 */
export function recordedBy(
  workflow: InventoryWorkflow,
  list: readonly Entry[],
  at: number,
  markersBeside: (entry: Entry) => Range,
): Range {
  const entry = list[at];
  if (entry === undefined) return { low: 0, high: 0 };
  const patch = patchOf(entry.call);
  const own = patch === undefined ? stepRange(workflow, list, at, entry) : markedWith(workflow, patch);
  return intersection([own, markersBeside(entry)], inFlightOf(workflow));
}

/** Returns how many executions in flight have exactly these markers out of some. */
export function withMarkers(workflow: InventoryWorkflow, markers: Markers, patches: Iterable<string>): Range {
  const all = inFlightOf(workflow);
  const ranges = Array.from(patches, (patch) => {
    const { low, high } = markedWith(workflow, patch);
    return markers.has(patch) ? { low, high } : { low: all - high, high: all - low };
  });
  return intersection([{ low: all, high: all }, ...ranges], all);
}

/** Returns how many executions in flight have recorded the marker of a patch. */
export function markedWith(workflow: InventoryWorkflow, patch: string): Range {
  const executions = workflow.patches.find(({ name }) => name === patch)?.executions ?? 0;
  return widened(workflow, { low: executions, high: executions });
}

function stepRange(workflow: InventoryWorkflow, list: readonly Entry[], at: number, entry: Entry): Range {
  const executions = workflow.steps.find(({ name }) => name === entry.name)?.executions ?? [];
  const isSame = ({ name }: Entry) => name === entry.name;
  const earlier = list.slice(0, at).filter(isSame);
  const others = [...earlier, ...list.slice(at + 1).filter(isSame)];
  const least = earlier.filter(({ isSometimes }) => !isSometimes).length;
  // One that not every execution records is certain only where all the others cannot account for the rows.
  const most = mostOf(entry.isSometimes ? others : earlier);
  const range = { low: executions[most] ?? 0, high: executions[Math.min(least, MOST_OCCURRENCES - 1)] ?? 0 };
  return widened(workflow, { low: Math.min(range.low, range.high), high: range.high });
}

/** How many rows these entries record at most, in one execution. */
function mostOf(entries: readonly Entry[]): number {
  return entries.some(({ isRepeated }) => isRepeated) ? MOST_OCCURRENCES : entries.length;
}

/** Executions whose steps were not read can have recorded anything. */
function widened(workflow: InventoryWorkflow, { low, high }: Range): Range {
  const all = inFlightOf(workflow);
  return { low: Math.min(low, all), high: Math.min(all, high + Math.max(0, all - workflow.stepsReadOf)) };
}
