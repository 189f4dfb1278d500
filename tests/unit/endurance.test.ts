// @module-tag exhaustive
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { hold } from '../../src/hold/hold.ts';
import { trusted } from '../../src/message.ts';
import { startLog } from '../../src/report/log.ts';
import { type Clock, systemClock } from '../../src/time.ts';
import { config, inFlight, openWriter, snapshot, started } from '../support/builders.ts';
import { PLACE } from '../support/report-runs.ts';

const DAY_MS = 24 * 60 * 60_000;
const POLLS = 20_000;
const MIB = 1024 * 1024;

test('a hold of a day and twenty thousand polls needs no more memory at its end than at its beginning', async () => {
  const gate = config({ timeoutMs: DAY_MS, pollIntervalMs: DAY_MS / POLLS });
  let now = 0;
  const clock: Clock = {
    now: () => now,
    withTimeout: systemClock.withTimeout,
    pause: async (milliseconds) => {
      now += milliseconds;
    },
  };
  let polls = 0;
  let lines = 0;
  const heap: number[] = [];
  const count = () => {
    lines += 1;
  };
  const log = startLog({ line: count, group: count }, gate, PLACE);
  const { verdict } = await hold(gate, {
    clock,
    signal: new AbortController().signal,
    ...log,
    reader: {
      read: async () => {
        polls += 1;
        if (polls % (POLLS / 10) === 0) heap.push(heapInUse());
        if (polls % 7 === 0) throw new TransientError(trusted(`Failure ${polls % 5}.`), true);
        const pending = polls % 13;
        return snapshot({
          inFlight: pending === 0 ? [] : [inFlight('1.0.0', { pending })],
          started: [started('1.0.0', polls, polls + 1)],
          writers: [openWriter(`3/${polls}`, { pid: polls, connection: null })],
        });
      },
    },
  });
  expect(verdict).toBe('timed-out');
  expect(polls).toBeGreaterThan(POLLS * 0.8);
  expect(lines).toBeGreaterThan(polls / 2);
  const [, beginning = 0, ...later] = heap;
  expect(Math.max(...later) - beginning).toBeLessThan(MIB);
});

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
