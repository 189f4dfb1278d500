import { ANY_TEST, type Test } from './guards.ts';
import { firstFrom, type SyntaxNode } from './syntax.ts';

/** What a language says about the way of control. */
export interface Flow {
  /** Statements in it run in their order. */
  readonly isBlock: (node: SyntaxNode) => boolean;
  readonly isLoop: (node: SyntaxNode) => boolean;
  readonly isFunction: (node: SyntaxNode) => boolean;
  /** What is in it runs before it writes. */
  readonly isAssignment: (node: SyntaxNode) => boolean;
}

/** A variable, and all places that write it, in the order of the text. */
export interface Variable {
  readonly writes: readonly SyntaxNode[];
  readonly flow: Flow;
  /** Returns what the variable says behind a statement that writes it, of what it said before. */
  readonly behind: (statement: SyntaxNode, before: () => Test) => Test;
  /** What it says behind statements, as far as that was asked. */
  readonly known: Map<SyntaxNode, Test>;
  /** Of the file. */
  readonly depth: Depth;
}

/** How many values of variables are asked for at the moment. */
export interface Depth {
  count: number;
}

/** Statements that a value is followed through, each of which needs the one before. */
const MOST_STATEMENTS = 50;

/**
 * Returns what a variable says at a place that reads it. Each is made once, by its key.
 *
 * @param known The variables of the file; undefined for one that says nothing.
 */
export function valueRead<Key>(
  known: Map<Key, Variable | undefined>,
  key: Key,
  use: SyntaxNode,
  make: () => Variable,
): Test {
  if (!known.has(key)) {
    const made = make();
    known.set(key, isOfOneFunction(made) ? made : undefined);
  }
  const variable = known.get(key);
  return variable === undefined ? ANY_TEST : valueAt(use, variable);
}

/** Whether a node holds a write of a variable. */
export function isWrittenIn({ writes }: Pick<Variable, 'writes'>, { from, to }: SyntaxNode): boolean {
  const write = writes[firstFrom(writes, from)];
  return write !== undefined && write.from < to;
}

/**
 * Returns what a variable says at a node: what the last statement before that makes of it. Nothing is certain where a loop
 * around the node writes it later.
 */
function valueAt(node: SyntaxNode, variable: Variable): Test {
  const { writes, flow } = variable;
  let next = firstFrom(writes, node.from);
  const later = writes[next];
  let statement = statementOf(writes[next - 1], node.from);
  // In `a = a || b`, it is not written yet.
  while (statement?.parent !== undefined && flow.isAssignment(statement.parent)) {
    next -= 1;
    statement = statementOf(writes[next - 1], node.from);
  }
  const block = statement?.parent;
  if (statement === undefined || block === undefined || !flow.isBlock(block)) return ANY_TEST;
  for (let up = node.parent; up !== block; up = up.parent) {
    if (up === undefined || flow.isFunction(up)) return ANY_TEST;
    if (flow.isLoop(up) && later !== undefined && later.from < up.to) return ANY_TEST;
  }
  return valueAfter(statement, variable);
}

function valueAfter(statement: SyntaxNode, variable: Variable): Test {
  const { known, depth, behind } = variable;
  const found = known.get(statement);
  if (found !== undefined) return found;
  if (depth.count >= MOST_STATEMENTS) return ANY_TEST;
  depth.count += 1;
  const test = behind(statement, () => valueAt(statement, variable));
  depth.count -= 1;
  known.set(statement, test);
  return test;
}

/** Returns what a variable says at the end of a block that writes it. */
export function valueBehind(block: SyntaxNode, variable: Variable): Test {
  const { writes } = variable;
  let statement = writes[firstFrom(writes, block.to) - 1];
  while (statement !== undefined && statement.parent !== block) statement = statement.parent;
  return statement === undefined ? ANY_TEST : valueAfter(statement, variable);
}

/** The widest node around a write that ends before an offset. */
function statementOf(write: SyntaxNode | undefined, before: number): SyntaxNode | undefined {
  let node = write;
  while (node?.parent !== undefined && node.parent.to <= before) node = node.parent;
  return node;
}

/** Whether all writes of a variable stand in one function: else nobody knows when they run. */
function isOfOneFunction({ writes, flow }: Variable): boolean {
  const functionOf = (node: SyntaxNode) => {
    let up = node.parent;
    while (up !== undefined && !flow.isFunction(up)) up = up.parent;
    return up;
  };
  return new Set(writes.map(functionOf)).size === 1;
}
