import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { ReportableError, TransientError } from '../../src/errors.ts';
import { msg, trusted } from '../../src/message.ts';
import { config, holdAgainst, inFlight, type Scene, snapshot, testClock, twoRegistered } from '../support/builders.ts';

/* A poll that failed is evidence of nothing: it is retried, and what was idle has to be idle again. */

const MINUTE = 60_000;
const busy: Scene = { inFlight: [inFlight('1.0.0', { pending: 1 })] };
const failure = (connectedBefore = true) =>
  new TransientError(msg`The connection to ${'db'} broke off.`, connectedBefore);
const lasting = new TransientError(msg`The tables changed.`, true, { brief: true });

/** Holds where each poll takes so long, and sees or fails as the script has it at that time. */
async function holdThrough(
  changes: Partial<GateConfig>,
  script: (at: number, number: number) => Scene | Error,
  durationMs = 0,
) {
  const clock = testClock();
  const beginning = clock.now();
  let number = 0;
  const held = await holdAgainst(config(changes), () => ({}), {
    clock,
    reader: {
      read: async () => {
        const withinMs = clock.timeouts.at(-1) ?? Number.NaN;
        number += 1;
        const index = script(clock.now() - beginning, number);
        if (durationMs > 0)
          await clock.pause(Math.max(0, Math.min(durationMs, withinMs)), new AbortController().signal);
        if (index instanceof Error) throw index;
        return snapshot(index);
      },
    },
  }).catch((error: unknown) => ({
    error,
    waitedMs: clock.now() - beginning,
    verdict: undefined,
    failedPolls: [],
  }));
  return { ...held, budgets: clock.timeouts, pollsTaken: number };
}

