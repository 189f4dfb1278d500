/** Random numbers from a seed, the same ones on every machine. */
export interface Random {
  /** From 0 to below 1. */
  unit(): number;
  between(least: number, most: number): number;
  /** As likely to lie between 1 and 10 as between 10 and 100. */
  scaled(least: number, most: number): number;
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  exponential(mean: number): number;
  /** `sigma` is the deviation of its logarithm. */
  logNormal(median: number, sigma: number): number;
  /** Never below `least`; the smaller `alpha`, the heavier the tail. */
  pareto(least: number, alpha: number): number;
}

export function randomFrom(seed: number): Random {
  const unit = mulberry32(seed);
  const between = (least: number, most: number) => least + (most - least) * unit();
  const normal = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit());
  return {
    unit,
    between,
    scaled: (least, most) => least * (most / least) ** unit(),
    whole: (least, most) => Math.floor(between(least, most + 1)),
    chance: (probability) => unit() < probability,
    exponential: (mean) => -mean * Math.log(1 - unit()),
    logNormal: (median, sigma) => median * Math.exp(sigma * normal()),
    pareto: (least, alpha) => least * (1 - unit()) ** (-1 / alpha),
  };
}

/** Tommy Ettinger's generator of 32 bits, in the public domain; the first few numbers of close seeds are alike. */
function mulberry32(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
