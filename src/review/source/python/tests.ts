import { ANY_TEST, and, either, FALSE, not, or, patchTest, type Test, TRUE } from '../guards.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { withoutAsync } from './api.ts';
import { argumentsOf } from './names.ts';
import { lookUp, type Scope } from './scope.ts';
import type { Values } from './values.ts';
import { valueOfVariable } from './variables.ts';

/** Variables and functions that stand for one another. */
const MOST_HOPS = 20;

/** Returns what a condition says about patches. */
export function testOf(values: Values, node: SyntaxNode, scope: Scope, hops = 0): Test {
  const { tests } = values.asked;
  const known = tests.get(node);
  if (known !== undefined) return known;
  if (hops > MOST_HOPS) return ANY_TEST;
  // Where it leads to itself, it says nothing.
  tests.set(node, ANY_TEST);
  const test = read(values, node, scope, hops);
  tests.set(node, test);
  return test;
}

function read(values: Values, node: SyntaxNode, scope: Scope, hops: number): Test {
  const inner = (at: number): Test => {
    const child = node.children.at(at);
    return child === undefined ? ANY_TEST : testOf(values, child, scope, hops);
  };
  switch (node.name) {
    case 'ParenthesizedExpression':
    case 'AwaitExpression':
      return inner(1);
    case 'NamedExpression':
      return inner(-1);
    case 'Boolean':
      return textOf(values.tree, node) === 'True' ? TRUE : FALSE;
    case 'None':
      return FALSE;
    case 'UnaryExpression':
      return node.children[0]?.name === 'not' ? not(inner(1)) : ANY_TEST;
    case 'BinaryExpression':
      if (childOf(node, 'and') !== undefined) return and(inner(0), inner(-1));
      return childOf(node, 'or') === undefined ? compared(values, node, inner) : or(inner(0), inner(-1));
    case 'ConditionalExpression':
      return either(inner(2), inner(0), inner(-1));
    case 'CallExpression':
      return testOfCall(values, node, scope, hops + 1);
    case 'VariableName':
      return testOfVariable(values, node, scope, hops + 1);
    default:
      return ANY_TEST;
  }
}

/** `is_new is True`, `is_new == False` */
function compared(values: Values, { children }: SyntaxNode, inner: (at: number) => Test): Test {
  const literal = children.at(-1);
  const sign = children
    .slice(1, -1)
    .map((each) => textOf(values.tree, each))
    .join(' ');
  if (literal?.name !== 'Boolean' || !['is', '==', 'is not', '!='].includes(sign)) return ANY_TEST;
  const isTrue = textOf(values.tree, literal) === 'True';
  return isTrue === (sign === 'is' || sign === '==') ? inner(0) : not(inner(0));
}

function testOfCall(values: Values, node: SyntaxNode, scope: Scope, hops: number): Test {
  const [callee] = node.children;
  const value = callee === undefined ? undefined : values.of(callee, scope);
  if (value?.kind === 'function' && value.role.is === 'plain') {
    const returned = onlyReturned(value.function.node);
    return returned === undefined ? ANY_TEST : testOf(values, returned, value.function.scope, hops);
  }
  if (value?.kind === 'python' && value.name === 'bool') {
    const [given] = argumentsOf(values.tree, childOf(node, 'ArgList')).positional;
    return given === undefined ? FALSE : testOf(values, given, scope, hops);
  }
  if (value?.kind !== 'api') return ANY_TEST;
  const method = withoutAsync(value.name);
  if (method === 'deprecate_patch') return TRUE;
  const patch = method === 'patch' ? patchName(values, node, scope) : undefined;
  return patch === undefined ? ANY_TEST : patchTest(patch);
}

/** Returns what a function returns that does nothing else. */
function onlyReturned(definition: SyntaxNode): SyntaxNode | undefined {
  const [, only, ...more] = childOf(definition, 'Body')?.children ?? [];
  return only?.name === 'ReturnStatement' && more.length === 0 && only.children.length === 2
    ? only.children[1]
    : undefined;
}

/** Returns the name of a patch in a call of `DBOS.patch` or `DBOS.deprecate_patch`; undefined where it is computed. */
export function patchName(values: Values, node: SyntaxNode, scope: Scope): string | undefined {
  const { positional, named } = argumentsOf(values.tree, childOf(node, 'ArgList'));
  const given = positional[0] ?? named.get('patch_name');
  return given === undefined ? undefined : values.text(given, scope);
}

function testOfVariable(values: Values, node: SyntaxNode, scope: Scope, hops: number): Test {
  const bindings = lookUp(scope, textOf(values.tree, node)) ?? [];
  const [binding, ...more] = bindings;
  if (binding?.kind === 'value' && more.length === 0) return testOf(values, binding.node, binding.scope, hops);
  return valueOfVariable(values, node, bindings, scope);
}
