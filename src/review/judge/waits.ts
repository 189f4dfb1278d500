import type { RecordedCall } from '../source/definition.ts';
import type { Difference } from './difference.ts';
import { type Compared, type Effect, ofAllMarkers } from './effects.ts';
import { upTo } from './range.ts';
import { type Entry, entryOf, type Markers, patchOf, reachedBy } from './recorded-list.ts';
import { waitingIn } from './waiting.ts';

/** The calls of both texts, and the patches whose markers the executions have recorded. */
export interface Texts {
  readonly before: readonly RecordedCall[];
  readonly after: readonly RecordedCall[];
  readonly markers: Markers;
}

/** A wait of the old text, and its place in the new one. */
interface Wait {
  readonly entry: Entry;
  /** The position in the new list of what stands there now. */
  readonly next: number;
  readonly isRemoved: boolean;
}

/**
 * Returns what a patch breaks that a change puts in front of a wait, or in its place. Who waits in `recv` or `getEvent` has
 * no row at the id of that call yet, and the row of its timer at the next id. So the patch is true, and takes the free id.
 * What comes next meets the row of the timer. Source: run with TypeScript 5.3 and Python 3.4.
 */
export function waitEffects(difference: Difference, texts: Texts, compared: Compared): readonly Effect[] {
  const before = reachedBy(texts.before, texts.markers);
  const after = reachedBy(texts.after, texts.markers);
  if (!after.some(isPatch)) return [];
  const told = new Set<RecordedCall>();
  return waitsOf(difference, compared).flatMap(({ entry, next, isRemoved }): readonly Effect[] => {
    const patches = newPatches(entry, next, { before, after }, compared);
    const [first] = patches;
    // Who waits in the first of several calls that run together can wait in the others, too.
    if (first === undefined || told.has(first.call) || !callsMore(first.call, texts)) return [];
    const isCertain = patches.some(({ isSometimes }) => !isSometimes);
    const waiting = (of: Compared) => waitingIn(of.old.indexOf(entry), of);
    const rangeOf = (of: Compared) => (isCertain ? waiting(of) : upTo(waiting(of)));
    const ofAll = rangeOf(ofAllMarkers(compared));
    const some = rangeOf(compared);
    const executions = { low: Math.min(some.low, ofAll.high), high: Math.min(some.high, ofAll.high) };
    if (executions.high === 0) return [];
    told.add(first.call);
    const shape = isRemoved
      ? { kind: 'step-removed' as const, instead: undefined, removed: [entry], inserted: [] }
      : { kind: 'step-before' as const, instead: first.name, removed: [], inserted: patches };
    const about = { recorded: entry.name ?? '', isWait: true, meetsWait: true, patch: undefined };
    return [{ ...shape, ...about, executions, ofAll, coversLater: false }];
  });
}

function waitsOf({ pairs, gaps }: Difference, { now }: Compared): readonly Wait[] {
  const kept = pairs.map(({ before, after }) => ({ entry: before, next: now.indexOf(after), isRemoved: false }));
  const removed = gaps.flatMap(({ removed, newNext }) => {
    // For who recorded something that is removed in front of a wait, the patch is false.
    const first = removed.findIndex(({ isSometimes }) => !isSometimes);
    return removed.slice(0, first + 1).map((entry) => ({ entry, next: newNext, isRemoved: true }));
  });
  return [...kept, ...removed].filter(({ entry }) => entry.isLate || entry.isConcurrent);
}

/** Whether the new text calls anything behind a patch that is true. */
function callsMore(patch: RecordedCall, { after, markers }: Texts): boolean {
  const name = patchOf(patch);
  const reached = reachedBy(after, name === undefined ? markers : new Set([...markers, name]));
  return reached.slice(reached.indexOf(patch) + 1).some(({ kind }) => kind !== 'patch');
}

/** The patches that the new text asks for there and the old one did not, with nothing recorded in between. */
function newPatches(
  entry: Entry,
  next: number,
  { before, after }: Pick<Texts, 'before' | 'after'>,
  { old, now }: Compared,
): readonly Entry[] {
  const asked = patchesInFrontOf(now, next, after);
  if (asked.length === 0) return [];
  const known = new Set(patchesInFrontOf(old, old.indexOf(entry), before).map(({ name }) => name));
  return asked.filter(({ name }) => name === undefined || !known.has(name)).map((call) => entryOf(call, call.name));
}

/** The patches behind the last call before a position of a list which every execution records. */
function patchesInFrontOf(
  entries: readonly Entry[],
  position: number,
  calls: readonly RecordedCall[],
): readonly RecordedCall[] {
  const always = new Set(entries.slice(0, position).flatMap(({ call, isSometimes }) => (isSometimes ? [] : call)));
  const last = calls.findLastIndex((call) => always.has(call));
  const next = entries[position];
  const end = next === undefined ? calls.length : calls.indexOf(next.call);
  return calls.slice(last + 1, end).filter(isPatch);
}

function isPatch({ kind }: RecordedCall): boolean {
  return kind === 'patch';
}
