import type { Guard, NotFollowed, RecordedCall } from '../definition.ts';
import { afterExit, CONDITION, inBranch, LOOP } from '../guards.ts';
import type { Mark } from '../order.ts';
import type { Body, Follow } from '../recording.ts';
import { childOf, childrenOf, type SyntaxNode, textOf } from '../syntax.ts';
import { visitCall, visitNew } from './calls.ts';
import { choiceIn } from './choices.ts';
import { behind, leaves } from './conditions.ts';
import type { SourceContext } from './context.ts';
import { catchChoice, fingerprintOf } from './fingerprint.ts';
import { branchesOf, functionBody, isAssertion, isFunction, unwrap } from './grammar.ts';
import { type Binary, readTest } from './tests.ts';
import { endOf } from './waits.ts';

/** What is known while a body is read. */
export interface BodyReader {
  readonly context: SourceContext;
  readonly lineAt: (offset: number) => number;
  /** Functions that are the insides of steps. */
  readonly insides: Set<SyntaxNode>;
}

/** What is found in a body: a call that is recorded, one to follow, or a place where the text does not say what runs. */
export type Found = RecordedCall | Follow<SyntaxNode> | Mark | { readonly miss: NotFollowed };

/** Returns what a function does itself, in the order of the text. */
export function readBody(
  context: SourceContext,
  lineAt: (offset: number) => number,
  node: SyntaxNode,
): Body<SyntaxNode> {
  const reader: BodyReader = { context, lineAt, insides: new Set() };
  const found = visitInside(reader, node, []);
  const unreadable = context.tree.unreadable.filter((at) => at >= node.from && at <= node.to);
  return {
    items: found.flatMap((each) => ('miss' in each ? [] : [each])),
    notFollowed: [
      ...found.flatMap((each) => ('miss' in each ? [each.miss] : [])),
      ...unreadable.map((at) => ({ line: lineAt(at), why: 'unreadable' as const })),
    ],
    fingerprint: fingerprintOf(context, node, reader.insides),
  };
}

/** Reads whatever runs when control passes a node. Functions run where they are called. */
export function visit(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  if (isFunction(node) || SKIPPED.has(node.name)) return [];
  switch (node.name) {
    case 'Script':
    case 'Block':
      return visitStatements(reader, node, guards);
    case 'IfStatement':
    case 'ConditionalExpression':
      return visitChoice(reader, node, guards);
    case 'ForStatement':
    case 'WhileStatement':
    case 'DoStatement':
      return visitLoop(reader, node, guards);
    case 'CatchClause':
      return visitAll(
        reader,
        node.children,
        inBranch([...guards, CONDITION], catchChoice(reader.context, node), 'true'),
      );
    case 'SwitchBody':
      return visitCases(reader, node, [...guards, CONDITION]);
    case 'BinaryExpression':
      return isAssertion(node)
        ? visitAll(reader, node.children.slice(0, 1), guards)
        : visitBinary(reader, node, guards);
    case 'AssignmentExpression':
      return visitAssignment(reader, node, guards);
    case 'CallExpression':
      return visitCall(reader, node, guards);
    case 'NewExpression':
      return visitNew(reader, node, guards);
    case 'ArrayExpression':
      return visitArray(reader, node, guards);
    case 'AwaitExpression':
      return [...visitAll(reader, node.children, guards), endOf(reader.context, node, guards), { mark: 'wait' }];
    case 'ReturnStatement':
      return [...visitAll(reader, node.children, guards), endOf(reader.context, returnedBy(node), guards)];
    default:
      return visitAll(reader, node.children, guards);
  }
}

/** Types, declarations of classes, and what else has nothing to run here. */
const SKIPPED: ReadonlySet<string> = new Set([
  ...['TypeAnnotation', 'TypeArgList', 'TypeParamList', 'TypePredicate', 'TypeAliasDeclaration'],
  ...['InterfaceDeclaration', 'AmbientDeclaration', 'EnumDeclaration', 'ClassDeclaration', 'ClassExpression'],
  ...['ImportDeclaration', 'Decorator'],
]);

export function visitAll(reader: BodyReader, nodes: readonly SyntaxNode[], guards: readonly Guard[]): readonly Found[] {
  return nodes.flatMap((node) => visit(reader, node, guards));
}

/** Patches, conditions and loops around a statement, as far as early returns add to them. */
const MOST_GUARDS = 100;

/** After `if (…) return`, the rest runs where the condition was false. */
function visitStatements(reader: BodyReader, block: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  let around = guards;
  return block.children.flatMap((statement) => {
    const found = visit(reader, statement, around);
    const now = behind(reader.context, statement, around);
    if (now.length === around.length) return found;
    if (now.length > MOST_GUARDS) {
      return [...found, { miss: { line: reader.lineAt(statement.from), why: 'unreadable' } }];
    }
    around = now;
    return found;
  });
}

/** Cases that end with `break` or `return` exclude each other, while the labels are the same. */
function visitCases(reader: BodyReader, body: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const { children } = body;
  const value =
    body.parent === undefined ? [] : body.parent.children.filter(({ name }) => name === 'ParenthesizedExpression');
  const labels = children.filter(({ name }) => name === 'CaseLabel' || name === 'DefaultLabel');
  const made = choiceIn(reader.context, [...value, ...labels]);
  let way = 0;
  return children.flatMap((child) => {
    const found = visit(reader, child, inBranch(guards, made, `${way}`));
    if (leaves(child)) way += 1;
    return found;
  });
}

