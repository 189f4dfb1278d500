import { canonical, choiceOf, digest, type Part } from '../fingerprint.ts';
import type { Choice } from '../guards.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import type { SourceContext } from './context.ts';
import { functionBody, isAssertion, stringValue } from './grammar.ts';

/** Returns the fingerprint of a function: parameters and body, not its name, modifiers and decorators. */
export function fingerprintOf(context: SourceContext, node: SyntaxNode, insides: ReadonlySet<SyntaxNode>): string {
  const partOf = (part: SyntaxNode) => (insides.has(part) ? 'nothing' : partOfNode(context, part));
  const parts = [childOf(node, 'ParamList'), functionBody(node)];
  return digest(parts.map((part) => (part === undefined ? '' : canonical(part, partOf))));
}

/** Returns the choice whether a `catch` is entered: by what is tried. */
export function catchChoice({ tree }: SourceContext, handler: SyntaxNode): Choice {
  return choiceOf(tree, [childOf(handler.parent ?? handler, 'Block') ?? handler]);
}

/** Types and modifiers are not there at run time. Punctuation is in the structure already. */
const NOTHING: ReadonlySet<string> = new Set([
  ...['TypeAnnotation', 'TypeArgList', 'TypeParamList', 'TypePredicate', 'TypeAliasDeclaration'],
  ...[
    'InterfaceDeclaration',
    'AmbientDeclaration',
    'Optional',
    'Privacy',
    'readonly',
    'abstract',
    'declare',
    'override',
  ],
  ...['(', ')', '[', ']', '{', '}', ',', ';', ':', 'as', 'satisfies'],
]);

function partOfNode({ tree }: SourceContext, node: SyntaxNode): Part {
  if (NOTHING.has(node.name)) return isHole(node) ? 'whole' : 'nothing';
  if (node.name === 'this' && node.parent?.name === 'ParamList') return 'nothing';
  if (isAssertion(node)) return 'children';
  // Of `x as T` and `<T>x` only `x` is there at run time.
  if (node.parent !== undefined && isTypeOf(node.parent, node)) return 'nothing';
  const value = stringValue(tree, node);
  if (value !== undefined) return { text: value };
  switch (node.name) {
    case 'ParenthesizedExpression':
    case 'PrefixCast':
    case 'InstantiationExpression':
      return 'children';
    case 'PostfixExpression':
      return childOf(node, 'LogicOp') === undefined ? 'whole' : 'children';
    case 'LogicOp':
      return node.parent?.name === 'PostfixExpression' ? 'nothing' : { text: textOf(tree, node) };
    case 'TemplateString':
    case 'JSXElement':
      return { text: textOf(tree, node) };
    default:
      return node.children.length === 0 ? { text: textOf(tree, node) } : 'whole';
  }
}

/** In an array a comma counts, unless it is the last. */
function isHole(node: SyntaxNode): boolean {
  return node.name === ',' && node.parent?.name === 'ArrayExpression' && node.parent.children.at(-2) !== node;
}

function isTypeOf(parent: SyntaxNode, node: SyntaxNode): boolean {
  if (isAssertion(parent)) return parent.children[0] !== node;
  return parent.name === 'PrefixCast' && parent.children.at(-1) !== node;
}
