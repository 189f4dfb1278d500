import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { classMember } from './classes.ts';
import type { SourceContext } from './context.ts';
import {
  argumentsOf,
  calleeOf,
  initializerOf,
  isFunction,
  keyOf,
  memberName,
  propertyName,
  stringValue,
  unwrap,
} from './grammar.ts';
import type { Binding } from './scopes.ts';
import { DATA_SOURCE, REGISTERING, SDK_PACKAGE } from './sdk.ts';

/** What an expression is, as far as the file says it. */
export type Entity =
  /** The whole SDK, the class `DBOS`, and what that has. */
  | { readonly kind: 'sdk' | 'dbos' }
  | { readonly kind: 'dbos-member'; readonly name: string }
  /** A function, or a method of a class with its decorators. */
  | { readonly kind: 'function'; readonly node: SyntaxNode }
  | { readonly kind: 'class' | 'prototype' | 'instance'; readonly node: SyntaxNode }
  /** The result of a call that registers a function. */
  | { readonly kind: 'registered'; readonly call: SyntaxNode; readonly as: 'workflow' | 'step' }
  /** `fn.bind(x)` */
  | { readonly kind: 'bound'; readonly of: Entity }
  /** `DBOS.startWorkflow(x)`, and a method of it. */
  | { readonly kind: 'starter' | 'start'; readonly of: Entity }
  /** A handle of a workflow. */
  | { readonly kind: 'handle' }
  | { readonly kind: 'handle-member'; readonly name: string }
  /** From another file: `path` is its name there, `Orders.checkOut`, or empty for all of the file. */
  | { readonly kind: 'foreign'; readonly from: string; readonly path: string }
  | { readonly kind: 'object' | 'enum'; readonly node: SyntaxNode }
  | { readonly kind: 'string'; readonly value: string }
  /** A global of the language, or a value of it. */
  | { readonly kind: 'builtin' }
  | { readonly kind: 'unknown'; readonly name: string | undefined };

export const UNKNOWN: Entity = { kind: 'unknown', name: undefined };
const BUILTIN: Entity = { kind: 'builtin' };

/** How many names are followed to what they stand for. */
const MOST_NAMES = 40;

/** Returns what an expression is. */
export function resolve(context: SourceContext, expression: SyntaxNode, names = 0): Entity {
  const node = unwrap(expression);
  const known = context.known.get(node);
  if (known !== undefined) return known;
  if (names > MOST_NAMES) return UNKNOWN;
  // Where it leads to itself, it is unknown.
  context.known.set(node, UNKNOWN);
  const entity = resolveNode(context, node, names + 1);
  context.known.set(node, entity);
  return entity;
}

function resolveNode(context: SourceContext, node: SyntaxNode, names: number): Entity {
  const { tree } = context;
  const value = stringValue(tree, node);
  if (value !== undefined) return { kind: 'string', value };
  if (isFunction(node)) return { kind: 'function', node };
  const [first] = node.children;
  switch (node.name) {
    case 'VariableName':
      return resolveName(context, node, names);
    case 'this':
    case 'super':
      return resolveThis(context, node, names);
    case 'MemberExpression': {
      const name = memberName(tree, node);
      return first === undefined ? UNKNOWN : memberOf(context, resolve(context, first, names), name, names);
    }
    case 'CallExpression':
      return resolveCall(context, node, names);
    case 'NewExpression': {
      const callee = calleeOf(node);
      const made = callee === undefined ? UNKNOWN : resolve(context, callee, names);
      return made.kind === 'class'
        ? { kind: 'instance', node: made.node }
        : made.kind === 'builtin'
          ? BUILTIN
          : UNKNOWN;
    }
    case 'ClassExpression':
      return { kind: 'class', node };
    case 'ObjectExpression':
      return { kind: 'object', node };
    case 'ArrayExpression':
    case 'Number':
    case 'RegExp':
    case 'TemplateString':
    case 'BooleanLiteral':
    case 'null':
      return BUILTIN;
    default:
      return UNKNOWN;
  }
}

