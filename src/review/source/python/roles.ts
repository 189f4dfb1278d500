import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { argumentsOf, NO_ARGUMENTS } from './names.ts';
import { resultOf } from './results.ts';
import type { PythonFunction, Scope } from './scope.ts';
import { type GivenName, PLAIN, type Role, type Value } from './value.ts';
import type { Values } from './values.ts';

/** Returns what the decorators of a function make of it: the one next to it comes first, and the outermost decides. */
export function rolesOf(values: Values, definition: PythonFunction): Role {
  let role = PLAIN;
  let name: string | undefined = definition.qualifiedName;
  for (const decorator of definition.decorators.toReversed()) {
    const { value, list } = decoratorParts(values, decorator, definition.outer);
    if (value.kind === 'function') {
      const own = values.decoratorOf(value.function);
      if (own.role !== undefined) role = { is: own.role, name: undefined };
      if (!own.keepsName) name = undefined;
      continue;
    }
    const given =
      list === undefined ? bare(values, value, definition.outer) : called(values, value, list, definition.outer);
    if (given.kind === 'decorator') role = { is: given.role, name: nameBy(given.name, name) };
  }
  return role;
}

/** Returns the name that a decorator gives to a function with this own name. */
export function nameBy(given: GivenName, own: string | undefined): string | undefined {
  return given.is === 'own' ? own : given.is === 'text' ? given.text : undefined;
}

/** Returns what stands behind the `@`, and the arguments that it is called with. */
export function decoratorParts(
  values: Values,
  decorator: SyntaxNode,
  scope: Scope,
): { readonly value: Value; readonly list: SyntaxNode | undefined } {
  const [first, ...more] = decorator.children.filter(({ name }) => name === 'VariableName');
  const list = childOf(decorator, 'ArgList');
  if (first === undefined) return { value: { kind: 'unknown' }, list };
  let value = values.named(textOf(values.tree, first), scope);
  for (const member of more) value = values.member(value, textOf(values.tree, member));
  return { value, list };
}

/** A decorator without arguments: a variable that holds one, or `@datasource.transaction`. */
function bare(values: Values, value: Value, scope: Scope): Value {
  return value.kind === 'decorator' ? value : resultOf(values, value, NO_ARGUMENTS, scope);
}

function called(values: Values, value: Value, list: SyntaxNode, scope: Scope): Value {
  return resultOf(values, value, argumentsOf(values.tree, list), scope);
}

/** What a function of this file does to the functions that it decorates. */
export interface OwnDecorator {
  /** `__qualname__` stays what it was: by `functools.wraps`, or since the function itself is returned. */
  readonly keepsName: boolean;
  /** It registers them. */
  readonly role: 'workflow' | 'step' | 'perhaps-step' | undefined;
}

/** Returns what a function of this file does as a decorator, by the functions and calls in it. */
export function ownDecorator(values: Values, definition: PythonFunction): OwnDecorator {
  const inside = [definition];
  for (const one of inside) inside.push(...values.functionsIn(one.scope));
  const [, ...nested] = inside;
  const roles = inside.flatMap(({ scope }) =>
    values.callsIn(scope).flatMap((call) => {
      const callee = call.children[0];
      const value = callee === undefined ? undefined : values.of(callee, scope);
      return value?.kind === 'decorator' ? [value.role] : [];
    }),
  );
  return {
    keepsName: nested.length === 0 || nested.some(({ decorators }) => decorators.length > 0),
    role: roles[0],
  };
}
