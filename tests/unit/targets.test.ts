import { describe, expect, test } from 'vitest';
import {
  config,
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

  test('leaves out rows without a version and with an empty one', async () => {
    const scene = { inFlight: [inFlight('', { pending: 1 }), inFlight(null, { pending: 1 })] };
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

  test('latest keeps the version that DBOS calls the latest, as of the first poll', async () => {
    const { last, requests } = await holdAgainst(config(keepLatest), ({ number }) => ({
      registrations: number < 3 ? twoRegistered : [...twoRegistered, registration('3.0.0', 3)],
    }));
    expect(last?.evaluation.targets.map(({ version }) => version)).toEqual(['1.0.0']);
    expect(requests[1]?.selection).toEqual({ except: ['2.0.0'] });
    expect(requests.at(-1)?.selection).toEqual({ except: ['2.0.0', '3.0.0'] });
  });

  test('says nothing of what a poll saw before the latest version was known', async () => {
    const { polls, requests } = await holdAgainst(config({ ...keepLatest, mode: 'check' }), () => ({
      inFlight: [inFlight('1.0.0', { pending: 1 })],
    }));
    expect([polls.length, requests.length]).toEqual([1, 2]);
  });

  test('nothing to retire is drained, after the settle window', async () => {
    const { verdict, waitedMs, last } = await holdAgainst(config(keepLatest), () => ({
      registrations: [registration('2.0.0', 2)],
    }));
    expect({ verdict, waitedMs, targets: last?.evaluation.targets }).toEqual({
      verdict: 'drained',
      waitedMs: 10_000,
      targets: [],
    });
  });

  test('a version that registers after the first poll is a newer deploy, and no target', async () => {
    const { verdict, last } = await holdAgainst(config(keep('2.0.0')), ({ number }) => ({
      registrations: number === 1 ? twoRegistered : [...twoRegistered, registration('3.0.0', 3)],
      inFlight: number === 1 ? [] : [inFlight('3.0.0', { pending: 1 })],
    }));
    expect(verdict).toBe('drained');
    expect(last?.evaluation.targets.map(({ version }) => version)).toEqual(['1.0.0']);
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

test('named versions are the targets, whatever else is in flight', async () => {
  const scene = { inFlight: [inFlight('0.8.0', { delayed: 1 })] };
  expect((await targetsOf(scene, {})).targets).toEqual(['1.0.0']);
});
