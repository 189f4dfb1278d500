import { canonical, type Part } from '../fingerprint.ts';
import { childOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { stringValue } from './names.ts';
import type { Values } from './values.ts';

const NOTHING = new Set(['(', ')', '[', ']', '{', '}', ',', ':', ';', '.', 'TypeDef', 'TypeParamList']);
const STRINGS = new Set(['String', 'ContinuedString']);
const OF_FUNCTION = new Set(['async', 'ParamList', 'Body']);

/**
 * Returns the parameters and the body of a function, or the whole of a lambda, without comments, layout, docstrings,
 * annotations, quotes, and the insides of steps.
 */
export function fingerprintOf(values: Values, node: SyntaxNode, insidesOfSteps: ReadonlySet<SyntaxNode>): string {
  const { tree, module } = values;
  const isInside = (one: SyntaxNode): boolean => {
    if (one === node) return false;
    const nested = module.byNode.get(one);
    return insidesOfSteps.has(one) || (nested !== undefined && values.roleOf(nested).is === 'step');
  };
  const partOf = (one: SyntaxNode): Part => (isInside(one) ? 'nothing' : partOfText(tree, one));
  const parts = node.children.filter(({ name }) => node.name === 'LambdaExpression' || OF_FUNCTION.has(name));
  return parts.map((part) => canonical(part, partOf)).join('');
}

function partOfText(tree: SyntaxTree, node: SyntaxNode): Part {
  const { name } = node;
  if (NOTHING.has(name) || isDocstring(node)) return 'nothing';
  if (name === 'ParenthesizedExpression' || name === 'StatementGroup') return 'children';
  if (name === 'AssignStatement' && childOf(node, 'AssignOp') === undefined) return 'nothing';
  if (STRINGS.has(name)) return { text: stringValue(tree, node) ?? textOf(tree, node) };
  if (name !== 'FormatString' && node.children.length > 0) return 'whole';
  const text = textOf(tree, node);
  return text === name ? 'whole' : { text };
}

function isDocstring({ name, parent, from, children }: SyntaxNode): boolean {
  const isFirst = name === 'ExpressionStatement' && parent?.name === 'Body' && parent.children[1]?.from === from;
  return isFirst && children.length === 1 && STRINGS.has(children[0]?.name ?? '');
}
