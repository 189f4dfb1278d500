import type { Comment } from './syntax.ts';

const MARK = 'drain-gate:';
const VERB = 'accept';

/**
 * Returns the reason of the first `drain-gate: accept REASON` in comments, empty where it gives none; undefined where
 * no comment has one. A comment has one per line, after its delimiters: `//`, `#`, `/*` and `*`.
 */
export function acceptedReason(comments: readonly Comment[]): string | undefined {
  for (const { text } of comments) {
    for (const line of text.split('\n')) {
      const reason = reasonOf(line);
      if (reason !== undefined) return reason;
    }
  }
  return undefined;
}

/** Comments of a file that are looked at for the names of deleted workflows. */
const MOST_REASONS = 200;

/** Returns the reasons of all comments `drain-gate: accept REASON` of a file. */
export function acceptedReasons(comments: readonly Comment[]): readonly string[] {
  const reasons: string[] = [];
  for (const comment of comments) {
    const reason = acceptedReason([comment]);
    if (reason !== undefined) reasons.push(reason);
    if (reasons.length === MOST_REASONS) break;
  }
  return reasons;
}

function reasonOf(line: string): string | undefined {
  const said = line.replace(/^[\s/*#]+/, '').replace(/\s*(\*\/)?\s*$/, '');
  if (!said.startsWith(MARK)) return undefined;
  const rest = said.slice(MARK.length).trimStart();
  if (rest !== VERB && !/^accept[\s:]/.test(rest)) return undefined;
  return rest.slice(VERB.length).replace(/^[\s:]+/, '');
}
