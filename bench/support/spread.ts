/** The middle of many measurements, and between what the middle half of them lies. */
export interface Spread {
  readonly median: number;
  readonly from: number;
  readonly to: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const [below = Number.NaN, above = below] = sorted.slice(Math.floor(place), Math.floor(place) + 2);
    return below + (above - below) * (place % 1);
  };
  return { median: at(0.5), from: at(0.25), to: at(0.75) };
}

/** `12.3 ms (11.8–12.9)`, in seconds from one on. */
export function milliseconds({ median, from, to }: Spread): string {
  const [unit, per] = median < 1000 ? (['ms', 1] as const) : (['s', 1000] as const);
  return `${figure(median / per)} ${unit} (${figure(from / per)}–${figure(to / per)})`;
}

/** Three digits, or all before the point, in groups of three. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(value < 1 ? 2 : 3);
}
