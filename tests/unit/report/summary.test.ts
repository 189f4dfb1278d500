import { marked } from 'marked';
import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import { trusted } from '../../../src/message.ts';
import { annotationsOf } from '../../../src/report/annotations.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { whatToDo } from '../../../src/report/options.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { SUMMARY_BYTES, summaryOf } from '../../../src/report/summary.ts';
import { plain } from '../../../src/report/text.ts';
import {
  application,
  DATABASE_EPOCH,
  facts,
  inFlight,
  openWriter,
  registration,
  type Scene,
  type Script,
  started,
  step,
  twoRegistered,
  workflowDetail,
} from '../../support/builders.ts';
import { codeBlocksIn } from '../../support/inert.ts';
import {
  busy,
  failure,
  fifteenAndASleeper,
  HOUR,
  holdAndLog,
  hopeless,
  hopelessHold,
  IDLE,
  killed,
  kitOf,
  rendered,
  reportAgainst,
  runAgainst,
  stuck,
  timed,
  workflow,
} from '../../support/report-runs.ts';

const renamed = [
  application({ name: 'shop', firstRegistered: 2, newestRegistered: 2 }),
  application({ name: 'shop-api', inFlight: [{ version: '1.0.0', pending: 2, enqueued: 0, delayed: 0 }] }),
];

