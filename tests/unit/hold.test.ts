import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { trusted } from '../../src/message.ts';
import {
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  registration,
  snapshot,
  testClock,
  twoRegistered,
} from '../support/builders.ts';

const busy = { inFlight: [inFlight('1.0.0', { pending: 1 })] };

describe('wait', () => {
  test('holds until the target has been idle for the settle window', async () => {
    const { verdict, waitedMs, polls } = await holdAgainst(config(), ({ at }) => (at < 20_000 ? busy : {}));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 30_000 });
    expect(polls.length).toBeGreaterThan(2);
  });

  test.each([
    ['never sooner than after the pause that is set', 60_000, 60_000],
    ['as soon as it has passed, where no pause is set', undefined, 1000],
  ])(
    'polls twice at least, though the settle window is shorter than a pause: %s',
    async (_, pollIntervalMs, waited) => {
      const { waitedMs, polls } = await holdAgainst(config({ settleMs: 1000, pollIntervalMs }), () => ({}));
      expect({ waitedMs, polls: polls.length }).toEqual({ waitedMs: waited, polls: 2 });
    },
  );

  test('believes one poll with a settle window of 0s', async () => {
    const { verdict, polls } = await holdAgainst(config({ settleMs: 0 }), () => ({}));
    expect({ verdict, polls: polls.length }).toEqual({ verdict: 'drained', polls: 1 });
  });

  test('polls once more at the deadline', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ timeoutMs: 12_000 }), () => busy);
    expect({ verdict, waitedMs }).toEqual({ verdict: 'timed-out', waitedMs: 12_000 });
  });

  test('lets a settle window that runs at the deadline finish', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ timeoutMs: 12_000 }), ({ at }) =>
      at < 11_000 ? busy : {},
    );
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 22_000 });
  });

  test('times out when work reappears in a settle window after the deadline', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ timeoutMs: 12_000 }), ({ at }) =>
      at < 11_000 || at > 15_000 ? busy : {},
    );
    expect({ verdict, waitedMs }).toEqual({ verdict: 'timed-out', waitedMs: 17_000 });
  });

  test('gives a target that is still the latest version two minutes, with fail-fast', async () => {
    const stillLatest = { registrations: [registration('1.0.0', 1)] };
    const { verdict, waitedMs } = await holdAgainst(config(), () => stillLatest);
    expect({ verdict, waitedMs }).toEqual({ verdict: 'still-live', waitedMs: 120_000 });

    const launched = await holdAgainst(config(), ({ at }) => (at < 110_000 ? stillLatest : {}));
    expect(launched.verdict).toBe('drained');
  });

  test('counts the two minutes from when nothing else has blocked', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      registrations: [registration('1.0.0', 1)],
      ...(at < 60_000 && busy),
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'still-live', waitedMs: 180_000 });
  });

  test('restarts the two minutes after a poll that failed', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => {
      if (at === 100_000) throw new TransientError(trusted('Connection lost.'), true);
      return { registrations: [registration('1.0.0', 1)] };
    });
    expect({ verdict, waitedMs }).toEqual({ verdict: 'still-live', waitedMs: 221_000 });
  });

  test('lets a settle window of more than two minutes run', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ settleMs: 300_000 }), () => ({}));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 300_000 });
  });

  test('holds on while the target is still the latest version, without fail-fast', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ failFast: false }), ({ at }) => ({
      registrations: at < 600_000 ? [registration('1.0.0', 1)] : twoRegistered,
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 610_000 });
  });

  test('times out, rather than still-live, when that is all that is left', async () => {
    const { verdict } = await holdAgainst(config({ timeoutMs: 12_000 }), () => ({
      registrations: [registration('1.0.0', 1)],
    }));
    expect(verdict).toBe('timed-out');
  });

  test('pauses for twenty times what a poll cost', async () => {
    const clock = testClock();
    const { pauses } = await holdAgainst(config({ timeoutMs: 60_000 }), () => busy, {
      clock,
      reader: { read: async () => ({ ...snapshot(busy), durationMs: 1000 }) },
    });
    expect(clock.pauses[0]).toBe(20_000);
    expect(pauses).toEqual([]);
  });
});

test('ends when polls never bring the evidence that the gate asks for', async () => {
  const unknown = snapshot({ registrations: [registration('2.0.0', 2)] });
  const holding = holdAgainst(config(), () => ({}), { reader: { read: async () => unknown } });
  await expect(holding).rejects.toThrow('never bring what was asked for');
});

