import type { SyntaxNode } from './syntax.ts';

/** The nodes of a grammar that say what a body waits for. */
export interface AwaitSyntax {
  /** What waits for an expression in it, or gives it to what waits: the caller, or the loop. */
  readonly awaiting: ReadonlySet<string>;
  /** What ends where an expression in it ends. */
  readonly same: ReadonlySet<string>;
  /** What ends where all expressions in it have ended. */
  readonly lists: ReadonlySet<string>;
  /** What stands in a list and starts nothing. */
  readonly inert: ReadonlySet<string>;
  /** Whether a list is what a call is given that does not wait for all of it. */
  isRace(list: SyntaxNode): boolean;
}

/**
 * Whether a body waits for a call before it calls anything else. Of `await Promise.all([a(), b()])`, that is so for the
 * last one: whatever comes behind it waits for all.
 */
export function isAwaited(call: SyntaxNode, syntax: AwaitSyntax): boolean {
  let node = call;
  for (let up = call.parent; up !== undefined; up = up.parent) {
    if (syntax.awaiting.has(up.name)) return true;
    if (syntax.lists.has(up.name)) {
      if (lastIn(up, syntax) !== node || syntax.isRace(up)) return false;
    } else if (!syntax.same.has(up.name)) return false;
    node = up;
  }
  return true;
}

/** The last expression of a list that can start something: each is looked for once. */
function lastIn(list: SyntaxNode, { inert }: AwaitSyntax): SyntaxNode | undefined {
  const known = lastBy.get(list);
  if (known !== undefined) return known;
  const last = list.children.findLast(({ name }) => !inert.has(name));
  if (last !== undefined) lastBy.set(list, last);
  return last;
}

const lastBy = new WeakMap<SyntaxNode, SyntaxNode>();
