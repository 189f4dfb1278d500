import { childOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { isOfPython } from './api.ts';
import { newAsked } from './asked.ts';
import { basesOf, classAround, memberOfClass } from './classes.ts';
import type { PythonModule } from './module.ts';
import { argumentsOf, stringValue } from './names.ts';
import { resultOf } from './results.ts';
import { type OwnDecorator, ownDecorator, rolesOf } from './roles.ts';
import { type Binding, lookUp, type PythonFunction, type Scope } from './scope.ts';
import { COMPUTED, PYTHON, type Role, UNKNOWN, type Value } from './value.ts';

/** Expressions in expressions, and names behind names. Each is evaluated once, so that this bounds the stack only. */
const MOST_DEPTH = 1000;
/** What a name costs of that, since more of the stack is between it and what it stands for. */
const DEPTH_OF_NAME = 4;
/** Places that bind one name. */
const MOST_BINDINGS = 50;

/** What an expression stands for while it is asked. */
const PENDING: Value = { kind: 'none' };

/** Answers what the expressions of a file stand for. Every answer is remembered. */
export class Values {
  readonly module: PythonModule;
  readonly asked = newAsked();
  readonly #nodes = new Map<SyntaxNode, Value>();
  readonly #names = new Map<readonly Binding[], Value>();
  readonly #decorators = new Map<PythonFunction, OwnDecorator>();
  readonly #functions: ReadonlyMap<Scope, readonly PythonFunction[]>;
  readonly #calls: Map<Scope, SyntaxNode[]>;
  readonly #roles = new Map<PythonFunction, Role>();
  #depth = 0;

  constructor(module: PythonModule) {
    this.module = module;
    this.#functions = Map.groupBy(module.functions, ({ outer }) => outer);
    this.#calls = new Map();
    for (const { node, scope } of module.calls) {
      const calls = this.#calls.get(scope);
      if (calls === undefined) this.#calls.set(scope, [node]);
      else calls.push(node);
    }
  }

  get tree(): SyntaxTree {
    return this.module.tree;
  }

  /** What an expression stands for. */
  of(node: SyntaxNode, scope: Scope): Value {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    this.#nodes.set(node, PENDING);
    this.#depth += 1;
    const value = this.#depth > MOST_DEPTH ? UNKNOWN : this.#evaluated(node, scope);
    this.#depth -= 1;
    this.#nodes.set(node, value);
    return value;
  }

  /** What decorators make of a function. */
  roleOf(definition: PythonFunction): Role {
    const known = this.#roles.get(definition);
    if (known !== undefined) return known;
    this.#roles.set(definition, { is: 'plain' });
    const role = rolesOf(this, definition);
    this.#roles.set(definition, role);
    return role;
  }

  /** What a function of this file does as a decorator. */
  decoratorOf(definition: PythonFunction): OwnDecorator {
    const known = this.#decorators.get(definition);
    if (known !== undefined) return known;
    this.#decorators.set(definition, { keepsName: true, role: undefined });
    const own = ownDecorator(this, definition);
    this.#decorators.set(definition, own);
    return own;
  }

  /** The functions that a scope defines. */
  functionsIn(scope: Scope): readonly PythonFunction[] {
    return this.#functions.get(scope) ?? [];
  }

  /** The calls that stand in a scope, without those in functions that it defines. */
  callsIn(scope: Scope): readonly SyntaxNode[] {
    return this.#calls.get(scope) ?? [];
  }

  /** What a name stands for in a scope. */
  named(name: string, scope: Scope): Value {
    const bindings = lookUp(scope, name);
    return bindings === undefined ? this.#unbound(name) : this.bound(bindings, name);
  }

  /** What a name stands for that is bound at these places. */
  bound(bindings: readonly Binding[], name: string): Value {
    const known = this.#names.get(bindings);
    if (known !== undefined) return known;
    if (bindings.length > MOST_BINDINGS) return COMPUTED;
    const values: Value[] = [];
    let isWhole = true;
    this.#depth += DEPTH_OF_NAME;
    for (const binding of bindings) {
      const value = this.#bound(binding);
      // In `f = decorated(f)`, the inner name is what was there before.
      if (value === PENDING) isWhole = false;
      if (value.kind !== 'none') values.push(value);
    }
    this.#depth -= DEPTH_OF_NAME;
    const isChosen = bindings.filter(({ kind }) => kind === 'value').length > 1;
    const value = asDbos(name, isChosen ? choiceOf(values) : oneOf(values));
    if (isWhole) this.#names.set(bindings, value);
    return value;
  }

  /** What a member of a value stands for. */
  member(value: Value, name: string): Value {
    switch (value.kind) {
      case 'dbos':
        return { kind: 'api', name };
      case 'api':
      case 'python':
        return { kind: 'python', name: `${value.name}.${name}` };
      case 'module':
        return imported(value.path, name);
      case 'foreign':
        return asDbos(name, value.from === undefined ? foreign(name) : imported(joined(value.from, value.name), name));
      case 'sdk':
        return { kind: 'sdk', name: `${value.name}.${name}` };
      case 'class':
      case 'instance':
        return memberOfClass(this, [value.class], name);
      case 'parent':
        return memberOfClass(this, basesOf(this, value.class), name);
      case 'queue':
      case 'handle':
      case 'datasource':
      case 'debouncer':
      case 'reservation':
        return { kind: 'method', of: value, name };
      case 'function':
      case 'lambda':
      case 'list':
        return PYTHON;
      default:
        return asDbos(name, foreign(name));
    }
  }

  /** The text that an expression stands for: a string, or a name that is bound to one. */
  text(node: SyntaxNode, scope: Scope): string | undefined {
    const there = stringValue(this.tree, node);
    if (there !== undefined || node.name !== 'VariableName') return there;
    const [binding, ...more] = lookUp(scope, textOf(this.tree, node)) ?? [];
    return binding?.kind === 'value' && more.length === 0 ? stringValue(this.tree, binding.node) : undefined;
  }

  #evaluated(node: SyntaxNode, scope: Scope): Value {
    const inner = (at: number): Value => {
      const child = node.children.at(at);
      return child === undefined ? UNKNOWN : this.of(child, scope);
    };
    switch (node.name) {
      case 'VariableName':
        return this.named(textOf(this.tree, node), scope);
      case 'ParenthesizedExpression':
      case 'AwaitExpression':
        return inner(1);
      case 'NamedExpression':
        return inner(-1);
      case 'MemberExpression':
        return this.#member(node, scope);
      case 'CallExpression': {
        const callee = node.children[0];
        if (callee === undefined) return UNKNOWN;
        const around = textOf(this.tree, callee) === 'super' ? classAround(scope) : undefined;
        if (around !== undefined) return { kind: 'parent', class: around };
        return resultOf(this, this.of(callee, scope), argumentsOf(this.tree, childOf(node, 'ArgList')), scope);
      }
      case 'LambdaExpression':
        return { kind: 'lambda', node, scope: this.module.lambdas.get(node) ?? scope };
      case 'ConditionalExpression':
        return choiceOf([inner(0), inner(-1)]);
      case 'ArrayExpression':
        // What is appended to an empty list is not looked for.
        return { kind: 'list', of: node.children.length > 2 ? inner(1) : UNKNOWN };
      case 'TupleExpression':
      case 'ArrayComprehensionExpression':
        return { kind: 'list', of: inner(1) };
      case 'None':
        return { kind: 'none' };
      case 'BinaryExpression':
      case 'UnaryExpression':
        return UNKNOWN;
      default:
        return PYTHON;
    }
  }

  #member(node: SyntaxNode, scope: Scope): Value {
    const [object, , property] = node.children;
    if (object === undefined) return UNKNOWN;
    const value = this.of(object, scope);
    if (property?.name === 'PropertyName') return this.member(value, textOf(this.tree, property));
    if (value.kind === 'list') return value.of.kind === 'function' ? COMPUTED : value.of;
    // A generic class: `Box[int]`.
    return value.kind === 'class' || value.kind === 'sdk' ? value : COMPUTED;
  }

  #bound(binding: Binding): Value {
    switch (binding.kind) {
      case 'function':
        return { kind: 'function', function: binding.function, role: this.roleOf(binding.function) };
      case 'class':
        return { kind: 'class', class: binding.class };
      case 'import':
        return binding.name === undefined ? moduleOf(binding.from) : imported(binding.from, binding.name);
      case 'value':
        return this.of(binding.node, binding.scope);
      case 'element': {
        const value = this.of(binding.node, binding.scope);
        return value.kind === 'list' && value.of.kind !== 'function' ? value.of : COMPUTED;
      }
      case 'annotated':
        return this.#instance(this.of(binding.node, binding.scope));
      case 'self':
        return { kind: 'instance', class: binding.class };
      case 'unknown':
        return UNKNOWN;
    }
  }

  /** What a variable holds that is annotated with this. */
  #instance(type: Value): Value {
    if (type.kind === 'class') return { kind: 'instance', class: type.class };
    if (type.kind === 'sdk' && type.name.startsWith('WorkflowHandle')) return { kind: 'handle' };
    if (type.kind === 'sdk' && type.name === 'Queue') return { kind: 'queue' };
    return type.kind === 'dbos' ? type : UNKNOWN;
  }

  /** A name that the file does not bind is one of Python's own, unless a star imports it. */
  #unbound(name: string): Value {
    if (isDbos(name)) return { kind: 'dbos' };
    const star = lookUp(this.module.scope, '*')?.find(({ kind }) => kind === 'import');
    return star?.kind === 'import' ? imported(star.from, name) : { kind: 'python', name };
  }
}

