import type { Guard, NotFollowed, RecordedCall } from './definition.ts';
import { digest } from './fingerprint.ts';
import { ofCall, withBranches } from './guards.ts';
import { type Event, inOrderOfStart, type Mark } from './order.ts';

/** The place in a body where a function of the same file is called. */
export interface Follow<Key> {
  readonly follow: Key;
  readonly name: string | undefined;
  readonly line: number;
  readonly guards: readonly Guard[];
  /** Nothing waits for it where it stands. */
  readonly isConcurrent?: true;
}

/** What one function does itself. */
export interface Body<Key> {
  /** In the order of the text. */
  readonly items: readonly (RecordedCall | Follow<Key> | Mark)[];
  readonly notFollowed: readonly NotFollowed[];
  /** Of its own tokens. */
  readonly fingerprint: string;
}

/** What a function and all that it calls in the file do. */
export interface Recording {
  /** In the order in which they start. */
  readonly calls: readonly RecordedCall[];
  readonly notFollowed: readonly NotFollowed[];
  readonly fingerprint: string;
}

/** Levels of functions that call functions. */
const MOST_LEVELS = 60;
/** Calls and functions in the recording of one function. */
const MOST_ITEMS = 3000;
/** The same for all functions of a file together. */
const MOST_ITEMS_OF_FILE = 300_000;
/** Places where one function starts something or waits. */
const MOST_MARKS = 4000;
/** Places that could not be followed, of one function. */
const MOST_NOT_FOLLOWED = 50;

/**
 * Returns a function that puts bodies in the place of the calls of them. Recursion is cut, and so is whatever would take
 * more than a file of any sense needs: both are noted.
 */
export function recorder<Key>(bodyOf: (key: Key) => Body<Key>): (key: Key) => Recording {
  let left = MOST_ITEMS_OF_FILE;
  return (key) => {
    const events: Event[] = [];
    let marks = MOST_MARKS;
    const missed = new Map<string, NotFollowed>();
    const reached = new Set<Key>();
    const open = new Set<Key>();
    let items = Math.min(MOST_ITEMS, left);
    const miss = (each: NotFollowed) => {
      if (missed.size < MOST_NOT_FOLLOWED) missed.set(`${each.line} ${each.why} ${each.name ?? ''}`, each);
    };
    let count = 0;
    const enter = (at: Key, guards: readonly Guard[], isOuterConcurrent: boolean): void => {
      count += 1;
      const number = count;
      reached.add(at);
      open.add(at);
      const body = bodyOf(at);
      body.notFollowed.forEach(miss);
      for (const item of body.items) {
        if ('mark' in item) {
          marks -= 1;
          if (marks >= 0) events.push({ ...item, frame: number });
          continue;
        }
        items -= 1;
        left -= 1;
        if (items < 0) {
          miss({ line: item.line, why: 'unreadable' });
          return;
        }
        const around = [...guards, ...ofCall(item.guards, number)];
        const isConcurrent = isOuterConcurrent || item.isConcurrent === true;
        if (!('follow' in item)) events.push({ ...item, guards: around, ...(isConcurrent && { isConcurrent }) });
        else if (open.has(item.follow)) miss({ line: item.line, why: 'recursion', ...named(item.name) });
        else if (open.size >= MOST_LEVELS) miss({ line: item.line, why: 'unreadable', ...named(item.name) });
        else enter(item.follow, around, isConcurrent);
      }
      open.delete(at);
    };
    enter(key, [], false);
    const calls = inOrderOfStart(events, (line) => miss({ line, why: 'concurrent' }));
    if (marks < 0) miss({ line: calls[0]?.line ?? 1, why: 'concurrent' });
    const own = [...reached].map((each) => bodyOf(each).fingerprint);
    const placed = withBranches(calls);
    return {
      calls: placed,
      notFollowed: [...missed.values()],
      fingerprint: digest([...own, outsideOf(placed)]),
    };
  };
}

/**
 * What the text outside of the bodies says of calls: a name can come from a constant, whether a function is a step from its
 * registration, and whether a call runs at all from a constant in a condition.
 */
function outsideOf(calls: readonly RecordedCall[]): string {
  return JSON.stringify(calls.map(({ kind, name, guards }) => [kind, name, guards]));
}

function named(name: string | undefined): { readonly name?: string } {
  return name === undefined ? {} : { name };
}
