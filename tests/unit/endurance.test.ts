import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { type Clock, hold } from '../../src/gate/hold.ts';
import { progressLog } from '../../src/report/progress.ts';
import { own } from '../../src/sentence.ts';
import { config, inFlight, observation, started } from './builders.ts';

const DAY_MS = 24 * 60 * 60_000;
const LOOKS = 100_000;
const MIB = 1024 * 1024;

test('a hold of a day and a hundred thousand looks needs no more memory at its end than at its beginning', async () => {
  const gate = config({ timeoutMs: DAY_MS, pollIntervalMs: DAY_MS / LOOKS });
  let now = 0;
  const clock: Clock = {
    now: () => now,
    pause: async (milliseconds) => {
      now += milliseconds;
    },
  };
  let looks = 0;
  let lines = 0;
  const heap: number[] = [];
  const count = () => {
    lines += 1;
  };
  const progress = progressLog({ line: count, group: count });
  progress.begin(gate, { database: 'shop', schema: 'dbos' }, []);
  const { verdict } = await hold(gate, {
    clock,
    signal: new AbortController().signal,
    onLook: progress.look,
    onFailedLook: progress.failedLook,
    observer: {
      look: async () => {
        looks += 1;
        if (looks % (LOOKS / 10) === 0) heap.push(heapInUse());
        if (looks % 7 === 0) throw new TransientError(own(`Failure ${looks % 5}.`), true);
        const pending = looks % 13;
        return observation({
          inFlight: pending === 0 ? [] : [inFlight('1.0.0', { pending })],
          started: [started('1.0.0', looks, looks + 1)],
          writers: [{ transaction: `3/${looks}`, pid: looks, connection: null }],
        });
      },
    },
  });
  expect(verdict).toBe('timed-out');
  expect(looks).toBeGreaterThan(LOOKS * 0.8);
  expect(lines).toBeGreaterThan(looks / 2);
  const [, beginning = 0, ...later] = heap;
  expect(Math.max(...later) - beginning).toBeLessThan(MIB);
});

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