describe('the job summary', () => {
  test('takes all that outlasts the timeout, whatever the version is called', async () => {
    const run = await runAgainst(hopelessHold, { timeoutMs: HOUR / 2 });
    const report = runReportOf(run);
    if (report.diagnosis === null) throw new Error('It has a diagnosis.');
    const named = { ...report, diagnosis: { ...report.diagnosis, brief: 'never ("a: 1 b"): 2 of 3 are delayed' } };
    expect(report.diagnosis.count).toBe(2);
    expect(whatToDo(named, kitOf(run, '/kit'))).toContain('sh unblock.sh cancel\n');
  });

  test('says what blocks a target, since when, and what to do about it', async () => {
    const summary = summaryOf(await reportAgainst(() => busy, { timeoutMs: 60_000 }));
    expect(summary.split('\n')[0]).toBe(
      '## ❌ Not drained after 1m: 3 workflows still in flight on <code>1&#46;0&#46;0</code>. Slow: nothing that was read seems stuck, and there is no estimate yet.',
    );
    const text = rendered(summary);
    for (const part of [
      'checkout payments 2 0 1 2h ago',
      'The oldest 1 of 3 workflows in flight',
      'wf-1 Orders.checkout PENDING running, last progress 1s ago payments vm-1 2h ago 1h ago charge (step 3), 1m ago wf-0',
      'The workflows that were read are running, queued, or wake within a minute. Let them finish',
      "application_version IN ('1.0.0')",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('workflow cancel');
  });

  test('says after a failure in the middle of a hold that earlier polls decide nothing', async () => {
    const held = await runAgainst(() => busy, { timeoutMs: 60_000 });
    const broken = runReportOf({
      ...held,
      verdict: 'error',
      failure: { kind: 'connection-lost', message: trusted('Connection lost.') },
    });
    expect(rendered(summaryOf(broken))).toMatch(
      /Connection lost\. \(docs\/troubleshooting\.md#connection-lost\) The rest of this page is from the last successful poll, at 2026-01-01T00:00:00\.000Z \(database time\), for information only\./,
    );
    expect(summaryOf(failure)).not.toContain('The rest of this page');
  });

  test('says that a drained target can be torn down', async () => {
    const summary = summaryOf(await reportAgainst(() => ({})));
    expect(rendered(summary)).toContain('✅ Safe to retire 1.0.0: nothing in flight, and nothing started for 10s.');
    expect(rendered(summary)).toMatch(/Check before you tear down .* Then you can tear 1\.0\.0 down\./);
  });

  test('says that there is nothing to retire', async () => {
    const keepLatest = { targets: { kind: 'all-but-latest' } } as const;
    const summary = summaryOf(await reportAgainst(() => ({ registrations: [registration('2.0.0', 2)] }), keepLatest));
    expect(rendered(summary)).toContain(
      '❌ Nothing to retire: no version but 2.0.0 is registered, in flight or recently started. Has the new version launched',
    );
    const kept = { mode: 'check', targets: { kind: 'all-but', keep: ['2.0.0'] } } as const;
    const calm = summaryOf(await reportAgainst(() => ({ registrations: [registration('2.0.0', 2)] }), kept));
    expect(rendered(calm)).toContain('ℹ️ Nothing to retire: no version but 2.0.0 is registered');
    expect(rendered(calm)).not.toContain('you can tear');
  });

  test('does not say that no other version has work in flight when a possible former name has', async () => {
    const gate = { application: 'shop', targets: { kind: 'all-but-latest' } } as const;
    const scene = { registrations: [registration('2.0.0', 2)], applications: renamed };
    const summary = rendered(summaryOf(await reportAgainst(() => scene, gate)));
    expect(summary).toContain('what may be a former name: shop-api.');
    expect(summary).toContain('Was this application renamed? shop-api (2 workflows in flight: 1.0.0: 2 pending)');
    expect(summary).not.toContain('no other version has work in flight');
  });

  test('has one line about the other applications in the database', async () => {
    const others = Array.from({ length: 12 }, (_, at) => application({ name: `other-${at}` }));
    const scene = { applications: [application({ name: 'shop', firstRegistered: 0 }), ...others] };
    const report = await reportAgainst(() => scene, { application: 'shop' });
    expect(report.warnings).toEqual([]);
    expect(rendered(summaryOf(report))).toMatch(
      /Other applications in this system database, which this run is not about: other-0 \(0 in flight\), .*, and 2 more\./,
    );
  });

  test('says what failed, and nothing about versions', () => {
    const summary = rendered(summaryOf(failure));
    expect(summary).toContain('❌ No answer: the gate could not read the database reliably');
    expect(summary).toContain('There is no database shop on this server.');
    expect(summary).not.toContain('Versions');
  });

  test('lists the warnings', async () => {
    const failed = [{ version: '1.0.0', cancelled: 2, deadLettered: 1 }];
    const old = {
      newestWriteAt: DATABASE_EPOCH - 72 * HOUR,
      registrations: [registration('1.0.0', 1), registration('2.0.0', 2)],
    };
    const summary = rendered(summaryOf(await reportAgainst(() => ({ failed, ...old }))));
    expect(summary).toContain('1.0.0 has at least 2 cancelled and 1 dead-lettered workflows');
    expect(summary).toContain('Nothing has been written to this system database for 3 days.');
  });

  test('asks whether tables that never held a row are the right ones', async () => {
    const empty = { registrations: [], owners: [], newestWriteAt: undefined };
    const { warnings } = await reportAgainst(() => empty, { onUnknown: 'pass' });
    expect(warnings.map(plain)).toContainEqual(expect.stringContaining('have never held a row'));
  });

  test('stays below GitHub’s limit, and says what it omits', async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `${'&'.repeat(400)}${index}`);
    const result = await reportAgainst(
      () => ({
        registrations: [...twoRegistered, ...names.map((name) => registration(name, 0))],
        inFlight: names.map((version) => inFlight(version, { pending: 1 })),
        groups: {
          items: names.map((name) => ({
            version: name,
            name,
            className: null,
            queue: name,
            pending: 1,
            enqueued: 0,
            delayed: 0,
            ignored: false,
            oldestCreatedAt: 0,
          })),
          omitted: 7,
          omittedUnversioned: 0,
        },
        workflows: {
          items: names.map((name) => ({
            ...workflow,
            version: name,
            id: name,
            name,
            className: name,
            queue: name,
            executor: name,
            parent: name,
          })),
          omitted: 5,
          omittedUnversioned: 0,
        },
      }),
      { mode: 'check', targets: { kind: 'all-but', keep: ['2.0.0'] } },
    );
    const summary = summaryOf(result);
    expect(Buffer.byteLength(summary)).toBeLessThan(SUMMARY_BYTES);
    expect(summary).toMatch(/More was left out here|And [\d,]+ more/);
    expect(annotationsOf(result).length).toBeLessThanOrEqual(11);
    const outputs = outputsOf(result, '/tmp/report.json');
    expect(Object.values(outputs.values).reduce((sum, value) => sum + Buffer.byteLength(value), 0)).toBeLessThan(
      1_000_000,
    );
    expect(outputs.omitted).toBeGreaterThan(0);
    expect(JSON.parse(outputs.values['draining-versions']).length).toBeGreaterThan(10);
  });

  test('names the limit that shortens it: GitHub has none where the command line writes it', async () => {
    const report = { ...(await reportAgainst(() => busy)), warnings: [trusted('x'.repeat(SUMMARY_BYTES))] };
    expect(summaryOf(report)).toMatch(/_Shortened to fit GitHub’s size limit\. The report file has everything\._\n$/);
    expect(summaryOf(report, undefined, 'command-line')).toMatch(
      /_Shortened to fit the gate’s own limit of 960 KiB\. The report file has everything\._\n$/,
    );
  });

  test('is inert, whatever the names in the database', async () => {
    const evil = '</code><img src=x onerror=1> | **b** @octocat #1 [l](http://e.vil) www.e.vil `x` \n## h \u202e<!--';
    const summary = summaryOf(
      await reportAgainst(
        () => ({
          ...busy,
          workflows: {
            items: [
              {
                ...workflow,
                id: evil,
                name: evil,
                className: evil,
                instance: evil,
                queue: evil,
                executor: evil,
                parent: evil,
              },
            ],
            omitted: 0,
            omittedUnversioned: 0,
          },
          groups: {
            items: (busy.groups?.items ?? []).map((group) => ({ ...group, name: evil, className: evil, queue: evil })),
            omitted: 0,
            omittedUnversioned: 0,
          },
        }),
        { mode: 'check' },
      ),
    );
    const html = marked.parse(summary, { async: false, gfm: true });
    expect(html).not.toMatch(/<img|<a |<strong>b|<h2>h|<!--(?! -->)/);
    expect(html.match(/<h2/g)).toHaveLength(1);
    const outsideCode = html.replace(/<code[^>]*>.*?<\/code>/gs, '');
    expect(outsideCode).not.toMatch(/@octocat|#1|e\.vil|\u202e/);
  });

  test('shows the commands of the unblock kit, and its whole list to copy', async () => {
    const run = await runAgainst(() => busy, { timeoutMs: 10_000 });
    const kit = kitOf(run, '/tmp/gate');
    const summary = summaryOf(runReportOf(run), kit);
    const text = rendered(summary);
    expect(text).toContain(
      'sh unblock.sh inspect shows each workflow and its finished steps sh unblock.sh cancel cancels them sh unblock.sh fork continues them on 2.0.0',
    );
    expect(text).toContain('is in /tmp/gate on the runner.');
    expect(summary).toContain('<details><summary><code>workflows.tsv</code>: 1 workflow</summary>');
    expect(codeBlocksIn(summary, 'tsv')).toEqual([kit?.list]);
  });

  test('holds the first fifty workflows of a longer list, and says that there are more', async () => {
    const items = Array.from({ length: 60 }, (_, index) => ({ ...workflow, id: `wf-${index}`, parent: null }));
    const run = await runAgainst(() => ({ ...busy, workflows: { items, omitted: 0, omittedUnversioned: 0 } }), {
      timeoutMs: 10_000,
    });
    const summary = summaryOf(runReportOf(run), kitOf(run, '/tmp/gate'));
    expect(summary).toContain('<details><summary><code>workflows.tsv</code>: the first 50 of 60</summary>');
    expect(
      codeBlocksIn(summary, 'tsv')
        .join('')
        .match(/^fork\twf-/gm),
    ).toHaveLength(50);
  });

  test('offers what is asleep for long before what is at work', async () => {
    const lastStep = step({ name: 'DBOS.sleep', startedAt: DATABASE_EPOCH, completedAt: DATABASE_EPOCH + 2 * HOUR });
    const asleep = workflowDetail({ id: 'asleep', createdAt: DATABASE_EPOCH, lastStep });
    const items = [workflowDetail({ id: 'at-work', createdAt: DATABASE_EPOCH - HOUR }), asleep];
    const scene = { ...busy, workflows: { items, omitted: 0, omittedUnversioned: 0 } };
    const run = await runAgainst(() => scene, { mode: 'check' });
    expect(runReportOf(run)).toMatchObject({ firstToUnblock: 'asleep' });
    const summary = rendered(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(summary).toContain('workflow cancel asleep ');
    expect(summary).not.toContain('workflow cancel at-work');
  });
});

describe('the job summary of a drain that has no end', () => {
  test('says why, and starts with the workflow that lasts longest', async () => {
    const text = rendered(summaryOf(await reportAgainst(hopelessHold)));
    expect(text).toMatch(
      /^❌ 1\.0\.0 cannot drain before the timeout: 3 workflows in flight\. Never: 2 of 3 workflows are delayed until 05:00 UTC/,
    );
    expect(text).toContain('Wait for it: set timeout to more than 5h1m.');
    expect(text).toContain('npx --no-install dbos workflow cancel wf-9 --sys-db-url "$UNBLOCK_DATABASE_URL"');
  });

  test('shows the bound as a bound alone where there is no timeout', async () => {
    const text = rendered(summaryOf(await reportAgainst(() => hopeless, { mode: 'check' })));
    expect(text).toContain('Slow: not before 05:00 UTC. If you do nothing: 3 are delayed until 05:00 UTC (the last).');
  });
});

describe('the job summary of a drain that does not converge', () => {
  const arriving =
    (children: number | null): Script =>
    ({ number }) => ({
      inFlight: [inFlight('1.0.0', { pending: 50 })],
      started:
        number > 1
          ? [{ ...started('1.0.0', 0, 9), childrenSincePrevious: children, childrenFromHere: children && 0 }]
          : [],
      names: number > 1 ? [{ version: '1.0.0', name: 'checkout', className: null, count: 5, scheduled: false }] : [],
    });
  const notConverging = 'Not draining: new work arrives as fast as work finishes. ';

  test.each([
    [
      'traffic by name, and children apart',
      4,
      '60 workflows without a parent were created since the gate started, most often checkout: traffic has not moved off. 48 child workflows were started by other workflows',
    ],
    [
      'children alone as what ends by itself',
      9,
      '108 child workflows were started by other workflows. That stops when those finish.',
    ],
    [
      'what it can where the schema tells no parents',
      null,
      '108 workflows arrived since the gate started, most often checkout. Is traffic still sent here?',
    ],
  ])('shows %s', async (_what, children, told) => {
    const text = rendered(summaryOf(await reportAgainst(arriving(children), { timeoutMs: 60_000 })));
    expect(text).toContain(notConverging + told);
  });
});

test('the job summary says nothing about the drain after a poll that could not be trusted', async () => {
  const result = await reportAgainst(({ number }) => (number > 1 ? { database: facts({ standby: true }) } : busy));
  expect(result.verdict).toBe('error');
  expect(summaryOf(result)).not.toContain('How it drains');
});

test('the job summary says what is stuck, with the next step of each', async () => {
  const text = rendered(summaryOf(await reportAgainst(() => stuck, { timeoutMs: 20_000 })));
  expect(text).toContain('Never: no process of 1.0.0 seems to be running.');
  expect(text).toContain('⛔ stuck (1) unblock its child first fulfil waiting for its child child (ship)');
  expect(text).toContain('start a process of its version that listens to that queue, or fork it');
  expect(text).toContain('npx --no-install dbos workflow cancel child ');
});

/** What stands before the first part that is folded. */
const firstScreen = (summary: string) => rendered(summary.split('<details>')[0] ?? '');

describe('the first screen of the job summary', () => {
  test('says in this order what it is, what happens, what to do, and what blocks, each once', async () => {
    const run = await runAgainst(timed(fifteenAndASleeper));
    const text = firstScreen(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(text).toMatch(
      /^❌ 1\.0\.0 cannot drain .* Never: 1 of 16 workflows sleeps until .* If you do nothing: 15 of 16 .*; 1 sleeps until .* What to do Fork it to 2\.0\.0: ?sh unblock\.sh fork order-16 Or cancel it: ?sh unblock\.sh cancel order-16 Wait for it: set timeout to more than 2h1m\. These commands only print what they would do, until you add --yes\. .* What blocks State Next step Workflow .* 💤 asleep \(1\) .* 🟢 progressing \(15\) /,
    );
    expect(text.match(/timeout at|2h1m/g)).toHaveLength(2);
    expect(text).not.toContain('wait until it wakes');
  });

  test('unblocks what is stuck together with what outlasts the timeout, and asks nobody to wait for it', async () => {
    const script: Script = (poll) => {
      const { inFlight: _, workflows, ...rest } = fifteenAndASleeper(poll);
      const silent = workflowDetail({ ...IDLE, id: 'order-99' });
      return {
        ...rest,
        inFlight: [inFlight('1.0.0', { pending: (workflows?.items.length ?? 0) + 1 })],
        workflows: { omitted: 0, omittedUnversioned: 0, items: [silent, ...(workflows?.items ?? [])] },
      };
    };
    const run = await runAgainst(timed(script));
    const text = firstScreen(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(text).toMatch(/ Never: .* and 1 made no progress for /);
    expect(text).toMatch(
      / Fork what is stuck or asleep to 2\.0\.0, if no process still works on it: ?sh unblock\.sh fork Or cancel /,
    );
    expect(text).not.toContain('Wait for it');
  });

  test('asks nobody to wait and draws no estimate where no process runs', async () => {
    const changes = { timeoutMs: 5 * 60_000, failFast: false };
    const { report, kit } = await reportAndKit(
      timed(() => killed),
      changes,
    );
    const summary = summaryOf(report, kit);
    expect(firstScreen(summary)).toMatch(
      /^❌ Not drained after 5m: .* Never: no process of 1\.0\.0 seems to be running\./,
    );
    expect(firstScreen(summary)).toContain('sh unblock.sh fork --all');
    expect(rendered(summary)).not.toMatch(/let it|⬜|about \d|estimate/);
  });

  test('is about the traffic where a version is still live, and offers no command', async () => {
    const live = { ...busy, registrations: [registration('0.9.0', 1), registration('1.0.0', 2)] };
    const { report, kit } = await reportAndKit(() => live, { mode: 'check' });
    expect(kit).toBeUndefined();
    const text = firstScreen(summaryOf(report, kit));
    expect(text).toMatch(/ Stuck: this is still the latest version, .* What to do It is still the latest version/);
    expect(text).not.toMatch(/unblock|cancel|fork/);
  });

  test('asks nobody to cancel or fork what sleeps or is stuck on a live version, nor does the log', async () => {
    const script: Script = (poll) => {
      const { inFlight: _, workflows, ...rest } = fifteenAndASleeper(poll);
      const items = [workflowDetail({ ...IDLE, id: 'order-99' }), ...(workflows?.items ?? [])];
      return {
        ...rest,
        registrations: [registration('0.9.0', 1), registration('1.0.0', 2)],
        inFlight: [inFlight('1.0.0', { pending: items.length })],
        workflows: { omitted: 0, omittedUnversioned: 0, items },
      };
    };
    const { run, lines } = await holdAndLog(timed(script));
    const text = firstScreen(summaryOf(runReportOf(run), kitOf(run, '/tmp/gate')));
    expect(text).toContain('💤 asleep (1) move the traffic to another version first');
    expect(text).toContain('⛔ stuck (1) move the traffic to another version first');
    expect(text).not.toMatch(/cancel|fork|let it/);
    expect(lines.join('\n')).toMatch(/never: still the latest version, .* and 1 of \d+ sleeps until /);
    expect(lines.join('\n')).toContain('Stuck: "order-99"');
    expect(lines.join('\n')).not.toMatch(/cancel|fork/);
  });

  test('counts no workflows where none is in flight', async () => {
    const writing: Scene = { writers: [openWriter()] };
    for (const changes of [{ timeoutMs: 60_000 }, { mode: 'check' }] as const) {
      const report = await reportAgainst(() => writing, changes);
      expect(plain(report.headline)).not.toMatch(/0 workflows|workflows in flight/);
    }
  });

  test('offers no command for one version while another is still live', async () => {
    const targets = { kind: 'named', versions: ['1.0.0', '2.0.0'] } as const;
    const { report, kit } = await reportAndKit(() => stuck, { mode: 'check', targets });
    const text = firstScreen(summaryOf(report, kit));
    expect(text).toContain('What to do 2.0.0: It is still the latest version');
    expect(text).not.toContain('workflow cancel');
  });

  test('says what to check before the teardown, and then that it is safe', async () => {
    const failed = [{ version: '1.0.0', cancelled: 2, deadLettered: 0 }];
    const text = firstScreen(summaryOf(await reportAgainst(() => ({ failed }))));
    expect(text).toMatch(
      /Check before you tear down ⚠️ 1\.0\.0 has at least 2 cancelled .* Then you can tear 1\.0\.0 down\./,
    );
    expect(text.match(/2 cancelled/g)).toHaveLength(1);
  });

  test('draws a drain of several minutes that moves, and no other', async () => {
    const moving: Script = ({ at }) => ({ inFlight: [inFlight('1.0.0', { pending: 60 - Math.floor(at / 10_000) })] });
    const drawn = async (script: Script, timeoutMs: number) =>
      summaryOf(await reportAgainst(timed(script), { timeoutMs })).includes('```mermaid');
    expect(await drawn(moving, 5 * 60_000)).toBe(true);
    expect(await drawn(moving, 2 * 60_000)).toBe(false);
    expect(await drawn(() => busy, 5 * 60_000)).toBe(false);
  });
});

async function reportAndKit(script: Script, changes: Partial<GateConfig>) {
  const run = await runAgainst(script, changes);
  return { report: runReportOf(run), kit: kitOf(run, '/tmp/gate') };
}
