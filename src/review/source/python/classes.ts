import { argumentsOf } from './names.ts';
import { decoratorParts } from './roles.ts';
import type { PythonClass, Scope } from './scope.ts';
import type { Value } from './value.ts';
import type { Values } from './values.ts';

/** Bases that are looked through for a member. */
const MOST_BASES = 50;

/** Returns what a member of a class is: of its own, of what its methods assign, or of the bases in this file. */
export function memberOfClass(values: Values, start: readonly PythonClass[], name: string): Value {
  const seen = new Set<PythonClass>(start);
  for (const one of seen) {
    const own = one.scope.names.has(name) ? values.named(name, one.scope) : undefined;
    if (own !== undefined) return own;
    const assigned = one.attributes.get(name);
    if (assigned !== undefined) return values.bound(assigned, name);
    for (const base of basesOf(values, one)) if (seen.size < MOST_BASES) seen.add(base);
  }
  return { kind: 'foreign', name, from: undefined };
}

/** Returns the bases of a class that this file defines. */
export function basesOf(values: Values, one: PythonClass): readonly PythonClass[] {
  return one.bases.slice(0, MOST_BASES).flatMap((base) => {
    const value = values.of(base, one.outer);
    return value.kind === 'class' ? [value.class] : [];
  });
}

/** Returns the class of the method that a scope belongs to. */
export function classAround(scope: Scope): PythonClass | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const [first] = at.names.values();
    const [binding] = first ?? [];
    if (at.kind === 'function' && binding?.kind === 'self') return binding.class;
  }
  return undefined;
}

/** Returns `class_name` of the methods of a class: null without `DBOS.dbos_class`, undefined where it is computed. */
export function registeredName(values: Values, one: PythonClass): string | null | undefined {
  for (const decorator of one.decorators) {
    const { value, list } = decoratorParts(values, decorator, one.outer);
    if (value.kind !== 'api' || value.name !== 'dbos_class') continue;
    const { positional, named } = argumentsOf(values.tree, list);
    const given = positional[0] ?? named.get('class_name');
    if (given === undefined || given.name === 'None') return one.qualifiedName;
    return values.text(given, one.outer);
  }
  return null;
}
