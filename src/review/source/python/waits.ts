import type { Guard } from '../definition.ts';
import type { Mark, Range } from '../order.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { isCoroutine } from './awaits.ts';
import { argumentsOf, partsOf } from './names.ts';
import { lookUp } from './scope.ts';
import type { Value } from './value.ts';
import type { Walk } from './walk.ts';

/** Functions of `asyncio` that make tasks of the coroutines that they are given, or wait for them. */
const OF_TASKS: ReadonlySet<string> = new Set([
  ...['create_task', 'ensure_future', 'gather', 'wait', 'wait_for', 'shield', 'as_completed', 'asyncio_wait'],
]);
/** Variables and their values that one `await` is about. */
const MOST_RANGES = 100;
/** What a coroutine can stand in that is given to one of these functions, or to a variable. */
const SAME: ReadonlySet<string> = new Set([
  ...['ParenthesizedExpression', 'ArrayExpression', 'TupleExpression', 'ConditionalExpression'],
  ...['ArrayComprehensionExpression', 'ComprehensionExpression'],
]);

/** Whether a call of this makes tasks: `asyncio.gather`, `group.create_task`. */
export function makesTasks(callee: Value): boolean {
  if (callee.kind === 'api') return callee.name === 'asyncio_wait';
  const isNamed = callee.kind === 'python' || callee.kind === 'foreign';
  return isNamed && OF_TASKS.has(callee.name.split('.').at(-1) ?? '');
}

/** Whether a call only makes a coroutine: it runs when something awaits that, or makes a task of it. */
export function isLazy(walk: Walk, call: SyntaxNode, callee: Value): boolean {
  let node = call;
  let up = call.parent;
  while (up !== undefined && SAME.has(up.name)) {
    // Of a comprehension, only the element is what it gives.
    const start = up.children.findIndex(({ name }) => name === 'for');
    if (start !== -1 && node.from > (up.children[start]?.from ?? 0)) return false;
    [node, up] = [up, up.parent];
  }
  if (up?.name === 'ArgList' && up.parent !== undefined) {
    const [to] = up.parent.children;
    return to !== undefined && makesTasks(walk.values.of(to, walk.scope));
  }
  if (up?.name !== 'AssignStatement' || !isCoroutine(callee)) return false;
  const [target, operator, value] = up.children;
  return target?.name === 'VariableName' && operator?.name === 'AssignOp' && value === node;
}

/** Returns the mark behind a call that makes tasks. */
export function scheduled(walk: Walk, call: SyntaxNode): Mark {
  return { mark: 'schedule', of: rangesOf(walk, call) };
}

/** Returns the marks behind something that is awaited: whoever runs beside it can go on. */
export function awaited(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): readonly Mark[] {
  const operand = node.children[1] ?? node;
  const end: Mark = { mark: 'end', of: rangesOf(walk, operand), guards };
  const callee = operand.name === 'CallExpression' ? operand.children[0] : undefined;
  const value = callee === undefined ? undefined : walk.values.of(callee, walk.scope);
  // A function of this file waits where it does so itself.
  if (value?.kind === 'function' && value.role.is === 'plain') return [end];
  const isUnsure = value?.kind === 'foreign' || value?.kind === 'unknown' || value?.kind === 'computed';
  return [end, { mark: 'wait', ...(isUnsure && { isUnsure }) }];
}

/** Where what a node awaits was started: in its own arguments, or in the values of variables. */
function rangesOf(walk: Walk, node: SyntaxNode): readonly Range[] {
  const ranges: Range[] = [];
  collect(walk, node, ranges);
  return ranges;
}

function collect(walk: Walk, node: SyntaxNode, ranges: Range[]): void {
  if (ranges.length >= MOST_RANGES) return;
  if (node.name === 'VariableName') {
    const bindings = lookUp(walk.scope, textOf(walk.values.tree, node)) ?? [];
    ranges.push(...bindings.slice(0, MOST_RANGES).flatMap((each) => (each.kind === 'value' ? [each.node] : [])));
    return;
  }
  const callee = node.name === 'CallExpression' ? node.children[0] : undefined;
  if (callee === undefined) {
    if (!SAME.has(node.name)) return;
    ranges.push(...(node.name.endsWith('ComprehensionExpression') ? [node] : []));
    for (const part of node.children) collect(walk, part, ranges);
    return;
  }
  const list = childOf(node, 'ArgList');
  if (list === undefined || !makesTasks(walk.values.of(callee, walk.scope))) {
    ranges.push(node);
    return;
  }
  // It can end with the first of them.
  if (argumentsOf(walk.values.tree, list).named.has('return_when')) return;
  for (const part of partsOf(list)) for (const each of part) collect(walk, each, ranges);
  // `gather(x for x in y)`
  if (childOf(list, 'for') !== undefined) ranges.push(list);
}

/** Returns the mark behind what a function returns: its caller awaits it. */
export function returned(walk: Walk, { children }: SyntaxNode, guards: readonly Guard[]): readonly Mark[] {
  const value = children[1];
  return value === undefined ? [] : [{ mark: 'end', of: rangesOf(walk, value), guards }];
}

/** Whether a statement is `async with asyncio.TaskGroup() as group:`, which waits for all tasks of the group. */
export function isTaskGroup(walk: Walk, { children }: SyntaxNode): boolean {
  return children.some(({ name, children: [callee] }) => {
    return name === 'CallExpression' && callee !== undefined && textOf(walk.values.tree, callee).endsWith('TaskGroup');
  });
}
