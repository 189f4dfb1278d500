import { ANY_TEST, and, DEPRECATED_PATCH_TEST, not, or, patchTest, type Test } from '../guards.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { withoutAsync } from './api.ts';
import { argumentsOf } from './names.ts';
import { lookUp, type Scope } from './scope.ts';
import type { Values } from './values.ts';

/** Variables that stand for one another. */
const MOST_HOPS = 20;

/** Returns what a condition says about patches. A variable says what its only assignment does. */
export function testOf(values: Values, node: SyntaxNode, scope: Scope, hops = 0): Test {
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
    case 'UnaryExpression':
      return node.children[0]?.name === 'not' ? not(inner(1)) : ANY_TEST;
    case 'BinaryExpression':
      if (childOf(node, 'and') !== undefined) return and(inner(0), inner(-1));
      return childOf(node, 'or') === undefined ? ANY_TEST : or(inner(0), inner(-1));
    case 'CallExpression':
      return testOfCall(values, node, scope);
    case 'VariableName':
      return hops < MOST_HOPS ? testOfVariable(values, node, scope, hops + 1) : ANY_TEST;
    default:
      return ANY_TEST;
  }
}

function testOfCall(values: Values, node: SyntaxNode, scope: Scope): Test {
  const [callee] = node.children;
  const value = callee === undefined ? undefined : values.of(callee, scope);
  if (value?.kind !== 'api') return ANY_TEST;
  const method = withoutAsync(value.name);
  if (method === 'deprecate_patch') return DEPRECATED_PATCH_TEST;
  const patch = method === 'patch' ? patchName(values, node, scope) : undefined;
  return patch === undefined ? ANY_TEST : patchTest(patch);
}

/** Returns the name of a patch in a call of `DBOS.patch` or `DBOS.deprecate_patch`; undefined where it is computed. */
export function patchName(values: Values, node: SyntaxNode, scope: Scope): string | undefined {
  const { positional, named } = argumentsOf(values.tree, childOf(node, 'ArgList'));
  const given = positional[0] ?? named.get('patch_name');
  return given === undefined ? undefined : values.text(given, scope);
}

function testOfVariable(values: Values, node: SyntaxNode, scope: Scope, hops: number): Test {
  const [binding, ...more] = lookUp(scope, textOf(values.tree, node)) ?? [];
  if (binding?.kind !== 'value' || more.length > 0) return ANY_TEST;
  return testOf(values, binding.node, binding.scope, hops);
}
