import type { Guard } from '../definition.ts';
import { LOOP } from '../guards.ts';
import { childOf, type SyntaxNode } from '../syntax.ts';
import { HANDLE_ROWS, isOfData, RESULT, withoutAsync } from './api.ts';
import { isConcurrent } from './awaits.ts';
import { apiCall, debounced, enqueued, runStep } from './durable.ts';
import { expression, parts } from './expressions.ts';
import { type Arguments, argumentsOf } from './names.ts';
import type { Value } from './value.ts';
import { isLazy, makesTasks, scheduled } from './waits.ts';
import type { Walk } from './walk.ts';

/** A call, its parts, and where it stands. */
export interface Call {
  readonly node: SyntaxNode;
  readonly callee: Value;
  readonly args: Arguments;
  readonly guards: readonly Guard[];
}

/** Reads a call: what its parts record, then what it records itself. */
export function call(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const [object] = node.children;
  if (object === undefined) return;
  expression(walk, object, guards);
  const list = childOf(node, 'ArgList');
  const one: Call = {
    node,
    callee: walk.values.of(object, walk.scope),
    args: argumentsOf(walk.values.tree, list),
    guards,
  };
  // What it waits for starts after it has its row.
  const isFirst = one.callee.kind === 'api' && one.callee.name === 'asyncio_wait';
  if (isFirst) record(walk, one);
  if (list !== undefined) argumentList(walk, list, one, functionArgument(one));
  if (makesTasks(one.callee)) walk.items.push(scheduled(walk, node));
  if (isFirst) return;
  const own = walk.items.length;
  record(walk, one);
  if (isConcurrent(walk.values.tree, node, one.callee)) walk.runsOn(own);
  if (isLazy(walk, node, one.callee)) walk.isLazyFrom(own, node, guards);
}

/** The argument that a call runs as a step, or starts as a workflow: its inside is not that of the workflow. */
function functionArgument({ callee, args }: Call): SyntaxNode | undefined {
  const at = functionPlace(callee);
  return at === undefined ? undefined : (args.positional[at] ?? args.named.get('func'));
}

const FIRST = new Set(['start_workflow', 'enqueue', 'create', 'debounce']);
const SECOND = new Set(['run_step', 'enqueue_workflow', 'run_tx_step', 'run']);

function functionPlace(callee: Value): number | undefined {
  if (callee.kind === 'decorator') return 0;
  if (callee.kind === 'python')
    return callee.name === 'asyncio.to_thread' || callee.name === 'functools.partial' ? 0 : undefined;
  if (callee.kind !== 'api' && callee.kind !== 'method' && callee.kind !== 'foreign' && callee.kind !== 'sdk')
    return undefined;
  const method = withoutAsync(callee.name.split('.').at(-1) ?? '');
  if (callee.kind === 'foreign' && method !== 'enqueue' && method !== 'run_tx_step') return undefined;
  return FIRST.has(method) ? 0 : SECOND.has(method) ? 1 : undefined;
}

/** Kinds of what DBOS itself has: it does not call the functions that it is given, or not in the workflow. */
const OF_DBOS: ReadonlySet<Value['kind']> = new Set(['api', 'sdk', 'method', 'decorator']);

/** The arguments in their order. A function among them is called by somebody, and nobody knows how often. */
function argumentList(walk: Walk, list: SyntaxNode, { callee, guards }: Call, taken: SyntaxNode | undefined): void {
  if (childOf(list, 'for') !== undefined) {
    parts(walk, list, guards);
    return;
  }
  for (const child of list.children) {
    if (child === taken) {
      if (child.name !== 'LambdaExpression') expression(walk, child, guards);
    } else if (child.name === 'VariableName' || child.name === 'MemberExpression') {
      expression(walk, child, guards);
      if (!OF_DBOS.has(callee.kind)) passed(walk, child, [...guards, LOOP]);
    } else {
      expression(walk, child, guards);
    }
  }
}

