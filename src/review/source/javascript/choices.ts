import { choiceOf } from '../fingerprint.ts';
import type { Choice } from '../guards.ts';
import { type History, historyOf, writtenBefore } from '../history.ts';
import { type SyntaxNode, textOf } from '../syntax.ts';
import type { SourceContext } from './context.ts';
import { isFunction, memberName } from './grammar.ts';

/** Returns the choice that these parts of a statement make. */
export function choiceIn(context: SourceContext, nodes: readonly SyntaxNode[]): Choice {
  const { tree } = context;
  const reading = { tree, isFunction, historyAt: (node: SyntaxNode) => historyAt(context, node) };
  return choiceOf(tree, nodes, (parts) => writtenBefore(reading, parts));
}

function historyAt(context: SourceContext, node: SyntaxNode): History | undefined {
  if (node.name === 'VariableName') return of(context, context.writes(node, textOf(context.tree, node)));
  const name = node.name === 'MemberExpression' ? memberName(context.tree, node) : undefined;
  return name === undefined ? undefined : of(context, context.mutations(node, name));
}

/** The history of what is assigned, of which its declaration is no part. */
function of({ tree, histories }: SourceContext, writes: readonly SyntaxNode[]): History {
  const known = histories.get(writes);
  if (known !== undefined) return known;
  const later = writes.filter(({ parent }) => parent?.name !== 'VariableDeclaration');
  const history = historyOf(tree, later, ({ name }) => name === 'AssignmentExpression');
  histories.set(writes, history);
  return history;
}
