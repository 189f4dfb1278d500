import { describe, expect, test } from 'vitest';
import { trusted } from '../../../src/message.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { DATABASE_EPOCH, inFlight, registration, twoRegistered } from '../../support/builders.ts';
import {
  busy,
  failure,
  HOUR,
  hopeless,
  hopelessHold,
  reportAgainst,
  stuck,
  hopelessWhy as why,
} from '../../support/report-runs.ts';

describe('annotations', () => {
  test('are one per target, with a title, at the level of the step', async () => {
    const result = await reportAgainst(() => busy, { mode: 'check' });
    expect(annotationsOf(result)).toEqual([
      {
        level: 'error',
        title: '1.0.0 cannot be retired yet',
        message: expect.stringContaining('Slow: nothing that was read seems stuck'),
      },
    ]);
  });

  test('are warnings when the step passes on a timeout', async () => {
    const result = await reportAgainst(() => busy, { timeoutMs: 20_000, onTimeout: 'warn' });
    expect(annotationsOf(result).map(({ level }) => level)).toEqual(['warning']);
  });

  test('are at most ten: eight targets, what blocks first, one for the others, one for warnings', async () => {
    const versions = Array.from({ length: 30 }, (_, index) => `v${index}`);
    const result = await reportAgainst(
      () => ({
        registrations: [...versions.map((v) => registration(v, 0)), ...twoRegistered],
        inFlight: [inFlight('v29', { pending: 1 })],
      }),
      { mode: 'check', targets: { kind: 'named', versions } },
    );
    const annotations = annotationsOf({ ...result, conclusion: 'warn', warnings: [trusted('Mind this.')] });
    expect(annotations).toHaveLength(10);
    expect(annotations[0]?.title).toBe('v29 cannot be retired yet');
    expect(annotations[8]?.message).toBe('and 22 more versions: see the summary.');
    expect(annotations[9]?.message).toBe('Mind this.');
  });

  test('are one after a failure, with its cause', () => {
    expect(annotationsOf(failure)).toEqual([
      {
        level: 'error',
        title: 'dbos-drain-gate: error',
        message: expect.stringContaining('There is no database "shop"'),
      },
    ]);
  });
});

describe('annotations of a drain that has no end', () => {
  test('come with the reason first, and the timeout that it would take', async () => {
    const [first, second] = annotationsOf(await reportAgainst(hopelessHold));
    expect(first).toMatchObject({ level: 'error', title: '1.0.0 cannot be retired yet' });
    expect(first?.message).toMatch(/^"1\.0\.0": Never: 2 of 3 workflows are delayed until 05:00 UTC/);
    expect(first?.message).toContain(why);
    expect(second).toBeUndefined();
    const warned = annotationsOf(await reportAgainst(hopelessHold, { onTimeout: 'warn' }));
    expect(warned[0]?.level).toBe('warning');
  });

  test('ask for no timeout that no job can have', async () => {
    const never = {
      ...hopeless,
      inFlight: [inFlight('1.0.0', { delayed: 1, delayedUntil: DATABASE_EPOCH + 999 * HOUR })],
    };
    const [first] = annotationsOf(await reportAgainst(() => never));
    expect(first?.message).toContain('on a schedule with mode `report`');
    expect(first?.message).not.toContain('set `timeout`');
  });

  test('name no workflow where more are delayed than are named', async () => {
    const until = DATABASE_EPOCH + 5 * HOUR;
    const unnamed = { ...hopeless, lastDelayed: [] };
    const [first] = annotationsOf(await reportAgainst(() => unnamed));
    expect(first?.message).toContain(
      'and there are workflows that are delayed until 05:00 UTC. To wait for the last of them, set',
    );
    const other = {
      ...unnamed,
      lastDelayed: [{ id: 'wf-1', version: '1.0.0', name: null, className: null, instance: null, until: until - HOUR }],
    };
    const [about] = annotationsOf(await reportAgainst(() => other));
    expect(about?.message).toContain('is delayed until 05:00 UTC, after the timeout');
  });
});
test('annotations say how many workflows are stuck', async () => {
  const result = await reportAgainst(() => stuck, { timeoutMs: 20_000 });
  expect(annotationsOf(result)[0]?.message).toContain('Never: no process of "1.0.0" seems to be running');
});
