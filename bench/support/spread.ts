import { number } from '../../src/message.ts';

/** The median of many measurements, and their quartiles. */
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

/** Formats as `12.3 ms (11.8–12.9)`, in one unit. */
export function spreadText({ median, from, to }: Spread): string {
  const [, per] = unitOf(median);
  return `${milliseconds(median)} (${figure(from / per)}–${figure(to / per)})`;
}

/** Formats as `12.3 ms`, or in seconds from 1 s. */
export function milliseconds(value: number): string {
  const [unit, per] = unitOf(value);
  return `${figure(value / per)} ${unit}`;
}

function unitOf(value: number): readonly [string, number] {
  return value < 1000 ? ['ms', 1] : ['s', 1000];
}

/** Formats to three significant digits (two below 1), or to a whole number from 100. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return number(Math.round(value));
  return value.toPrecision(value < 1 ? 2 : 3);
}
