import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { kitFilesOf } from '../../src/artifacts.ts';
import { parseInputs } from '../../src/inputs.ts';
import { CUT_MARK, cutName, isCut, LONGEST_NAME_BYTES } from '../../src/long-names.ts';
import { runReportOf } from '../../src/report/model.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { reportText } from '../../src/report/report-file.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { inFlight, registration } from '../support/builders.ts';
import { readReport } from '../support/report-file.ts';
import { busy, runAgainst, workflow } from '../support/report-runs.ts';
import { readActionMetadata } from '../support/runner/action-metadata.ts';

const long = 'y'.repeat(100_000);
const cut = cutName(`${long}z`);

test('keeps names of up to 16,384 bytes, and cuts longer ones to their hash, length and start', () => {
  const longest = 'é'.repeat(LONGEST_NAME_BYTES / 2);
  expect(cutName(longest)).toBe(longest);
  const hash = createHash('sha256').update(`${longest}e`).digest('hex');
  expect(cutName(`${longest}e`)).toBe(`(cut) sha256:${hash} 16385 bytes: `);
  expect(cutName(long)).toMatch(/^\(cut\) sha256:[0-9a-f]{64} 100000 bytes: y{100}$/);
  expect(cutName(`${long}z`)).not.toBe(cutName(`${long}a`));
});

test('lets no name equal what stands for another', () => {
  expect(isCut(cutName(long))).toBe(true);
  expect(cutName(cutName(long))).not.toBe(cutName(long));
  expect(isCut(cutName(`${CUT_MARK}1`))).toBe(true);
});

test('reads a long name in an input, and has it whole in the outputs', async () => {
  const { defaults } = readActionMetadata('.');
  const url = { 'database-url': 'postgres://gate:x@db/shop' };
  const context = { shell: 'action' as const, environment: {}, withoutSecrets: undefined };
  const { gate } = parseInputs({ ...defaults, ...url, 'retire-version': `1.0.0\n${long}` }, context);
  expect(gate).toMatchObject({ targets: { versions: ['1.0.0', cutName(long)] }, longNames: [long] });
  const kept = parseInputs({ ...defaults, ...url, 'keep-version': long }, context).gate;
  expect(kept).toMatchObject({ targets: { kind: 'all-but', keep: [cutName(long)] }, longNames: [] });

  const registrations = [registration('1.0.0', 1), registration(cutName(long), 2), registration('2.0.0', 3)];
  const { targets, longNames } = gate;
  const report = runReportOf(await runAgainst(() => ({ registrations }), { targets, longNames }));
  const { values, omitted } = outputsOf(report, '');
  expect([values.drained, JSON.parse(values['drained-versions']), omitted]).toEqual(['true', ['1.0.0', long], 0]);
  const versions: readonly { version: string }[] = JSON.parse(values.versions);
  expect(versions.map(({ version }) => version)).toEqual(['1.0.0', long]);
});

test('puts what stands for a name into no list, no command and no kit', async () => {
  const versions = ['1.0.0', cut];
  const registrations = [...versions, '2.0.0'].map((version, at) => registration(version, at));
  const drained = runReportOf(
    await runAgainst(() => ({ registrations }), { targets: { kind: 'all-but', keep: ['2.0.0'] } }),
  );
  const { values, omitted } = outputsOf(drained, '');
  expect([values.drained, values['drained-versions'], omitted]).toEqual(['true', '["1.0.0"]', 2]);
  expect(JSON.parse(values.versions)).toMatchObject([{ version: '1.0.0' }, { omitted: 1 }]);
  const file = readReport(reportText(drained));
  expect([file.drainedVersions, file.shortened]).toMatchObject([
    ['1.0.0'],
    { texts: 1, omitted: [{ list: 'drainedVersions', entries: 1 }] },
  ]);

  const latest = { ...busy, registrations: [registration('1.0.0', 1), registration(cut, 2)] };
  const run = await runAgainst(() => latest, { mode: 'check' });
  const kit = kitFilesOf(runReportOf(run), run.last).map(({ text }) => text);
  expect(kit.join('')).not.toContain(CUT_MARK);
  const onLong = {
    ...busy,
    inFlight: [inFlight(cut, { pending: 1 })],
    workflows: { items: [{ ...workflow, version: cut }], omitted: 0, omittedUnversioned: 0 },
  };
  const targets = { kind: 'named', versions: [cut] } as const;
  const summary = summaryOf(
    runReportOf(await runAgainst(() => ({ ...onLong, registrations }), { targets, mode: 'check' })),
  );
  expect(summary).toContain('SELECT workflow_uuid');
  expect(summary).not.toMatch(/IN \(.*sha256/);
});

test('keeps the report file below its limit, and says which entries it leaves out', async () => {
  const many = Array.from({ length: 300 }, (_, at) => registration(`1.0.${at}`, at));
  const registrations = [...many, registration('2.0.0', 1000)];
  const keep = { kind: 'all-but', keep: ['2.0.0'] } as const;
  const items = Array.from({ length: 50 }, (_, at) => ({ ...workflow, id: `wf-${at}`, version: '1.0.7' }));
  const scene = { ...busy, registrations, workflows: { items, omitted: 0, omittedUnversioned: 0 } };
  const report = runReportOf(await runAgainst(() => scene, { mode: 'check', targets: keep }));
  const whole = reportText(report);
  expect(readReport(whole).shortened).toEqual({ texts: 0, omitted: [] });
  for (const maximum of [whole.length - 1, whole.length / 2, 40_000]) {
    const text = reportText(report, maximum);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maximum);
    const { versions, workflows, drainedVersions, drainingVersions, shortened } = readReport(text);
    const left = Object.fromEntries(shortened.omitted.map(({ list, entries }) => [list, entries]));
    expect(workflows.items.length + (left['workflows'] ?? 0)).toBe(50);
    expect(versions.length + (left['versions'] ?? 0)).toBe(300);
    // The names to tear down are left out last.
    expect(drainedVersions.length + drainingVersions.length).toBe(300);
  }
  const longIds = items.map((each, at) => ({
    ...each,
    id: `${'i'.repeat(50_000)}${at}`,
    parent: 'p'.repeat(50_000),
  }));
  const huge = { ...scene, workflows: { items: longIds, omitted: 0, omittedUnversioned: 0 } };
  const hugeReport = runReportOf(await runAgainst(() => huge, { mode: 'check', targets: keep }));
  const text = reportText(hugeReport);
  expect(text.length).toBeLessThan(1_000_000);
  expect(readReport(text).workflows.items[0]?.id).toBe(cutName(`${'i'.repeat(50_000)}0`));
});
