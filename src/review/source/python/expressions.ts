import type { Guard } from '../definition.ts';
import { CONDITION, LOOP } from '../guards.ts';
import type { SyntaxNode } from '../syntax.ts';
import { call } from './calls.ts';
import { testOf } from './tests.ts';
import { awaited } from './waits.ts';
import { plus, type Walk } from './walk.ts';

/** Reads an expression in the order in which Python evaluates it. */
export function expression(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  switch (node.name) {
    case 'CallExpression':
      call(walk, node, guards);
      return;
    case 'BinaryExpression':
      binary(walk, node, guards);
      return;
    case 'ConditionalExpression':
      conditional(walk, node, guards);
      return;
    case 'AwaitExpression':
      parts(walk, node, guards);
      walk.items.push(...awaited(walk, node, guards));
      return;
    case 'LambdaExpression':
      callback(walk, node, guards);
      return;
    default:
      parts(walk, node, guards);
      return;
  }
}

/** Reads the children of a node: a comprehension, or one after the other. */
export function parts(walk: Walk, node: SyntaxNode, guards: readonly Guard[], taken?: ReadonlySet<SyntaxNode>): void {
  const start = node.children.findIndex(({ name }) => name === 'for');
  if (start !== -1) {
    comprehension(walk, node, start, guards);
    return;
  }
  for (const child of node.children) if (!taken?.has(child)) expression(walk, child, guards);
}

/** Reads a lambda that something else calls: nobody knows how often. */
function callback(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const body = node.children.at(-1);
  const scope = walk.values.module.lambdas.get(node);
  if (body === undefined || scope === undefined) return;
  const outer = walk.scope;
  walk.scope = scope;
  expression(walk, body, plus(guards, [LOOP]));
  walk.scope = outer;
}

function binary(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const [left, operator, ...right] = node.children;
  if (left === undefined || (operator?.name !== 'and' && operator?.name !== 'or')) {
    parts(walk, node, guards);
    return;
  }
  expression(walk, left, guards);
  const test = testOf(walk.values, left, walk.scope);
  if (operator.name === 'or' && test.isNeverFalse) return;
  const inside = plus(guards, operator.name === 'and' ? test.whenTrue : test.whenFalse);
  for (const child of right) expression(walk, child, inside);
}

/** `value if condition else other` */
function conditional(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const [value, , condition, , other] = node.children;
  if (value === undefined || condition === undefined) {
    parts(walk, node, guards);
    return;
  }
  expression(walk, condition, guards);
  const test = testOf(walk.values, condition, walk.scope);
  expression(walk, value, plus(guards, test.whenTrue));
  if (other !== undefined && !test.isNeverFalse) expression(walk, other, plus(guards, test.whenFalse));
}

/** `element for a in x if c for b in y`: `x` is evaluated once, and the element last. */
function comprehension(walk: Walk, node: SyntaxNode, start: number, guards: readonly Guard[]): void {
  const inside = plus(guards, [LOOP]);
  const element = node.children.slice(0, start).filter(({ name }) => name !== 'async');
  let isFirst = true;
  let isUnderCondition = false;
  for (const [at, child] of node.children.entries()) {
    if (at < start) continue;
    if (child.name === 'if') isUnderCondition = true;
    const isIterated = node.children[at - 1]?.name === 'in';
    expression(walk, child, isIterated && isFirst ? guards : inside);
    if (isIterated) isFirst = false;
  }
  for (const child of element) expression(walk, child, isUnderCondition ? plus(inside, [CONDITION]) : inside);
}
