import { createHash } from 'node:crypto';

/*
 * A version's name can have any length. A long one is never read, compared or shown whole: a text with its hash stands
 * for it, in SQL (`src/dbos/columns.ts`) as here. It is no name: nothing is torn down by it, and no command takes it.
 */

/** The longest name that is read whole, in bytes of UTF-8. */
export const LONGEST_NAME_BYTES = 16 * 1024;

/** The start of what stands for a long name. A name that starts so is cut as well, so none can equal another's. */
export const CUT_MARK = '(cut) sha256:';

/** How many characters of a long name are kept. */
export const CUT_CHARACTERS = 100;

/** Whether the text stands for a long name. */
export function isCut(text: string): boolean {
  return text.startsWith(CUT_MARK);
}

/** Returns the name, or what stands for it: its SHA-256, its length, and the printable ASCII that it starts with. */
export function cutName(name: string): string {
  // No character takes more than three bytes for each of its UTF-16 units.
  const isShort = name.length * 3 <= LONGEST_NAME_BYTES || Buffer.byteLength(name) <= LONGEST_NAME_BYTES;
  if (isShort && !isCut(name)) return name;
  const hash = createHash('sha256').update(name).digest('hex');
  const [start = ''] = /^[ -~]*/.exec(name.slice(0, CUT_CHARACTERS)) ?? [];
  return `${CUT_MARK}${hash} ${Buffer.byteLength(name)} bytes: ${start}`;
}