describe('check and report', () => {
  test.each(['check', 'report'] as const)('%s ends at once when nothing is idle', async (mode) => {
    const { verdict, waitedMs } = await holdAgainst(config({ mode }), () => busy);
    expect({ verdict, waitedMs }).toEqual({ verdict: 'in-flight', waitedMs: 0 });
  });

  test.each(['check', 'report'] as const)('%s believes in drained only after the settle window', async (mode) => {
    const { verdict, waitedMs } = await holdAgainst(config({ mode }), () => ({}));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10_000 });
  });

  test('ends when work appears within the settle window', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ mode: 'check' }), ({ number }) =>
      number === 1 ? {} : busy,
    );
    expect({ verdict, waitedMs }).toEqual({ verdict: 'in-flight', waitedMs: 5000 });
  });

  test('settles what is idle, so that it can be torn down while another target drains', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const registrations = [registration('0.9.0', 0), ...twoRegistered];
    const { verdict, last } = await holdAgainst(config({ mode: 'check', targets }), () => ({
      registrations,
      ...busy,
    }));
    expect(verdict).toBe('in-flight');
    expect(last?.evaluation.targets.map(({ version, drained }) => [version, drained])).toEqual([
      ['0.9.0', true],
      ['1.0.0', false],
    ]);
  });

  test('does not go on for work that comes and goes', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const registrations = [registration('0.9.0', 0), ...twoRegistered];
    const { verdict, waitedMs } = await holdAgainst(
      config({ mode: 'check', targets, pollIntervalMs: 1000 }),
      ({ number }) => ({
        registrations,
        inFlight: [inFlight(number % 2 ? '0.9.0' : '1.0.0', { pending: 1 })],
      }),
    );
    expect(verdict).toBe('in-flight');
    expect(waitedMs).toBeLessThanOrEqual(10_000);
  });
});

describe('several targets', () => {
  const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
  const registrations = [registration('0.9.0', 0), ...twoRegistered];

  test('each has a settle window of its own', async () => {
    const { verdict, last } = await holdAgainst(config({ targets, timeoutMs: 60_000 }), () => ({
      registrations,
      ...busy,
    }));
    expect(verdict).toBe('timed-out');
    expect(last?.evaluation.targets.map(({ drained }) => drained)).toEqual([true, false]);
  });

  test('a settle window that runs at the deadline does not prolong the hold for another target', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ targets, timeoutMs: 12_000 }), ({ at }) => ({
      registrations,
      inFlight: [inFlight('1.0.0', { pending: 1 }), ...(at < 5000 ? [inFlight('0.9.0', { pending: 1 })] : [])],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'timed-out', waitedMs: 12_000 });
  });

  test('all have to be idle at the end', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ targets }), ({ at }) => ({
      registrations,
      inFlight: [
        ...(at < 20_000 ? [inFlight('1.0.0', { pending: 1 })] : []),
        ...(at === 25_000 ? [inFlight('0.9.0', { pending: 1 })] : []),
      ],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 40_000 });
  });
});

describe('cancelling', () => {
  test('ends a hold while it pauses', async () => {
    const controller = new AbortController();
    const clock = testClock();
    const pause = clock.pause;
    const { verdict, last } = await holdAgainst(config(), () => busy, {
      signal: controller.signal,
      clock: {
        ...clock,
        pause: async (milliseconds, signal) => {
          controller.abort();
          await pause(milliseconds, signal);
        },
      },
    });
    expect(verdict).toBe('cancelled');
    expect(last?.evaluation.targets[0]?.pending).toBe(1);
  });

  test('ends a hold whose poll never answers', async () => {
    const controller = new AbortController();
    const { verdict, last } = await holdAgainst(config(), () => busy, {
      signal: controller.signal,
      reader: {
        read: () => {
          queueMicrotask(() => controller.abort());
          return new Promise(() => undefined);
        },
      },
    });
    expect({ verdict, last }).toEqual({ verdict: 'cancelled', last: undefined });
  });
});

test('a poll that fails ends the hold with its error', async () => {
  const failure = new Error('no connection');
  const held = holdAgainst(config(), () => busy, { reader: { read: () => Promise.reject(failure) } });
  await expect(held).rejects.toBe(failure);
});

test('the gate’s own clock decides nothing about what is new', async () => {
  const { verdict } = await holdAgainst(config(), () => ({}), {
    reader: { read: async () => ({ ...snapshot(), observedAt: DATABASE_EPOCH - 3_600_000 }) },
  });
  expect(verdict).toBe('drained');
});