function passed(walk: Walk, node: SyntaxNode, guards: readonly Guard[]): void {
  const value = walk.values.of(node, walk.scope);
  if (value.kind === 'lambda') walk.follow(value.node, undefined, node, guards);
  else if (value.kind === 'function')
    record(walk, { node, callee: value, args: argumentsOf(walk.values.tree, undefined), guards });
}

function record(walk: Walk, one: Call): void {
  const { callee, node, guards, args } = one;
  switch (callee.kind) {
    case 'function':
      ofFunction(walk, one, callee);
      return;
    case 'lambda':
      walk.follow(callee.node, undefined, node, guards);
      return;
    case 'api':
      apiCall(walk, one, withoutAsync(callee.name));
      return;
    case 'method':
      ofMethod(walk, one, callee.of, withoutAsync(callee.name));
      return;
    case 'class':
      ofClass(walk, one, '__init__');
      return;
    case 'instance':
      ofClass(walk, one, '__call__');
      return;
    case 'foreign':
      ofForeign(walk, one, callee);
      return;
    case 'python': {
      const [first] = args.positional;
      if (callee.name !== 'asyncio.to_thread' || first === undefined) return;
      record(walk, { ...one, callee: walk.values.of(first, walk.scope) });
      return;
    }
    case 'computed':
    case 'unknown':
      walk.note('dispatch', node);
      return;
    default:
  }
}

function ofFunction(
  walk: Walk,
  { node, guards }: Call,
  { function: definition, role }: Extract<Value, { kind: 'function' }>,
): void {
  if (role.is === 'plain') {
    walk.follow(definition.node, definition.name, node, guards);
    return;
  }
  const { name } = role;
  if (role.is === 'perhaps-step') {
    walk.record([{ kind: 'call', name: name ?? definition.qualifiedName }], node, guards);
  } else if (name === undefined) {
    walk.recordUnnamed(role.is === 'step' ? 'step' : 'child', node, guards, definition.name);
  } else {
    walk.record([{ kind: role.is === 'step' ? 'step' : 'child', name }], node, guards);
  }
  if (role.is === 'workflow') walk.record([RESULT], node, guards);
}

/** The constructor of a class of this file, or `__call__` of an instance. */
function ofClass(walk: Walk, one: Call, method: string): void {
  const { callee } = one;
  if (callee.kind !== 'class' && callee.kind !== 'instance') return;
  const value = walk.values.member(callee, method);
  if (value.kind === 'function') ofFunction(walk, one, value);
}

function ofMethod(walk: Walk, one: Call, object: Value, method: string): void {
  switch (object.kind) {
    case 'handle':
      walk.record(HANDLE_ROWS.get(method) ?? [], one.node, one.guards);
      return;
    case 'queue':
      if (method === 'enqueue') enqueued(walk, one, one.args.positional[0]);
      return;
    case 'reservation':
      if (method === 'run') runStep(walk, one);
      return;
    case 'datasource':
      if (method === 'run_tx_step') runStep(walk, one);
      return;
    case 'debouncer':
      if (method === 'debounce') debounced(walk, one, object.of);
      return;
    default:
  }
}

/** Something from another file is a step if the work in flight has recorded a step with this name. */
function ofForeign(walk: Walk, one: Call, { name, from }: Extract<Value, { kind: 'foreign' }>): void {
  const { node, guards, args } = one;
  const method = withoutAsync(name);
  const handle = HANDLE_ROWS.get(method);
  const isAwaited = node.parent?.name === 'AwaitExpression';
  if (handle !== undefined) walk.record(handle, node, guards);
  else if (method === 'enqueue' && args.positional[0] !== undefined) enqueued(walk, one, args.positional[0]);
  else if (method === 'run_tx_step') runStep(walk, one);
  else if (from !== undefined || isAwaited || !isOfData(name)) walk.record([{ kind: 'call', name }], node, guards);
}
