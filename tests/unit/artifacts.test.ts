import { describe, expect, test } from 'vitest';
import { kitFilesOf } from '../../src/artifacts.ts';
import { type Run, runReportOf } from '../../src/report/model.ts';
import { summaryOf } from '../../src/report/summary.ts';
import { inFlight, registration } from '../support/builders.ts';
import { busy, fileOf, kitOf, rendered, runAgainst, workflow } from '../support/report-runs.ts';

describe('the unblock kit of a run', () => {
  const filesOf = (run: Run) => kitFilesOf(runReportOf(run), run.last).map(({ name }) => name);

  test('covers what the last detail scan read, though a later poll read less', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ ...workflow, id: `wf-${index}` }));
    const run = await runAgainst(
      ({ request }) => ({
        inFlight: [inFlight('1.0.0', { pending: 70 })],
        workflows: request.detailScan
          ? { items: many, omitted: 10, omittedUnversioned: 0 }
          : { items: many.slice(0, 50), omitted: 20, omittedUnversioned: 0 },
      }),
      { timeoutMs: 10_000 },
    );
    const list = kitOf(run, '/tmp/gate')?.list;
    expect(list?.match(/^\w+\twf-/gm)).toHaveLength(60);
    expect(list).toContain('10 more workflows not in this list');
    const report = runReportOf(run);
    expect(summaryOf(report)).toContain('The oldest 50 of 70 workflows in flight');
    expect(fileOf(report).workflows).toMatchObject({ items: { length: 50 }, omitted: 20 });
  });

  test('is absent when the answer could be about the wrong versions, or there is nothing to unblock', async () => {
    expect(filesOf(await runAgainst(() => busy, { mode: 'check' }))).toEqual(['unblock.sh', 'workflows.tsv']);
    const keep = { mode: 'check', targets: { kind: 'all-but', keep: ['2.0'] } } as const;
    expect(filesOf(await runAgainst(() => busy, keep))).toEqual([]);
    expect(filesOf(await runAgainst(() => ({ ...busy, owners: ['shop', 'crm'] })))).toEqual([]);
    expect(filesOf(await runAgainst(() => ({})))).toEqual([]);
    const cancelled = { ...(await runAgainst(() => busy, keep)), verdict: 'cancelled' } as const;
    expect(filesOf(cancelled)).toEqual([]);
    const broken = { ...(await runAgainst(() => busy, { mode: 'check' })), verdict: 'error' } as const;
    expect(filesOf(broken)).toEqual([]);
  });

  test('forks to nothing where the target is the latest version', async () => {
    const latest = { ...busy, registrations: [registration('1.0.0', 1)] };
    const run = await runAgainst(() => latest, { mode: 'check' });
    const text = rendered(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(text).toContain('sh unblock.sh cancel gives them up');
    expect(text).not.toContain('sh unblock.sh fork');
  });
});
