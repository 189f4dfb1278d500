import type { WorkflowName } from '../definition.ts';
import { childOf } from '../syntax.ts';
import { argumentsOf } from './names.ts';
import type { PythonFunction } from './scope.ts';
import type { Values } from './values.ts';

/** A function of this file that is registered as a workflow. The name is undefined where the text does not say it. */
export interface LocalRegistration {
  readonly function: PythonFunction;
  readonly name: string | undefined;
}

export interface Registrations {
  readonly local: readonly LocalRegistration[];
  readonly foreign: readonly {
    readonly importedName: string;
    readonly from: string;
    readonly at: number;
    readonly workflow: WorkflowName | undefined;
  }[];
  /** The names of steps. */
  readonly steps: readonly string[];
  /** Where something is registered that the text does not tell. */
  readonly unreadable: readonly number[];
}

/** Returns what a file registers: by decorators, and by calls such as `DBOS.workflow()(check_out)`. */
export function registrations(values: Values): Registrations {
  const local: LocalRegistration[] = [];
  const foreign: Registrations['foreign'][number][] = [];
  const steps = new Set<string>();
  const unreadable: number[] = [];
  for (const one of values.module.functions) {
    const role = values.roleOf(one);
    if (role.is === 'workflow') local.push({ function: one, name: role.name });
    else if (role.is !== 'plain' && role.name !== undefined) steps.add(role.name);
  }
  for (const { node, scope } of values.module.calls) {
    const [callee] = node.children;
    const decorator = callee === undefined ? undefined : values.of(callee, scope);
    if (decorator?.kind !== 'decorator') continue;
    const result = values.of(node, scope);
    if (decorator.role !== 'workflow') {
      const name = result.kind === 'function' && result.role.is !== 'plain' ? result.role.name : undefined;
      if (name !== undefined) steps.add(name);
      continue;
    }
    const [target] = argumentsOf(values.tree, childOf(node, 'ArgList')).positional;
    const value = target === undefined ? undefined : values.of(target, scope);
    if (result.kind === 'function' && result.role.is === 'workflow') {
      local.push({ function: result.function, name: result.role.name });
    } else if (value?.kind === 'foreign' && value.from !== undefined) {
      const { name: given } = decorator;
      const name = given.is === 'own' ? value.name : given.is === 'text' ? given.text : undefined;
      const workflow = name === undefined ? undefined : { name, className: null };
      foreign.push({ importedName: value.name, from: value.from, at: node.from, workflow });
    } else {
      unreadable.push(node.from);
    }
  }
  return { local, foreign, steps: [...steps], unreadable };
}
