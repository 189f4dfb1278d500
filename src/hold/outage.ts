import type { GateConfig } from '../config.ts';
import type { Message } from '../message.ts';

/** Polls that failed in a row, each for a reason that may pass. Times are in milliseconds since the gate began. */
export interface Outage {
  /** The end of the last poll that succeeded; absent when none has. */
  readonly lastSuccess: number | undefined;
  /** When the first poll of the whole run that failed began. */
  readonly firstFailure: number;
  readonly failures: number;
  /** Why the last one failed. */
  readonly failure: Message;
  /** The server has let the gate in before. */
  readonly connectedBefore: boolean;
}

/** How long a database that was never reached is tried; in `check` and `report`, how long failed polls are taken again. */
const OUTAGE_PATIENCE_MS = 60_000;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

type Limits = Pick<GateConfig, 'mode' | 'timeoutMs'>;

/** How long the gate goes on trying, in milliseconds: until its timeout, or a minute. */
export function patienceLeftMs(
  { mode, timeoutMs }: Limits,
  { firstFailure, connectedBefore }: Outage,
  now: number,
): number {
  const minute = firstFailure + OUTAGE_PATIENCE_MS;
  if (mode !== 'wait') return minute - now;
  return (connectedBefore ? timeoutMs : Math.min(timeoutMs, minute)) - now;
}

/**
 * The pause before the next try, in milliseconds; undefined when the gate gives up. Pure.
 *
 * Pauses double. `wait` goes on until its timeout, once it has reached the database; what was never reached is most
 * often misspelt, and `check` and `report` are not there to wait: whatever comes in between, they take polls again for a
 * minute after the first that failed. At the deadline of `wait`, the first failure of an
 * outage is followed by a second try: a connection that had just been closed must not hide the answer.
 */
export function pauseAfterFailure(config: Limits, outage: Outage, now: number): number | undefined {
  const { failures } = outage;
  const leftMs = patienceLeftMs(config, outage, now);
  if (leftMs <= 0) return config.mode === 'wait' && failures === 1 ? FIRST_PAUSE_MS : undefined;
  return Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS, leftMs);
}
