/** The most entries that GitHub puts on a page. */
export const PAGE = 100;

/**
 * Returns the entries of all pages, from the first to one that is not full. The pages have `PAGE` entries each, but the
 * last.
 *
 * @param most Pages beyond these are not asked for.
 */
export async function allPages<T>(
  pageOf: (page: number) => Promise<readonly T[]>,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly T[]> {
  const all: T[] = [];
  for (let page = 1; page <= most; page += 1) {
    const some = await pageOf(page);
    all.push(...some);
    if (some.length < PAGE) break;
  }
  return all;
}
