import { type AwaitSyntax, isAwaited } from '../awaits.ts';
import type { SyntaxNode, SyntaxTree } from '../syntax.ts';
import { calleeOf, memberName, unwrap } from './grammar.ts';

const SYNTAX: Omit<AwaitSyntax, 'isRace'> = {
  awaiting: new Set(['AwaitExpression', 'ReturnStatement', 'YieldExpression', 'ForOfSpec', 'ArrowFunction']),
  same: new Set([
    ...['ParenthesizedExpression', 'BinaryExpression', 'ConditionalExpression', 'MemberExpression', 'CallExpression'],
    ...['PostfixExpression', 'PrefixCast', 'InstantiationExpression'],
  ]),
  lists: new Set(['ArrayExpression', 'ArgList']),
  inert: new Set([
    ...['[', ']', '(', ')', ',', 'Spread', '⚠'],
    ...['VariableName', 'MemberExpression', 'Number', 'String', 'BooleanLiteral', 'null', 'ObjectExpression'],
  ]),
};

/** Functions of `Promise` that do not wait for all that they are given. */
const RACES = ['race', 'any'];

/** Whether nothing waits for a call where it stands. A callback is called by something else. */
export function isConcurrent(tree: SyntaxTree, at: SyntaxNode): boolean {
  if (at.name !== 'CallExpression') return false;
  return !isAwaited(at, {
    ...SYNTAX,
    isRace: ({ name, parent }) => {
      const callee = name === 'ArgList' && parent !== undefined ? calleeOf(parent) : undefined;
      const target = callee === undefined ? undefined : unwrap(callee);
      return target?.name === 'MemberExpression' && RACES.includes(memberName(tree, target) ?? '');
    },
  });
}
