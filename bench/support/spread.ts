import { number } from '../../src/message.ts';

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

/** `12.3 ms (11.8–12.9)`, in one unit. */
export function spreadText({ median, from, to }: Spread): string {
  const [, per] = unitOf(median);
  return `${milliseconds(median)} (${figure(from / per)}–${figure(to / per)})`;
}

/** `12.3 ms`; in seconds from one on. */
export function milliseconds(value: number): string {
  const [unit, per] = unitOf(value);
  return `${figure(value / per)} ${unit}`;
}

function unitOf(value: number): readonly [string, number] {
  return value < 1000 ? ['ms', 1] : ['s', 1000];
}

/** Three digits, or all before the point. */
export function figure(value: number): string {
  if (Math.abs(value) >= 100) return number(Math.round(value));
  return value.toPrecision(value < 1 ? 2 : 3);
}
