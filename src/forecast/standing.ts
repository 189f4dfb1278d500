import type { PollTime } from '../hold/state.ts';
import type { Bound } from './earliest-end.ts';

/**
 * How long a bound has to stand, unchanged, before the gate acts on it, in milliseconds. A parent that races a sleep
 * against a child on another process looks asleep and alone for a moment, just after that child has finished.
 */
const STANDS_AFTER_MS = 10_000;

/** The bounds that stand, and since when, in milliseconds since the gate started. */
export type Standing = ReadonlyMap<string, { readonly bound: Bound; readonly since: number }>;

/**
 * Returns the bounds that stand after a poll: those that it read, and the sleeps that earlier polls read and this one
 * did not. A poll reads the details of few workflows.
 *
 * @param wasRead Whether the poll read the details of a workflow.
 */
export function standingAfter(
  before: Standing,
  bounds: readonly Bound[],
  wasRead: (id: string) => boolean,
  { ended }: PollTime,
): Standing {
  const unread = [...before].filter(([, { bound }]) => bound.because === 'sleeping' && !wasRead(bound.id));
  const read = bounds.map((bound) => {
    const key = keyOf(bound);
    return [key, { bound, since: before.get(key)?.since ?? ended }] as const;
  });
  return new Map([...unread, ...read]);
}

/** Whether a bound has stood for long enough at a poll to act on it. */
export function hasStood(standing: Standing, bound: Bound, { began }: PollTime): boolean {
  const since = standing.get(keyOf(bound))?.since;
  return since !== undefined && began - since >= STANDS_AFTER_MS;
}

function keyOf({ id, version, until }: Bound): string {
  return JSON.stringify([id, version, until]);
}
