import { acceptedReasons } from '../accept.ts';
import type {
  ForeignRegistration,
  NotFollowed,
  SourceFile,
  SourceFunction,
  SourceWorkflow,
  WorkflowName,
} from '../definition.ts';
import { instancesIn } from '../instances.ts';
import { type Recording, recorder } from '../recording.ts';
import { childOf, linesOf, type SyntaxNode } from '../syntax.ts';
import { acceptedIn } from './accepted.ts';
import { bodiesOf } from './bodies.ts';
import { registeredName } from './classes.ts';
import { instanceOf } from './instances.ts';
import { readModule } from './module.ts';
import { parsePython } from './parse.ts';
import { registrations } from './registrations.ts';
import type { PythonFunction } from './scope.ts';
import type { Role } from './value.ts';
import { Values } from './values.ts';

/** Notes about a file itself. */
const MOST_NOTES = 200;

/** Returns what a file in Python says about workflows. */
export function readPython(text: string): SourceFile {
  return new File(text).read();
}

class File {
  readonly #values: Values;
  readonly #lineOf: (offset: number) => number;
  readonly #recordingOf: (node: SyntaxNode) => Recording;
  readonly #notFollowed: NotFollowed[] = [];

  constructor(text: string) {
    this.#values = new Values(readModule(parsePython(text)));
    this.#lineOf = linesOf(this.#values.tree.text);
    this.#recordingOf = recorder(bodiesOf(this.#values, this.#lineOf));
  }

  read(): SourceFile {
    const { module, tree } = this.#values;
    const { local, foreign, steps, unreadable } = registrations(this.#values);
    const workflows = new Map<string, SourceWorkflow>();
    const registered = new Set<PythonFunction>();
    for (const { function: definition, name } of local) {
      const workflow = this.#nameOf(definition, name);
      if (workflow === undefined) continue;
      registered.add(definition);
      const key = JSON.stringify([workflow.className, workflow.name]);
      // Python keeps the last one, and of those under `if` and `else` the one that it comes by.
      if (workflows.delete(key)) this.#note('dispatch', definition.node.from, definition.qualifiedName);
      workflows.set(key, { ...this.#function(definition), workflow });
    }
    for (const at of unreadable) this.#note('computed-name', at, 'DBOS.workflow');
    for (const offset of tree.unreadable) this.#note('unreadable', offset);
    return {
      language: 'python',
      workflows: [...workflows.values()],
      functions: module.functions.flatMap((one) => (registered.has(one) ? [] : this.#candidate(one))),
      registrations: foreign.map(({ at, ...one }): ForeignRegistration => ({ ...one, line: this.#lineOf(at) })),
      steps,
      instances: instancesIn(tree, (node) => instanceOf(tree, node)),
      notFollowed: this.#notFollowed,
      accepted: acceptedReasons(tree.comments),
      hasErrors: tree.unreadable.length > 0,
      isCut: tree.isCut,
    };
  }

  /** The name of a workflow as `workflow_status` has it; undefined, and noted, where the text does not say it. */
  #nameOf(definition: PythonFunction, name: string | undefined): WorkflowName | undefined {
    // A static method has no class in the database, and neither has one whose class is not registered.
    const isStatic = definition.class === undefined || !isBound(definition);
    const className = isStatic ? null : registeredName(this.#values, definition.class);
    if (name !== undefined && className !== undefined) return { name, className };
    this.#note('computed-name', definition.node.from, definition.qualifiedName);
    return undefined;
  }

  /** A function that another file may register: it has a name there, and it records something or may do so. */
  #candidate(definition: PythonFunction): readonly SourceFunction[] {
    const role = this.#values.roleOf(definition);
    const isLocal = definition.qualifiedName.includes('<locals>');
    if (isStep(role) || (isLocal && role.is === 'plain')) return [];
    const one = this.#function(definition);
    return one.calls.length > 0 || one.notFollowed.length > 0 ? [one] : [];
  }

  #function({ whole, node, qualifiedName }: PythonFunction): SourceFunction {
    const lineOf = this.#lineOf;
    return {
      localName: qualifiedName,
      line: lineOf(whole.from),
      endLine: lineOf(Math.max(whole.from, whole.to - 1)),
      nameLine: lineOf(childOf(node, 'VariableName')?.from ?? node.from),
      ...this.#recordingOf(node),
      accepted: acceptedIn(this.#values.tree, whole, lineOf),
    };
  }

  #note(why: NotFollowed['why'], at: number, name?: string): void {
    if (this.#notFollowed.length >= MOST_NOTES) return;
    this.#notFollowed.push({ line: this.#lineOf(at), why, ...(name !== undefined && { name }) });
  }
}

function isStep({ is }: Role): boolean {
  return is === 'step' || is === 'perhaps-step';
}

/** Whether a method gets the instance or the class as its first argument. */
function isBound({ scope }: PythonFunction): boolean {
  const [first] = scope.names.values();
  return first?.[0]?.kind === 'self';
}
