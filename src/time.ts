import { setTimeout as delay } from 'node:timers/promises';

/** The longest delay that a timer of the runtime takes: 2^31 - 1 milliseconds, almost 25 days. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** A monotonic clock, in milliseconds from an arbitrary start. */
export interface Clock {
  now(): number;
  /** Resolves after `milliseconds` and not before, or as soon as the signal aborts. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Does work with a signal that aborts after `milliseconds`, which can be infinite. */
  withTimeout<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
}

/** The monotonic clock of the process: a change of the wall clock changes no timeout. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async pause(milliseconds, signal) {
    const end = performance.now() + milliseconds;
    // A timer of the runtime can be early, by less than a millisecond.
    for (let left = milliseconds; left > 0 && !signal.aborted; left = end - performance.now()) {
      await delay(Math.ceil(left), undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  },
  async withTimeout(milliseconds, work) {
    // Not AbortSignal.timeout: its timer stays behind when the work is done, one per poll.
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), Math.min(milliseconds, LONGEST_TIMER_MS));
    try {
      return await work(overdue.signal);
    } finally {
      clearTimeout(timer);
    }
  },
};

export const UNITS_MS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** The milliseconds in `90s`, `1h30m` or `500ms`, the larger units first; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const match = /^(?:(?<h>\d+)h)?(?:(?<m>\d+)m(?!s))?(?:(?<s>\d+)s)?(?:(?<ms>\d+)ms)?$/.exec(text);
  if (match?.groups === undefined || text === '') return undefined;
  const { groups } = match;
  return Object.entries(UNITS_MS).reduce((sum, [unit, ms]) => sum + Number(groups[unit] ?? 0) * ms, 0);
}

/** Writes a duration for people, in two units at most: `1h 30m`, `2m`, `45s`, `500ms`, `0s`. */
export function durationText(milliseconds: number): string {
  if (milliseconds > 0 && milliseconds < 1000) return `${Math.ceil(milliseconds)}ms`;
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (h >= 24) return units(Math.floor(h / 24), 'd', h % 24, 'h');
  if (h > 0) return units(h, 'h', m, 'm');
  if (m > 0) return units(m, 'm', s, 's');
  return `${s}s`;
}

/** Writes how long something took, or how far it is: to whole seconds, and `under 1s` for less than one. */
export function spanText(milliseconds: number): string {
  return milliseconds > 0 && milliseconds < 1000 ? 'under 1s' : durationText(milliseconds);
}

function units(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small > 0 ? `${large}${largeUnit} ${small}${smallUnit}` : `${large}${largeUnit}`;
}

/** Writes a moment for people: `14:05 UTC`, `2026-11-26 14:05 UTC` on another day, with seconds within ten minutes. */
export function momentText(epochMs: number, now: number): string {
  const moment = new Date(epochMs).toISOString();
  const day = moment.slice(0, 10);
  const isNear = Math.abs(epochMs - now) < 10 * UNITS_MS.m;
  const time = `${moment.slice(11, isNear ? 19 : 16)} UTC`;
  return day === new Date(now).toISOString().slice(0, 10) ? time : `${day} ${time}`;
}

/** Writes a duration as an input, rounded up to whole minutes: `45m`, `2h`, `2h6m`. */
export function durationInput(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / UNITS_MS.m);
  const [h, m] = [Math.floor(minutes / 60), minutes % 60];
  return `${h > 0 ? `${h}h` : ''}${m > 0 || h === 0 ? `${m}m` : ''}`;
}

/** ISO 8601; null for no time, and for a time that no calendar has (a row can hold any number). */
export function iso(epochMs: number | null): string | null {
  if (epochMs === null) return null;
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  return Number.isNaN(date.getTime()) || year < 0 || year > 9999 ? null : date.toISOString();
}

export function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
