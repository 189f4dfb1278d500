import { CONDITION, LOOP } from '../guards.ts';
import { type SyntaxNode, textOf } from '../syntax.ts';
import { DEBOUNCE, READ_STREAM, type Row, rowsOf, STEP_AS_WORKFLOW } from './api.ts';
import type { Call } from './calls.ts';
import { argumentsOf, entryOf } from './names.ts';
import { lookUp } from './scope.ts';
import { patchName } from './tests.ts';
import type { Value } from './value.ts';
import { plus, type Walk } from './walk.ts';

/** Records a call of a method of `DBOS`, by its name without `_async`. */
export function apiCall(walk: Walk, one: Call, method: string): void {
  const { node, args, guards } = one;
  switch (method) {
    case 'run_step':
      runStep(walk, one);
      return;
    case 'start_workflow':
      enqueued(walk, one, args.positional[0]);
      return;
    case 'enqueue_workflow':
      enqueued(walk, one, args.positional[1]);
      return;
    case 'enqueue_workflow_with_options':
      enqueuedByOptions(walk, one);
      return;
    case 'patch':
    case 'deprecate_patch':
      patched(walk, one, method === 'patch' ? 'patch' : 'deprecated-patch');
      return;
    case 'sleep':
      if (!isZero(walk, args.positional[0] ?? args.named.get('seconds'))) walk.record(rowsOf(method), node, guards);
      return;
    case 'read_stream':
      walk.record([READ_STREAM], node, plus(guards, [LOOP]));
      return;
    case 'reserve_step':
      // Its row has the place of the reservation, and the name of what runs there later.
      walk.note('dispatch', node, 'DBOS.reserve_step');
      return;
    case 'retrieve_workflow': {
      const existing = args.positional[1] ?? args.named.get('existing_workflow');
      const isLookedUp = existing === undefined || textOf(walk.values.tree, existing) !== 'False';
      walk.record(isLookedUp ? rowsOf(method) : [], node, guards);
      return;
    }
    default:
      walk.record(rowsOf(method), node, guards);
      return;
  }
}

/** A sleep of zero is not recorded. */
function isZero(walk: Walk, duration: SyntaxNode | undefined): boolean {
  return duration?.name === 'Number' && Number(textOf(walk.values.tree, duration)) === 0;
}

function patched(walk: Walk, { node, guards }: Call, kind: 'patch' | 'deprecated-patch'): void {
  const patch = patchName(walk.values, node, walk.scope);
  if (patch === undefined) walk.recordUnnamed(kind, node, guards, 'DBOS.patch');
  else walk.record([{ kind, name: `DBOS.patch-${patch}` }], node, guards);
}

/** Records a workflow that is started or enqueued by its function. */
export function enqueued(walk: Walk, { node, guards }: Call, target: SyntaxNode | undefined): void {
  const row = target === undefined ? undefined : startedRow(walk.values.of(target, walk.scope));
  if (row === undefined) walk.recordUnnamed('child', node, guards);
  else walk.record([row], node, guards);
}

function startedRow(value: Value): Row | undefined {
  if (value.kind === 'foreign') return { kind: 'call', name: value.name };
  if (value.kind !== 'function') return undefined;
  const { role, function: definition } = value;
  // Another file may register it.
  if (role.is === 'plain' || role.is === 'perhaps-step') return { kind: 'call', name: definition.name };
  if (role.name === undefined) return undefined;
  return { kind: 'child', name: role.is === 'step' ? `${STEP_AS_WORKFLOW}${role.name}` : role.name };
}

function enqueuedByOptions(walk: Walk, { node, args, guards }: Call): void {
  const options = args.positional[0] ?? args.named.get('options');
  const entry =
    options === undefined ? undefined : entryOf(walk.values.tree, literalOf(walk, options), 'workflow_name');
  const name = entry === undefined ? undefined : walk.values.text(entry, walk.scope);
  if (name === undefined) walk.recordUnnamed('child', node, guards);
  else walk.record([{ kind: 'child', name }], node, guards);
}

/** A bounce of a workflow that waits does not start it again. */
export function debounced(walk: Walk, { node, guards }: Call, of: Value): void {
  walk.record([DEBOUNCE], node, guards);
  const row = startedRow(of);
  const inside = plus(guards, [CONDITION]);
  if (row === undefined) walk.recordUnnamed('child', node, inside);
  else walk.record([row], node, inside);
}

/** Records `DBOS.run_step(options, function)`, or the same of a datasource or a reservation. */
export function runStep(walk: Walk, { node, args, guards }: Call): void {
  const options = args.positional[0] ?? args.named.get('dbos_step_options') ?? args.named.get('ds_options');
  const target = args.positional[1] ?? args.named.get('func');
  if (target !== undefined) walk.runsAsStep(walk.values.of(target, walk.scope));
  const given = options === undefined ? COMPUTED : nameInOptions(walk, options);
  const row = given === COMPUTED ? undefined : given !== undefined ? stepRow(given) : ownRow(walk, target);
  if (row === undefined) walk.recordUnnamed('step', node, guards);
  else walk.record([row], node, guards);
}

const COMPUTED = Symbol('computed');

/** The name in the options of a step. An empty one counts as none: the function's own name is taken. */
function nameInOptions(walk: Walk, options: SyntaxNode): string | undefined | typeof COMPUTED {
  const literal = literalOf(walk, options);
  if (literal.name === 'None') return undefined;
  if (literal.name !== 'DictionaryExpression' && literal.name !== 'CallExpression') return COMPUTED;
  if (literal.name === 'CallExpression' && !isOptions(walk, literal)) return COMPUTED;
  const entry = entryOf(walk.values.tree, literal, 'name');
  if (entry === undefined)
    return literal.children.some(({ name }) => name === '**') || isSpread(walk, literal) ? COMPUTED : undefined;
  if (entry.name === 'None') return undefined;
  const text = walk.values.text(entry, walk.scope);
  return text === undefined ? COMPUTED : text === '' ? undefined : text;
}

/** `StepOptions(name="x")`, and `dict(name="x")`. */
function isOptions(walk: Walk, { children: [callee] }: SyntaxNode): boolean {
  const value = callee === undefined ? undefined : walk.values.of(callee, walk.scope);
  return value?.kind === 'sdk' || (value?.kind === 'python' && value.name === 'dict');
}

function isSpread(walk: Walk, { children }: SyntaxNode): boolean {
  return argumentsOf(
    walk.values.tree,
    children.find(({ name }) => name === 'ArgList'),
  ).isSpread;
}

/** The literal that a variable is bound to once, or the node itself. */
function literalOf(walk: Walk, node: SyntaxNode): SyntaxNode {
  if (node.name !== 'VariableName') return node;
  const [binding, ...more] = lookUp(walk.scope, textOf(walk.values.tree, node)) ?? [];
  return binding?.kind === 'value' && more.length === 0 ? binding.node : node;
}

function stepRow(name: string): Row {
  return { kind: 'step', name };
}

/** By the function's own name. That of another file's is not sure in all its parts. */
function ownRow(walk: Walk, target: SyntaxNode | undefined): Row | undefined {
  const value = target === undefined ? undefined : walk.values.of(target, walk.scope);
  switch (value?.kind) {
    case 'function':
      return stepRow(value.function.qualifiedName);
    case 'lambda':
      return stepRow(value.scope.prefix.slice(0, -'.<locals>.'.length));
    case 'foreign':
      return { kind: value.from === undefined ? 'call' : 'step', name: value.name };
    case 'python':
      return { kind: 'call', name: value.name.split('.').at(-1) ?? value.name };
    default:
      return undefined;
  }
}
