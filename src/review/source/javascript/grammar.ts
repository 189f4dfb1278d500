import { parser } from '@lezer/javascript';
import { MOST_REPAIRS } from '../repair.ts';
import { childOf, limitsFrom, parseSource, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { repaired } from './repair.ts';

/** Parses a file: the end of its name says which dialect it is. */
export function parseJavaScript(text: string, path: string): SyntaxTree {
  const end = /\.[^./]*$/.exec(path.toLowerCase())?.[0] ?? '';
  const dialect = DIALECTS.get(end) ?? 'jsx';
  const configured = parser.configure({ dialect });
  const within = limitsFrom();
  let tree = parseSource(configured, text, { within });
  let parsed: string | undefined = text;
  for (let count = 0; count < MOST_REPAIRS && !tree.isCut; count += 1) {
    parsed = repaired(tree, parsed, dialect.includes('ts'));
    if (parsed === undefined) break;
    const better = parseSource(configured, text, { within, parsed });
    if (better.isCut || better.unreadable.length > tree.unreadable.length) break;
    tree = better;
  }
  return tree;
}

const DIALECTS: ReadonlyMap<string, string> = new Map([
  ['.ts', 'ts'],
  ['.mts', 'ts'],
  ['.cts', 'ts'],
  ['.tsx', 'ts jsx'],
]);

/** What surrounds an expression and does not change which function or object it is. */
const WRAPPERS = ['ParenthesizedExpression', 'AwaitExpression', 'InstantiationExpression', 'PostfixExpression'];
const PUNCTUATION = ['(', ')', 'await', 'TypeArgList', 'LogicOp'];

/** Returns an expression without parentheses, `await`, `!`, type arguments and type assertions. */
export function unwrap(node: SyntaxNode): SyntaxNode {
  let inner = node;
  for (;;) {
    const next = unwrapOnce(inner);
    if (next === undefined) return inner;
    inner = next;
  }
}

function unwrapOnce(node: SyntaxNode): SyntaxNode | undefined {
  if (isAssertion(node)) return node.children[0];
  if (node.name === 'PrefixCast') return node.children.at(-1);
  // `x++` is a postfix expression, too.
  if (!WRAPPERS.includes(node.name) || childOf(node, 'ArithOp') !== undefined) return undefined;
  return node.children.find(({ name }) => !PUNCTUATION.includes(name));
}

/** `x as T`, `x satisfies T` */
export function isAssertion(node: SyntaxNode): boolean {
  return node.name === 'BinaryExpression' && childOf(node, 'as', 'satisfies') !== undefined;
}

/** Whether a node is a function: a declaration, an expression, a method of a class or of an object. */
export function isFunction(node: SyntaxNode): boolean {
  return (
    FUNCTIONS.includes(node.name) ||
    (node.name === 'Property' && childOf(node, 'ParamList', 'TypeParamList') !== undefined)
  );
}

const FUNCTIONS = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunction', 'MethodDeclaration'];

/** Whether a node is a function whose value is used where it stands. */
export function isFunctionExpression(node: SyntaxNode): boolean {
  return node.name === 'ArrowFunction' || node.name === 'FunctionExpression';
}

export interface Argument {
  readonly node: SyntaxNode;
  readonly isSpread: boolean;
}

/** Returns the arguments of a call or of `new`. */
export function argumentsOf(call: SyntaxNode): readonly Argument[] {
  const list = childOf(call, 'ArgList')?.children ?? [];
  return list.flatMap((node, index) =>
    ['(', ')', ',', 'Spread', '⚠'].includes(node.name) ? [] : [{ node, isSpread: list[index - 1]?.name === 'Spread' }],
  );
}

/** Returns the parts of an array or of a pattern of one, between its commas. */
export function elementsOf(array: SyntaxNode): readonly (readonly SyntaxNode[])[] {
  const elements: SyntaxNode[][] = [[]];
  for (const child of array.children) {
    if (child.name === ',') elements.push([]);
    else if (child.name !== '[' && child.name !== ']') elements.at(-1)?.push(child);
  }
  return elements;
}

/** Returns what is called, and undefined where the grammar does not know it. */
export function calleeOf(call: SyntaxNode): SyntaxNode | undefined {
  const callee = call.children.find(({ name }) => name !== 'new');
  return callee === undefined || callee.name === 'ArgList' ? undefined : callee;
}

/** Returns the name of a property access: undefined where it is computed. */
export function memberName(tree: SyntaxTree, member: SyntaxNode): string | undefined {
  const last = member.children.at(-1);
  if (last === undefined) return undefined;
  if (last.name === 'PropertyName' || last.name === 'PrivatePropertyName') return textOf(tree, last);
  const key = childOf(member, '[') === undefined ? undefined : member.children.at(-2);
  return key === undefined ? undefined : stringValue(tree, unwrap(key));
}

/** Returns the name of a property in an object or a class: undefined where it is computed. */
export function propertyName(tree: SyntaxTree, property: SyntaxNode): string | undefined {
  const key = keyOf(property);
  if (key === undefined) return undefined;
  if (key.name === 'String') return stringValue(tree, key);
  return key.name === '[' ? undefined : textOf(tree, key);
}

/** Returns the node of a property's name. */
export function keyOf(property: SyntaxNode): SyntaxNode | undefined {
  return childOf(property, 'PropertyDefinition', 'PrivatePropertyDefinition', 'PropertyName', 'String', 'Number', '[');
}

/** Returns the value of a string without computed parts: undefined for anything else. */
export function stringValue(tree: SyntaxTree, node: SyntaxNode): string | undefined {
  if (node.name !== 'String' && node.name !== 'TemplateString') return undefined;
  if (childOf(node, 'Interpolation') !== undefined) return undefined;
  return textOf(tree, node)
    .slice(1, -1)
    .replace(/\\(u\{[0-9a-f]+\}|u[0-9a-f]{4}|x[0-9a-f]{2}|\r\n|[\s\S])/gi, (_all, after: string) => unescaped(after));
}

function unescaped(after: string): string {
  if (/^[ux]./i.test(after)) {
    const code = Number.parseInt(after.replace(/[^0-9a-f]/gi, ''), 16);
    return code <= 0x10_ffff ? String.fromCodePoint(code) : '';
  }
  if (/^[\r\n\u2028\u2029]/.test(after)) return '';
  return ESCAPES.get(after) ?? after;
}

const ESCAPES = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['0', '\0'],
]);

