import { ANY_TEST, and, either, FALSE, not, or, patchTest, type Test, TRUE } from '../guards.ts';
import { type SyntaxNode, textOf } from '../syntax.ts';
import type { SourceContext } from './context.ts';
import { resolve } from './entities.ts';
import {
  argumentsOf,
  branchesOf,
  calleeOf,
  elementsOf,
  functionBody,
  memberName,
  propertyName,
  unwrap,
} from './grammar.ts';
import { valueOfVariable } from './variables.ts';

/** How many names and functions a condition is followed through. */
const MOST_STEPS = 8;

/** Returns what a condition says about patches. */
export function readTest(context: SourceContext, condition: SyntaxNode, steps = 0): Test {
  const node = unwrap(condition);
  const known = context.tests.get(node);
  if (known !== undefined) return known;
  if (steps > MOST_STEPS) return ANY_TEST;
  // Where it leads to itself, it says nothing.
  context.tests.set(node, ANY_TEST);
  const test = testOf(context, node, steps);
  context.tests.set(node, test);
  return test;
}

function testOf(context: SourceContext, node: SyntaxNode, steps: number): Test {
  const { tree } = context;
  const [first, operator, last] = node.children;
  switch (node.name) {
    case 'BooleanLiteral':
      return textOf(tree, node) === 'true' ? TRUE : FALSE;
    case 'null':
      return FALSE;
    case 'UnaryExpression':
      return first?.name === 'LogicOp' && operator !== undefined ? not(readTest(context, operator, steps)) : ANY_TEST;
    case 'BinaryExpression':
      return first === undefined || operator === undefined || last === undefined
        ? ANY_TEST
        : testOfBinary(context, { left: first, sign: textOf(tree, operator), right: last }, steps);
    case 'ConditionalExpression': {
      const { condition, consequence, alternative } = branchesOf(node);
      if (condition === undefined || consequence === undefined || alternative === undefined) return ANY_TEST;
      const [a, b] = [consequence, alternative].map((branch) => readTest(context, branch, steps));
      return either(readTest(context, condition, steps), a ?? ANY_TEST, b ?? ANY_TEST);
    }
    case 'AssignmentExpression':
      // `if ((isNew = await DBOS.patch('x')))`
      return operator?.name === 'Equals' && last !== undefined ? readTest(context, last, steps) : ANY_TEST;
    case 'VariableName':
      return textOf(tree, node) === 'undefined' ? FALSE : testOfName(context, node, steps + 1);
    case 'MemberExpression': {
      const name = memberName(tree, node);
      const isKept = name !== undefined && !context.properties.has(name) && !context.properties.has('');
      return isKept && first !== undefined ? testOfPart(context, first, name, steps + 1) : ANY_TEST;
    }
    case 'CallExpression':
      return testOfCall(context, node, steps);
    default:
      return ANY_TEST;
  }
}

/** An expression of two, and what stands between them. */
export interface Binary {
  readonly left: SyntaxNode;
  readonly sign: string;
  readonly right: SyntaxNode;
}

function testOfBinary(context: SourceContext, { left, sign, right }: Binary, steps: number): Test {
  const read = (node: SyntaxNode) => readTest(context, node, steps);
  switch (sign) {
    case '&&':
      return and(read(left), read(right));
    case '||':
      return or(read(left), read(right));
    case '==':
    case '===':
    case '!=':
    case '!==': {
      const [value, literal] = [left, right].toSorted((a, b) => Number(isBoolean(a)) - Number(isBoolean(b)));
      if (value === undefined || literal === undefined || !isBoolean(literal)) return ANY_TEST;
      const isTrue = textOf(context.tree, literal) === 'true';
      return isTrue === sign.startsWith('=') ? read(value) : not(read(value));
    }
    default:
      return ANY_TEST;
  }
}

function isBoolean({ name }: SyntaxNode): boolean {
  return name === 'BooleanLiteral';
}