function visitChoice(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const { condition, consequence, alternative } = branchesOf(node);
  if (condition === undefined) return [];
  const test = readTest(reader.context, condition);
  const other = test.isNeverFalse === true ? undefined : alternative;
  const made = choiceIn(reader.context, [condition]);
  return [
    ...visit(reader, condition, guards),
    ...(consequence === undefined
      ? []
      : visit(reader, consequence, inBranch([...guards, ...test.whenTrue], made, 'true'))),
    ...(other === undefined ? [] : visit(reader, other, inBranch([...guards, ...test.whenFalse], made, 'false'))),
  ];
}

function visitLoop(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const loop = [...guards, LOOP];
  const condition = node.name === 'WhileStatement' ? childOf(node, 'ParenthesizedExpression') : undefined;
  // Of other conditions, a loop says enough.
  const patches = condition === undefined ? [] : afterExit(readTest(reader.context, condition).whenTrue);
  return node.children.flatMap((child) => {
    const inside = child === condition ? loop : [...loop, ...patches];
    if (child.name === 'ForOfSpec' || child.name === 'ForInSpec') return visitAll(reader, child.children, guards);
    return child.name === 'ForSpec' ? visitForSpec(reader, child, guards) : visit(reader, child, inside);
  });
}

/** The first part of `for (a; b; c)` runs once. */
function visitForSpec(reader: BodyReader, spec: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const first = spec.children.findIndex(({ name }) => name === ';' || name === 'VariableDeclaration');
  return [
    ...visitAll(reader, spec.children.slice(0, first + 1), guards),
    ...visitAll(reader, spec.children.slice(first + 1), [...guards, LOOP]),
  ];
}

function visitBinary(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const [left, operator, right] = node.children;
  const sign = operator?.name === 'LogicOp' ? textOf(reader.context.tree, operator) : '';
  if (left === undefined || right === undefined) return visitAll(reader, node.children, guards);
  return visitLogical(reader, { left, sign, right }, guards);
}

/** `a ||= b` is `a || (a = b)`. */
function visitAssignment(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const [left, operator, right] = node.children;
  if (left === undefined || operator === undefined || right === undefined)
    return visitAll(reader, node.children, guards);
  const sign = textOf(reader.context.tree, operator).slice(0, -1);
  return visitLogical(reader, { left, sign, right }, guards);
}

function visitLogical(reader: BodyReader, { left, sign, right }: Binary, guards: readonly Guard[]): readonly Found[] {
  if (!['&&', '||', '??'].includes(sign)) return visitAll(reader, [left, right], guards);
  const test = readTest(reader.context, left);
  const first = visit(reader, left, guards);
  if (sign === '||' && test.isNeverFalse === true) return first;
  const when = sign === '&&' ? test.whenTrue : sign === '||' ? test.whenFalse : [CONDITION];
  return [...first, ...visit(reader, right, [...guards, ...when])];
}

function returnedBy(statement: SyntaxNode): SyntaxNode {
  return statement.children.find(({ name }) => name !== 'return') ?? statement;
}

/** Functions in an array are tasks: something calls them, any number of times. */
function visitArray(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const inside = [...guards, LOOP];
  return node.children.flatMap((child) =>
    isFunction(child)
      ? visitFunction(reader, child, inside, guards)
      : [...visit(reader, child, guards), ...visitFunctionsIn(reader, child, inside, guards)],
  );
}

/**
 * Reads the body of a function that is called where it stands: others can run while it waits. `together` are the guards of
 * all calls of it that run at the same time.
 */
export function visitFunction(
  reader: BodyReader,
  node: SyntaxNode,
  guards: readonly Guard[],
  together = guards,
): readonly Found[] {
  return started(reader, node, together, visitInside(reader, node, guards));
}

function visitInside(reader: BodyReader, node: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const body = functionBody(node);
  const list = childOf(node, 'ParamList');
  const found = [list, body].flatMap((part) => (part === undefined ? [] : visit(reader, part, guards)));
  return body === undefined || body.name === 'Block' ? found : [...found, endOf(reader.context, body, guards)];
}

/** Returns what a call starts, which runs on until somebody awaits it. */
export function started(
  reader: BodyReader,
  { from }: SyntaxNode,
  guards: readonly Guard[],
  found: readonly Found[],
): readonly Found[] {
  if (found.every((one) => 'miss' in one)) return found;
  return [{ mark: 'start', from, line: reader.lineAt(from), guards, isLazy: false }, ...found, { mark: 'close' }];
}

/** `retried({ run: async () => …, options: { onError() { … } } })`: somebody calls these functions. */
export function visitFunctionsIn(
  reader: BodyReader,
  node: SyntaxNode,
  guards: readonly Guard[],
  together: readonly Guard[],
): readonly Found[] {
  if (node.name !== 'ObjectExpression') return [];
  return childrenOf(node, 'Property').flatMap((property) => {
    const last = property.children.at(-1);
    const value = isFunction(property) || last === undefined ? property : unwrap(last);
    return isFunction(value)
      ? visitFunction(reader, value, guards, together)
      : visitFunctionsIn(reader, value, guards, together);
  });
}
