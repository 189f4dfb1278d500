import { type InventoryWorkflow, MOST_OCCURRENCES } from '../inventory/inventory.ts';
import { intersection, type Range } from './range.ts';
import { type Entry, type Markers, patchOf } from './recorded-list.ts';

/** Returns how many executions of a workflow are in flight. */
export function inFlightOf({ pending, enqueued, delayed }: InventoryWorkflow): number {
  return pending + enqueued + delayed;
}

/** How often an execution that has recorded an entry has recorded its name before: at least, and at most. */
export interface Occurrence {
  readonly least: number;
  /** For one that not every execution records: how often all the others can account for the name. */
  readonly most: number;
}

/** Returns the occurrences of all entries of a list. */
export function occurrencesOf(list: readonly Entry[]): readonly Occurrence[] {
  const total = new Map([...Map.groupBy(list, ({ key }) => key)].map(([key, entries]) => [key, mostOf(entries)]));
  const earlier = new Map<string, Occurrence>();
  return list.map(({ key, isSometimes, isConcurrent, isRepeated }) => {
    const { least, most } = earlier.get(key) ?? { least: 0, most: 0 };
    const own = isRepeated ? MOST_OCCURRENCES : 1;
    earlier.set(key, { least: least + (isSometimes || isConcurrent ? 0 : 1), most: most + own });
    const others = (total.get(key) ?? own) - own;
    return { least, most: isSometimes || isConcurrent ? others : most };
  });
}

/** How many rows these entries record at most, in one execution. */
function mostOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { isRepeated }) => sum + (isRepeated ? MOST_OCCURRENCES : 1), 0);
}

/**
 * Returns how many executions in flight have recorded an entry of the old list, out of those with these markers. Names
 * and counts are all that is known. So it is exact where the text is straight, and a range where an earlier call of the
 * same name may or may not have been recorded.
 */
export function recordedBy(
  workflow: InventoryWorkflow,
  entry: Entry,
  occurrence: Occurrence | undefined,
  markersBeside: (entry: Entry) => Range,
): Range {
  const patch = patchOf(entry.call);
  const own = patch === undefined ? stepRange(workflow, entry, occurrence) : markedWith(workflow, patch);
  return intersection([own, markersBeside(entry)], inFlightOf(workflow));
}

/** Returns how many executions recorded a step once, twice, and so on. */
export function executionsOf(workflow: InventoryWorkflow, step: string | undefined): readonly number[] {
  const known = executionsBy.get(workflow) ?? new Map(workflow.steps.map(({ name, executions }) => [name, executions]));
  executionsBy.set(workflow, known);
  return (step === undefined ? undefined : known.get(step)) ?? [];
}

const executionsBy = new WeakMap<InventoryWorkflow, ReadonlyMap<string, readonly number[]>>();

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

function stepRange(workflow: InventoryWorkflow, entry: Entry, occurrence: Occurrence | undefined): Range {
  const executions = executionsOf(workflow, entry.name);
  const { least, most } = occurrence ?? { least: 0, most: MOST_OCCURRENCES };
  const range = { low: executions[most] ?? 0, high: executions[Math.min(least, MOST_OCCURRENCES - 1)] ?? 0 };
  return widened(workflow, { low: Math.min(range.low, range.high), high: range.high });
}

/** Executions whose steps were not read can have recorded anything. */
function widened(workflow: InventoryWorkflow, { low, high }: Range): Range {
  const all = inFlightOf(workflow);
  return { low: Math.min(low, all), high: Math.min(all, high + Math.max(0, all - workflow.stepsReadOf)) };
}
