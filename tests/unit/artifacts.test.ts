import { describe, expect, test } from 'vitest';
import { kitFilesOf } from '../../src/artifacts.ts';
import { msg } from '../../src/message.ts';
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

  test('is absent while any target is live or unknown, and so are the commands', async () => {
    const latest = { ...busy, registrations: [registration('1.0.0', 1)] };
    const live = await runAgainst(() => latest, { mode: 'check' });
    const { last } = live;
    const old = runReportOf(await runAgainst(() => busy, { mode: 'check' }));
    const blockedBy = (kind: string) => ({
      ...old,
      versions: old.versions.map((each) => ({ ...each, blockers: [{ kind, message: msg`It is in use.` }] })),
    });
    for (const report of [runReportOf(live), blockedBy('receives-work'), blockedBy('unknown-version')]) {
      expect(kitFilesOf(report, last)).toEqual([]);
      const text = rendered(summaryOf(report));
      expect(text).toContain('New work is still sent to a version to retire');
      expect(text).not.toMatch(/unblock\.sh|workflow cancel/);
    }
    expect(kitFilesOf(blockedBy('in-flight'), last)).toHaveLength(2);
    const ignored = await runAgainst(() => latest, { mode: 'check', onLive: 'ignore' });
    expect(filesOf(ignored)).toEqual(['unblock.sh', 'workflows.tsv']);
    const text = rendered(summaryOf(runReportOf(ignored), kitOf(ignored, '/tmp/gate')));
    expect(text).toContain('sh unblock.sh cancel cancels them');
    // There is no newer version to fork to.
    expect(text).not.toContain('sh unblock.sh fork');
  });
});
