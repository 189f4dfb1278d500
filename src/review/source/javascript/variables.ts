import { ANY_TEST, and, either, FALSE, or, type Test } from '../guards.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { type Flow, isWrittenIn, type Variable, valueBehind, valueRead } from '../variables.ts';
import { leaves } from './conditions.ts';
import type { SourceContext } from './context.ts';
import { branchesOf, isFunction, unwrap } from './grammar.ts';
import { readTest } from './tests.ts';

const FLOW: Flow = {
  isBlock: ({ name }) => name === 'Block' || name === 'Script',
  isLoop: ({ name }) => ['ForStatement', 'WhileStatement', 'DoStatement'].includes(name),
  isFunction,
  isAssignment: ({ name }) => name === 'AssignmentExpression',
};

/** Returns what a variable says that is written more than once, at a place that reads it. */
export function valueOfVariable(context: SourceContext, use: SyntaxNode, name: string): Test {
  const writes = context.writes(use, name);
  return valueRead(context.variables, writes, use, () => {
    const variable: Variable = {
      writes,
      flow: FLOW,
      behind: (statement, before) => behind(context, variable, statement, before),
      known: new Map(),
      depth: context.depth,
    };
    return variable;
  });
}

function behind(context: SourceContext, variable: Variable, statement: SyntaxNode, before: () => Test): Test {
  switch (statement.name) {
    case 'ExpressionStatement': {
      const [expression] = statement.children;
      return expression === undefined ? ANY_TEST : assigned(context, variable, unwrap(expression), before);
    }
    case 'VariableDeclaration':
      return declared(context, variable, statement);
    case 'Block':
      return valueBehind(statement, variable);
    case 'IfStatement':
      return behindIf(context, variable, statement, before);
    case 'TryStatement': {
      const [block, ...others] = statement.children.filter(({ name }) => name !== 'try');
      const isOnly = block !== undefined && !others.some((other) => isWrittenIn(variable, other));
      const handler = childOf(statement, 'CatchClause');
      // Who comes past the `catch` was in all of the block.
      const isWhole = handler === undefined || handler.children.some(leaves);
      return isOnly && isWhole ? valueBehind(block, variable) : ANY_TEST;
    }
    default:
      return ANY_TEST;
  }
}

function assigned(context: SourceContext, variable: Variable, node: SyntaxNode, before: () => Test): Test {
  const [target, operator, value] = node.children;
  if (node.name !== 'AssignmentExpression' || operator === undefined || value === undefined) return ANY_TEST;
  if (target?.name !== 'VariableName' || isWrittenIn(variable, value)) return ANY_TEST;
  switch (textOf(context.tree, operator)) {
    case '=':
      return readTest(context, value);
    case '||=':
      return or(before(), readTest(context, value));
    case '&&=':
      return and(before(), readTest(context, value));
    default:
      return ANY_TEST;
  }
}

function declared(context: SourceContext, variable: Variable, { children }: SyntaxNode): Test {
  const at = children.findIndex((child) => isWrittenIn(variable, child));
  if (children[at]?.name !== 'VariableDefinition') return ANY_TEST;
  const equals = children[at + 1]?.name === 'TypeAnnotation' ? at + 2 : at + 1;
  if (children[equals]?.name !== 'Equals') return FALSE;
  const init = children[equals + 1];
  return init === undefined ? ANY_TEST : readTest(context, init);
}

function behindIf(context: SourceContext, variable: Variable, node: SyntaxNode, before: () => Test): Test {
  const { condition, consequence, alternative } = branchesOf(node);
  if (condition === undefined || consequence === undefined || isWrittenIn(variable, condition)) return ANY_TEST;
  const valueIn = (branch: SyntaxNode | undefined) => {
    if (branch === undefined || !isWrittenIn(variable, branch)) return before();
    return branch.name === 'Block' ? valueBehind(branch, variable) : behind(context, variable, branch, before);
  };
  if (leaves(consequence)) return valueIn(alternative);
  if (alternative !== undefined && leaves(alternative)) return valueIn(consequence);
  return either(readTest(context, condition), valueIn(consequence), valueIn(alternative));
}
