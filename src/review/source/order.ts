import type { Guard, RecordedCall } from './definition.ts';
import { withoutBranches } from './guards.ts';

/** A part of the text. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What decides when calls start that are not awaited where they stand. It stands between them, in the order of the text. */
export type Mark =
  /** The function waits: others that were started can run. Unsure, where what it awaits may be there already. */
  | { readonly mark: 'wait'; readonly isUnsure?: boolean }
  /** What a call starts, up to `close`: at once as far as it does not wait, or lazily, when somebody awaits it. */
  | {
      readonly mark: 'start';
      readonly from: number;
      readonly line: number;
      readonly guards: readonly Guard[];
      readonly isLazy: boolean;
    }
  | { readonly mark: 'close' }
  /** Makes a task of what was started lazily in these ranges: it runs when the function waits. */
  | { readonly mark: 'schedule'; readonly of: readonly Range[] }
  /** Awaits all that was started in these ranges. */
  | { readonly mark: 'end'; readonly of: readonly Range[]; readonly guards: readonly Guard[] };

/** A mark in one of the functions that are followed. */
export type Placed = Mark & { readonly frame: number };
export type Event = RecordedCall | Placed;

type Wait = Extract<Mark, { readonly mark: 'wait' }>;
type Flat = RecordedCall | Wait;
type Start = Extract<Placed, { readonly mark: 'start' }>;
type Node = Exclude<Event, { readonly mark: 'start' | 'close' }> | { readonly start: Start; readonly body: Node[] };

/** Groups in one another that are told apart. */
const MOST_DEPTH = 200;

/**
 * Returns the calls in the order in which they start, which is that of their ids. `note` gets the lines of those that run
 * while others start: how far they come is not in the text. Source: run with TypeScript 5.3 and Python 2.16 to 3.4.
 */
export function inOrderOfStart(events: readonly Event[], note: (line: number) => void): readonly RecordedCall[] {
  if (events.every((event) => !('mark' in event) || event.mark !== 'start')) return events.filter(isCall);
  return new Thread(note).run(nodesOf(events), true).filter(isCall);
}

function isCall(item: Event | Flat): item is RecordedCall {
  return !('mark' in item);
}

function nodesOf(events: readonly Event[]): readonly Node[] {
  const root: Node[] = [];
  const open: Node[][] = [root];
  let tooDeep = 0;
  for (const event of events) {
    if (!('mark' in event) || (event.mark !== 'start' && event.mark !== 'close')) open.at(-1)?.push(event);
    else if (event.mark === 'start') {
      const body: Node[] = [];
      if (open.length < MOST_DEPTH) {
        open.at(-1)?.push({ start: event, body });
        open.push(body);
      } else tooDeep += 1;
    } else if (tooDeep > 0) tooDeep -= 1;
    else open.pop();
  }
  return root;
}

/** Something that runs while the function goes on, or that waits for somebody to await it. */
interface Other {
  readonly start: Start;
  /** What it still does; at least one call. */
  rest: readonly Flat[];
  state: 'lazy' | 'scheduled' | 'running';
  /** The function has waited since it runs: nobody knows how far it is. */
  isAhead: boolean;
}

/** One function, and what it starts. */
class Thread {
  readonly #note: (line: number) => void;
  readonly #out: Flat[] = [];
  #others: Other[] = [];

  constructor(note: (line: number) => void) {
    this.#note = note;
  }

  run(nodes: readonly Node[], isOutermost: boolean): readonly Flat[] {
    for (const [at, node] of nodes.entries()) this.#step(node, nodes[at + 1]);
    this.#finish(isOutermost);
    return this.#out;
  }

