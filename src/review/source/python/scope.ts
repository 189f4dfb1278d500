import type { SyntaxNode } from '../syntax.ts';

/** What a name stands for at one of the places that bind it, and the name there where a statement writes it. */
export type Binding = BoundTo & { readonly at?: SyntaxNode };

type BoundTo =
  | { readonly kind: 'function'; readonly function: PythonFunction }
  | { readonly kind: 'class'; readonly class: PythonClass }
  /** `import from` and `from from import name`. */
  | { readonly kind: 'import'; readonly from: string; readonly name: string | undefined }
  | { readonly kind: 'value'; readonly node: SyntaxNode; readonly scope: Scope }
  /** One element of what the node holds: the variable of a loop. */
  | { readonly kind: 'element'; readonly node: SyntaxNode; readonly scope: Scope }
  /** An instance of the class that an annotation names. */
  | { readonly kind: 'annotated'; readonly node: SyntaxNode; readonly scope: Scope }
  | { readonly kind: 'self'; readonly class: PythonClass }
  | { readonly kind: 'unknown' };

/** Names and what they stand for: of a module, a class, or a function. */
export interface Scope {
  readonly kind: 'module' | 'class' | 'function';
  readonly parent: Scope | undefined;
  /** What `__qualname__` has in front of a name that is defined here: `Orders.`, `outer.<locals>.`. */
  readonly prefix: string;
  readonly names: Map<string, Binding[]>;
  /** Members of objects that its statements write, by the member's name. */
  readonly mutations: Map<string, SyntaxNode[]>;
  /** Names that a statement `global` or `nonlocal` puts into another scope. */
  readonly elsewhere: Map<string, Scope>;
}

/** A definition of a function or method. */
export interface PythonFunction {
  readonly name: string;
  /** `__qualname__`. */
  readonly qualifiedName: string;
  /** `FunctionDefinition`. */
  readonly node: SyntaxNode;
  /** With its decorators. */
  readonly whole: SyntaxNode;
  /** In the order of the text. */
  readonly decorators: readonly SyntaxNode[];
  /** Where it is defined, and where its decorators are evaluated. */
  readonly outer: Scope;
  /** Its own names. */
  readonly scope: Scope;
  /** Of a method. */
  readonly class: PythonClass | undefined;
}

/** A definition of a class. */
export interface PythonClass {
  readonly name: string;
  readonly qualifiedName: string;
  readonly decorators: readonly SyntaxNode[];
  readonly bases: readonly SyntaxNode[];
  readonly outer: Scope;
  readonly scope: Scope;
  /** What its methods assign to attributes of `self`. */
  readonly attributes: Map<string, Binding[]>;
}

/** What a name is bound to in the scope that it belongs to; undefined where no scope of this file binds it. */
export function lookUp(scope: Scope, name: string): readonly Binding[] | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    // Functions do not see the names of a class around them.
    if (at.kind === 'class' && at !== scope) continue;
    const found = at.elsewhere.get(name)?.names.get(name) ?? at.names.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Binds a name in a scope, or in the one that `global` or `nonlocal` names. */
export function bind(scope: Scope, name: string, binding: Binding): void {
  addTo(scope.elsewhere.get(name)?.names ?? scope.names, name, binding);
}

export function addTo<T>(names: Map<string, T[]>, name: string, one: T): void {
  const all = names.get(name);
  if (all === undefined) names.set(name, [one]);
  else all.push(one);
}
