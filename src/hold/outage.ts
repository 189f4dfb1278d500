import type { GateConfig } from '../config.ts';
import type { Message } from '../message.ts';
import { PAUSE_PER_POLL } from './pace.ts';

/** Polls that failed in a row, each for a transient reason. Times are in milliseconds since the gate started. */
export interface Outage {
  /** When the last successful poll finished; undefined when none has succeeded. */
  readonly lastSuccess: number | undefined;
  /** When the first failed poll of the whole run started. */
  readonly firstFailure: number;
  readonly failures: number;
  /** Why the last one failed. */
  readonly failure: Message;
  readonly failureId: string;
  /** The server has accepted the gate before. */
  readonly connectedBefore: boolean;
  /** When the first of the last polls started that all failed for a reason that most often stays. */
  readonly briefSince: number | undefined;
  /** What the last one cost, in milliseconds, where it was stopped for that; 0 otherwise. */
  readonly costMs: number;
}

/** How long the gate retries in `check` and `report`, where it has never connected, and what most often stays. */
const SHORT_PATIENCE_MS = 60_000;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

type Limits = Pick<GateConfig, 'mode' | 'timeoutMs'>;

/** How long the gate continues to retry, in milliseconds: until its timeout, or for a minute. */
export function patienceLeftMs(
  { mode, timeoutMs }: Limits,
  { firstFailure, connectedBefore, briefSince }: Outage,
  now: number,
): number {
  const minute = firstFailure + SHORT_PATIENCE_MS;
  if (mode !== 'wait') return minute - now;
  const ends = [timeoutMs, ...(connectedBefore ? [] : [minute])];
  return Math.min(...ends, briefSince === undefined ? timeoutMs : briefSince + SHORT_PATIENCE_MS) - now;
}

/**
 * The pause before the next retry, in milliseconds; undefined when the gate gives up. Pure.
 *
 * Pauses double. Once it has connected, `wait` retries until its timeout. An address that never answered is most often
 * misspelt, and `check` and `report` do not wait: they retry for a minute after the first failure. What most often stays
 * ends `wait` after a minute, too. At the deadline of `wait` the first failure is retried once: a connection that was
 * just closed must not hide the answer.
 *
 * A poll that was stopped for what it cost counts as load, like one that succeeds. One of them is retried soon: it can be
 * that of a busy moment.
 */
export function pauseAfterFailure(config: Limits, outage: Outage, now: number): number | undefined {
  const { failures, costMs } = outage;
  const leftMs = patienceLeftMs(config, outage, now);
  if (leftMs <= 0) return config.mode === 'wait' && failures === 1 ? FIRST_PAUSE_MS : undefined;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  return Math.min(failures === 1 ? pauseMs : Math.max(pauseMs, PAUSE_PER_POLL * costMs), leftMs);
}
