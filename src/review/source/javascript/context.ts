import type { Test } from '../guards.ts';
import type { History } from '../history.ts';
import type { SyntaxNode, SyntaxTree } from '../syntax.ts';
import type { Depth, Variable } from '../variables.ts';
import { type Entity, resolve } from './entities.ts';
import { memberName } from './grammar.ts';
import { readScopes, type Scopes } from './scopes.ts';

/** A file, and what was found out about it. */
export interface SourceContext extends Scopes {
  readonly tree: SyntaxTree;
  /** Calls that register what is assigned to a member of a class, by class and member. */
  readonly assigned: ReadonlyMap<SyntaxNode, ReadonlyMap<string, SyntaxNode>>;
  /** What expressions are, as far as that was asked. */
  readonly known: Map<SyntaxNode, Entity>;
  /** The members of classes and objects by their names, as far as that was asked. */
  readonly named: Map<SyntaxNode, ReadonlyMap<string, SyntaxNode>>;
  /** What conditions say, as far as that was asked. */
  readonly tests: Map<SyntaxNode, Test>;
  /** Variables by their writes; undefined where these stand in several functions. */
  readonly variables: Map<readonly SyntaxNode[], Variable | undefined>;
  readonly depth: Depth;
  /** What has written variables and properties, by the places that do. */
  readonly histories: Map<readonly SyntaxNode[], History>;
  /** The same file as if nothing were assigned to classes: what `x` is in `x = register(x)`. */
  readonly raw: SourceContext | undefined;
}

export function sourceContext(tree: SyntaxTree): SourceContext {
  const raw = {
    tree,
    ...readScopes(tree),
    assigned: new Map(),
    known: new Map(),
    named: new Map(),
    tests: new Map(),
    variables: new Map(),
    depth: { count: 0 },
    histories: new Map(),
    raw: undefined,
  };
  const assigned = new Map<SyntaxNode, Map<string, SyntaxNode>>();
  for (const { owner, key, value } of assignments(raw, tree.root)) {
    const members = assigned.get(owner) ?? new Map<string, SyntaxNode>();
    assigned.set(owner, members.set(key, value));
  }
  return { ...raw, assigned, known: new Map(), raw };
}

interface Assignment {
  readonly owner: SyntaxNode;
  readonly key: string;
  readonly value: SyntaxNode;
}

/** Finds `Orders.pay = DBOS.registerStep(…)`, and the same of `Orders.prototype.pay`. */
function assignments(context: SourceContext, root: SyntaxNode): readonly Assignment[] {
  const found: Assignment[] = [];
  const visit = (node: SyntaxNode): void => {
    const [target, operator, value] = node.children;
    const object = target?.name === 'MemberExpression' ? target.children[0] : undefined;
    if (node.name === 'AssignmentExpression' && operator?.name === 'Equals' && target && object && value) {
      const owner = resolve(context, object);
      const name = memberName(context.tree, target);
      if ((owner.kind === 'class' || owner.kind === 'prototype') && name !== undefined) {
        found.push({ owner: owner.node, key: memberKey(name, owner.kind === 'class'), value });
      }
    }
    for (const child of node.children) visit(child);
  };
  visit(root);
  return found;
}

/** The key of a member in `assigned`. */
export function memberKey(name: string, isStatic: boolean): string {
  return `${isStatic ? 'static' : 'instance'} ${name}`;
}
