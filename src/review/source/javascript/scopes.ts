import { childOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import {
  ancestor,
  calleeOf,
  elementsOf,
  initializerOf,
  isFunction,
  memberName,
  propertyName,
  stringValue,
  unwrap,
} from './grammar.ts';

/** What a name stands for. */
export type Binding =
  /** `imported`: the name in the other file, `default`, or `*` for all of it. */
  | { readonly kind: 'import'; readonly from: string; readonly imported: string }
  | { readonly kind: 'function' | 'class' | 'enum'; readonly node: SyntaxNode }
  /** A constant: its value, or a property of it where it is destructured. */
  | { readonly kind: 'value'; readonly init: SyntaxNode; readonly property: string | undefined }
  | { readonly kind: 'parameter'; readonly type: SyntaxNode | undefined }
  /** One element of a value: `const [a, b] = …`. */
  | { readonly kind: 'element'; readonly init: SyntaxNode; readonly index: number }
  /** Whatever changes, or has a value that the text does not say. */
  | { readonly kind: 'variable' };

/** Returns what a name means at a node; undefined where the file does not declare it. */
export type Lookup = (at: SyntaxNode, name: string) => Binding | undefined;

/** What names mean, and what writes them. */
export interface Scopes {
  readonly lookup: Lookup;
  /** The places that write what a name means at a node, in the order of the text. */
  readonly writes: (at: SyntaxNode, name: string) => readonly SyntaxNode[];
  /** Names of properties that are written, of whatever object; empty for one that is computed. */
  readonly properties: ReadonlySet<string>;
  /** The places in the function around a node that write a property, of whatever object. */
  readonly mutations: (at: SyntaxNode, property: string) => readonly SyntaxNode[];
}

const VARIABLE: Binding = { kind: 'variable' };
const SCOPES = ['Script', 'Block', 'ForStatement', 'CatchClause', 'SwitchBody', 'ClassExpression'];

/** Reads all declarations of a file. */
export function readScopes(tree: SyntaxTree): Scopes {
  const found: Found = { scopes: new Map(), written: [], mutated: [] };
  collect(tree, tree.root, new Map(), found);
  const scopeOf = (at: SyntaxNode, name: string) => {
    let up: SyntaxNode | undefined = at;
    while (up !== undefined && found.scopes.get(up)?.has(name) !== true) up = up.parent;
    return up === undefined ? undefined : found.scopes.get(up);
  };
  const functionOf = (node: SyntaxNode) => ancestor(node, isFunction);
  const propertyOf = (node: SyntaxNode) => memberName(tree, node) ?? '';
  const writesIn = grouped(
    found.written,
    (node) => scopeOf(node, textOf(tree, node)),
    (node) => textOf(tree, node),
  );
  const mutationsIn = grouped(found.mutated, functionOf, propertyOf);
  return {
    lookup: (at, name) => {
      const scope = scopeOf(at, name);
      const binding = scope?.get(name);
      if (scope === undefined || (binding?.kind !== 'value' && binding?.kind !== 'element')) return binding;
      return writesIn(scope, name).length > 1 ? VARIABLE : binding;
    },
    writes: (at, name) => {
      const scope = scopeOf(at, name);
      return scope === undefined ? [] : writesIn(scope, name);
    },
    properties: new Set(found.mutated.map(propertyOf)),
    mutations: (at, property) => mutationsIn(functionOf(at), property),
  };
}

/** Returns a function that gives the nodes of an owner with a name. */
function grouped<Owner>(
  nodes: readonly SyntaxNode[],
  ownerOf: (node: SyntaxNode) => Owner,
  nameOf: (node: SyntaxNode) => string,
): (owner: Owner, name: string) => readonly SyntaxNode[] {
  const groups = new Map([...Map.groupBy(nodes, ownerOf)].map(([owner, own]) => [owner, Map.groupBy(own, nameOf)]));
  return (owner, name) => groups.get(owner)?.get(name) ?? NONE;
}

const NONE: readonly SyntaxNode[] = [];

type Scope = Map<string, Binding>;

interface Found {
  readonly scopes: Map<SyntaxNode, Scope>;
  /** Names where they are written, declarations included. */
  readonly written: SyntaxNode[];
  /** Members of objects where they are written. */
  readonly mutated: SyntaxNode[];
}

function collect(tree: SyntaxTree, node: SyntaxNode, outer: Scope, found: Found): void {
  const { declared, own } = declarationsOf(tree, node);
  for (const [name, binding] of declared) outer.set(name, binding);
  let scope = outer;
  if (SCOPES.includes(node.name) || isFunction(node)) {
    scope = new Map(own);
    found.scopes.set(node, scope);
  }
  for (const target of targetsOf(node)) {
    if (target.name === 'MemberExpression') found.mutated.push(target);
    else found.written.push(...definitionsIn(target));
  }
  for (const child of node.children) collect(tree, child, scope, found);
}

/** What a node writes: names, patterns, and members of objects. */
function targetsOf({ name, children }: SyntaxNode): readonly SyntaxNode[] {
  switch (name) {
    case 'AssignmentExpression':
      return children.slice(0, 1);
    case 'VariableDeclaration':
      return children.filter((child, at) => PATTERNS.includes(child.name) && children[at - 1]?.name !== 'Equals');
    case 'ForOfSpec':
    case 'ForInSpec':
      return children.slice(
        0,
        children.findIndex((child) => child.name === 'of' || child.name === 'in'),
      );
    case 'PostfixExpression':
    case 'UnaryExpression':
      return children.some((child) => child.name === 'ArithOp' && child.to - child.from === 2) ? children : [];
    default:
      return [];
  }
}

const PATTERNS = ['VariableDefinition', 'ArrayPattern', 'ObjectPattern'];

/** The names in a target; those that its defaults use are no definitions. */
function definitionsIn(target: SyntaxNode): readonly SyntaxNode[] {
  if (target.name === 'VariableName' || target.name === 'VariableDefinition') return [target];
  if (!['ArrayPattern', 'ObjectPattern', 'PatternProperty'].includes(target.name)) return [];
  return target.children.flatMap((child) => (child.name === 'VariableName' ? [] : definitionsIn(child)));
}

type Declarations = readonly (readonly [string, Binding])[];

/** `declared`: in the scope around the node. `own`: in the scope that the node opens. */
function declarationsOf(
  tree: SyntaxTree,
  node: SyntaxNode,
): { readonly declared: Declarations; readonly own: Declarations } {
  const named = (kind: 'function' | 'class' | 'enum'): Declarations => {
    const name = childOf(node, 'VariableDefinition', 'TypeDefinition');
    return name === undefined ? [] : [[textOf(tree, name), { kind, node }]];
  };
  switch (node.name) {
    case 'ImportDeclaration':
      return { declared: imports(tree, node), own: [] };
    case 'FunctionDeclaration':
      return { declared: named('function'), own: parameters(tree, node) };
    case 'FunctionExpression':
      return { declared: [], own: [...named('function'), ...parameters(tree, node)] };
    case 'ArrowFunction':
    case 'MethodDeclaration':
    case 'Property':
      return { declared: [], own: parameters(tree, node) };
    case 'ClassDeclaration':
      return { declared: named('class'), own: [] };
    case 'ClassExpression':
      return { declared: [], own: named('class') };
    case 'EnumDeclaration':
      return { declared: named('enum'), own: [] };
    case 'VariableDeclaration':
      return { declared: variables(tree, node), own: [] };
    case 'ForOfSpec':
    case 'ForInSpec':
    case 'CatchClause':
      return node.name === 'CatchClause'
        ? { declared: [], own: unknowns(tree, node) }
        : { declared: unknowns(tree, node), own: [] };
    default:
      return { declared: [], own: [] };
  }
}

function imports(tree: SyntaxTree, node: SyntaxNode): Declarations {
  const from = stringValue(tree, childOf(node, 'String') ?? node);
  // `import type` declares no value.
  if (from === undefined || childOf(node, 'type') !== undefined) return [];
  const all = childOf(node, 'Star') !== undefined;
  return [node, ...node.children.filter(({ name }) => name === 'ImportGroup')].flatMap(({ children, name }) =>
    children.flatMap((child, index): Declarations => {
      if (child.name !== 'VariableDefinition') return [];
      const local = textOf(tree, child);
      if (name !== 'ImportGroup') return [[local, { kind: 'import', from, imported: all ? '*' : 'default' }]];
      const before = children[index - 1]?.name === 'as' ? children[index - 2] : undefined;
      const imported = before === undefined ? local : (stringValue(tree, before) ?? textOf(tree, before));
      return [[local, { kind: 'import', from, imported }]];
    }),
  );
}

function variables(tree: SyntaxTree, node: SyntaxNode): Declarations {
  return node.children.flatMap((child, index): Declarations => {
    if (!['VariableDefinition', 'ArrayPattern', 'ObjectPattern'].includes(child.name)) return [];
    const init = valueAfter(node.children, index);
    const from = init === undefined ? undefined : required(tree, init);
    const isWhole = child.name === 'VariableDefinition';
    return namesIn(tree, child).map(({ name, property, index }): readonly [string, Binding] => {
      if (init !== undefined && index !== undefined) return [name, { kind: 'element', init, index }];
      if (init === undefined || (!isWhole && property === undefined)) return [name, VARIABLE];
      if (from !== undefined) return [name, { kind: 'import', from, imported: isWhole ? '*' : (property ?? '*') }];
      return [name, { kind: 'value', init, property: isWhole ? undefined : property }];
    });
  });
}

/** Returns the value of a declaration of several: what is behind `=`, before the next comma. */
function valueAfter(children: readonly SyntaxNode[], index: number): SyntaxNode | undefined {
  for (let at = index + 1; at < children.length && children[at]?.name !== ','; at += 1) {
    if (children[at]?.name === 'Equals') return children[at + 1];
  }
  return undefined;
}

/** Returns the file of `require('x')`, and of `await import('x')`. */
function required(tree: SyntaxTree, init: SyntaxNode): string | undefined {
  const call = unwrap(init);
  if (call.name === 'DynamicImport') return stringValue(tree, call.children.at(-2) ?? call);
  const callee = call.name === 'CallExpression' ? calleeOf(call) : undefined;
  if (callee?.name !== 'VariableName' || textOf(tree, callee) !== 'require') return undefined;
  const [, argument] = childOf(call, 'ArgList')?.children ?? [];
  return argument === undefined ? undefined : stringValue(tree, argument);
}

function parameters(tree: SyntaxTree, node: SyntaxNode): Declarations {
  const list = childOf(node, 'ParamList')?.children ?? [];
  return list.flatMap((child, index): Declarations => {
    const next = list[index + 1]?.name === 'Optional' ? list[index + 2] : list[index + 1];
    const type = next?.name === 'TypeAnnotation' && child.name === 'VariableDefinition' ? next : undefined;
    return namesIn(tree, child).map(({ name }) => [name, { kind: 'parameter', type }]);
  });
}

function unknowns(tree: SyntaxTree, node: SyntaxNode): Declarations {
  return node.children.flatMap((child) => namesIn(tree, child).map(({ name }) => [name, VARIABLE] as const));
}

interface PatternName {
  readonly name: string;
  /** The property of the value that it is; undefined where that is deeper, or not known. */
  readonly property: string | undefined;
  /** The element of the value that it is. */
  readonly index?: number;
}

/** Returns the names that a pattern declares. */
function namesIn(tree: SyntaxTree, pattern: SyntaxNode): readonly PatternName[] {
  if (pattern.name === 'VariableDefinition') return [{ name: textOf(tree, pattern), property: undefined }];
  if (pattern.name === 'ArrayPattern') {
    return elementsOf(pattern).flatMap((element, index) => {
      const [only, ...more] = element;
      const isWhole = only?.name === 'VariableDefinition' && more.length === 0;
      return element
        .flatMap((child) => namesIn(tree, child))
        .map(({ name }) => ({ name, property: undefined, ...(isWhole && { index }) }));
    });
  }
  if (pattern.name !== 'ObjectPattern') return [];
  return pattern.children.flatMap((property) => {
    const simple = childOf(property, 'VariableDefinition');
    const isRest = childOf(property, 'Spread') !== undefined;
    // A default (`{ a = 1 }`) makes the value another one than the property.
    const isCertain = !isRest && initializerOf(property) === undefined;
    if (simple !== undefined) {
      const name = textOf(tree, simple);
      const key = childOf(property, 'PropertyName', 'String') === undefined ? name : propertyName(tree, property);
      return [{ name, property: isCertain ? key : undefined }];
    }
    return property.children.flatMap((child) =>
      namesIn(tree, child).map(({ name }) => ({ name, property: undefined })),
    );
  });
}