function resolveName(context: SourceContext, node: SyntaxNode, names: number): Entity {
  const name = textOf(context.tree, node);
  const binding = context.lookup(node, name);
  if (binding !== undefined) return resolveBinding(context, binding, name, names);
  if (name === 'DBOS') return { kind: 'dbos' };
  return name in globalThis || ['require', 'module', 'exports'].includes(name) ? BUILTIN : { kind: 'unknown', name };
}

function resolveBinding(context: SourceContext, binding: Binding, name: string, names: number): Entity {
  switch (binding.kind) {
    case 'import':
      return imported(context, binding.from, binding.imported, names);
    case 'function':
    case 'class':
    case 'enum':
      return { kind: binding.kind, node: binding.node };
    case 'value': {
      const whole = resolve(context, binding.init, names);
      if (binding.property !== undefined) return memberOf(context, whole, binding.property, names);
      return whole.kind === 'unknown' ? { kind: 'unknown', name } : whole;
    }
    case 'parameter':
      if (name === 'DBOS') return { kind: 'dbos' };
      return binding.type === undefined ? { kind: 'unknown', name } : ofType(context, binding.type, name, names);
    default:
      return name === 'DBOS' ? { kind: 'dbos' } : { kind: 'unknown', name };
  }
}

function imported(context: SourceContext, from: string, name: string, names: number): Entity {
  if (from === SDK_PACKAGE && (name === '*' || name === 'default')) return { kind: 'sdk' };
  const whole: Entity = { kind: 'foreign', from, path: '' };
  return name === '*' ? whole : memberOf(context, whole, name, names);
}

/** An instance of the class that a type names. Only classes of this file and of other files are told. */
export function ofType(context: SourceContext, annotation: SyntaxNode, name: string, names: number): Entity {
  const type = annotation.children.find((child) => child.name === 'TypeName');
  const binding = type === undefined ? undefined : context.lookup(annotation, textOf(context.tree, type));
  const entity = binding === undefined ? UNKNOWN : resolveBinding(context, binding, name, names);
  return entity.kind === 'class' ? { kind: 'instance', node: entity.node } : { kind: 'unknown', name };
}

function resolveThis(context: SourceContext, node: SyntaxNode, names: number): Entity {
  for (let up = node.parent; up !== undefined; up = up.parent) {
    if (up.name === 'FunctionExpression' || up.name === 'FunctionDeclaration' || up.name === 'Property') return UNKNOWN;
    const owner = up.parent?.name === 'ClassBody' ? up.parent.parent : undefined;
    if (owner === undefined) continue;
    const kind = childOf(up, 'static') !== undefined || up.name === 'StaticBlock' ? 'class' : 'instance';
    if (node.name === 'this') return { kind, node: owner };
    const base = baseOf(context, owner, names);
    return base?.kind === 'class' ? { kind, node: base.node } : (base ?? UNKNOWN);
  }
  return UNKNOWN;
}

/** Returns what a class extends. */
export function baseOf(context: SourceContext, node: SyntaxNode, names: number): Entity | undefined {
  const at = node.children.findIndex(({ name }) => name === 'extends');
  const base = at === -1 ? undefined : node.children[at + 1];
  return base === undefined ? undefined : resolve(context, base, names);
}

