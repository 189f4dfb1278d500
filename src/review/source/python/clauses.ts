import { childrenOf, type SyntaxNode } from '../syntax.ts';

/** A branch of `if`: its condition, and undefined for `else`. */
export interface Clause {
  readonly condition: SyntaxNode | undefined;
  readonly body: SyntaxNode;
}

/** Returns the branches of an `if`. */
export function clausesOf({ children }: SyntaxNode): readonly Clause[] {
  return children.flatMap((child, at) => {
    if (child.name !== 'Body') return [];
    const before = children[at - 1];
    return [{ condition: before?.name === 'else' ? undefined : before, body: child }];
  });
}

const EXITS = new Set(['ReturnStatement', 'RaiseStatement', 'ContinueStatement', 'BreakStatement']);

/** Whether what follows a body in its block does not run after it. */
export function exits(body: SyntaxNode): boolean {
  return exitOf(body) !== undefined;
}

/** Returns the first statement of a body behind which nothing of it runs. */
export function exitOf(body: SyntaxNode): SyntaxNode | undefined {
  for (const child of body.children) {
    if (EXITS.has(child.name)) return child;
    if (child.name === 'StatementGroup') {
      const exit = exitOf(child);
      if (exit !== undefined) return exit;
    } else if (alwaysExits(child)) return child;
  }
  return undefined;
}

function alwaysExits(node: SyntaxNode): boolean {
  const bodies = childrenOf(node, 'Body');
  if (node.name === 'IfStatement') return childrenOf(node, 'else').length > 0 && bodies.every(exits);
  if (node.name !== 'TryStatement') return false;
  if (bodiesOf(node, 'finally').some(exits)) return true;
  return [...bodiesOf(node, 'try'), ...bodiesOf(node, 'else')].some(exits) && bodiesOf(node, 'except').every(exits);
}

/** Returns the bodies of the clauses of a `try` with this keyword. */
export function bodiesOf({ children }: SyntaxNode, word: string): readonly SyntaxNode[] {
  let clause = '';
  return children.flatMap((child) => {
    if (CLAUSES.has(child.name)) clause = child.name;
    return child.name === 'Body' && clause === word ? [child] : [];
  });
}

const CLAUSES = new Set(['try', 'except', 'else', 'finally']);
