import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { runReportOf } from '../../src/report/model.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { plain } from '../../src/report/text.ts';
import {
  config,
  inFlight,
  registration,
  runAgainst,
  type Script,
  started,
  workflowDetail,
} from '../support/builders.ts';
import { rendered } from '../support/report-runs.ts';

/*
 * A process of Go that cannot read its own binary has no version. What it runs carries none, and it recovers such work
 * when it is launched again.
 */

const keepNamed: Partial<GateConfig> = { targets: { kind: 'all-but', keep: ['2.0.0'] } };
const keepLatest: Partial<GateConfig> = { targets: { kind: 'all-but-latest' } };
const registrations = [registration('2.0.0', 2)];

async function runOf(script: Script, changes: Partial<GateConfig> = keepNamed) {
  return runAgainst(config({ timeoutMs: 60_000, ...changes }), (poll) => ({ registrations, ...script(poll) }));
}
const reportOf = async (...run: Parameters<typeof runOf>) => runReportOf(await runOf(...run));
const running = { inFlight: [inFlight(null, { pending: 2 })] };

describe.each([keepNamed, keepLatest])('what runs without a version, with %o', (keep) => {
  test('is a target of its own, and blocks until it has finished', async () => {
    const blocked = await reportOf(() => running, { ...keep, mode: 'check' });
    expect(blocked.verdict).toBe('in-flight');
    expect(blocked.versions).toMatchObject([{ version: null, pending: 2, inFlight: 2, known: true, drained: false }]);
    const drained = await reportOf(({ at }) => (at < 10_000 ? running : {}), keep);
    expect(drained).toMatchObject({ verdict: 'drained', waitedSeconds: 20 });
    expect(drained.versions).toMatchObject([{ version: null, drained: true }]);
  });

  test('is in neither list of names, and has no name in `versions`', async () => {
    for (const script of [() => running, () => ({ started: [started(null, 1, 1)] })]) {
      const report = await reportOf(script, { ...keep, mode: 'check' });
      const { values } = outputsOf(report, '');
      expect(JSON.parse(values.versions)).toMatchObject([{ version: null }]);
      expect([values['drained-versions'], values['draining-versions']]).toEqual(['[]', '[]']);
    }
  });
});

test('what runs without a version is shown as such in every place', async () => {
  const workflow = workflowDetail({ id: 'order-1', version: null });
  const details = { workflows: { items: [workflow], omitted: 1, omittedUnversioned: 1 } };
  const report = await reportOf(() => ({ ...running, ...details }), { ...keepNamed, mode: 'check' });
  expect(plain(report.headline)).toContain('(no version)');
  expect(report.workflows.items.map(({ id }) => id)).toEqual(['order-1']);
  const summary = summaryOf(report);
  expect(summary).toContain('| *(no version)* |');
  expect(rendered(summary)).toContain(`coalesce(application_version, '') = ''`);
});

test('what runs without a version is not counted as unversioned work beside its target', async () => {
  const waiting = { inFlight: [inFlight(null, { pending: 2, enqueued: 1 })] };
  const blocking = { ...keepNamed, mode: 'check', onUnversioned: 'block' } as const;
  expect(await reportOf(() => running, blocking)).toMatchObject({
    unversioned: 0,
    versions: [{ blockers: [{ kind: 'in-flight' }] }],
  });
  expect((await reportOf(() => waiting, blocking)).unversioned).toBe(1);
});

test('work that starts without a version keeps its target from being idle', async () => {
  const report = await reportOf(({ number }) => ({ started: [started(null, number, number)] }), keepNamed);
  expect(report.verdict).toBe('timed-out');
  expect(report.versions).toMatchObject([{ version: null, reasons: ['new work is still being started'] }]);
});

test('what only waits without a version is no target', async () => {
  const report = await reportOf(() => ({ inFlight: [inFlight(null, { enqueued: 1, delayed: 1 })] }), keepNamed);
  expect(report).toMatchObject({ verdict: 'no-target', versions: [] });
});

test('what waits with an empty version is a warning', async () => {
  const report = await reportOf(() => ({ inFlight: [inFlight('', { enqueued: 1 })] }), keepNamed);
  expect(report).toMatchObject({ verdict: 'no-target', versions: [] });
  expect(report.warnings.map(plain).join()).toContain('Only a process without a version picks it up');
});

test('`on-unversioned: ignore` lifts the rule', async () => {
  const report = await reportOf(() => running, { ...keepNamed, onUnversioned: 'ignore' });
  expect(report).toMatchObject({ verdict: 'no-target', versions: [] });
});

test.each(['', null])(
  'what is in an unknown status on version %j may run without a version, and is a target',
  async (version) => {
    const paused = { unknownStatuses: [{ version, status: 'PAUSED', count: 1 }] };
    for (const keep of [keepNamed, keepLatest]) {
      const report = await reportOf(() => paused, { ...keep, mode: 'check' });
      expect(report).toMatchObject({ verdict: 'in-flight', versions: [{ version: null, inFlight: 1 }] });
    }
    const both = { registrations: [registration('1.0.0', 1), ...registrations], ...paused };
    expect(await reportOf(() => both, { ...keepNamed, mode: 'check' })).toMatchObject({ verdict: 'in-flight' });
    const ignored = await reportOf(() => paused, { ...keepNamed, onUnversioned: 'ignore' });
    expect(ignored).toMatchObject({ verdict: 'no-target', versions: [] });
  },
);

test('the settle window of no target is not that of what runs without a version', async () => {
  // For 25 seconds nothing could be retired. Then something ran without a version, and finished at once.
  const report = await reportOf(({ at }) => (at < 25_000 ? {} : { started: [started(null, 1, 1)] }), {
    ...keepLatest,
    timeoutMs: 300_000,
  });
  expect(report).toMatchObject({ verdict: 'drained', waitedSeconds: 35 });
});

test('is live while the latest version is the empty one', async () => {
  const empty = { registrations: [registration('2.0.0', 1), registration('', 2)] };
  const report = await reportOf(() => ({ ...empty, started: [started(null, 1, 1)] }), { ...keepNamed, mode: 'check' });
  expect(report.verdict).toBe('still-live');
});
