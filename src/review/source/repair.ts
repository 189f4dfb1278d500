import type { SyntaxNode } from './syntax.ts';

/*
 * The grammars find errors in some correct code. These go away where a grammar sees other characters in their place: as
 * many, so that every offset stays what it is.
 */

/** A part of a text that the grammar sees as these characters. */
export interface Repair {
  readonly from: number;
  readonly to: number;
  /** One character. Blanks leave the lines as they are. */
  readonly by: string;
}

/** `before` ends at an error, and `at` starts there: what both match is repaired. Without `by`, by blanks. */
export interface Rule {
  readonly before: RegExp;
  readonly at: RegExp;
  readonly by?: string;
}

/** How often a text is repaired: behind one error, a grammar can find another. */
export const MOST_REPAIRS = 3;
/** Errors that are looked at each time. Correct code has few of them, and one can take some milliseconds. */
export const MOST_ERRORS = 500;
/** Characters around an error that are looked at. */
export const MOST_AROUND = 200;

/** Returns the repair of an error by the first rule that fits; undefined where none does. */
export function repairOf({ from }: SyntaxNode, parsed: string, rules: readonly Rule[]): Repair | undefined {
  const before = parsed.slice(Math.max(0, from - MOST_AROUND), from);
  const behind = parsed.slice(from, from + MOST_AROUND);
  for (const rule of rules) {
    const [end] = rule.before.exec(before) ?? [];
    const [start] = rule.at.exec(behind) ?? [];
    if (end !== undefined && start !== undefined && end.length + start.length > 0) {
      return { from: from - end.length, to: from + start.length, by: rule.by ?? ' ' };
    }
  }
  return undefined;
}

/** Returns the repairs of the first errors. */
export function repairsOf(
  errors: readonly SyntaxNode[],
  repair: (error: SyntaxNode) => Repair | undefined,
): readonly Repair[] {
  return errors.slice(0, MOST_ERRORS).flatMap((error) => repair(error) ?? []);
}

/** Returns a text of the same length with all repairs; undefined where there is none. */
export function withRepairs(parsed: string, repairs: readonly Repair[]): string | undefined {
  if (repairs.length === 0) return undefined;
  const parts: string[] = [];
  let end = 0;
  for (const { from, to, by } of repairs.toSorted((a, b) => a.from - b.from)) {
    if (from < end) continue;
    parts.push(parsed.slice(end, from), parsed.slice(from, to).replaceAll(by === ' ' ? /[^\r\n]/g : /[\s\S]/g, by));
    end = to;
  }
  return parts.join('') + parsed.slice(end);
}
