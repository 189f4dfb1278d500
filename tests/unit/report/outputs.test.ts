import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import { trusted } from '../../../src/message.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { outputsOf, outputsWith } from '../../../src/report/outputs.ts';
import { inFlight, registration, type Scene } from '../../support/builders.ts';
import { busy, failure, fileOf, reportAgainst, runAgainst } from '../../support/report-runs.ts';

describe('outputs', () => {
  test('fit a place that takes less than GitHub, the names to tear down first', async () => {
    const report = await reportAgainst(() => busy, { mode: 'check' });
    const [version] = report.versions;
    if (version === undefined) throw new Error('no version');
    const names = Array.from({ length: 100 }, (_, index) => `2026-11-${index}`);
    const all = { ...report, versions: names.map((name) => ({ ...version, version: name })) };
    const lists = { ...all, drainedVersions: names, drainingVersions: names.map((name) => `${name}-draining`) };
    const { values, omitted } = outputsOf(lists, '/tmp/report.json', 5000);
    const file = Object.entries(values).map((line) => `${line.join('=')}\n`);
    expect(Buffer.byteLength(file.join(''))).toBeLessThanOrEqual(5000);
    expect(JSON.parse(values['drained-versions'])).toEqual(names);
    expect(JSON.parse(values['draining-versions'])).toHaveLength(100);
    expect(JSON.parse(values.versions)).toContainEqual({ omitted });
    expect(outputsOf(lists, '/tmp/report.json').omitted).toBe(0);
  });

  test('say what holds each target', async () => {
    const { values } = outputsOf(await reportAgainst(() => busy, { mode: 'check' }), '/tmp/report.json');
    expect(values).toMatchObject({
      verdict: 'in-flight',
      drained: 'false',
      'in-flight': '3',
      unversioned: '0',
      'drained-versions': '[]',
      'draining-versions': '["1.0.0"]',
      'observed-at': '2026-01-01T00:00:00.000Z',
      'report-path': '/tmp/report.json',
    });
    expect(JSON.parse(values.versions)).toEqual([
      {
        version: '1.0.0',
        application: 'shop',
        pending: 2,
        enqueued: 0,
        delayed: 1,
        inFlight: 3,
        ignored: 0,
        latest: false,
        known: true,
        drained: false,
        blockers: [{ kind: 'in-flight', message: expect.any(String) }],
        diagnosis: {
          kind: 'slow',
          cause: 'moving',
          brief: 'slow: no estimate from a single poll',
          reason: 'Slow: nothing that was read seems stuck, and there is no estimate from a single poll.',
          ifNothing: 'all 3 can still finish, with no estimate.',
        },
        forecast: {
          trend: 'too-early',
          completedPerMinute: null,
          arrivedPerMinute: null,
          rateOverSeconds: null,
          secondsLeft: null,
          notBefore: null,
          earliestEnds: [],
          progressing: 1,
          waiting: 0,
          stuck: 0,
          notScanned: 2,
          arrivedRoots: 0,
          arrivedChildren: 0,
          noProcessSeen: false,
          quietSeconds: null,
        },
      },
    ]);
  });

  test('omit forecasts and diagnoses before versions, where not all fit', async () => {
    const versions = Array.from({ length: 400 }, (_, at) => `version-${at}`);
    const result = await reportAgainst(
      () => ({
        registrations: [...versions, 'live'].map((version, at) => registration(version, at)),
        inFlight: versions.map((version) => inFlight(version, { pending: 1 })),
      }),
      { mode: 'check', targets: { kind: 'named', versions } },
    );
    const listed: readonly { readonly forecast: unknown; readonly diagnosis: unknown }[] = JSON.parse(
      outputsOf(result, '').values.versions,
    );
    expect(listed).toHaveLength(400);
    expect(new Set(listed.map(({ forecast }) => forecast))).toEqual(new Set([null]));
    expect(new Set(listed.map(({ diagnosis }) => diagnosis))).toEqual(new Set([null]));
    expect(fileOf(result).versions[399]).toMatchObject({ forecast: {}, diagnosis: {} });
  });

  test('name no drained version while anything blocks the whole gate, nor after a failure', async () => {
    const blocked = await reportAgainst(() => ({ owners: ['shop', 'crm'] }));
    expect(outputsOf(blocked, '').values['drained-versions']).toBe('[]');
    const broken = runReportOf({
      ...(await runAgainst(() => ({}))),
      failure: { kind: 'connection-lost', message: trusted('Connection lost.') },
      verdict: 'error',
    });
    expect(outputsOf(broken, '').values).toMatchObject({
      drained: 'false',
      'drained-versions': '[]',
      'draining-versions': '["1.0.0"]',
    });
    expect(outputsOf(broken, '').values.versions).toContain('"drained":false');
  });

  test('are set after a failure, too', () => {
    expect(outputsOf(failure, '/r').values).toEqual({
      verdict: 'error',
      drained: 'false',
      reason: 'No answer: the gate could not read the database reliably. Do not tear anything down.',
      diagnosis: '',
      'not-before': '',
      'in-flight': '',
      unversioned: '',
      'waited-seconds': '1.2',
      versions: '[]',
      'drained-versions': '[]',
      'draining-versions': '[]',
      'observed-at': '',
      'report-path': '/r',
    });
  });

  test.each<[string, GateConfig['targets'], Scene, readonly string[]]>([
    ['a kept version is a typo', { kind: 'all-but', keep: ['2.0.O'] }, {}, []],
    ['one of several kept ones is', { kind: 'all-but', keep: ['2.0.0', '1.9.O'] }, {}, []],
    ['several applications share the database', { kind: 'all-but', keep: ['2.0.0'] }, { owners: ['a', 'b'] }, []],
    ['a target that was named is a typo', { kind: 'named', versions: ['1.O.0', '1.0.0'] }, {}, ['1.O.0', '1.0.0']],
    ['the kept version is known', { kind: 'all-but', keep: ['2.0.0'] }, {}, ['1.0.0']],
  ])('name as draining what was asked for, where %s', async (_why, targets, scene, draining) => {
    const busy = { inFlight: [inFlight('1.0.0', { pending: 1 }), inFlight('2.0.0', { pending: 1 })], ...scene };
    const report = await reportAgainst(() => busy, { mode: 'report', targets });
    expect(JSON.parse(outputsOf(report, '').values['draining-versions'])).toEqual(draining);
    expect(fileOf(report).drainingVersions).toEqual(draining);
    expect(report.drainedVersions).toEqual([]);
  });

  test('say in `versions` how many did not fit', async () => {
    const many = Array.from({ length: 2000 }, (_, at) => registration(`${at}-${'x'.repeat(200)}`, at));
    const { values, omitted } = outputsOf(
      await reportAgainst(() => ({ registrations: many }), {
        mode: 'check',
        targets: { kind: 'all-but', keep: [many.at(-1)?.version ?? ''] },
      }),
      '',
    );
    const versions: { version?: string; omitted?: number }[] = JSON.parse(values.versions);
    expect(versions.at(-1)).toEqual({ omitted: 1999 - (versions.length - 1) });
    expect(omitted).toBeGreaterThan(versions.at(-1)?.omitted ?? 0);
  });
});

test('names the outputs that a text is found in, or can be in another run', () => {
  const values = { verdict: 'in-flight', drained: 'false', 'in-flight': '12', versions: '[]' };
  const holding = (text: string) => outputsWith((value) => value.includes(text), values);
  expect(holding('12')).toEqual(['in-flight']);
  expect(holding('fl')).toEqual(['verdict']);
  // What they are in a run that ends as drained.
  expect(holding('drain')).toEqual(['verdict']);
  expect(holding('true')).toEqual(['drained']);
  expect(holding('13')).toEqual([]);
  // The password of DBOS's own examples.
  expect(
    outputsWith((value) => value.includes('dbos'), { 'report-path': '/tmp/dbos-drain-gate-x/report.json' }),
  ).toEqual([]);
});
