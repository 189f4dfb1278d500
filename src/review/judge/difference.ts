import type { Entry } from './recorded-list.ts';

/** A place where two lists differ: so much was removed there, and so much put there. */
export interface Gap {
  readonly removed: readonly Entry[];
  readonly inserted: readonly Entry[];
  /** The position behind it in the old list and in the new one. */
  readonly oldNext: number;
  readonly newNext: number;
}

/** A call that is in both lists. */
export interface Pair {
  readonly before: Entry;
  readonly after: Entry;
}

export interface Difference {
  readonly gaps: readonly Gap[];
  readonly pairs: readonly Pair[];
}

/** What comparisons may still cost, in steps: a pull request can have any text. */
export interface Budget {
  cells: number;
}

export const MOST_CELLS = 50_000_000;

/**
 * Returns where two lists differ, by a longest common subsequence which prefers what comes first: of two equal calls of
 * which one is removed, that is the second. Undefined where the lists are too long to compare.
 */
export function differenceOf(old: readonly Entry[], now: readonly Entry[], budget: Budget): Difference | undefined {
  const start = commonStart(old, now);
  const end = commonEnd(old, now, start);
  const rows = old.length - start - end;
  const columns = now.length - start - end;
  // Counting executions later looks at the old list once for each of its calls.
  const cells = (rows + 1) * (columns + 1) + old.length * old.length + now.length;
  if (cells > budget.cells) return undefined;
  budget.cells -= cells;
  const lengths = tableOf(old.slice(start, start + rows), now.slice(start, start + columns));
  const steps: [number, number][] = [];
  for (let at = 0; at < start; at++) steps.push([at, at]);
  let [row, column] = [0, 0];
  while (row < rows && column < columns) {
    if (old[start + row]?.key === now[start + column]?.key) steps.push([start + row++, start + column++]);
    else if (lengthAt(lengths, columns, row + 1, column) >= lengthAt(lengths, columns, row, column + 1)) row++;
    else column++;
  }
  for (let at = end; at > 0; at--) steps.push([old.length - at, now.length - at]);
  return between(old, now, steps);
}

function between(old: readonly Entry[], now: readonly Entry[], steps: readonly [number, number][]): Difference {
  const gaps: Gap[] = [];
  const pairs: Pair[] = [];
  let [oldAt, newAt] = [0, 0];
  for (const [oldNext, newNext] of [...steps, [old.length, now.length] as const]) {
    const removed = old.slice(oldAt, oldNext);
    const inserted = now.slice(newAt, newNext);
    if (removed.length + inserted.length > 0) gaps.push({ removed, inserted, oldNext, newNext });
    const [before, after] = [old[oldNext], now[newNext]];
    if (before !== undefined && after !== undefined) pairs.push({ before, after });
    [oldAt, newAt] = [oldNext + 1, newNext + 1];
  }
  return { gaps, pairs };
}

function commonStart(old: readonly Entry[], now: readonly Entry[]): number {
  let count = 0;
  while (count < old.length && count < now.length && old[count]?.key === now[count]?.key) count++;
  return count;
}

function commonEnd(old: readonly Entry[], now: readonly Entry[], start: number): number {
  const most = Math.min(old.length, now.length) - start;
  let count = 0;
  while (count < most && old.at(-1 - count)?.key === now.at(-1 - count)?.key) count++;
  return count;
}

/** The length of the longest common subsequence of what is behind each pair of positions. */
function tableOf(old: readonly Entry[], now: readonly Entry[]): Uint32Array {
  const columns = now.length;
  const lengths = new Uint32Array((old.length + 1) * (columns + 1));
  for (let row = old.length - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const isEqual = old[row]?.key === now[column]?.key;
      lengths[row * (columns + 1) + column] = isEqual
        ? lengthAt(lengths, columns, row + 1, column + 1) + 1
        : Math.max(lengthAt(lengths, columns, row + 1, column), lengthAt(lengths, columns, row, column + 1));
    }
  }
  return lengths;
}

function lengthAt(lengths: Uint32Array, columns: number, row: number, column: number): number {
  return lengths[row * (columns + 1) + column] ?? 0;
}
