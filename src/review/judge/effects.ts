import type { InventoryWorkflow } from '../inventory/inventory.ts';
import { MOST_BRANCHES } from '../source/guards.ts';
import type { Difference, Gap } from './difference.ts';
import { executionsOf, inFlightOf, type Occurrence, recordedBy } from './executions.ts';
import type { FindingKind } from './finding.ts';
import { NONE, type Range, sum, union, upTo } from './range.ts';
import { type Entry, patchOf } from './recorded-list.ts';
import { isCertain, MOST_LOOKED_AT, untilCertain, waitingIn } from './waiting.ts';

/** One way in which a change breaks the replay of what executions have recorded. */
export interface Effect {
  readonly kind: FindingKind;
  /** What executions have recorded where the new code calls something else. */
  readonly recorded: string;
  /** It waits for something: who waits in it is counted, too. */
  readonly isWait: boolean;
  /** Some can wait there. A patch that is put there is true for them, takes the free id of the wait, and breaks them. */
  readonly meetsWait: boolean;
  /** The patch that it is about. */
  readonly patch: string | undefined;
  /** What the new code calls there instead. Undefined: a call without a name, or none. */
  readonly instead: string | undefined;
  /** Executions in flight that it breaks, of those with the markers for which it is true. */
  readonly executions: Range;
  /** The same, as if it were true for all. */
  readonly ofAll: Range;
  /** Every execution that a later effect breaks is one of these. */
  readonly coversLater: boolean;
  /** What the change takes away and adds there. */
  readonly removed: readonly Entry[];
  readonly inserted: readonly Entry[];
}

/** The two lists of a workflow for executions with some markers. */
export interface Compared {
  readonly workflow: InventoryWorkflow;
  readonly old: readonly Entry[];
  readonly now: readonly Entry[];
  /** Of the old list. */
  readonly occurrences: readonly Occurrence[];
  /** Returns how many executions have these markers, as far as an entry does not say it already. */
  readonly markersBeside: (entry: Entry) => Range;
}

type Shape = Omit<Effect, 'executions' | 'ofAll' | 'coversLater'>;

/**
 * Returns what a difference breaks. A replay compares, one `function_id` after the other, the name that is recorded with
 * the one that the code calls. Where they differ, `DBOSUnexpectedStepError` ends the workflow in ERROR. What is recorded
 * beyond the last call of the new code is never looked at. Source: run with TypeScript 5.3 and Python 3.4, recovered on
 * the same version and forked.
 */
export function effectsOf({ gaps }: Difference, compared: Compared): readonly Effect[] {
  const moved = movedKeys(gaps);
  return gaps.flatMap(partsOf).flatMap((gap) => {
    const rangesOf = gap.removed.length > 0 ? removedRanges : insertedRanges;
    const all = inFlightOf(compared.workflow);
    const together = totalOf(rangesOf(gap, ofAllMarkers(compared)), all);
    const ranges = rangesOf(gap, compared);
    const shape = shapeOf(gap, ranges, moved, compared);
    const executions = totalOf(ranges, all);
    if (shape === undefined || executions.high === 0) return [];
    const coversLater = ranges.isCertain && isCertain(ranges.of.at(-1)?.entry);
    // Counts of all can say that none waits there, where those of some cannot.
    const ofAll = { low: together.low, high: Math.max(together.high, executions.high) };
    return [{ ...shape, executions, ofAll, coversLater }];
  });
}

/** The same lists, as if they were those of all executions. */
export function ofAllMarkers(compared: Compared): Compared {
  const all = inFlightOf(compared.workflow);
  return { ...compared, markersBeside: () => ({ low: all, high: all }) };
}

/**
 * What is put in the place of calls that not every execution records is met by the others, too. It is not where it stands
 * under the very conditions of what it replaces: who meets it has recorded that.
 */
function partsOf(gap: Gap): readonly Gap[] {
  const { removed, inserted } = gap;
  if (removed.length === 0 || inserted.length === 0 || removed.some(isCertain)) return [gap];
  const replaced = new Set(removed.flatMap((entry) => conditionsOf(entry) ?? []));
  const others = inserted.filter((entry) => !replaced.has(conditionsOf(entry) ?? ''));
  return others.length === 0 ? [gap] : [gap, { ...gap, removed: [], inserted: others }];
}

