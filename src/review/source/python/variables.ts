import { ANY_TEST, and, either, or, type Test } from '../guards.ts';
import { childOf, childrenOf, type SyntaxNode, textOf } from '../syntax.ts';
import { type Flow, isWrittenIn, type Variable, valueBehind, valueRead } from '../variables.ts';
import { bodiesOf, clausesOf, exits } from './clauses.ts';
import { argumentsOf, partsOf } from './names.ts';
import type { Binding, Scope } from './scope.ts';
import { testOf } from './tests.ts';
import type { Values } from './values.ts';

/** The way of control in Python. */
export const FLOW: Flow = {
  isBlock: ({ name }) => ['Body', 'Script', 'StatementGroup'].includes(name),
  isLoop: ({ name }) =>
    name === 'ForStatement' || name === 'WhileStatement' || name.endsWith('ComprehensionExpression'),
  isFunction: ({ name }) => name === 'FunctionDefinition' || name === 'LambdaExpression',
  isAssignment: ({ name }) => ['AssignStatement', 'UpdateStatement', 'NamedExpression'].includes(name),
};

/** Returns what a variable says at a place that reads it. */
export function valueOfVariable(values: Values, use: SyntaxNode, bindings: readonly Binding[], scope: Scope): Test {
  const { variables, depth } = values.asked;
  return valueRead(variables, bindings, use, () => {
    const reading: Reading = { values, scope };
    const variable: Variable = {
      writes: bindings.flatMap(({ at }) => at ?? []).toSorted((a, b) => a.from - b.from),
      flow: FLOW,
      behind: (statement, before) => behind(reading, variable, statement, before),
      known: new Map(),
      depth,
    };
    return variable;
  });
}

interface Reading {
  readonly values: Values;
  readonly scope: Scope;
}

function behind(reading: Reading, variable: Variable, statement: SyntaxNode, before: () => Test): Test {
  switch (statement.name) {
    case 'AssignStatement':
      return assigned(reading, variable, statement);
    case 'UpdateStatement':
      return updated(reading, statement, before);
    case 'StatementGroup':
      return valueBehind(statement, variable);
    case 'IfStatement':
      return behindIf(reading, variable, statement, before);
    case 'TryStatement':
      return behindTry(variable, statement);
    default:
      return ANY_TEST;
  }
}

/** `a = b = value`, `a, b = first, second` */
function assigned({ values, scope }: Reading, variable: Variable, { children }: SyntaxNode): Test {
  const sides: SyntaxNode[][] = [[]];
  for (const child of children) {
    if (child.name === 'AssignOp') sides.push([]);
    else if (child.name !== 'TypeDef') sides.at(-1)?.push(child);
  }
  const value = sides.pop() ?? [];
  const target = sides.find((side) => side.some((each) => isWrittenIn(variable, each)));
  if (target === undefined || value.some((each) => isWrittenIn(variable, each))) return ANY_TEST;
  const at = elementsOf(target).findIndex((each) => isWrittenIn(variable, each));
  const isWhole = target.length === 1 && target[0]?.name === 'VariableName';
  const given = isWhole ? value : elementsOf(awaited(values, scope, value));
  const one = isWhole ? (given.length === 1 ? given[0] : undefined) : given[at];
  const isStarred = [...elementsOf(target), ...given].some(({ name: kind }) => kind === '*');
  return one === undefined || isStarred ? ANY_TEST : testOf(values, one, scope);
}

/** Returns what stands between the commas of a tuple or a list, with brackets or without. */
function elementsOf(nodes: readonly SyntaxNode[]): readonly SyntaxNode[] {
  const [only] = nodes;
  const isList = nodes.length === 1 && (only?.name === 'TupleExpression' || only?.name === 'ArrayExpression');
  return (isList ? only.children : nodes).filter(({ name }) => !['(', ')', '[', ']', ','].includes(name));
}

/** Returns the arguments of `await asyncio.gather(…)`, or the nodes themselves. */
function awaited(values: Values, scope: Scope, nodes: readonly SyntaxNode[]): readonly SyntaxNode[] {
  const [only] = nodes;
  const call = nodes.length === 1 && only?.name === 'AwaitExpression' ? only.children[1] : undefined;
  const callee = call?.name === 'CallExpression' ? values.of(call.children[0] ?? call, scope) : undefined;
  if (call === undefined || callee?.kind !== 'python' || callee.name !== 'asyncio.gather') return nodes;
  const list = childOf(call, 'ArgList');
  return list === undefined || argumentsOf(values.tree, list).isSpread ? [] : partsOf(list).flat();
}

function updated({ values, scope }: Reading, { children }: SyntaxNode, before: () => Test): Test {
  const [, operator, value] = children;
  if (operator === undefined || value === undefined) return ANY_TEST;
  switch (textOf(values.tree, operator)) {
    case '|=':
      return or(before(), testOf(values, value, scope));
    case '&=':
      return and(before(), testOf(values, value, scope));
    default:
      return ANY_TEST;
  }
}

/** The values that each way through an `if` leaves, from the last clause to the first. */
function behindIf({ values, scope }: Reading, variable: Variable, node: SyntaxNode, before: () => Test): Test {
  const clauses = clausesOf(node);
  if (clauses.some(({ condition }) => condition !== undefined && isWrittenIn(variable, condition))) return ANY_TEST;
  let value: Test | undefined = clauses.at(-1)?.condition === undefined ? undefined : before();
  for (const { condition, body } of clauses.toReversed()) {
    if (exits(body)) continue;
    const own = isWrittenIn(variable, body) ? valueBehind(body, variable) : before();
    value = value === undefined || condition === undefined ? own : either(testOf(values, condition, scope), own, value);
  }
  return value ?? ANY_TEST;
}

/** Who comes past an `except` that leaves was in all that is tried. */
function behindTry(variable: Variable, node: SyntaxNode): Test {
  const [tried, ...others] = childrenOf(node, 'Body');
  const isOnly = tried !== undefined && !others.some((other) => isWrittenIn(variable, other));
  return isOnly && bodiesOf(node, 'except').every(exits) ? valueBehind(tried, variable) : ANY_TEST;
}
