import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { classDecorators, classOwnName } from './classes.ts';
import type { SourceContext } from './context.ts';
import { type Entity, resolve } from './entities.ts';
import { argumentsOf, calleeOf, initializerOf, memberName, propertyName, unwrap } from './grammar.ts';
import { DATA_SOURCE } from './sdk.ts';

/** A name that the text says, that another file says, or that only the running program says. */
export type Naming =
  | { readonly kind: 'text'; readonly name: string }
  | { readonly kind: 'foreign'; readonly name: string }
  | { readonly kind: 'computed' };

/** How many registrations of registrations are followed. */
const MOST_NAMES = 20;

/** How many objects are spread in one another. */
const MOST_SPREADS = 4;

const COMPUTED: Naming = { kind: 'computed' };
export const text = (name: string): Naming => ({ kind: 'text', name });

/** Returns what the decorators of a method make of it. */
export function decorationOf(
  context: SourceContext,
  method: SyntaxNode,
): { readonly as: 'workflow' | 'step'; readonly naming: Naming } | undefined {
  if (method.name !== 'MethodDeclaration') return undefined;
  for (const decorator of method.children.filter(({ name }) => name === 'Decorator')) {
    const expression = decorator.children.at(-1);
    const call = expression?.name === 'CallExpression' ? expression : undefined;
    const callee = call === undefined ? expression : calleeOf(call);
    if (callee === undefined) continue;
    const as = decoratorRole(context, callee);
    if (as === undefined) continue;
    const own = propertyName(context.tree, method);
    const fallback = own === undefined ? COMPUTED : text(own);
    const named = call === undefined ? fallback : configured(context, call, 0, 'name', fallback);
    // An empty name is none: the SDK takes the method's.
    return { as, naming: named.kind === 'text' && named.name === '' ? fallback : named };
  }
  return undefined;
}

function decoratorRole(context: SourceContext, callee: SyntaxNode): 'workflow' | 'step' | undefined {
  const entity = resolve(context, callee);
  if (entity.kind === 'dbos-member') {
    if (entity.name === 'workflow' || entity.name === 'step') return entity.name;
    return entity.name === DATA_SOURCE.decorate ? 'step' : undefined;
  }
  const isMember = unwrap(callee).name === 'MemberExpression';
  return isMember && memberName(context.tree, unwrap(callee)) === DATA_SOURCE.decorate ? 'step' : undefined;
}

/** Returns a string in the configuration that is an argument of a call: `fallback` where it has none. */
export function configured(
  context: SourceContext,
  call: SyntaxNode,
  argument: number,
  property: string,
  fallback: Naming,
): Naming {
  const value = configuredValue(context, call, argument, property);
  if (value === 'absent') return fallback;
  if (value === 'computed') return COMPUTED;
  if (value.kind === 'string') return text(value.value);
  return COMPUTED;
}

/** Returns what a property of a configuration is. */
export function configuredValue(
  context: SourceContext,
  call: SyntaxNode,
  argument: number,
  property: string,
): Entity | 'absent' | 'computed' {
  const given = argumentsOf(call);
  if (given.slice(0, argument + 1).some(({ isSpread }) => isSpread)) return 'computed';
  const config = given[argument]?.node;
  if (config === undefined || isUndefined(context, config)) return 'absent';
  const entity = resolve(context, config);
  if (entity.kind !== 'object') return 'computed';
  return propertyValue(context, entity.node, property);
}

/**
 * The last one counts. What is spread, or has a computed key, may be that property. Behind one that stands there, what
 * another file has is taken for other properties: TypeScript does not allow a property to be overwritten there.
 */
function propertyValue(
  context: SourceContext,
  node: SyntaxNode,
  property: string,
  spreads = 0,
): Entity | 'absent' | 'computed' {
  const { tree } = context;
  let isSpread = false;
  for (const each of node.children.filter(({ name }) => name === 'Property').toReversed()) {
    const last = each.children.at(-1);
    if (childOf(each, 'Spread') !== undefined && last !== undefined) {
      const spread = resolve(context, last);
      if (spread.kind !== 'object' || spreads > MOST_SPREADS) {
        if (spread.kind !== 'foreign') return 'computed';
        isSpread = true;
        continue;
      }
      const found = propertyValue(context, spread.node, property, spreads + 1);
      if (found !== 'absent') return found;
      continue;
    }
    const name = propertyName(tree, each);
    if (name === undefined) return 'computed';
    if (name !== property) continue;
    if (childOf(each, ':') !== undefined && last !== undefined) {
      return isUndefined(context, last) ? 'absent' : resolve(context, last);
    }
    // `{ name }`: what the name means where the object is.
    const binding = context.lookup(node, property);
    return binding?.kind === 'value' && binding.property === undefined ? resolve(context, binding.init) : 'computed';
  }
  return isSpread ? 'computed' : 'absent';
}

function isUndefined(context: SourceContext, value: SyntaxNode): boolean {
  const node = unwrap(value);
  return node.name === 'VariableName' && textOf(context.tree, node) === 'undefined';
}

