import { expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { runReportOf } from '../../src/report/model.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { plain } from '../../src/report/text.ts';
import { config, facts, inFlight, runAgainst, type Scene, twoRegistered } from '../support/builders.ts';
import { holdAndLog, rendered } from '../support/report-runs.ts';

const preflight: Partial<GateConfig> = { mode: 'preflight', targets: { kind: 'none' } };

async function reportOf(scene: Scene, changes: Partial<GateConfig> = {}) {
  return runReportOf(await runAgainst(config({ ...preflight, ...changes }), () => scene));
}

test('passes without a target after one poll, whatever is in flight', async () => {
  const work = { inFlight: [inFlight('1.0.0', { pending: 3 }), inFlight(null, { enqueued: 2 })] };
  const report = await reportOf({ registrations: twoRegistered, ...work });
  expect(report).toMatchObject({
    verdict: 'no-target',
    conclusion: 'pass',
    drained: false,
    polls: 1,
    waitedSeconds: 0,
  });
  expect(plain(report.headline)).toContain('The gate can work here');
  expect(report.versions).toEqual([]);
  expect(report.drainedVersions).toEqual([]);
});

test('shows each version with what it has in flight, and the latest first', async () => {
  const work = {
    inFlight: [inFlight('1.0.0', { pending: 3 }), inFlight('0.9.0', { delayed: 1 }), inFlight(null, { enqueued: 2 })],
  };
  const scene = { registrations: twoRegistered, owners: ['shop'], ...work };
  const { found } = await reportOf(scene);
  expect(found?.applications).toEqual(['shop']);
  expect(found?.versions).toMatchObject([
    { version: '2.0.0', registered: true, latest: true, pending: 0 },
    { version: '1.0.0', registered: true, latest: false, pending: 3 },
    { version: '0.9.0', registered: false, latest: false, delayed: 1 },
    { version: null, registered: false, enqueued: 2 },
  ]);
  const { run, lines } = await holdAndLog(() => scene, preflight);
  expect(lines).toContain('- "1.0.0": 3 in flight (3 pending)');
  expect(lines).toContain('- without a version: 2 in flight (2 enqueued)');
  expect(lines.join('\n')).not.toMatch(/0 in flight/);
  expect(rendered(summaryOf(runReportOf(run)))).toContain('What is here');
});

test('shows nothing of the kind in the other modes', async () => {
  const report = runReportOf(await runAgainst(config({ mode: 'check' }), () => ({})));
  expect(report.found).toBeNull();
});

test.each<[string, Scene]>([
  ['several applications share the database', { owners: ['shop', 'crm'] }],
  ['the server is a standby', { database: facts({ standby: true }) }],
])('ends as an error where %s, as any other mode would', async (_why, scene) => {
  expect(await reportOf(scene)).toMatchObject({ verdict: 'error', conclusion: 'fail' });
});

test('ends as an error where the application is not seen', async () => {
  const report = await reportOf({ applicationSeen: false, owners: ['shop'] }, { application: 'shpo' });
  expect(report).toMatchObject({ verdict: 'error', blockers: [{ kind: 'application-not-seen' }] });
});

test('passes where nothing is registered, with a warning', async () => {
  const report = await reportOf({ registrations: [] });
  expect(report).toMatchObject({ verdict: 'no-target', conclusion: 'pass' });
  expect(report.warnings.map(plain).join()).toContain('No application version is registered here');
});
