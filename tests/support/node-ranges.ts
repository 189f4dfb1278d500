/** The parts of a Node version that are given: `22.12` is `[22, 12]`, and `10.x` is `[10]`. */
export type NodeVersion = readonly number[];

/**
 * Whether a version is in a range of `engines`, in the forms that packages here use: `>=`, `<=`, `^`, a bare version, `*`, and
 * several of them.
 *
 * @throws for any other form
 */
export function isInRange(version: NodeVersion, range: string): boolean {
  return range.split('||').some((alternative) => {
    const text = alternative.trim();
    if (text === '*') return true;
    if (!/^(([<>]=|\^)? ?\d+(\.(\d+|x)){0,2} ?)+$/.test(text)) throw new Error(`Unknown form of a range: ${range}`);
    return [...text.matchAll(/([<>]=|\^|) ?(\d[\d.x]*)/g)].every(([, operator, bound = '']) => {
      const wanted = partsOf(bound);
      if (operator === '>=') return order(version, wanted) >= 0;
      if (operator === '<=') return order(version, wanted) <= 0;
      if (operator === '^') return version[0] === wanted[0] && order(version, wanted) >= 0;
      return wanted.every((part, index) => part === (version[index] ?? 0));
    });
  });
}

/** Reads `22.12`, `22.12.0` or `10.x`. */
export function partsOf(version: string): NodeVersion {
  return version
    .split('.')
    .filter((part) => part !== 'x')
    .map(Number);
}

/** Positive where the first version is newer. */
function order(a: NodeVersion, b: NodeVersion): number {
  for (const index of [0, 1, 2]) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
