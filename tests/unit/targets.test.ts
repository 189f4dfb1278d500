import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { trusted } from '../../src/message.ts';
import {
  config,
  DATABASE_EPOCH,
  holdAgainst,
  inFlight,
  registration,
  type Scene,
  started,
  twoRegistered,
} from '../support/builders.ts';

const keep = (...versions: string[]) => ({ targets: { kind: 'all-but', keep: versions } }) as const;
const keepLatest = { targets: { kind: 'all-but-latest' } } as const;

async function targetsOf(scene: Scene, changes: Parameters<typeof config>[0]) {
  const { last, verdict } = await holdAgainst(config({ mode: 'report', ...changes }), () => scene);
  return { verdict, targets: last?.evaluation.targets.map(({ version }) => version) };
}

describe('keep-version', () => {
  test('makes every other version in flight or registered a target', async () => {
    const scene = { inFlight: [inFlight('0.8.0', { delayed: 1 }), inFlight('2.0.0', { pending: 1 })] };
    expect((await targetsOf(scene, keep('2.0.0'))).targets).toEqual(['0.8.0', '1.0.0']);
  });

  test('makes a version a target that has started work lately', async () => {
    const scene = { started: [started('0.7.0', 1, 1)] };
    expect((await targetsOf(scene, keep('2.0.0'))).targets).toEqual(['0.7.0', '1.0.0']);
  });

  test('leaves out rows that wait without a version or with an empty one', async () => {
    const scene = { inFlight: [inFlight('', { enqueued: 1 }), inFlight(null, { enqueued: 1 })] };
    expect(await targetsOf(scene, keep('2.0.0'))).toEqual({ verdict: 'drained', targets: ['1.0.0'] });
  });

  test('asks each poll for all versions but those that stay', async () => {
    const { requests } = await holdAgainst(config(keep('2.0.0', '1.9.0')), () => ({
      registrations: [...twoRegistered, registration('1.9.0', 1)],
    }));
    expect(requests[0]?.selection).toEqual({ except: ['2.0.0', '1.9.0'] });
  });

  test('keeps several versions', async () => {
    const registrations = [...twoRegistered, registration('1.9.0', 1)];
    expect((await targetsOf({ registrations }, keep('2.0.0', '1.9.0'))).targets).toEqual(['1.0.0']);
  });

  test('says nothing of what a poll saw before the latest version was known', async () => {
    const { polls, requests } = await holdAgainst(config({ ...keepLatest, mode: 'check' }), () => ({
      inFlight: [inFlight('1.0.0', { pending: 1 })],
    }));
    expect([polls.length, requests.length]).toEqual([1, 2]);
  });

  test.each([3, 0])(
    'a version that registers after the first poll is another deploy, and no target (%i)',
    async (at) => {
      const { verdict, last, requests } = await holdAgainst(config(keep('2.0.0')), ({ number }) => ({
        registrations: number === 1 ? twoRegistered : [...twoRegistered, registration('3.0.0', at)],
        inFlight: number === 1 ? [] : [inFlight('3.0.0', { pending: 1 })],
      }));
      expect(verdict).toBe('drained');
      expect(last?.evaluation.targets.map(({ version }) => version)).toEqual(['1.0.0']);
      expect(requests.at(-1)?.selection).toEqual({ except: ['2.0.0', '3.0.0'] });
    },
  );

  test.each([
    ['an older one that a rename brings is a target', 61_000, ['1.0.0', '3.0.0'], 'timed-out'],
    ['one of a process whose clock is a minute slow is another deploy', 60_000, ['1.0.0'], 'drained'],
  ])('of the versions that appear later, %s', async (_, agoMs, targets, verdict) => {
    const late = { ...registration('3.0.0', 1.5), registeredAt: DATABASE_EPOCH - agoMs };
    const held = await holdAgainst(config({ ...keep('2.0.0'), timeoutMs: 30_000 }), ({ number, at }) => ({
      observedAt: DATABASE_EPOCH + at,
      registrations: number === 1 ? twoRegistered : [...twoRegistered, late],
      inFlight: number === 1 ? [] : [inFlight('3.0.0', { pending: 1 })],
    }));
    expect(held.verdict).toBe(verdict);
    expect(held.last?.evaluation.targets.map(({ version }) => version).sort()).toEqual(targets);
  });

  test('a version that was registered at the first poll stays a target, though it is promoted', async () => {
    const promoted = [registration('1.0.0', 9), registration('2.0.0', 2)];
    const { verdict, last } = await holdAgainst(config({ ...keep('2.0.0'), timeoutMs: 20_000 }), ({ number }) => ({
      registrations: number === 1 ? twoRegistered : promoted,
      inFlight: number === 1 ? [] : [inFlight('1.0.0', { pending: 1 })],
    }));
    expect(verdict).toBe('timed-out');
    expect(last?.evaluation.targets).toMatchObject([{ version: '1.0.0', pending: 1 }]);
  });

  test('a version without a registration that shows work later is a target', async () => {
    const { verdict } = await holdAgainst(config({ ...keep('2.0.0'), timeoutMs: 20_000 }), ({ number }) => ({
      inFlight: number < 3 ? [] : [inFlight('0.5.0', { pending: 1 })],
    }));
    expect(verdict).toBe('timed-out');
  });

  test('once a target, always a target, though its last row is gone', async () => {
    const { last } = await holdAgainst(config(keep('2.0.0')), ({ number }) => ({
      inFlight: number === 1 ? [inFlight('0.5.0', { pending: 1 })] : [],
    }));
    expect(last?.evaluation.targets.map(({ version, drained }) => [version, drained])).toEqual([
      ['0.5.0', true],
      ['1.0.0', true],
    ]);
  });

  test('a target that is promoted during the hold stays one, and blocks as the latest', async () => {
    const { verdict } = await holdAgainst(config({ ...keep('2.0.0'), mode: 'check' }), ({ number }) => ({
      registrations: number === 1 ? twoRegistered : [registration('1.0.0', 9), registration('2.0.0', 2)],
    }));
    expect(verdict).toBe('still-live');
  });
});

