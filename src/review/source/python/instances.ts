import type { Instance } from '../definition.ts';
import { childOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { argumentsOf, stringValue } from './names.ts';

/** `Stock("main")`, or with the name as `config_name=` */
export function instanceOf(tree: SyntaxTree, node: SyntaxNode): Instance | undefined {
  const callee = node.name === 'CallExpression' ? node.children[0] : undefined;
  if (callee === undefined) return undefined;
  const target = callee.name === 'MemberExpression' ? callee.children.at(-1) : callee;
  const { positional, named } = argumentsOf(tree, childOf(node, 'ArgList'));
  const given = named.get('config_name') ?? positional[0];
  const name = given === undefined ? undefined : stringValue(tree, given);
  return target === undefined || name === undefined ? undefined : { className: textOf(tree, target), name };
}
