import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { own } from '../../src/sentence.ts';
import {
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  observation,
  registration,
  testClock,
  twoRegistered,
} from './builders.ts';

const busy = { inFlight: [inFlight('1.0.0', { pending: 1 })] };

describe('wait', () => {
  test('holds until the target has been clean for the settle window', async () => {
    const { verdict, waitedMs, looks } = await holdAgainst(config(), ({ at }) => (at < 20_000 ? busy : {}));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 30_000 });
    expect(looks.length).toBeGreaterThan(2);
  });

  test('looks twice at least, though the settle window is shorter than the pause', async () => {
    const { waitedMs, looks } = await holdAgainst(
      config({ settleMs: 1000, pollIntervalMs: 60_000 }),
      () => ({}),
    );
    expect({ waitedMs, looks: looks.length }).toEqual({ waitedMs: 1000, looks: 2 });
  });

  test('believes one look with a settle window of 0s', async () => {
    const { verdict, looks } = await holdAgainst(config({ settleMs: 0 }), () => ({}));
    expect({ verdict, looks: looks.length }).toEqual({ verdict: 'drained', looks: 1 });
  });

  test('looks once more at the deadline', async () => {
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
    expect({ verdict, waitedMs }).toEqual({ verdict: 'still-latest', waitedMs: 120_000 });

    const launched = await holdAgainst(config(), ({ at }) => (at < 110_000 ? stillLatest : {}));
    expect(launched.verdict).toBe('drained');
  });

  test('counts the two minutes from when nothing else has blocked', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => ({
      registrations: [registration('1.0.0', 1)],
      ...(at < 60_000 && busy),
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'still-latest', waitedMs: 180_000 });
  });

  test('counts the two minutes anew after a look that failed', async () => {
    const { verdict, waitedMs } = await holdAgainst(config(), ({ at }) => {
      if (at === 100_000) throw new TransientError(own('The connection broke off.'), true);
      return { registrations: [registration('1.0.0', 1)] };
    });
    expect({ verdict, waitedMs }).toEqual({ verdict: 'still-latest', waitedMs: 221_000 });
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

  test('times out, rather than still-latest, when that is all that is left', async () => {
    const { verdict } = await holdAgainst(config({ timeoutMs: 12_000 }), () => ({
      registrations: [registration('1.0.0', 1)],
    }));
    expect(verdict).toBe('timed-out');
  });

  test('pauses for twenty times what a look cost', async () => {
    const clock = testClock();
    const { pauses } = await holdAgainst(config({ timeoutMs: 60_000 }), () => busy, {
      clock,
      observer: { look: async () => ({ ...observation(busy), lookMs: 1000 }) },
    });
    expect(clock.pauses[0]).toBe(20_000);
    expect(pauses).toEqual([]);
  });
});

describe('check and report', () => {
  test.each(['check', 'report'] as const)('%s ends at once when nothing is clean', async (mode) => {
    const { verdict, waitedMs } = await holdAgainst(config({ mode }), () => busy);
    expect({ verdict, waitedMs }).toEqual({ verdict: 'in-flight', waitedMs: 0 });
  });

  test.each(['check', 'report'] as const)(
    '%s believes in drained only after the settle window',
    async (mode) => {
      const { verdict, waitedMs } = await holdAgainst(config({ mode }), () => ({}));
      expect({ verdict, waitedMs }).toEqual({ verdict: 'drained', waitedMs: 10_000 });
    },
  );

  test('ends when work appears within the settle window', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ mode: 'check' }), ({ number }) =>
      number === 1 ? {} : busy,
    );
    expect({ verdict, waitedMs }).toEqual({ verdict: 'in-flight', waitedMs: 5000 });
  });

  test('settles what is clean, so that it can be torn down while another target drains', async () => {
    const targets = { kind: 'named', versions: ['0.9.0', '1.0.0'] } as const;
    const registrations = [registration('0.9.0', 0), ...twoRegistered];
    const { verdict, last } = await holdAgainst(config({ mode: 'check', targets }), () => ({
      registrations,
      ...busy,
    }));
    expect(verdict).toBe('in-flight');
    expect(last?.judgement.targets.map(({ version, drained }) => [version, drained])).toEqual([
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
    expect(last?.judgement.targets.map(({ drained }) => drained)).toEqual([true, false]);
  });

  test('a settle window that runs at the deadline does not prolong the hold for another target', async () => {
    const { verdict, waitedMs } = await holdAgainst(config({ targets, timeoutMs: 12_000 }), ({ at }) => ({
      registrations,
      inFlight: [
        inFlight('1.0.0', { pending: 1 }),
        ...(at < 5000 ? [inFlight('0.9.0', { pending: 1 })] : []),
      ],
    }));
    expect({ verdict, waitedMs }).toEqual({ verdict: 'timed-out', waitedMs: 12_000 });
  });

  test('all have to be clean at the end', async () => {
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
        now: clock.now,
        pause: async (milliseconds, signal) => {
          controller.abort();
          await pause(milliseconds, signal);
        },
      },
    });
    expect(verdict).toBe('cancelled');
    expect(last?.judgement.targets[0]?.pending).toBe(1);
  });

  test('ends a hold whose look never answers', async () => {
    const controller = new AbortController();
    const { verdict, last } = await holdAgainst(config(), () => busy, {
      signal: controller.signal,
      observer: {
        look: () => {
          queueMicrotask(() => controller.abort());
          return new Promise(() => undefined);
        },
      },
    });
    expect({ verdict, last }).toEqual({ verdict: 'cancelled', last: undefined });
  });
});

test('a look that fails ends the hold with its error', async () => {
  const failure = new Error('no connection');
  const held = holdAgainst(config(), () => busy, { observer: { look: () => Promise.reject(failure) } });
  await expect(held).rejects.toBe(failure);
});

test('the gate’s own clock decides nothing about what is new', async () => {
  const { verdict } = await holdAgainst(config(), () => ({}), {
    observer: { look: async () => ({ ...observation(), observedAt: DATABASE_EPOCH - 3_600_000 }) },
  });
  expect(verdict).toBe('drained');
});
