import { setTimeout } from 'node:timers/promises';
import type { Clock } from './gate/hold.ts';

/** The process's monotonic clock: a step of the wall clock changes no timeout. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async pause(milliseconds, signal) {
    await setTimeout(milliseconds, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  },
};
