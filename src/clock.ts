import { setTimeout } from 'node:timers/promises';
import type { Clock } from './hold/hold.ts';

/** The longest that a timer of the runtime can wait for: 2^31 - 1 milliseconds, almost 25 days. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** The process's monotonic clock: a step of the wall clock changes no timeout. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async pause(milliseconds, signal) {
    await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  },
};