/** The conditions of an entry as a text; undefined where they are not all told. */
function conditionsOf({ call: { guards, branches = [] } }: Entry): string | undefined {
  const conditions = guards.filter(({ kind }) => kind === 'condition').length;
  const isTold = branches.length < MOST_BRANCHES && branches.every(({ condition }) => condition !== '');
  if (!isTold || conditions > branches.length) return undefined;
  return JSON.stringify([guards.map(({ kind }) => kind), branches]);
}

/** The calls that are taken away in one place and put in another. */
function movedKeys(gaps: readonly Gap[]): ReadonlySet<string> {
  const named = (entries: readonly Entry[]) => entries.filter(({ name }) => name !== undefined).map(({ key }) => key);
  const inserted = new Set(gaps.flatMap((gap) => named(gap.inserted)));
  return new Set(gaps.flatMap((gap) => named(gap.removed)).filter((key) => inserted.has(key)));
}

/** Recorded entries that no longer match what the code calls there, and how many executions recorded each. */
interface Ranges {
  readonly of: readonly {
    readonly entry: Entry;
    readonly range: Range;
    /** They have started it, and recorded what comes behind it. */
    readonly isAhead?: true;
  }[];
  /** False where the code need not call anything there. */
  readonly isCertain: boolean;
  /** There are more entries than are looked at: any execution can be broken. */
  readonly isCut: boolean;
}

function totalOf({ of, isCertain, isCut }: Ranges, most: number): Range {
  const { low, high } = union(
    of.map(({ range }) => range),
    most,
  );
  const total = { low, high: isCut && high > 0 ? most : high };
  return isCertain ? total : upTo(total);
}

function shapeOf(
  { removed, inserted }: Gap,
  { of }: Ranges,
  moved: ReadonlySet<string>,
  compared: Compared,
): Shape | undefined {
  const [most] = of
    .filter(({ entry, range }) => entry.name !== undefined && range.high > 0)
    .sort((a, b) => b.range.high - a.range.high || b.range.low - a.range.low);
  if (most?.entry.name === undefined) return undefined;
  const added = inserted.find(({ isSometimes }) => !isSometimes) ?? inserted[0];
  const patch = patchOf(most.entry.call);
  const { isTimer, isLate, call, name } = most.entry;
  const recorded = isTimer ? (call.name ?? name) : name;
  const isWait = isTimer || isLate || of.some(({ entry, isAhead }) => isAhead === true && entry === most.entry);
  const meetsWait = of.some(({ entry }) => entry.isTimer || entry.isLate || isRunning(entry, compared));
  const rest = { recorded, isWait, meetsWait, patch: undefined, instead: added?.name, removed, inserted };
  if (removed.length === 0) {
    return { kind: added !== undefined && moved.has(added.key) ? 'step-reordered' : 'step-before', ...rest };
  }
  if (patch !== undefined) return { kind: 'patch-removed', ...rest, patch };
  return { kind: moved.has(most.entry.key) ? 'step-reordered' : 'step-removed', ...rest };
}

/** Whether executions have recorded what comes behind a call that can still run. */
function isRunning(entry: Entry, compared: Compared): boolean {
  return entry.isConcurrent && waitingIn(compared.old.indexOf(entry), compared).high > 0;
}

function removedRanges(gap: Gap, compared: Compared): Ranges {
  const { workflow, now, occurrences, markersBeside } = compared;
  const { removed, inserted, oldNext } = gap;
  const first = oldNext - removed.length;
  const isInLoop = removed.some(({ isRepeated }) => isRepeated) && now.some(({ isRepeated }) => isRepeated);
  const behind = whoMeet([...inserted, ...now.slice(gap.newNext, gap.newNext + MOST_LOOKED_AT)], removed);
  if (behind.length === 0 && !isInLoop) return { of: [], isCertain: true, isCut: false };
  const of: Ranges['of'][number][] = untilCertain(removed).flatMap((entry, index) => {
    if (!isInLoop && whoMeet(behind, [entry]).length === 0) return [];
    const range = recordedBy(workflow, entry, occurrences[first + index], markersBeside);
    // Who waits has no row at the id of the call itself: that is free for what the new code calls there.
    const isFirstFree = entry.isTimer || removed.slice(0, index).some(({ isConcurrent }) => isConcurrent);
    return { entry, range: isFirstFree ? upTo(range) : range };
  });
  of.push(...aheadOf(gap, compared));
  return { of, isCertain: behind.some(({ isSometimes }) => !isSometimes), isCut: of.length > MOST_LOOKED_AT };
}

/**
 * Executions that recorded what comes behind a removed call, and not the call itself, which has not ended. Its id is free
 * for what comes next, which then is one id before its row.
 */
