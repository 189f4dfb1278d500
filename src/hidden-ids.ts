/* With `details: names`, a text that means nothing stands for each id from where a poll enters the process. */

/** The start of such a text. No text in Postgres can hold this character. */
export const HIDDEN = '\0';

/** Whether a text stands for an id that is not to be shown. */
export function isHidden(id: string): boolean {
  return id.startsWith(HIDDEN);
}

/** Returns an id as it can be shown: null where it is hidden. */
export function shownId(id: string | null): string | null {
  return id === null || isHidden(id) ? null : id;
}
