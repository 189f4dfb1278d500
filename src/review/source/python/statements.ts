import type { Guard } from '../definition.ts';
import { choiceOf } from '../fingerprint.ts';
import { afterExit, CONDITION, inBranch, LOOP, type Test } from '../guards.ts';
import { childrenOf, type SyntaxNode } from '../syntax.ts';
import { choiceIn } from './choices.ts';
import { bodiesOf, type Clause, clausesOf, exitOf, exits } from './clauses.ts';
import { expression } from './expressions.ts';
import { testOf } from './tests.ts';
import { isTaskGroup, returned } from './waits.ts';
import { plus, type Walk } from './walk.ts';

/** Reads statements in their order. Returns what holds behind them, where an early exit says something about a patch. */
export function block(walk: Walk, nodes: readonly SyntaxNode[], guards: readonly Guard[]): readonly Guard[] {
  let gained: readonly Guard[] = [];
  for (const node of nodes) gained = plus(gained, statement(walk, node, plus(guards, gained)));
  return gained;
}

function statement(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): readonly Guard[] {
  switch (node.name) {
    case 'FunctionDefinition':
    case 'DecoratedStatement':
    case 'ClassDefinition':
    case 'ImportStatement':
    case 'ScopeStatement':
    case 'TypeDefinition':
    case 'TypeDef':
      return [];
    case 'StatementGroup':
    case 'Body':
      return block(walk, node.children, guards);
    case 'IfStatement':
      return conditional(walk, node, guards);
    case 'WhileStatement':
    case 'ForStatement':
      loop(walk, node, guards);
      return [];
    case 'TryStatement':
      return attempt(walk, node, guards);
    case 'WithStatement':
      for (const child of node.children) if (child.name !== 'Body') expression(walk, child, guards);
      return inContext(walk, node, guards);
    case 'MatchStatement':
      choice(walk, node, guards);
      return [];
    case 'AssignStatement':
      assignment(walk, node, guards);
      return [];
    default:
      for (const child of node.children) expression(walk, child, guards);
      if (node.name === 'ReturnStatement') walk.items.push(...returned(walk, node, guards));
      return [];
  }
}

/** It can swallow what is raised in it. A group of tasks waits for these. */
function inContext(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): readonly Guard[] {
  const behind = afterExit(block(walk, childrenOf(node, 'Body'), guards));
  if (isTaskGroup(walk, node)) walk.items.push({ mark: 'end', of: [node], guards }, { mark: 'wait' });
  return behind;
}

function conditional(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): readonly Guard[] {
  const clauses = clausesOf(node);
  let under = guards;
  let behind: readonly Guard[] = [];
  let branches: readonly Guard[] = [];
  let haveExited = true;
  for (const { condition, body } of clauses) {
    if (condition === undefined) {
      block(walk, [body], under);
      break;
    }
    expression(walk, condition, under);
    const test = testOf(walk.values, condition, walk.scope);
    const choice = choiceIn(walk, [condition]);
    block(walk, [body], inBranch(plus(under, test.whenTrue), choice, 'true'));
    if (exits(body)) branches = inBranch(branches, choice, 'false');
    haveExited &&= exits(body);
    if (haveExited) behind = plus(behind, afterExit(test.whenFalse));
    if (test.isNeverFalse) return [];
    under = inBranch(plus(under, test.whenFalse), choice, 'false');
  }
  return plus(haveExited ? behind : plus(behind, afterElse(walk, clauses)), branches);
}

/** Behind `if taken: … else: return`. */
function afterElse(walk: Walk, [first, second, ...more]: readonly Clause[]): readonly Guard[] {
  const condition = first?.condition;
  if (condition === undefined || second === undefined || second.condition !== undefined || more.length > 0) return [];
  const test: Test = testOf(walk.values, condition, walk.scope);
  return exits(second.body) ? afterExit(test.whenTrue) : [];
}

function loop(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const condition = node.name === 'WhileStatement' ? node.children[1] : undefined;
  const inside = plus(guards, [LOOP]);
  // Of other conditions, a loop says enough.
  const patches = condition === undefined ? [] : afterExit(testOf(walk.values, condition, walk.scope).whenTrue);
  let isElse = false;
  for (const child of node.children) {
    if (child.name === 'else') isElse = true;
    else if (child.name === 'Body') block(walk, [child], isElse ? plus(guards, [CONDITION]) : plus(inside, patches));
    // What is iterated is evaluated once, and the condition of `while` before each turn.
    else expression(walk, child, node.name === 'WhileStatement' ? inside : guards);
  }
}

function attempt(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): readonly Guard[] {
  let isHandler = false;
  const tried = choiceOf(walk.values.tree, childrenOf(node, 'Body').slice(0, 1));
  let hasHandler = false;
  let haveExited = true;
  for (const child of node.children) {
    if (child.name === 'except') isHandler = hasHandler = true;
    else if (child.name === 'else' || child.name === 'finally') isHandler = false;
    else if (child.name === 'Body' && isHandler) {
      block(walk, [child], inBranch(plus(guards, [CONDITION]), tried, 'raises'));
      haveExited &&= exits(child);
    } else if (child.name === 'Body') block(walk, [child], guards);
    else expression(walk, child, plus(guards, [CONDITION]));
  }
  if (hasHandler && haveExited) return inBranch([], tried, 'ends');
  // What is tried returns: only who comes by a handler goes on.
  const exit = [...bodiesOf(node, 'try'), ...bodiesOf(node, 'else')].flatMap((body) => exitOf(body) ?? [])[0];
  return hasHandler && exit !== undefined && exit.name !== 'RaiseStatement'
    ? inBranch([CONDITION], tried, 'raises')
    : [];
}

/** The cases of a `match` exclude each other, while the patterns are the same. */
function choice(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const inside = plus(guards, [CONDITION]);
  const clauses = childrenOf(node, 'MatchBody').flatMap((body) => childrenOf(body, 'MatchClause'));
  const patterns = clauses.flatMap(({ children }) => children.filter(({ name }) => name !== 'Body'));
  const subject = node.children.filter(({ name }) => name !== 'MatchBody');
  const made = choiceIn(walk, [...subject, ...patterns]);
  for (const child of subject) expression(walk, child, guards);
  for (const [index, { children }] of clauses.entries()) {
    for (const part of children) {
      if (part.name === 'Body') block(walk, [part], inBranch(inside, made, `${index}`));
      else if (part.name === 'Guard') expression(walk, part, inside);
    }
  }
}

/** The right side is evaluated first. A lambda with a name runs where it is called. */
function assignment(walk: Walk, { children }: SyntaxNode, guards: readonly Guard[]): void {
  const at = children.findLastIndex(({ name }) => name === 'AssignOp');
  const value = children.slice(at + 1);
  const isLambda = value.length === 1 && value[0]?.name === 'LambdaExpression';
  for (const child of isLambda ? [] : value) expression(walk, child, guards);
  for (const child of at === -1 ? [] : children.slice(0, at)) {
    if (child.name !== 'TypeDef') expression(walk, child, guards);
  }
}
