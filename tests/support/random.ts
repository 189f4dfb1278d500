/** Random choices that a seed repeats, on every machine. */
export interface Random {
  /** From 0, below `below`. */
  integer(below: number): number;
  oneOf<T>(choices: readonly [T, ...T[]]): T;
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  exponential(mean: number): number;
}

export function randomFrom(seed: number): Random {
  const unit = mulberry32(seed);
  const integer = (below: number) => Math.floor(unit() * below);
  return {
    integer,
    oneOf: ([first, ...others]) => [first, ...others][integer(others.length + 1)] ?? first,
    between: (least, most) => least + (most - least) * unit(),
    chance: (probability) => unit() < probability,
    exponential: (mean) => -mean * Math.log(1 - unit()),
  };
}

/** Returns numbers from 0 to below 1. Tommy Ettinger's generator of 32 bits, in the public domain. */
function mulberry32(seed: number): () => number {
  // Without the factor, the first numbers of close seeds are alike.
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
