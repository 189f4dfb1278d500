import type { Guard } from '../definition.ts';
import { afterExit, CONDITION, inBranch } from '../guards.ts';
import { childOf, type SyntaxNode } from '../syntax.ts';
import { choiceIn } from './choices.ts';
import type { SourceContext } from './context.ts';
import { catchChoice } from './fingerprint.ts';
import { branchesOf } from './grammar.ts';
import { readTest } from './tests.ts';

/** Returns the guards of what follows a statement: a branch of it can leave the block. */
export function behind(context: SourceContext, statement: SyntaxNode, guards: readonly Guard[]): readonly Guard[] {
  if (statement.name === 'TryStatement') {
    const handler = childOf(statement, 'CatchClause');
    if (handler === undefined) return guards;
    const made = catchChoice(context, handler);
    if (handler.children.some(leaves)) return inBranch(guards, made, 'false');
    // What is tried returns: only who comes by the handler goes on.
    return returns(childOf(statement, 'Block')) ? inBranch([...guards, CONDITION], made, 'true') : guards;
  }
  if (statement.name !== 'IfStatement') return guards;
  const { condition, consequence, alternative } = branchesOf(statement);
  if (condition === undefined || consequence === undefined) return guards;
  const test = readTest(context, condition);
  const made = choiceIn(context, [condition]);
  // A patch that an `else if` asks for says nothing of those that took the first branch: only the branches count.
  const nested =
    alternative === undefined ? [] : behind(context, alternative, []).filter(({ kind }) => kind === 'branch');
  const others = [...guards, ...nested];
  if (leaves(consequence)) return inBranch([...others, ...afterExit(test.whenFalse)], made, 'false');
  if (alternative === undefined || !leaves(alternative)) return others;
  return inBranch([...others, ...afterExit(test.whenTrue)], made, 'true');
}

function returns(block: SyntaxNode | undefined): boolean {
  const last = block?.children.find(leaves);
  return last !== undefined && last.name !== 'ThrowStatement';
}

/** Whether what follows a statement in its block does not run after it. */
export function leaves(statement: SyntaxNode): boolean {
  if (['ReturnStatement', 'ThrowStatement', 'ContinueStatement', 'BreakStatement'].includes(statement.name))
    return true;
  if (statement.name === 'Block') {
    return statement.children.some(leaves);
  }
  if (statement.name === 'TryStatement') {
    const handler = childOf(statement, 'CatchClause');
    const tried = childOf(statement, 'Block');
    const isLeft = tried !== undefined && leaves(tried) && (handler === undefined || handler.children.some(leaves));
    return isLeft || childOf(statement, 'FinallyClause')?.children.some(leaves) === true;
  }
  const { consequence, alternative } = branchesOf(statement);
  const isIf = statement.name === 'IfStatement' && childOf(statement, 'else') !== undefined;
  return isIf && consequence !== undefined && alternative !== undefined && leaves(consequence) && leaves(alternative);
}
