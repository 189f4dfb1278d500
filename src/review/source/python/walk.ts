import type { Guard, NotFollowed, RecordedCall } from '../definition.ts';
import { hasRoomForBranch, withoutBranches } from '../guards.ts';
import type { Mark } from '../order.ts';
import type { Follow } from '../recording.ts';
import type { SyntaxNode } from '../syntax.ts';
import type { Row } from './api.ts';
import type { Scope } from './scope.ts';
import type { Value } from './value.ts';
import type { Values } from './values.ts';

/** Conditions and patches around one call. */
const MOST_GUARDS = 50;

/** The body of one function while it is read. */
export class Walk {
  readonly items: (RecordedCall | Follow<SyntaxNode> | Mark)[] = [];
  readonly notFollowed: NotFollowed[] = [];
  /** Functions and lambdas in it that run as steps. */
  readonly insidesOfSteps = new Set<SyntaxNode>();
  readonly values: Values;
  readonly #lineOf: (offset: number) => number;
  /** Of the function, or of the lambda in it that is read. */
  scope: Scope;

  constructor(values: Values, lineOf: (offset: number) => number, scope: Scope) {
    this.values = values;
    this.#lineOf = lineOf;
    this.scope = scope;
  }

  record(rows: readonly Row[], node: SyntaxNode, guards: readonly Guard[]): void {
    for (const { kind, name } of rows) this.items.push({ kind, name, line: this.#line(node), guards });
  }

  /** A call whose name the text does not say. */
  recordUnnamed(kind: RecordedCall['kind'], node: SyntaxNode, guards: readonly Guard[], name?: string): void {
    this.items.push({ kind, name: undefined, line: this.#line(node), guards });
    this.note('computed-name', node, name);
  }

  /** A call of a function or lambda of this file: what that records stands here. */
  follow(target: SyntaxNode, name: string | undefined, node: SyntaxNode, guards: readonly Guard[]): void {
    this.items.push({ follow: target, name, line: this.#line(node), guards });
  }

  /** Takes note that nothing waits for what was recorded from here on. */
  runsOn(first: number): void {
    for (const [at, item] of this.items.slice(first).entries()) {
      if (!('mark' in item)) this.items[first + at] = { ...item, isConcurrent: true };
    }
  }

  /** What is recorded from here on is only run when something awaits it. */
  isLazyFrom(first: number, node: SyntaxNode, guards: readonly Guard[]): void {
    if (this.items.length === first) return;
    const start: Mark = { mark: 'start', from: node.from, line: this.#line(node), guards, isLazy: true };
    this.items.splice(first, 0, start);
    this.items.push({ mark: 'close' });
  }

  note(why: NotFollowed['why'], node: SyntaxNode, name?: string): void {
    this.notFollowed.push({ line: this.#line(node), why, ...(name !== undefined && { name }) });
  }

  /** Takes note of a function of this body that a call runs as a step. */
  runsAsStep(value: Value): void {
    if (value.kind === 'lambda') this.insidesOfSteps.add(value.node);
    if (value.kind === 'function') this.insidesOfSteps.add(value.function.node);
  }

  /** The line of the name that is called: a chain of calls has many lines. */
  #line(node: SyntaxNode): number {
    const target = node.name === 'CallExpression' ? (node.children[0] ?? node) : node;
    const name = target.name === 'MemberExpression' ? (target.children.at(-1) ?? target) : target;
    return this.#lineOf(name.from);
  }
}

/** Returns guards with more of them inside. One condition or loop in another says no more than one. */
export function plus(guards: readonly Guard[], more: readonly Guard[]): readonly Guard[] {
  if (more.length === 0) return guards;
  const result = [...guards];
  for (const guard of more) {
    if (guard.branch !== undefined) {
      if (hasRoomForBranch(result)) result.push(guard);
      continue;
    }
    const others = withoutBranches(result);
    const isSaid = guard.kind !== 'patch' && others.at(-1) === guard;
    if (!isSaid && others.length < MOST_GUARDS) result.push(guard);
  }
  return result;
}