/** Returns what a property of something is. */
export function memberOf(context: SourceContext, owner: Entity, name: string | undefined, names: number): Entity {
  if (name === undefined) return owner.kind === 'builtin' ? BUILTIN : UNKNOWN;
  switch (owner.kind) {
    case 'sdk':
      return name === 'DBOS' ? { kind: 'dbos' } : { kind: 'foreign', from: SDK_PACKAGE, path: name };
    case 'dbos':
      return { kind: 'dbos-member', name };
    case 'foreign':
      if (name === 'DBOS') return { kind: 'dbos' };
      return { kind: 'foreign', from: owner.from, path: owner.path === '' ? name : `${owner.path}.${name}` };
    case 'class':
    case 'prototype':
    case 'instance':
      return classMember(context, owner, name, names);
    case 'starter': {
      // A constructor starts static methods, an instance its own.
      const method = memberOf(context, owner.of, name, names);
      return { kind: 'start', of: method };
    }
    case 'handle':
      return { kind: 'handle-member', name };
    case 'object':
      return objectMember(context, owner.node, name, names);
    case 'enum':
      return enumMember(context, owner.node, name);
    case 'function':
    case 'registered':
      return name === 'bind' ? { kind: 'bound', of: owner } : BUILTIN;
    case 'dbos-member':
    case 'string':
    case 'builtin':
      return BUILTIN;
    default:
      return { kind: 'unknown', name };
  }
}

function objectMember(context: SourceContext, node: SyntaxNode, name: string, names: number): Entity {
  const property = propertiesByName(context, node).get(name);
  if (property === undefined) return { kind: 'unknown', name };
  if (isFunction(property)) return { kind: 'function', node: property };
  const colon = property.children.findIndex((child) => child.name === ':');
  const value = property.children[colon + 1];
  if (colon !== -1 && value !== undefined) return resolve(context, value, names);
  // `{ name }`
  const binding = context.lookup(node, name);
  return binding === undefined ? { kind: 'unknown', name } : resolveBinding(context, binding, name, names);
}

function propertiesByName(context: SourceContext, node: SyntaxNode): ReadonlyMap<string, SyntaxNode> {
  const known = context.named.get(node);
  if (known !== undefined) return known;
  const named = new Map(
    node.children.flatMap((child) => {
      const name = propertyName(context.tree, child);
      return name === undefined ? [] : [[name, child] as const];
    }),
  );
  context.named.set(node, named);
  return named;
}

function enumMember(context: SourceContext, node: SyntaxNode, name: string): Entity {
  const body = childOf(node, 'EnumBody')?.children ?? [];
  const at = body.findIndex(
    (child) => keyOf({ ...node, children: [child] }) !== undefined && textOf(context.tree, child) === name,
  );
  const value = body[at + 1]?.name === 'Equals' ? body[at + 2] : undefined;
  const text = value === undefined ? undefined : stringValue(context.tree, value);
  return text === undefined ? BUILTIN : { kind: 'string', value: text };
}

function resolveCall(context: SourceContext, node: SyntaxNode, names: number): Entity {
  const callee = calleeOf(node);
  if (callee === undefined) return UNKNOWN;
  const called = resolve(context, callee, names);
  const [first] = argumentsOf(node);
  switch (called.kind) {
    case 'dbos-member': {
      const as = REGISTERING.get(called.name);
      if (as !== undefined) return { kind: 'registered', call: node, as };
      if (called.name === 'startWorkflow' && first !== undefined) {
        return { kind: 'starter', of: resolve(context, first.node, names) };
      }
      return called.name === 'retrieveWorkflow' || called.name === 'resumeWorkflow' ? { kind: 'handle' } : UNKNOWN;
    }
    case 'starter':
    case 'start':
      return { kind: 'handle' };
    case 'bound':
      return called;
    default: {
      const method = unwrap(callee);
      const isTransaction =
        method.name === 'MemberExpression' && memberName(context.tree, method) === DATA_SOURCE.register;
      return isTransaction ? { kind: 'registered', call: node, as: 'step' } : UNKNOWN;
    }
  }
}

/** Returns the value of a property declaration of a class. */
export function declaredValue(context: SourceContext, property: SyntaxNode, name: string, names: number): Entity {
  const value = initializerOf(property);
  const type = childOf(property, 'TypeAnnotation');
  if (value !== undefined) return resolve(context, value, names);
  return type === undefined ? { kind: 'unknown', name } : ofType(context, type, name, names);
}