/** `const isNew = await DBOS.patch('x')` */
function testOfName(context: SourceContext, node: SyntaxNode, steps: number): Test {
  const name = textOf(context.tree, node);
  const binding = context.lookup(node, name);
  switch (binding?.kind) {
    case 'value':
      return binding.property === undefined
        ? readTest(context, binding.init, steps)
        : testOfPart(context, binding.init, binding.property, steps);
    case 'element':
      return testOfPart(context, binding.init, binding.index, steps);
    case 'variable':
      return valueOfVariable(context, node, name);
    default:
      return ANY_TEST;
  }
}

/** Returns what an element or a property of a value says: of a literal, and of what `Promise.all` waits for. */
function testOfPart(context: SourceContext, whole: SyntaxNode, part: number | string, steps: number): Test {
  const node = unwrap(whole);
  if (steps > MOST_STEPS) return ANY_TEST;
  if (node.name === 'VariableName') {
    const binding = context.lookup(node, textOf(context.tree, node));
    const isValue = binding?.kind === 'value' && binding.property === undefined;
    return isValue ? testOfPart(context, binding.init, part, steps + 1) : ANY_TEST;
  }
  if (node.name === 'CallExpression') {
    const callee = calleeOf(node);
    const [list] = argumentsOf(node);
    if (callee !== undefined && list !== undefined && textOf(context.tree, callee) === 'Promise.all') {
      return testOfPart(context, list.node, part, steps + 1);
    }
    const returned = returnedBy(context, node);
    return returned === undefined ? ANY_TEST : testOfPart(context, returned, part, steps + 1);
  }
  const value =
    typeof part === 'number' ? elementOf(node, part) : node.name === 'ObjectExpression' && valueIn(context, node, part);
  return value ? readTest(context, value, steps) : ANY_TEST;
}

function elementOf(node: SyntaxNode, index: number): SyntaxNode | undefined {
  if (node.name !== 'ArrayExpression') return undefined;
  const before = elementsOf(node).slice(0, index + 1);
  const isSpread = before.some(([first]) => first?.name === 'Spread');
  return isSpread ? undefined : before[index]?.[0];
}

function valueIn({ tree }: SourceContext, { children }: SyntaxNode, name: string): SyntaxNode | undefined {
  const at = children.findLastIndex((child) => propertyName(tree, child) === name);
  // What is spread behind it can have it, too.
  const isSpread = children.slice(at).some((child) => child.children[0]?.name === 'Spread' || child.name === 'Spread');
  const parts = children[at]?.children ?? [];
  const colon = parts.findIndex((part) => part.name === ':');
  return at === -1 || isSpread || colon === -1 ? undefined : parts[colon + 1];
}

function testOfCall(context: SourceContext, call: SyntaxNode, steps: number): Test {
  const callee = calleeOf(call);
  const entity = callee === undefined ? undefined : resolve(context, callee);
  const [argument] = argumentsOf(call);
  if (entity?.kind === 'dbos-member') {
    if (entity.name === 'deprecatePatch') return TRUE;
    if (entity.name !== 'patch') return ANY_TEST;
    const name = argument === undefined ? undefined : resolve(context, argument.node);
    return name?.kind === 'string' ? patchTest(name.value) : ANY_TEST;
  }
  if (entity?.kind === 'builtin' && callee !== undefined && argument !== undefined) {
    return textOf(context.tree, callee) === 'Boolean' ? readTest(context, argument.node, steps) : ANY_TEST;
  }
  const returned = returnedBy(context, call);
  return returned === undefined ? ANY_TEST : readTest(context, returned, steps + 1);
}

/** Returns what a call returns, where its function does nothing else. */
function returnedBy(context: SourceContext, call: SyntaxNode): SyntaxNode | undefined {
  const callee = calleeOf(call);
  const entity = callee === undefined ? undefined : resolve(context, callee);
  if (entity?.kind !== 'function') return undefined;
  const body = functionBody(entity.node);
  if (body?.name !== 'Block') return body;
  const statements = body.children.filter(({ name }) => name.endsWith('Statement'));
  const [only] = statements;
  if (statements.length !== 1 || only?.name !== 'ReturnStatement') return undefined;
  return only.children.find(({ name }) => name !== 'return' && name !== ';');
}
