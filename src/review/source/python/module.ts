import { childOf, childrenOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { importedNames } from './imports.ts';
import { partsOf } from './names.ts';
import { addTo, type Binding, bind, type PythonClass, type PythonFunction, type Scope } from './scope.ts';

/** Everything that a file defines, and what its names stand for. */
export interface PythonModule {
  readonly tree: SyntaxTree;
  readonly scope: Scope;
  /** In the order of the text. */
  readonly functions: readonly PythonFunction[];
  /** Calls anywhere, with the scope that they stand in: one of them can register a function. */
  readonly calls: readonly { readonly node: SyntaxNode; readonly scope: Scope }[];
  readonly lambdas: ReadonlyMap<SyntaxNode, Scope>;
  /** By the node `FunctionDefinition`. */
  readonly byNode: ReadonlyMap<SyntaxNode, PythonFunction>;
}

interface Place {
  readonly scope: Scope;
  readonly class: PythonClass | undefined;
}

const UNKNOWN: Binding = { kind: 'unknown' };

/** Reads the definitions, imports and assignments of a file. */
export function readModule(tree: SyntaxTree): PythonModule {
  const reading = new Reading(tree);
  reading.all(tree.root.children, { scope: reading.scope, class: undefined });
  return reading;
}

function newScope(kind: Scope['kind'], parent: Scope | undefined, prefix: string): Scope {
  return { kind, parent, prefix, names: new Map(), mutations: new Map(), elsewhere: new Map() };
}

class Reading implements PythonModule {
  readonly scope = newScope('module', undefined, '');
  readonly functions: PythonFunction[] = [];
  readonly calls: { readonly node: SyntaxNode; readonly scope: Scope }[] = [];
  readonly lambdas = new Map<SyntaxNode, Scope>();
  readonly byNode = new Map<SyntaxNode, PythonFunction>();
  readonly tree: SyntaxTree;

  constructor(tree: SyntaxTree) {
    this.tree = tree;
  }

  all(nodes: readonly SyntaxNode[], place: Place): void {
    for (const node of nodes) this.one(node, place);
  }

  private one(node: SyntaxNode, place: Place): void {
    switch (node.name) {
      case 'DecoratedStatement':
        this.decorated(node, place);
        return;
      case 'FunctionDefinition':
        this.function(node, node, [], place);
        return;
      case 'ClassDefinition':
        this.class(node, [], place);
        return;
      case 'LambdaExpression':
        this.lambda(node, place);
        return;
      case 'IfStatement':
        this.conditional(node, place);
        return;
      case 'CallExpression':
        this.calls.push({ node, scope: place.scope });
        break;
      default:
        this.binding(node, place);
    }
    this.all(node.children, place);
  }

  private decorated(node: SyntaxNode, place: Place): void {
    const decorators = childrenOf(node, 'Decorator');
    const definition = childOf(node, 'FunctionDefinition', 'ClassDefinition');
    this.all(decorators, place);
    if (definition?.name === 'FunctionDefinition') this.function(definition, node, decorators, place);
    if (definition?.name === 'ClassDefinition') this.class(definition, decorators, place);
  }

  private function(node: SyntaxNode, whole: SyntaxNode, decorators: readonly SyntaxNode[], place: Place): void {
    const named = childOf(node, 'VariableName');
    if (named === undefined) {
      this.all(node.children, place);
      return;
    }
    const name = textOf(this.tree, named);
    const qualifiedName = `${place.scope.prefix}${name}`;
    const scope = newScope('function', place.scope, `${qualifiedName}.<locals>.`);
    const definition = {
      name,
      qualifiedName,
      node,
      whole,
      decorators,
      outer: place.scope,
      scope,
      class: place.scope.kind === 'class' ? place.class : undefined,
    };
    this.functions.push(definition);
    this.byNode.set(node, definition);
    bind(place.scope, name, { kind: 'function', function: definition });
    const parameters = childOf(node, 'ParamList');
    if (parameters !== undefined) {
      this.parameters(parameters, scope, isStatic(this.tree, decorators) ? undefined : definition.class);
      this.all(parameters.children, place);
    }
    this.all(childrenOf(node, 'Body'), { scope, class: definition.class });
  }

  private parameters(list: SyntaxNode, scope: Scope, self: PythonClass | undefined): void {
    const parts = partsOf(list);
    for (const [index, part] of parts.entries()) {
      const named = part.find(({ name }) => name === 'VariableName');
      if (named === undefined) continue;
      const type = part.find(({ name }) => name === 'TypeDef')?.children[1];
      const binding: Binding =
        index === 0 && self !== undefined
          ? { kind: 'self', class: self }
          : type === undefined
            ? UNKNOWN
            : { kind: 'annotated', node: type, scope: scope.parent ?? scope };
      bind(scope, textOf(this.tree, named), binding);
    }
  }

  private class(node: SyntaxNode, decorators: readonly SyntaxNode[], place: Place): void {
    const named = childOf(node, 'VariableName');
    if (named === undefined) {
      this.all(node.children, place);
      return;
    }
    const name = textOf(this.tree, named);
    const qualifiedName = `${place.scope.prefix}${name}`;
    const scope = newScope('class', place.scope, `${qualifiedName}.`);
    const bases = partsOf(childOf(node, 'ArgList') ?? named).flatMap((part) => (part.length === 1 ? part : []));
    const definition = { name, qualifiedName, decorators, bases, outer: place.scope, scope, attributes: new Map() };
    bind(place.scope, name, { kind: 'class', class: definition });
    this.all(childrenOf(node, 'ArgList'), place);
    this.all(childrenOf(node, 'Body'), { scope, class: definition });
  }

  private lambda(node: SyntaxNode, place: Place): void {
    const scope = newScope('function', place.scope, `${place.scope.prefix}<lambda>.<locals>.`);
    this.lambdas.set(node, scope);
    const parameters = childOf(node, 'ParamList');
    if (parameters !== undefined) this.parameters(parameters, scope, undefined);
    this.all(node.children, { ...place, scope });
  }

  /** What stands under `if TYPE_CHECKING` is never defined: only its imports count, for annotations. */
  private conditional(node: SyntaxNode, place: Place): void {
    const [, condition, body, ...rest] = node.children;
    if (condition === undefined || body === undefined) return;
    if (textOf(this.tree, condition).split('.').at(-1) !== 'TYPE_CHECKING') {
      this.all(node.children, place);
      return;
    }
    for (const statement of body.children) this.binding(statement, place);
    this.all(rest, place);
  }

  private binding(node: SyntaxNode, place: Place): void {
    switch (node.name) {
      case 'ImportStatement':
        for (const { local, ...binding } of importedNames(this.tree, node)) bind(place.scope, local, binding);
        return;
      case 'AssignStatement':
        this.assigned(node, place);
        return;
      case 'NamedExpression':
        this.target(node.children.slice(0, 1), boundTo(node.children.at(-1), place.scope), place);
        return;
      case 'UpdateStatement':
        this.target(node.children.slice(0, 1), UNKNOWN, place);
        return;
      case 'ForStatement':
      case 'ArgList':
      case 'ComprehensionExpression':
      case 'ArrayComprehensionExpression':
      case 'SetComprehensionExpression':
      case 'DictionaryComprehensionExpression':
        this.loops(node, place);
        return;
      case 'WithStatement':
      case 'TryStatement':
        this.named(node, place);
        return;
      case 'CapturePattern':
        this.target(node.children, UNKNOWN, place);
        return;
      case 'ScopeStatement':
        this.elsewhere(node, place);
        return;
      default:
    }
  }

  private assigned(node: SyntaxNode, place: Place): void {
    const sides: SyntaxNode[][] = [[]];
    for (const child of node.children) {
      if (child.name === 'AssignOp') sides.push([]);
      else if (child.name !== 'TypeDef') sides.at(-1)?.push(child);
    }
    const value = sides.length > 1 ? sides.pop() : undefined;
    const binding = value?.length === 1 ? boundTo(value[0], place.scope) : UNKNOWN;
    for (const side of sides) this.target(side, binding, place);
  }

  private target(nodes: readonly SyntaxNode[], binding: Binding, place: Place): void {
    const [first, second] = nodes;
    if (first === undefined) return;
    if (second !== undefined) {
      for (const node of nodes) this.target([node], UNKNOWN, place);
    } else if (first.name === 'VariableName') {
      const text = textOf(this.tree, first);
      // `with x as (a, b)`: the grammar sees one name there.
      if (!text.startsWith('(')) bind(place.scope, text, { ...binding, at: first });
      else for (const [name] of text.matchAll(/[^\W\d]\w*/g)) bind(place.scope, name, { ...UNKNOWN, at: first });
    } else if (first.name === 'TupleExpression' || first.name === 'ArrayExpression') {
      for (const node of first.children) this.target([node], UNKNOWN, place);
    } else if (first.name === 'MemberExpression') {
      const [object, , attribute] = first.children;
      if (attribute !== undefined) addTo(place.scope.mutations, textOf(this.tree, attribute), first);
      if (place.class === undefined) return;
      const isOfSelf = object?.name === 'VariableName' && isSelf(place.scope, textOf(this.tree, object));
      if (isOfSelf && attribute?.name === 'PropertyName') {
        addTo(place.class.attributes, textOf(this.tree, attribute), binding);
      }
    }
  }

  /** The variables of `for … in …`, of a statement and of comprehensions. */
  private loops(node: SyntaxNode, place: Place): void {
    const { children } = node;
    for (const [index, child] of children.entries()) {
      if (child.name !== 'for') continue;
      const behind = children.findIndex(({ name }, at) => at > index && name === 'in');
      const iterated = children[behind + 1];
      if (behind === -1 || iterated === undefined) return;
      this.target(children.slice(index + 1, behind), { kind: 'element', node: iterated, scope: place.scope }, place);
    }
  }

  /** The names behind `as`. */
  private named(node: SyntaxNode, place: Place): void {
    for (const [index, child] of node.children.entries()) {
      if (child.name !== 'as') continue;
      const target = node.children[index + 1];
      const binding = node.name === 'WithStatement' ? boundTo(node.children[index - 1], place.scope) : UNKNOWN;
      if (target !== undefined) this.target([target], binding, place);
    }
  }

  private elsewhere(node: SyntaxNode, { scope }: Place): void {
    const isGlobal = node.children[0]?.name === 'global';
    for (const child of childrenOf(node, 'VariableName')) {
      const name = textOf(this.tree, child);
      // The function around it can bind the name further down.
      const around = scope.parent?.kind === 'function' ? scope.parent : undefined;
      const owner = isGlobal ? this.scope : (ownerOf(scope.parent, name) ?? around);
      if (owner !== undefined && owner !== scope) scope.elsewhere.set(name, owner);
    }
  }
}

function boundTo(node: SyntaxNode | undefined, scope: Scope): Binding {
  return node === undefined ? UNKNOWN : { kind: 'value', node, scope };
}

function isSelf(scope: Scope, name: string): boolean {
  return scope.names.get(name)?.[0]?.kind === 'self';
}

function isStatic(tree: SyntaxTree, decorators: readonly SyntaxNode[]): boolean {
  return decorators.some((decorator) => textOf(tree, decorator).slice(1).trim() === 'staticmethod');
}

function ownerOf(scope: Scope | undefined, name: string): Scope | undefined {
  for (let at = scope; at !== undefined; at = at.parent) {
    if (at.kind === 'function' && at.names.has(name)) return at;
  }
  return undefined;
}
