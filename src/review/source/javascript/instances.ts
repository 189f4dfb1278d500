import type { Instance } from '../definition.ts';
import { type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { argumentsOf, calleeOf, memberName, stringValue, unwrap } from './grammar.ts';

/** `new Stock('main')` */
export function instanceOf(tree: SyntaxTree, node: SyntaxNode): Instance | undefined {
  const callee = node.name === 'NewExpression' ? calleeOf(node) : undefined;
  if (callee === undefined) return undefined;
  const target = unwrap(callee);
  const className = target.name === 'VariableName' ? textOf(tree, target) : memberName(tree, target);
  const [first] = argumentsOf(node);
  const name = first === undefined ? undefined : stringValue(tree, unwrap(first.node));
  return className === undefined || name === undefined ? undefined : { className, name };
}