/** Returns the name of a function as it is at run time: `fn.name`. */
export function functionName(context: SourceContext, expression: SyntaxNode, names = 0): Naming {
  const node = unwrap(expression);
  // A function that is an argument has no name but its own.
  if (node.name === 'ArrowFunction') return text('');
  if (node.name === 'FunctionExpression') {
    const own = childOf(node, 'VariableDefinition');
    return text(own === undefined ? '' : textOf(context.tree, own));
  }
  return nameOfEntity(context, resolve(context, node), names);
}

/** Returns the name of a function: as it is registered, or its own. */
export function nameOfEntity(context: SourceContext, entity: Entity, names = 0): Naming {
  switch (entity.kind) {
    case 'function':
      return decorationOf(context, entity.node)?.naming ?? nameOfFunction(context, entity.node);
    case 'registered':
      return registeredName(context, entity.call, names);
    case 'bound': {
      const inner = nameOfEntity(context, entity.of, names);
      return inner.kind === 'text' ? text(`bound ${inner.name}`) : COMPUTED;
    }
    case 'foreign': {
      const last = entity.path.split('.').at(-1) ?? '';
      return last === '' || last === 'default' ? COMPUTED : { kind: 'foreign', name: last };
    }
    default:
      return COMPUTED;
  }
}

/** Returns the name of a function where it is defined: its own, or that of what it is the value of. */
export function nameOfFunction(context: SourceContext, node: SyntaxNode): Naming {
  const { tree } = context;
  if (node.name === 'MethodDeclaration' || node.name === 'Property') {
    const name = propertyName(tree, node);
    return name === undefined ? COMPUTED : text(name);
  }
  const own = node.name === 'ArrowFunction' ? undefined : childOf(node, 'VariableDefinition');
  if (own !== undefined) return text(textOf(tree, own));
  const target = assignedTo(node);
  if (target === undefined) return node.parent?.name === 'ExportDeclaration' ? text('default') : text('');
  if (['Property', 'PropertyDeclaration'].includes(target.name)) {
    const name = propertyName(tree, target);
    return name === undefined ? COMPUTED : text(name);
  }
  return text(textOf(tree, target));
}

/** Returns the name, or the property, that a function is directly the value of. */
function assignedTo(node: SyntaxNode): SyntaxNode | undefined {
  let value = node;
  while (value.parent !== undefined && unwrap(value.parent) === node) value = value.parent;
  const { parent } = value;
  if (parent === undefined) return undefined;
  const at = parent.children.indexOf(value);
  if (parent.name === 'Property' || parent.name === 'PropertyDeclaration') return parent;
  if (parent.children[at - 1]?.name !== 'Equals') return undefined;
  const target = parent.children.slice(0, at).findLast(({ name }) => name.startsWith('Variable'));
  return parent.name === 'VariableDeclaration' || parent.name === 'AssignmentExpression' ? target : undefined;
}

/** Returns the name under which a call registers a function. */
export function registeredName(context: SourceContext, call: SyntaxNode, names = 0): Naming {
  const [first] = argumentsOf(call);
  const given = configured(context, call, 1, 'name', text(''));
  const isNamed = given.kind !== 'text' || given.name !== '' || first === undefined;
  if (isNamed) return given;
  return first.isSpread || names > MOST_NAMES ? COMPUTED : functionName(context.raw ?? context, first.node, names + 1);
}

/** Returns the class that a call registers a function for; null for none. */
export function registeredClass(context: SourceContext, call: SyntaxNode): Naming | null {
  const named = configured(context, call, 1, 'className', text(''));
  if (named.kind !== 'text') return named;
  const target = configuredValue(context, call, 1, 'ctorOrProto');
  if (named.name !== '') return named;
  if (target === 'absent') return null;
  if (target === 'computed') return COMPUTED;
  if (target.kind === 'class' || target.kind === 'prototype') return className(context, target.node);
  if (target.kind !== 'foreign') return COMPUTED;
  const path = target.path.replace(/\.prototype$/, '');
  const last = path.split('.').at(-1) ?? '';
  return last === '' || last === 'default' ? COMPUTED : { kind: 'foreign', name: last };
}

/** Returns the name of a class as `class_name` has it: that of `@DBOS.className('X')`, or its own. */
export function className(context: SourceContext, node: SyntaxNode): Naming {
  for (const decorator of classDecorators(node)) {
    const call = decorator.children.at(-1);
    const callee = call?.name === 'CallExpression' ? calleeOf(call) : undefined;
    const entity = callee === undefined ? undefined : resolve(context, callee);
    if (call === undefined || entity?.kind !== 'dbos-member' || entity.name !== 'className') continue;
    const [argument] = argumentsOf(call);
    const value = argument === undefined ? undefined : resolve(context, argument.node);
    return value?.kind === 'string' ? text(value.value) : COMPUTED;
  }
  const own = classOwnName(context, node);
  return own === undefined ? COMPUTED : text(own);
}

/** Returns the value of a declaration that is a function, and undefined for any other. */
export function functionValue(declaration: SyntaxNode): SyntaxNode | undefined {
  const value = initializerOf(declaration);
  const inner = value === undefined ? undefined : unwrap(value);
  return inner?.name === 'ArrowFunction' || inner?.name === 'FunctionExpression' ? inner : undefined;
}