/** Returns the body of a function: a block, or the expression of an arrow function. */
export function functionBody(node: SyntaxNode): SyntaxNode | undefined {
  if (node.name !== 'ArrowFunction') return childOf(node, 'Block');
  const arrow = node.children.findIndex(({ name }) => name === 'Arrow');
  return arrow === -1 ? undefined : node.children[arrow + 1];
}

/** The parts of a choice, as far as it has them. */
export interface Branches {
  readonly condition: SyntaxNode | undefined;
  readonly consequence: SyntaxNode | undefined;
  readonly alternative: SyntaxNode | undefined;
}

/** Returns the parts of `if` and of `a ? b : c`. */
export function branchesOf(node: SyntaxNode): Branches {
  const parts = node.children.filter(({ name }) => !['if', 'else', 'LogicOp', '⚠'].includes(name));
  return { condition: parts[0], consequence: parts[1], alternative: parts[2] };
}

/** Returns the expression after `=` in a declaration. */
export function initializerOf(node: SyntaxNode): SyntaxNode | undefined {
  const equals = node.children.findIndex(({ name }) => name === 'Equals');
  return equals === -1 ? undefined : node.children[equals + 1];
}

/** Returns the nearest node around this one for which a test holds. */
export function ancestor(node: SyntaxNode, test: (node: SyntaxNode) => boolean): SyntaxNode | undefined {
  let up = node.parent;
  while (up !== undefined && !test(up)) up = up.parent;
  return up;
}
