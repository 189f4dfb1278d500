import type { Guard } from '../definition.ts';
import { choiceOf } from '../fingerprint.ts';
import { ANY_TEST, afterExit, and, DEPRECATED_PATCH_TEST, inBranch, not, or, patchTest, type Test } from '../guards.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { branchesOf } from './body.ts';
import type { SourceContext } from './context.ts';
import { resolve } from './entities.ts';
import { catchChoice } from './fingerprint.ts';
import { argumentsOf, calleeOf, functionBody, unwrap } from './grammar.ts';

/** How many names and functions a condition is followed through. */
const MOST_STEPS = 8;

/** Returns what a condition says about patches. */
export function readTest(context: SourceContext, condition: SyntaxNode, steps = 0): Test {
  const node = unwrap(condition);
  if (steps > MOST_STEPS) return ANY_TEST;
  switch (node.name) {
    case 'UnaryExpression': {
      const operand = node.children.at(-1);
      const isNot = node.children[0]?.name === 'LogicOp';
      return isNot && operand !== undefined ? not(readTest(context, operand, steps)) : ANY_TEST;
    }
    case 'BinaryExpression': {
      const [left, operator, right] = node.children;
      if (left === undefined || right === undefined || operator?.name !== 'LogicOp') return ANY_TEST;
      const sign = textOf(context.tree, operator);
      if (sign === '&&') return and(readTest(context, left, steps), readTest(context, right, steps));
      return sign === '||' ? or(readTest(context, left, steps), readTest(context, right, steps)) : ANY_TEST;
    }
    case 'VariableName': {
      // `const isNew = await DBOS.patch('x')`
      const binding = context.lookup(node, textOf(context.tree, node));
      const isValue = binding?.kind === 'value' && binding.property === undefined;
      return isValue ? readTest(context, binding.init, steps + 1) : ANY_TEST;
    }
    case 'CallExpression':
      return testOfCall(context, node, steps);
    default:
      return ANY_TEST;
  }
}

function testOfCall(context: SourceContext, call: SyntaxNode, steps: number): Test {
  const callee = calleeOf(call);
  const entity = callee === undefined ? undefined : resolve(context, callee);
  if (entity?.kind === 'dbos-member') {
    if (entity.name === 'deprecatePatch') return DEPRECATED_PATCH_TEST;
    if (entity.name !== 'patch') return ANY_TEST;
    const [argument] = argumentsOf(call);
    const name = argument === undefined ? undefined : resolve(context, argument.node);
    return name?.kind === 'string' ? patchTest(name.value) : ANY_TEST;
  }
  if (entity?.kind !== 'function') return ANY_TEST;
  // A function that only returns the answer of a patch.
  const body = functionBody(entity.node);
  const statements =
    body?.name === 'Block' ? body.children.filter(({ name }) => name.endsWith('Statement')) : undefined;
  const returned = statements === undefined ? body : onlyReturned(statements);
  return returned === undefined ? ANY_TEST : readTest(context, returned, steps + 1);
}

function onlyReturned(statements: readonly SyntaxNode[]): SyntaxNode | undefined {
  const [only] = statements;
  if (statements.length !== 1 || only?.name !== 'ReturnStatement') return undefined;
  return only.children.find(({ name }) => name !== 'return' && name !== ';');
}

/** Returns the guards of what follows a statement: a branch of it can leave the block. */
export function behind(context: SourceContext, statement: SyntaxNode, guards: readonly Guard[]): readonly Guard[] {
  if (statement.name === 'TryStatement') {
    const handler = childOf(statement, 'CatchClause');
    return handler?.children.some(leaves) === true ? inBranch(guards, catchChoice(context, handler), 'false') : guards;
  }
  if (statement.name !== 'IfStatement') return guards;
  const { condition, consequence, alternative } = branchesOf(statement);
  if (condition === undefined || consequence === undefined) return guards;
  const test = readTest(context, condition);
  const made = choiceOf(context.tree, [condition]);
  // A patch that an `else if` asks for says nothing of those that took the first branch: only the branches count.
  const nested =
    alternative === undefined ? [] : behind(context, alternative, []).filter(({ kind }) => kind === 'branch');
  const others = [...guards, ...nested];
  if (leaves(consequence)) return inBranch([...others, ...afterExit(test.whenFalse)], made, 'false');
  if (alternative === undefined || !leaves(alternative)) return others;
  return inBranch([...others, ...afterExit(test.whenTrue)], made, 'true');
}

/** Whether what follows a statement in its block does not run after it. */
export function leaves(statement: SyntaxNode): boolean {
  if (['ReturnStatement', 'ThrowStatement', 'ContinueStatement', 'BreakStatement'].includes(statement.name))
    return true;
  if (statement.name === 'Block') {
    return statement.children.some(leaves);
  }
  const { consequence, alternative } = branchesOf(statement);
  const isIf = statement.name === 'IfStatement' && childOf(statement, 'else') !== undefined;
  return isIf && consequence !== undefined && alternative !== undefined && leaves(consequence) && leaves(alternative);
}