  #step(node: Node, next: Node | undefined): void {
    if ('start' in node) {
      this.#begin(node.start, new Thread(this.#note).run(node.body, false), isEndOf(node.start, next));
    } else if (isCall(node)) this.#feed(node);
    else if (node.mark === 'wait') this.#feed(node);
    else if (node.mark === 'schedule') {
      // Tasks start in the order in which they are made.
      const tasks = this.#matching(node).filter(({ state }) => state === 'lazy');
      for (const task of tasks) task.state = 'scheduled';
      this.#others = [...this.#others.filter((other) => !tasks.includes(other)), ...tasks];
    } else this.#end(node);
  }

  #begin(start: Start, flat: readonly Flat[], isAwaited: boolean): void {
    const first = start.isLazy ? 0 : firstWait(flat);
    for (const item of flat.slice(0, first)) this.#feed(isAwaited ? item : asConcurrent(item));
    const rest = flat.slice(first);
    const state = start.isLazy ? 'lazy' : 'running';
    if (rest.some(isCall)) this.#others.push({ start, rest, state, isAhead: false });
  }

  #feed(item: Flat): void {
    if (!isCall(item)) {
      this.#wait(item);
      return;
    }
    for (const other of this.#others) if (other.state === 'running' && other.isAhead) this.#unsure(other);
    this.#out.push(item);
  }

  #unsure(other: Other): void {
    this.#note(other.start.line);
    // Once is enough.
    other.isAhead = false;
  }

  #wait(wait: Wait): void {
    if (this.#others.some(({ state }) => state === 'scheduled')) this.#leaveLast();
    this.#out.push(wait);
    for (const other of this.#others.filter(({ state }) => state === 'scheduled')) {
      if (wait.isUnsure === true) this.#note(other.start.line);
      const first = firstWait(other.rest);
      const now = other.rest.slice(0, first);
      other.state = 'running';
      other.rest = other.rest.slice(first);
      for (const item of now) this.#feed(asConcurrent(item));
    }
    this.#others = this.#others.filter(({ rest }) => rest.some(isCall));
    for (const other of this.#others) if (other.state === 'running') other.isAhead = true;
  }

  /** What the function waits for can end behind what starts meanwhile. */
  #leaveLast(): void {
    for (let at = this.#out.length - 1; at >= 0; at -= 1) {
      const item = this.#out[at];
      if (item === undefined || !isCall(item)) return;
      this.#out[at] = asConcurrent(item);
    }
  }

  #matching({ of, frame }: Extract<Placed, { readonly mark: 'schedule' | 'end' }>): readonly Other[] {
    // In the order of the ranges: that of the arguments of what awaits them.
    const found = of.flatMap(({ from, to }) =>
      this.#others.filter(({ start }) => start.frame === frame && start.from >= from && start.from < to),
    );
    return [...new Set(found)];
  }

  #end(end: Extract<Placed, { readonly mark: 'end' }>): void {
    const depth = withoutBranches(end.guards).length;
    const all = this.#matching(end).filter(({ start }) => withoutBranches(start.guards).length >= depth);
    if (all.some(({ state }) => state === 'scheduled')) this.#wait({ mark: 'wait' });
    const ended = all.filter(({ rest }) => rest.some(isCall));
    this.#others = this.#others.filter((other) => !ended.includes(other));
    const running = ended.filter(({ state }) => state !== 'lazy');
    const isAlone = running.length === 1 && this.#others.every(({ state }) => state !== 'running');
    for (const other of running) {
      if (!isAlone || loopsOf(other.start) > loopsOf(end)) this.#note(other.start.line);
    }
    // What is alone is waited for, one call after the other.
    for (const { rest } of ended) for (const item of rest) this.#feed(isAlone ? item : asConcurrent(item));
  }

  /** What nobody has awaited runs on, or never runs. */
  #finish(isOutermost: boolean): void {
    if (this.#others.some(({ state }) => state === 'scheduled')) this.#wait({ mark: 'wait' });
    const others = this.#others;
    this.#others = [];
    const isAlone = isOutermost && others.length === 1;
    for (const { start, rest, state } of others) {
      if (!isAlone || state === 'lazy' || loopsOf(start) > 0) this.#note(start.line);
      this.#out.push(...rest.map(asConcurrent));
    }
  }
}

function firstWait(flat: readonly Flat[]): number {
  const at = flat.findIndex((item) => !isCall(item));
  return at === -1 ? flat.length : at;
}

/** Whether nothing comes between what is started and the one that awaits it. */
function isEndOf(start: Start, next: Node | undefined): boolean {
  const { from, frame } = start;
  if (next === undefined || 'start' in next || isCall(next) || next.mark !== 'end') return false;
  // What `map` starts is awaited once, and runs together.
  if (loopsOf(start) > loopsOf(next)) return false;
  return next.frame === frame && next.of.some((range) => from >= range.from && from < range.to);
}

function asConcurrent(item: Flat): Flat {
  return isCall(item) ? { ...item, isConcurrent: true } : item;
}

function loopsOf({ guards }: { readonly guards: readonly Guard[] }): number {
  return guards.filter(({ kind }) => kind === 'loop').length;
}
