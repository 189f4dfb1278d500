import type { Body } from '../recording.ts';
import { childOf, type SyntaxNode } from '../syntax.ts';
import { expression } from './expressions.ts';
import { fingerprintOf } from './fingerprint.ts';
import { block } from './statements.ts';
import type { Values } from './values.ts';
import { Walk } from './walk.ts';

/** Returns what a function or a lambda with a name does itself. Every body is read once. */
export function bodiesOf(values: Values, lineOf: (offset: number) => number): (node: SyntaxNode) => Body<SyntaxNode> {
  const known = new Map<SyntaxNode, Body<SyntaxNode>>();
  return (node) => {
    const body = known.get(node) ?? bodyOf(values, lineOf, node);
    known.set(node, body);
    return body;
  };
}

function bodyOf(values: Values, lineOf: (offset: number) => number, node: SyntaxNode): Body<SyntaxNode> {
  const { module, tree } = values;
  const walk = new Walk(values, lineOf, module.byNode.get(node)?.scope ?? module.lambdas.get(node) ?? module.scope);
  const body = childOf(node, 'Body');
  const last = node.children.at(-1);
  if (body !== undefined) block(walk, [body], []);
  else if (last !== undefined && node.name === 'LambdaExpression') expression(walk, last, []);
  const unreadable = tree.unreadable.filter((offset) => offset >= node.from && offset < node.to);
  return {
    items: walk.items,
    notFollowed: [
      ...walk.notFollowed,
      ...unreadable.map((offset) => ({ line: lineOf(offset), why: 'unreadable' as const })),
    ],
    fingerprint: fingerprintOf(values, node, walk.insidesOfSteps),
  };
}
