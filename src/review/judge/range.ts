/** How many executions, at least and at most. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export const NONE: Range = { low: 0, high: 0 };

/** Returns how many are in one of these sets at least, where nothing is known of what they share. */
export function union(ranges: readonly Range[], most: number): Range {
  return {
    low: Math.min(most, Math.max(0, ...ranges.map(({ low }) => low))),
    high: Math.min(
      most,
      ranges.reduce((sum, { high }) => sum + high, 0),
    ),
  };
}

/** Returns how many are in all of these sets, out of so many. */
export function intersection(ranges: readonly Range[], of: number): Range {
  const missing = ranges.reduce((sum, { low }) => sum + Math.max(0, of - low), 0);
  return { low: Math.max(0, of - missing), high: Math.max(0, Math.min(of, ...ranges.map(({ high }) => high))) };
}

/** Returns the sum of ranges of sets that share nothing. */
export function sum(ranges: readonly Range[]): Range {
  return ranges.reduce((all, { low, high }) => ({ low: all.low + low, high: all.high + high }), NONE);
}

/** Returns the range of which only the upper end is certain. */
export function upTo({ high }: Range): Range {
  return { low: 0, high };
}