describe('wait', () => {
  test('survives polls that fail, and drains after them', async () => {
    const held = await holdThrough({}, (at) => (at < 20_000 ? busy : at < 5 * MINUTE ? failure() : {}));
    if (held.error !== undefined) throw held.error;
    expect(held.verdict).toBe('drained');
    expect(held.failedPolls.length).toBeGreaterThan(5);
  });

  test('tries again with growing pauses, up to half a minute', async () => {
    const held = await holdThrough({}, (at) => (at === 0 || at > 3 * MINUTE ? {} : failure()));
    if (held.error !== undefined) throw held.error;
    expect(held.failedPolls.map(({ pauseMs }) => pauseMs / 1000)).toEqual([1, 2, 4, 8, 16, 30, 30, 30, 30, 30]);
  });

  test.each([
    ['counts as load when it happens again', '57014', [1, 600, 600, 600]],
    ['is no load where the network was silent', undefined, [1, 2, 4, 8]],
  ])('a poll that was stopped for what it cost %s', async (_, code, pauses) => {
    const cause = Object.assign(new Error('stopped'), { code });
    const stopped = new TransientError(msg`The poll took too long.`, true, { overLimit: true, cause });
    const held = await holdThrough({ timeoutMs: 60 * MINUTE }, (at) => (at > 40 * MINUTE ? {} : stopped), 30_000);
    if (held.error !== undefined) throw held.error;
    expect(held.failedPolls.slice(0, 4).map(({ pauseMs }) => pauseMs / 1000)).toEqual(pauses);
  });

  test('begins with short pauses again in the next outage', async () => {
    const held = await holdThrough({}, (at, number) => (at > 100_000 ? {} : number % 3 === 0 ? busy : failure()));
    if (held.error !== undefined) throw held.error;
    expect(new Set(held.failedPolls.map(({ pauseMs }) => pauseMs))).toEqual(new Set([1000, 2000]));
  });

  test('never concludes from a poll that failed', async () => {
    const { verdict } = await drainedAt((at) => at === 5000);
    expect(verdict).toBe('drained');
    const held = await holdThrough({ settleMs: 0 }, (_at, number) => (number === 1 ? failure() : busy));
    expect(held).toMatchObject({ verdict: 'timed-out' });
  });

  /** Clean at every poll that does not fail. */
  async function drainedAt(fails: (at: number) => boolean) {
    const held = await holdThrough({}, (at) => (fails(at) ? failure() : {}));
    if (held.error !== undefined) throw held.error;
    return held;
  }

  test('restarts the settle window after a poll that failed', async () => {
    expect((await drainedAt(() => false)).waitedMs).toBe(10_000);
    // The poll at 5 s fails; the one at 6 s is the first idle one again.
    expect((await drainedAt((at) => at === 5000)).waitedMs).toBe(16_000);
  });

  test('does not drain while every settle window has a gap', async () => {
    const held = await holdThrough({ timeoutMs: 10 * MINUTE }, (_at, number) => (number % 2 ? {} : failure()));
    expect(held).toMatchObject({ verdict: 'timed-out' });
  });

  test('asks for the statuses of a newer schema again after a gap', async () => {
    const scans: boolean[] = [];
    const clock = testClock();
    let polls = 0;
    const newer = { ...snapshot().database, migration: 999 };
    const { verdict } = await holdAgainst(config(), () => ({}), {
      clock,
      reader: {
        read: async (request) => {
          polls += 1;
          if (polls === 3) throw failure();
          scans.push(request.scanStatuses);
          return snapshot({ database: newer, unknownStatuses: request.scanStatuses ? [] : undefined });
        },
      },
    });
    expect(verdict).toBe('drained');
    expect(scans.filter(Boolean)).toHaveLength(2);
  });

  test('ends in the failure when the timeout passes without a poll', async () => {
    const held = await holdThrough({ timeoutMs: 5 * MINUTE }, (at) => (at < 2 * MINUTE ? busy : failure()));
    expect(held.waitedMs).toBe(5 * MINUTE);
    expect(messageOf(held)).toMatch(
      /^The connection to db broke off\. Giving up after \d+ polls that failed in a row\. The last successful poll was 3m \ds earlier\.$/,
    );
  });

  test('polls once more when the poll at the deadline is the first to fail', async () => {
    const held = await holdThrough({ timeoutMs: MINUTE }, (at) => (at === MINUTE ? failure() : busy));
    expect(held).toMatchObject({ verdict: 'timed-out', waitedMs: MINUTE + 1000 });
  });

  test.each([false, true])('ends at once for what waiting does not mend (after a poll: %s)', async (after) => {
    const refused = new ReportableError(trusted('The server rejected the password.'));
    const held = await holdThrough({}, (at) => (after && at === 0 ? busy : refused));
    expect(held.waitedMs).toBe(after ? 5000 : 0);
    expect(messageOf(held)).toBe('The server rejected the password.');
  });

  test('times out when a settle window that runs at the deadline has a gap', async () => {
    const held = await holdThrough({ timeoutMs: 12_000 }, (at) =>
      at < 11_000 ? busy : at === 17_000 ? failure() : {},
    );
    expect(held).toMatchObject({ verdict: 'timed-out', waitedMs: 18_000 });
    expect(held.budgets.at(-1)).toBe(2000);
  });

  test('gives up after a minute on a database that it never reached', async () => {
    const held = await holdThrough({ timeoutMs: 120 * MINUTE }, () => failure(false));
    expect(held.waitedMs).toBe(MINUTE);
    expect(messageOf(held)).toContain('No poll succeeded within 1m.');
  });

  test('gives up after a minute of nothing but failures that most often stay, though polls succeeded before', async () => {
    const held = await holdThrough({}, (at) => (at < 20_000 ? busy : lasting));
    expect(held.waitedMs).toBe(20_000 + MINUTE);
    expect(messageOf(held)).toMatch(/^The tables changed\. Giving up after \d polls that failed in a row\./);
  });

  test.each([
    ['a poll that succeeds', {}],
    ['a failure that can pass', failure()],
  ])('starts that minute over after %s', async (_, between) => {
    const held = await holdThrough({}, (at, number) =>
      at > 5 * MINUTE ? {} : number > 1 && number % 3 === 0 ? between : lasting,
    );
    if (held.error !== undefined) throw held.error;
    expect(held.verdict).toBe('drained');
  });

  test('goes on with a database that let it in, though no poll has succeeded yet', async () => {
    const held = await holdThrough({}, (at) => (at < 10 * MINUTE ? failure(true) : {}));
    expect(held).toMatchObject({ verdict: 'drained' });
  });

  test('gives each poll no more time than the hold has left', async () => {
    const { budgets } = await holdThrough({ timeoutMs: 20_000 }, () => busy);
    expect(budgets).toEqual([25_000, 20_000, 15_000, 10_000, 5000]);
  });

  test('gives the polls of a settle window that runs at the deadline the time that it takes', async () => {
    const { budgets } = await holdThrough({ timeoutMs: 12_000 }, (at) => (at < 11_000 ? busy : {}));
    expect(budgets).toEqual([17_000, 12_000, 7000, 5000, 10_000, 5000]);
  });

  test('outlives its timeout by seconds only, though each poll takes all the time that it is given', async () => {
    const held = await holdThrough({ timeoutMs: MINUTE }, () => failure(), 29_000);
    expect(held.waitedMs).toBeGreaterThanOrEqual(MINUTE);
    expect(held.waitedMs).toBeLessThanOrEqual(MINUTE + 8000);
  });
});