/** Returns what a name of another module is. */
function imported(from: string, name: string): Value {
  const path = joined(from, name);
  if (path === 'dbos.DBOS') return { kind: 'dbos' };
  if (path.startsWith('dbos.')) return { kind: 'sdk', name: path.slice('dbos.'.length) };
  return isOfPython(path) ? { kind: 'python', name: path } : { kind: 'foreign', name, from };
}

function moduleOf(path: string): Value {
  return isOfPython(path) ? { kind: 'python', name: path } : { kind: 'module', path };
}

function foreign(name: string): Value {
  return { kind: 'foreign', name, from: undefined };
}

/** An instance or alias of `DBOS` that another file made is known by its name only. */
function asDbos(name: string, value: Value): Value {
  return isDbos(name) && (value.kind === 'foreign' || value.kind === 'unknown') ? { kind: 'dbos' } : value;
}

function isDbos(name: string): boolean {
  return name.toLowerCase() === 'dbos';
}

function joined(from: string, name: string): string {
  return from.endsWith('.') ? `${from}${name}` : `${from}.${name}`;
}

/** What is one of several values, depending on what happens. */
function choiceOf(values: readonly Value[]): Value {
  const [first, ...more] = values.filter(({ kind }) => kind === 'function' || kind === 'lambda');
  return first !== undefined && more.some((value) => value !== first) ? COMPUTED : oneOf(values);
}

/** What a name is that stands for several values: the last of its functions, or one that all agree on. */
function oneOf(values: readonly Value[]): Value {
  const last = values.at(-1);
  if (last === undefined) return PYTHON;
  if (values.every(({ kind }) => kind === last.kind)) return last;
  return values.some(({ kind }) => kind === 'function' || kind === 'lambda') ? COMPUTED : UNKNOWN;
}
