import { childOf, previousOf, type SyntaxNode, textOf } from '../syntax.ts';
import { memberKey, type SourceContext } from './context.ts';
import { baseOf, declaredValue, type Entity, memberOf, ofType, resolve, UNKNOWN } from './entities.ts';
import { initializerOf, propertyName, unwrap } from './grammar.ts';

type OfClass = Extract<Entity, { readonly kind: 'class' | 'prototype' | 'instance' }>;

/** How many classes up a member is looked for. */
const MOST_CLASSES = 20;

/** Returns a member of a class of this file, or of a class that it extends. */
export function classMember(context: SourceContext, owner: OfClass, name: string, names: number): Entity {
  if (owner.kind === 'class' && name === 'prototype') return { kind: 'prototype', node: owner.node };
  const isStatic = owner.kind === 'class';
  let node = owner.node;
  for (let count = 0; count < MOST_CLASSES; count += 1) {
    const own = ownMember(context, node, name, isStatic, names);
    if (own !== undefined) return own;
    const base = baseOf(context, node, names);
    if (base?.kind !== 'class') return base?.kind === 'foreign' ? memberOf(context, base, name, names) : unknown(name);
    node = base.node;
  }
  return UNKNOWN;
}

function ownMember(
  context: SourceContext,
  node: SyntaxNode,
  name: string,
  isStatic: boolean,
  names: number,
): Entity | undefined {
  const assigned = context.assigned.get(node)?.get(memberKey(name, isStatic));
  if (assigned !== undefined) {
    const value = resolve(context, assigned, names);
    if (value.kind !== 'unknown') return value;
  }
  const member = membersByName(context, node).get(memberKey(name, isStatic));
  if (member?.name === 'MethodDeclaration') {
    return childOf(member, 'get', 'set') === undefined ? { kind: 'function', node: member } : unknown(name);
  }
  if (member !== undefined) return declaredValue(context, member, name, names);
  return isStatic ? undefined : parameterProperty(context, node, name, names);
}

/** `constructor(private readonly stock: Stock)` */
function parameterProperty(context: SourceContext, node: SyntaxNode, name: string, names: number): Entity | undefined {
  const made = membersByName(context, node).get(memberKey('constructor', false));
  const list = made === undefined ? [] : (childOf(made, 'ParamList')?.children ?? []);
  const at = list.findIndex((each) => each.name === 'VariableDefinition' && textOf(context.tree, each) === name);
  const isProperty = ['Privacy', 'readonly'].includes(list[at - 1]?.name ?? '');
  const type = list[at + 1];
  if (at === -1 || !isProperty) return undefined;
  return type?.name === 'TypeAnnotation' ? ofType(context, type, name, names) : unknown(name);
}

/** Returns the methods and properties of a class. */
function membersByName(context: SourceContext, node: SyntaxNode): ReadonlyMap<string, SyntaxNode> {
  const known = context.named.get(node);
  if (known !== undefined) return known;
  const members = (childOf(node, 'ClassBody')?.children ?? []).flatMap((each) => {
    const isMember = each.name === 'MethodDeclaration' || each.name === 'PropertyDeclaration';
    const name = isMember ? propertyName(context.tree, each) : undefined;
    return name === undefined ? [] : [[memberKey(name, childOf(each, 'static') !== undefined), each] as const];
  });
  const named = new Map(members);
  context.named.set(node, named);
  return named;
}

/** Returns the decorators of a class. Before `export`, the grammar has them in a declaration of their own. */
export function classDecorators(node: SyntaxNode): readonly SyntaxNode[] {
  const own = node.children.filter(({ name }) => name === 'Decorator');
  const statement = node.parent?.name === 'ExportDeclaration' ? node.parent : undefined;
  if (own.length > 0 || statement?.parent === undefined) return own;
  const before = previousOf(statement);
  return before === undefined || !isDecoratorsOnly(before)
    ? []
    : before.children.filter(({ name }) => name === 'Decorator');
}

/** Whether a node is the decorators before `export class`, which the grammar does not expect there. */
export function isDecoratorsOnly(node: SyntaxNode): boolean {
  return (
    node.name === 'ClassDeclaration' &&
    childOf(node, 'Decorator') !== undefined &&
    node.children.every(({ name }) => name === 'Decorator' || name === '⚠')
  );
}

/** Returns the name that a class has in the text: its own, or that of the constant that it is the value of. */
export function classOwnName(context: SourceContext, node: SyntaxNode): string | undefined {
  const own = childOf(node, 'VariableDefinition');
  if (own !== undefined) return textOf(context.tree, own);
  const parent = node.parent;
  if (parent?.name !== 'VariableDeclaration') return undefined;
  const names = parent.children.filter(({ name }) => name === 'VariableDefinition');
  const [only] = names;
  const value = initializerOf(parent);
  return names.length === 1 && only !== undefined && value !== undefined && unwrap(value) === node
    ? textOf(context.tree, only)
    : undefined;
}

function unknown(name: string): Entity {
  return { kind: 'unknown', name };
}