describe('check and report', () => {
  test.each(['check', 'report'] as const)(
    '%s survives a poll that fails, and restarts the settle window',
    async (mode) => {
      const held = await holdThrough({ mode }, (at) => (at === 0 || at === 6000 ? failure() : {}));
      // At 1 s the window opens; the poll at 6 s fails; from 7 s on it is idle for 10 s.
      expect(held).toMatchObject({ verdict: 'drained', waitedMs: 17_000 });
    },
  );

  test.each(['check', 'report'] as const)('%s gives up after a minute without a poll', async (mode) => {
    const held = await holdThrough({ mode }, (at) => (at === 0 ? {} : failure()));
    // The poll at 5 s is the first that fails.
    expect(held.waitedMs).toBe(5000 + MINUTE);
    expect(messageOf(held)).toContain('Giving up after');
  });

  test('take a failed poll again, though it comes after a long pause, and whatever `timeout` is', async () => {
    const held = await holdThrough(
      { mode: 'check', timeoutMs: 1000, settleMs: 2 * MINUTE, pollIntervalMs: 1.5 * MINUTE },
      (_at, number) => (number === 2 ? failure() : {}),
    );
    expect(held).toMatchObject({ verdict: 'drained' });
  });

  test('give up after a minute, though polls succeed in between', async () => {
    const held = await holdThrough({ mode: 'check' }, (_at, number) => (number % 2 === 0 ? {} : failure()));
    expect(held.waitedMs).toBeLessThan(MINUTE + 10_000);
    expect(messageOf(held)).toContain('Giving up after');
  });
});

test('a cancelled job ends an outage at once', async () => {
  const controller = new AbortController();
  const clock = testClock();
  const held = await holdAgainst(config(), () => ({}), {
    signal: controller.signal,
    clock: {
      ...clock,
      pause: async (milliseconds, signal) => {
        controller.abort();
        await clock.pause(milliseconds, signal);
      },
    },
    reader: { read: () => Promise.reject(failure()) },
  });
  expect(held).toMatchObject({ verdict: 'cancelled', last: undefined });
});

test('only what was registered at both sides of a gap counts: nothing else is forgotten', async () => {
  const gone = await holdAgainst(config(), () => ({}), {
    reader: (() => {
      let polls = 0;
      return {
        read: async () => {
          polls += 1;
          if (polls === 2) throw failure();
          return snapshot({ registrations: polls === 1 ? twoRegistered : twoRegistered.slice(1) });
        },
      };
    })(),
  });
  expect(gone).toMatchObject({ verdict: 'error' });
});

function messageOf(held: { readonly error: unknown }): string {
  if (!(held.error instanceof Error)) throw new Error('The hold did not fail.');
  return held.error.message;
}
