import { choiceOf } from '../fingerprint.ts';
import type { Choice } from '../guards.ts';
import { type History, historyOf, writtenBefore } from '../history.ts';
import { type SyntaxNode, textOf } from '../syntax.ts';
import { lookUp } from './scope.ts';
import { FLOW } from './variables.ts';
import type { Walk } from './walk.ts';

/** Returns the choice that these parts of a statement make. */
export function choiceIn(walk: Walk, nodes: readonly SyntaxNode[]): Choice {
  const { tree } = walk.values;
  const reading = { tree, isFunction: FLOW.isFunction, historyAt: (node: SyntaxNode) => historyAt(walk, node) };
  return choiceOf(tree, nodes, (parts) => writtenBefore(reading, parts));
}

function historyAt(walk: Walk, node: SyntaxNode): History | undefined {
  const { tree } = walk.values;
  if (node.name === 'VariableName') {
    const bindings = lookUp(walk.scope, textOf(tree, node));
    if (bindings === undefined) return undefined;
    // The first is no other value: before it there is none. That of a parameter is no write.
    return of(walk, bindings, () => bindings.slice(1).flatMap(({ at }) => at ?? []));
  }
  const member = node.name === 'MemberExpression' ? node.children[2] : undefined;
  const writes = member === undefined ? undefined : walk.scope.mutations.get(textOf(tree, member));
  return writes === undefined ? undefined : of(walk, writes, () => writes);
}

function of({ values }: Walk, key: object, writes: () => readonly SyntaxNode[]): History {
  const { histories } = values.asked;
  const known = histories.get(key);
  if (known !== undefined) return known;
  const ordered = writes().toSorted((a, b) => a.from - b.from);
  const history = historyOf(values.tree, ordered, FLOW.isAssignment);
  histories.set(key, history);
  return history;
}
