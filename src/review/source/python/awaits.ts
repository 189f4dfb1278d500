import { type AwaitSyntax, isAwaited } from '../awaits.ts';
import type { SyntaxNode, SyntaxTree } from '../syntax.ts';
import { textOf } from '../syntax.ts';
import type { Value } from './value.ts';

const SYNTAX: Omit<AwaitSyntax, 'isRace'> = {
  awaiting: new Set(['AwaitExpression', 'ReturnStatement', 'YieldStatement', 'ForStatement', 'LambdaExpression']),
  same: new Set(['ParenthesizedExpression', 'BinaryExpression', 'ConditionalExpression', 'CallExpression']),
  lists: new Set(['ArrayExpression', 'TupleExpression', 'ArgList']),
  inert: new Set([
    ...['[', ']', '(', ')', ',', '*', '**', 'AssignOp', '⚠'],
    ...['VariableName', 'MemberExpression', 'Number', 'String', 'Boolean', 'None', 'DictionaryExpression'],
  ]),
};

/** Functions that do not wait for all that they are given. */
const RACES = /\b(wait|wait_for|as_completed|asyncio_wait)$/;

/** Whether a call starts a coroutine, and nothing waits for it where it stands. Other calls end before the next one. */
export function isConcurrent(tree: SyntaxTree, at: SyntaxNode, callee: Value): boolean {
  if (at.name !== 'CallExpression' || !isCoroutine(callee)) return false;
  return !isAwaited(at, {
    ...SYNTAX,
    isRace: ({ name, parent }) => {
      const called = name === 'ArgList' ? parent?.children[0] : undefined;
      return called !== undefined && RACES.test(textOf(tree, called));
    },
  });
}

/** Whether a call of this makes a coroutine. */
export function isCoroutine(callee: Value): boolean {
  if (callee.kind === 'python') return callee.name === 'asyncio.to_thread';
  if (callee.kind === 'function') return callee.function.node.children.some(({ name }) => name === 'async');
  return (callee.kind === 'api' || callee.kind === 'method') && callee.name.endsWith('_async');
}
