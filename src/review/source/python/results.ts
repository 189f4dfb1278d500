import { RETURNS_HANDLE, RETURNS_QUEUE, withoutAsync } from './api.ts';
import type { Arguments } from './names.ts';
import { nameBy } from './roles.ts';
import type { Scope } from './scope.ts';
import { COMPUTED, type GivenName, PYTHON, UNKNOWN, type Value } from './value.ts';
import type { Values } from './values.ts';

type Decorator = Extract<Value, { readonly kind: 'decorator' }>;

const DATASOURCES = new Set(['SQLAlchemyDatasource', 'AsyncSQLAlchemyDatasource']);
/** Functions of Python whose result does what their first argument does. */
const SAME_AS_ARGUMENT = new Set([
  'functools.partial',
  'asyncio.create_task',
  'asyncio.ensure_future',
  'asyncio.shield',
]);

/** Returns what a call of a value stands for. */
export function resultOf(values: Values, callee: Value, args: Arguments, scope: Scope): Value {
  const first = (): Value => {
    const node = args.positional[0];
    return node === undefined ? UNKNOWN : values.of(node, scope);
  };
  switch (callee.kind) {
    case 'dbos':
      return callee;
    case 'api':
      return apiResult(values, callee.name, args, scope);
    case 'sdk':
      return sdkResult(callee.name, first);
    case 'method':
      return methodResult(values, callee.of, callee.name, args, scope);
    case 'decorator':
      return decorated(callee, first());
    case 'class':
      return { kind: 'instance', class: callee.class };
    case 'python':
      if (SAME_AS_ARGUMENT.has(callee.name)) return first();
      return callee.name === 'getattr' ? COMPUTED : PYTHON;
    case 'foreign':
      return callee.name === 'transaction'
        ? applied(decoratorOf('perhaps-step', values, args, scope), first())
        : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

function apiResult(values: Values, name: string, args: Arguments, scope: Scope): Value {
  const method = withoutAsync(name);
  if (name === 'workflow') return decoratorOf('workflow', values, args, scope);
  if (name === 'step' || name === 'transaction') return decoratorOf('step', values, args, scope);
  if (RETURNS_HANDLE.has(method)) return { kind: 'handle' };
  if (RETURNS_QUEUE.has(method)) return { kind: 'queue' };
  return name === 'reserve_step' ? { kind: 'reservation' } : UNKNOWN;
}

function sdkResult(name: string, first: () => Value): Value {
  const [type = '', method] = name.split('.');
  if (type === 'Queue') return { kind: 'queue' };
  if (DATASOURCES.has(type) && (method === undefined || method === 'create')) return { kind: 'datasource' };
  if (type === 'Debouncer' && method !== undefined) return { kind: 'debouncer', of: first() };
  return UNKNOWN;
}

function methodResult(values: Values, object: Value, name: string, args: Arguments, scope: Scope): Value {
  const method = withoutAsync(name);
  if (object.kind === 'queue' && method === 'enqueue') return { kind: 'handle' };
  if (object.kind === 'debouncer' && method === 'debounce') return { kind: 'handle' };
  if (object.kind !== 'datasource' || method !== 'transaction') return UNKNOWN;
  const node = args.positional[0];
  return applied(decoratorOf('step', values, args, scope), node === undefined ? UNKNOWN : values.of(node, scope));
}

/** `datasource.transaction` decorates what it is called with, or returns a decorator. */
function applied(decorator: Decorator, first: Value): Value {
  return first.kind === 'function' ? decorated(decorator, first) : decorator;
}

function decorated(decorator: Decorator, value: Value): Value {
  if (value.kind !== 'function') return UNKNOWN;
  const { function: definition } = value;
  return {
    kind: 'function',
    function: definition,
    role: { is: decorator.role, name: nameBy(decorator.name, definition.qualifiedName) },
  };
}

function decoratorOf(role: Decorator['role'], values: Values, args: Arguments, scope: Scope): Decorator {
  return { kind: 'decorator', role, name: givenName(values, args, scope) };
}

function givenName(values: Values, args: Arguments, scope: Scope): GivenName {
  const node = args.named.get('name');
  if (node === undefined) return args.isSpread ? { is: 'computed' } : { is: 'own' };
  if (node.name === 'None') return { is: 'own' };
  const text = values.text(node, scope);
  return text === undefined ? { is: 'computed' } : { is: 'text', text };
}