function aheadOf({ removed, inserted, oldNext }: Gap, compared: Compared) {
  const first = removed.findIndex(({ isLate, isConcurrent }) => isLate || isConcurrent);
  const entry = removed[first];
  if (entry === undefined || removed.length === inserted.length || removed.slice(first).some(isCertain)) return [];
  const { high } = waitingIn(oldNext - removed.length + first, compared, oldNext);
  return high === 0 ? [] : [{ entry, range: upTo({ low: 0, high }), isAhead: true as const }];
}

function insertedRanges(gap: Gap, { workflow, old, occurrences, markersBeside }: Compared): Ranges {
  const tail = old.slice(gap.oldNext, gap.oldNext + MOST_LOOKED_AT + 1);
  const of = untilCertain(whoMeet(tail, gap.inserted)).map((entry) => ({
    entry,
    range: recordedBy(workflow, entry, occurrences[gap.oldNext + tail.indexOf(entry)], markersBeside),
  }));
  const isInLoop = gap.inserted.some(({ isRepeated }) => isRepeated);
  const again = isInLoop
    ? againInLoop(old.slice(Math.max(0, gap.oldNext - MOST_LOOKED_AT), gap.oldNext), workflow)
    : [];
  const isCertain = gap.inserted.some(({ isSometimes }) => !isSometimes);
  return { of: [...of, ...again], isCertain, isCut: of.length > MOST_LOOKED_AT };
}

/** Entries whose branches are compared: each with each. */
const MOST_IN_BRANCHES = 30;

/** The entries that an execution can run which runs one of others; all of them where they are many. */
function whoMeet(entries: readonly Entry[], others: readonly Entry[]): readonly Entry[] {
  if (entries.length > MOST_IN_BRANCHES || others.length > MOST_IN_BRANCHES) return entries;
  return entries.filter((entry) => others.some((other) => canMeet(entry, other)));
}

/** Whether an execution that ran one call can run the other: no condition leads to only one of them. */
function canMeet({ call }: Entry, other: Entry): boolean {
  const branches = other.call.branches;
  return !call.branches?.some((own) =>
    branches?.some(({ condition, way }) => condition === own.condition && way !== own.way),
  );
}

/** What comes after the end of a loop's body is its start: executions that are in it for a second time. */
function againInLoop(old: readonly Entry[], workflow: InventoryWorkflow): Ranges['of'] {
  return old
    .filter(({ isRepeated }) => isRepeated)
    .map((entry) => {
      const twice = executionsOf(workflow, entry.name)[1] ?? 0;
      return { entry, range: { ...NONE, high: twice } };
    });
}

/** Returns what is equal for effects that are the same for other executions. */
export function keyOfEffect({ kind, patch, recorded, instead }: Effect): string {
  return JSON.stringify([kind, patch ?? null, recorded, instead ?? null]);
}

/**
 * Returns the effects for executions with all sets of markers together, each once. The sets share no execution. An effect
 * that all of them have is true for every execution.
 */
export function mergedEffects(bySet: readonly (readonly Effect[])[], inFlight: number): readonly Effect[] {
  const once = bySet.flatMap((effects) => onceEach(effects, inFlight));
  return [...Map.groupBy(once, keyOfEffect).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const low = Math.min(...same.map(({ ofAll }) => ofAll.low));
    const high = Math.min(inFlight, Math.max(...same.map(({ ofAll }) => ofAll.high)));
    const total = sum(same.map(({ executions }) => executions));
    const some = { low: Math.min(total.low, high), high: Math.min(total.high, high) };
    const executions = same.length === bySet.length ? { low: Math.min(low, high), high } : some;
    return [{ ...first, executions, ofAll: executions }];
  });
}

/** The effects of one list, each once. */
function onceEach(effects: readonly Effect[], inFlight: number): readonly Effect[] {
  return [...Map.groupBy(effects, keyOfEffect).values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined || first.coversLater || same.length === 1) return first ?? [];
    const ofEach = (of: (effect: Effect) => Range) => union(same.map(of), inFlight);
    return { ...first, executions: ofEach(({ executions }) => executions), ofAll: ofEach(({ ofAll }) => ofAll) };
  });
}

/** Returns the effects in several places, each once. Places share no execution. */
export function addedEffects(effects: readonly Effect[]): readonly Effect[] {
  return [...Map.groupBy(effects, keyOfEffect).values()].flatMap((same) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, executions: sum(same.map(({ executions }) => executions)) }];
  });
}
