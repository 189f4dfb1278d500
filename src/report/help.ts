import { TROUBLESHOOTING } from '../run-context.ts';
import type { Diagnosis } from './diagnosis.ts';

/* Where a message is explained: the headings of docs/troubleshooting.md, by the ids of failures, blockers and causes. */

/** The causes that have a heading of their own. Those of others are blockers, or say all that there is to say. */
export const EXPLAINED_CAUSES: ReadonlySet<string> = new Set<Diagnosis['cause']>([
  'outlasting',
  'no-process',
  'not-converging',
  'stuck',
  'stalled',
]);

/** Returns the heading that explains a diagnosis; undefined where there is none. */
export function headingOf(diagnosis: { readonly cause: string } | null | undefined): string | undefined {
  return diagnosis != null && EXPLAINED_CAUSES.has(diagnosis.cause) ? diagnosis.cause : undefined;
}

/** `More: https://…/docs/troubleshooting.md#stuck`, for the log and for annotations. */
export function moreAt(page: string, id: string): string {
  return `More: ${page}#${id}`;
}

/** The same in Markdown. Without an address of the page, its path. */
export function helpLink(page: string, id: string): string {
  return page === TROUBLESHOOTING ? `(\`${page}#${id}\`)` : `[Troubleshooting](${page}#${id})`;
}