describe('keep-version: latest', () => {
  const threeRegistered = [...twoRegistered, registration('3.0.0', 3)];
  const busy = (version: string) => inFlight(version, { pending: 1 });

  /** A hold in which these are registered, poll by poll; the last ones stay. 2.0.0 is the first latest. */
  async function heldWith(registrations: readonly (readonly ReturnType<typeof registration>[])[], scene: Scene = {}) {
    const changes = { ...keepLatest, timeoutMs: 60_000 };
    const held = await holdAgainst(config(changes), ({ number }) => ({
      ...scene,
      registrations: registrations[Math.min(number, registrations.length) - 1] ?? [],
    }));
    const { state, targets = [] } = held.last?.evaluation ?? {};
    return { ...held, kept: state?.kept, targets: targets.map(({ version }) => version).sort() };
  }

  test('keeps the latest version, and asks for all others from the second poll on', async () => {
    const { kept, targets, requests, verdict } = await heldWith([twoRegistered]);
    expect({ kept, targets, verdict }).toEqual({ kept: ['2.0.0'], targets: ['1.0.0'], verdict: 'drained' });
    expect(requests.map(({ selection }) => selection).slice(0, 2)).toEqual([{ except: [] }, { except: ['2.0.0'] }]);
  });

  test('keeps a version that registers during the hold, and retires the one that was kept before', async () => {
    const only = [registration('1.0.0', 1)];
    const held = await heldWith([only, only, twoRegistered], { inFlight: [busy('1.0.0')] });
    expect(held).toMatchObject({ kept: ['2.0.0'], targets: ['1.0.0'], verdict: 'timed-out' });
    expect(held.last?.evaluation.targets).toMatchObject([{ pending: 1, blockers: [{ kind: 'in-flight' }] }]);
  });

  test('does not believe the poll that finds the new version: it has not counted the one kept before', async () => {
    const { polls, requests, targets, verdict } = await heldWith([twoRegistered, twoRegistered, threeRegistered]);
    const excepted = [[], ['2.0.0'], ['2.0.0'], ['3.0.0']].map((except) => ({ except }));
    expect(requests.map(({ selection }) => selection).slice(0, 4)).toEqual(excepted);
    // The first poll and the third decide nothing, and are reported nowhere.
    expect(requests.length - polls.length).toBe(2);
    expect({ targets, verdict }).toEqual({ targets: ['1.0.0', '2.0.0'], verdict: 'drained' });
  });

  test('gives a version that is kept no more a settle window of its own', async () => {
    const { waitedMs } = await heldWith([twoRegistered, twoRegistered, threeRegistered]);
    expect(waitedMs).toBe(15_000);
  });

  test('takes no target for idle at a poll that has not counted it, though the settle window is 0s', async () => {
    const { verdict } = await holdAgainst(config({ ...keepLatest, mode: 'check', settleMs: 0 }), ({ number }) => ({
      registrations: number === 1 ? [registration('1.0.0', 1)] : twoRegistered,
      inFlight: number < 3 ? [] : [busy('1.0.0')],
    }));
    expect(verdict).toBe('in-flight');
  });

  test.each([
    ['one after the other', [twoRegistered, threeRegistered, [...threeRegistered, registration('4.0.0', 4)]]],
    ['at once', [twoRegistered, [...threeRegistered, registration('4.0.0', 4)]]],
  ])('of two versions that register %s keeps the later one', async (_, registrations) => {
    expect(await heldWith(registrations)).toMatchObject({ kept: ['4.0.0'], targets: ['1.0.0', '2.0.0', '3.0.0'] });
  });

  test('keeps the one that was the latest when an older version is promoted, which then is live', async () => {
    const promoted = [registration('1.0.0', 9), registration('2.0.0', 2)];
    const { kept, targets, verdict, last } = await heldWith([twoRegistered, twoRegistered, promoted]);
    expect({ kept, targets }).toEqual({ kept: ['2.0.0'], targets: ['1.0.0'] });
    expect(verdict).not.toBe('drained');
    expect(last?.evaluation.targets.flatMap(({ blockers }) => blockers)).toMatchObject([{ kind: 'live' }]);
  });

  test('never keeps a target again: a new version that was replaced, and is promoted, is live', async () => {
    const promoted = [registration('1.0.0', 1), registration('2.0.0', 9), registration('3.0.0', 3)];
    const { kept, targets, verdict } = await heldWith([twoRegistered, threeRegistered, promoted]);
    expect({ kept, targets }).toEqual({ kept: ['3.0.0'], targets: ['1.0.0', '2.0.0'] });
    expect(verdict).not.toBe('drained');
  });

  test('does not keep a version that had work in flight before it registered', async () => {
    const held = await heldWith([twoRegistered, threeRegistered], { inFlight: [busy('3.0.0')] });
    expect(held).toMatchObject({ kept: ['2.0.0'], targets: ['1.0.0', '3.0.0'], verdict: 'timed-out' });
  });

  test('retires a version that registers with an older time than the latest', async () => {
    const late = [...twoRegistered, registration('1.5.0', 1.5)];
    expect(await heldWith([twoRegistered, late])).toMatchObject({ kept: ['2.0.0'], targets: ['1.0.0', '1.5.0'] });
  });

  test('retires an older version that a rename brings, though it is the latest then', async () => {
    const renamed = { ...registration('3.0.0', 3), registeredAt: DATABASE_EPOCH - 3_600_000 };
    const { kept, targets, verdict } = await heldWith([twoRegistered, twoRegistered, [...twoRegistered, renamed]]);
    expect({ kept, targets }).toEqual({ kept: ['2.0.0'], targets: ['1.0.0', '3.0.0'] });
    expect(verdict).not.toBe('drained');
  });

  test('keeps every version that has the latest time', async () => {
    const tie = [...twoRegistered, registration('2.0.1', 2)];
    expect(await heldWith([tie])).toMatchObject({ kept: ['2.0.0', '2.0.1'], targets: ['1.0.0'] });
    expect(await heldWith([twoRegistered, tie])).toMatchObject({ kept: ['2.0.0', '2.0.1'], targets: ['1.0.0'] });
  });

  test('ends with an error when the registration of the kept version is gone', async () => {
    const { verdict, last } = await heldWith([twoRegistered, [registration('1.0.0', 1), registration('3.0.0', 3)]]);
    expect(verdict).toBe('error');
    expect(last?.evaluation.gate).toMatchObject([{ kind: 'registration-gone', versions: ['2.0.0'] }]);
  });

  test.each([1, 3])('ends with an error when the latest version is empty, from poll %i on', async (from) => {
    const { verdict, last } = await holdAgainst(config(keepLatest), ({ number }) => ({
      registrations: number < from ? twoRegistered : [...twoRegistered, registration('', 9)],
    }));
    expect(verdict).toBe('error');
    expect(last?.evaluation.gate).toEqual([{ kind: 'empty-latest-version' }]);
  });

  test('takes what was registered at the first poll that could be read for what the gate began with', async () => {
    const { last, verdict } = await holdAgainst(config(keepLatest), ({ number }) => {
      if (number === 1) throw new TransientError(trusted('Connection lost.'), true);
      return { registrations: twoRegistered };
    });
    expect(verdict).toBe('drained');
    expect(last?.evaluation.state.kept).toEqual(['2.0.0']);
  });
});

test('named versions are the targets, whatever else is in flight', async () => {
  const scene = { inFlight: [inFlight('0.8.0', { delayed: 1 })] };
  expect((await targetsOf(scene, {})).targets).toEqual(['1.0.0']);
});
