import type { Compared } from './effects.ts';
import { inFlightOf, recordedBy } from './executions.ts';
import { NONE, type Range, union, upTo } from './range.ts';
import type { Entry } from './recorded-list.ts';

/** How many calls around a change are looked at, where each may or may not be recorded. */
export const MOST_LOOKED_AT = 50;

/**
 * Returns how many executions wait in a call of the old list: they have recorded its timer, or what the workflow calls
 * meanwhile, and not the call itself. With a position, only what they have recorded from there on counts.
 */
export function waitingIn(at: number, compared: Compared, from: number = at + 1): Range {
  const { workflow, old, occurrences, markersBeside } = compared;
  const entry = old[at];
  if (entry === undefined) return NONE;
  const rangeAt = (index: number): Range => {
    const each = old[index];
    return each === undefined ? NONE : recordedBy(workflow, each, occurrences[index], markersBeside);
  };
  const all = inFlightOf(workflow);
  const behind = old.slice(at + 1, at + 1 + MOST_LOOKED_AT);
  const meanwhile = entry.isConcurrent ? untilCertain(behind) : behind.slice(0, 1).filter(({ isTimer }) => isTimer);
  const positions = meanwhile.map((_, index) => at + 1 + index).filter((index) => index >= from);
  const recorded = union(positions.map(rangeAt), all);
  const call = rangeAt(at);
  // Of those that a loop starts together, one is recorded while another runs, until what comes behind all of them is.
  if (entry.isConcurrent && entry.isRepeated) {
    const last = isCertain(meanwhile.at(-1)) ? rangeAt(at + meanwhile.length) : NONE;
    return upTo({ low: 0, high: Math.max(0, Math.min(all, call.high + recorded.high - last.high) - last.low) });
  }
  const earlier = old.findLastIndex(
    ({ isSometimes, isConcurrent }, index) => index < at && !isSometimes && !isConcurrent,
  );
  const most = earlier === -1 ? recorded.high : Math.min(recorded.high, rangeAt(earlier).high);
  return {
    low: Math.max(0, recorded.low - call.high),
    high: Math.max(0, Math.min(most, (entry.isConcurrent ? all : most) - call.low)),
  };
}

/** Up to the first entry which every execution records that comes this far: who recorded a later one has that, too. */
export function untilCertain(entries: readonly Entry[]): readonly Entry[] {
  const certain = entries.findIndex(isCertain);
  return entries.slice(0, certain === -1 ? MOST_LOOKED_AT + 1 : Math.min(certain, MOST_LOOKED_AT) + 1);
}

/** Whether every execution that comes further has recorded an entry. */
export function isCertain(entry: Entry | undefined): boolean {
  return entry !== undefined && !entry.isSometimes && !entry.isLate && !entry.isConcurrent;
}
