import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import { inFlight, registration, type Scene } from '../../support/builders.ts';
import { readReport } from '../../support/report-file.ts';
import { busy, failure, fileOf, hopeless, rendered, reportAgainst, stuck } from '../../support/report-runs.ts';

describe('the report file', () => {
  test.each([
    ['a held target', () => busy, { mode: 'check' }],
    ['a drained target', () => ({}), {}],
    [
      'nothing to retire',
      () => ({ registrations: [registration('2.0.0', 2)] }),
      { targets: { kind: 'all-but-latest' } },
    ],
    ['an untrusted database', () => ({ owners: ['shop', 'crm'] }), {}],
  ] as const)('of %s is what its schema says', async (_what, script, changes) => {
    const report = fileOf(await reportAgainst(script, changes));
    expect(readReport(JSON.stringify(report))).toEqual(report);
  });

  test('of a failure has the failure', () => {
    expect(readReport(JSON.stringify(fileOf(failure)))).toMatchObject({
      verdict: 'error',
      drained: false,
      waitedSeconds: 1.2,
      blockers: [{ kind: 'connection-lost', message: 'There is no database "shop" on this server.' }],
    });
  });
});

describe('the report file of a drain that has no end', () => {
  test('asks nobody to wait, nor does another text of the run', async () => {
    const told = async (changes: Partial<GateConfig>) => {
      const result = await reportAgainst(() => hopeless, changes);
      const annotations = annotationsOf(result).map(({ message }) => message);
      return [...annotations, rendered(summaryOf(result)), JSON.stringify(fileOf(result))].join('\n');
    };
    const waiting = /Let (them|it) finish|\bWait for (them|it),|Waiting is right/;
    expect(await told({})).not.toMatch(waiting);
    expect(
      (await told({})).match(/Cancel or fork the workflows that will not finish before the timeout/g),
    ).toHaveLength(2);
    expect(await told({ failFast: false, timeoutMs: 10_000 })).toMatch(waiting);
  });

  test('asks to wait for a version that can drain before the timeout, though another cannot', async () => {
    const both: Scene = {
      ...hopeless,
      inFlight: [...(hopeless.inFlight ?? []), inFlight('0.9.0', { pending: 3 })],
    };
    const result = await reportAgainst(() => both, {
      targets: { kind: 'named', versions: ['1.0.0', '0.9.0'] },
    });
    const about = (version: string) =>
      fileOf(result).versions.find((each) => each.version === version)?.blockers[0]?.message;
    expect(result.verdict).toBe('cannot-drain');
    expect(about('1.0.0')).toContain('Cancel or fork the workflows that will not finish before the timeout');
    expect(about('0.9.0')).toContain(
      'Wait for them, or cancel them. Fork them only if no process still works on them.',
    );
  });

  test('has the bound', async () => {
    const { verdict, forecast, versions } = fileOf(await reportAgainst(() => hopeless));
    expect(verdict).toBe('cannot-drain');
    expect(forecast).toMatchObject({ notBefore: '2026-01-01T05:00:00.000Z', trend: 'too-early' });
    expect(forecast?.earliestEnds[0]).toEqual({
      id: 'wf-9',
      workflow: 'remind',
      className: null,
      instance: null,
      version: '1.0.0',
      until: '2026-01-01T05:00:00.000Z',
      because: 'delayed',
    });
    expect(versions[0]?.forecast).toEqual(forecast);
  });
});
test('the report file says what each stuck workflow waits for', async () => {
  const result = await reportAgainst(() => stuck, { timeoutMs: 20_000 });
  const report = fileOf(result);
  expect(report.forecast).toMatchObject({ trend: 'stuck', stuck: 3, noProcessSeen: true });
  expect(report.workflows.items.map(({ activity }) => [activity?.state, activity?.kind, activity?.child])).toEqual([
    ['stuck', 'child', 'child'],
    ['stuck', 'silent', null],
    ['stuck', 'queued', null],
  ]);
});
