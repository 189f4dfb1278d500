import { marked } from 'marked';
import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { TransientError } from '../../src/errors.ts';
import { msg, trusted } from '../../src/message.ts';
import { annotationsOf } from '../../src/report/annotations.ts';
import { plain } from '../../src/report/escape.ts';
import { progressLog } from '../../src/report/log.ts';
import type { RunReport } from '../../src/report/model.ts';
import { kitFilesOf } from '../../src/report/next-steps.ts';
import { outputsOf } from '../../src/report/outputs.ts';
import { reportOf } from '../../src/report/report-file.ts';
import { reportSchema } from '../../src/report/schema.ts';
import { SUMMARY_BYTES, summaryOf } from '../../src/report/summary.ts';
import {
  config,
  DATABASE_EPOCH,
  facts,
  failureResult,
  holdAgainst,
  inFlight,
  queueInFlight,
  registration,
  resultOf as resultOfHold,
  type Scene,
  type Script,
  started,
  step,
  twoRegistered,
  workflowDetail,
} from '../support/builders.ts';

const HOUR = 3_600_000;

/** A run against a scripted database, and how it ended. */
async function resultOf(script: Script, changes: Partial<GateConfig> = {}): Promise<RunReport> {
  const gate = config(changes);
  return resultOfHold(gate, await holdAgainst(gate, script));
}

const failure = failureResult(msg`There is no database ${'shop'} on this server.`, 1234);

const workflow = workflowDetail({
  id: 'wf-1',
  className: 'Orders',
  queue: 'payments',
  executor: 'vm-1',
  createdAt: DATABASE_EPOCH - 2 * HOUR,
  startedAt: DATABASE_EPOCH - HOUR,
  parent: 'wf-0',
  lastStep: step({ number: 3, name: 'charge', completedAt: DATABASE_EPOCH - 60_000 }),
});

const busy: Scene = {
  inFlight: [inFlight('1.0.0', { pending: 2, delayed: 1, oldestCreatedAt: workflow.createdAt })],
  groups: {
    items: [
      {
        version: '1.0.0',
        name: 'checkout',
        queue: 'payments',
        pending: 2,
        enqueued: 0,
        delayed: 1,
        ignored: false,
        oldestCreatedAt: workflow.createdAt,
      },
    ],
    omitted: 0,
    omittedUnversioned: 0,
  },
  workflows: { items: [workflow], omitted: 2, omittedUnversioned: 0 },
};

/** The lines of the log of a hold. */
async function logOf(script: Script, changes: Partial<GateConfig> = {}) {
  const lines: string[] = [];
  const progress = progressLog({
    line: (text) => lines.push(text),
    group: (title, inside) => lines.push(`> ${title}`, ...inside),
  });
  const gate = config(changes);
  progress.begin(gate, { database: 'shop', schema: 'dbos' }, []);
  await holdAgainst(gate, script, { onPoll: progress.poll, onFailedPoll: progress.failedPoll });
  return lines;
}

describe('the job summary', () => {
  test('of a held target says what blocks, since when, and what to do about it', async () => {
    const summary = summaryOf(await resultOf(() => busy, { timeoutMs: 60_000 }));
    expect(summary.split('\n')[0]).toBe(
      '## ❌ Not drained after 1m: 3 workflows still in flight on <code>1&#46;0&#46;0</code>.',
    );
    const text = rendered(summary);
    for (const part of [
      'checkout payments 2 0 1 2h ago',
      'The oldest 1 of 3 workflows in flight',
      'wf-1 Orders.checkout PENDING at work, last seen to change 1s ago payments vm-1 2h ago 1h ago charge (step 3), 1m ago wf-0',
      'npx dbos workflow steps wf-1 --sys-db-url "$DBOS_SYSTEM_DATABASE_URL"',
      'npx dbos workflow cancel wf-1 --sys-db-url "$DBOS_SYSTEM_DATABASE_URL"',
      "application_version IN ('1.0.0')",
    ]) {
      expect(text).toContain(part);
    }
  });

  test('of a failure in the middle of a hold says that what earlier polls saw decides nothing', async () => {
    const held = await resultOf(() => busy, { timeoutMs: 60_000 });
    const broken = { ...held, verdict: 'error', failure: trusted('The connection broke off.') } as const;
    expect(rendered(summaryOf(broken))).toMatch(
      /The connection broke off\. What follows is from the last poll that succeeded, at 2026-01-01T00:00:00\.000Z \(database time\)\. It decides nothing\. Versions to retire/,
    );
    expect(summaryOf(failure)).not.toContain('What follows');
  });

  test('of a drained target says that it may be torn down', async () => {
    const summary = summaryOf(await resultOf(() => ({})));
    expect(rendered(summary)).toContain(
      '✅ Safe to retire 1.0.0: nothing in flight, and nothing started for 10s.',
    );
    expect(rendered(summary)).toContain('Tear the old version down.');
  });

  test('of nothing to retire says so', async () => {
    const keepLatest = { targets: { kind: 'all-but-latest' } } as const;
    const summary = summaryOf(
      await resultOf(() => ({ registrations: [registration('2.0.0', 2)] }), keepLatest),
    );
    expect(rendered(summary)).toContain('✅ Nothing to retire');
  });

  test('of a failure says what happened, and nothing of versions', () => {
    const summary = rendered(summaryOf(failure));
    expect(summary).toContain('❌ No answer: the gate could not poll');
    expect(summary).toContain('There is no database shop on this server.');
    expect(summary).not.toContain('Versions');
  });

  test('of warnings says them', async () => {
    const failed = [{ version: '1.0.0', cancelled: 2, deadLettered: 1 }];
    const old = {
      newestWriteAt: DATABASE_EPOCH - 72 * HOUR,
      registrations: [registration('1.0.0', 1), registration('2.0.0', 2)],
    };
    const summary = rendered(summaryOf(await resultOf(() => ({ failed, ...old }))));
    expect(summary).toContain('1.0.0 has at least 2 cancelled and 1 dead-lettered workflows');
    expect(summary).toContain('Nothing has been written to this system database for 3 days.');
  });

  test('of tables that never held a row asks whether they are the right ones', async () => {
    const empty = { registrations: [], owners: [], newestWriteAt: undefined };
    const { warnings } = await resultOf(() => empty, { onUnknown: 'pass' });
    expect(warnings.map(plain)).toContainEqual(expect.stringContaining('have never held a row'));
  });

  test('stays below GitHub’s limit, and says what it left out', async () => {
    const names = Array.from({ length: 3000 }, (_, index) => `${'&'.repeat(400)}${index}`);
    const result = await resultOf(
      () => ({
        registrations: [...twoRegistered, ...names.map((name) => registration(name, 0))],
        inFlight: names.map((version) => inFlight(version, { pending: 1 })),
        groups: {
          items: names.map((name) => ({
            version: name,
            name,
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
    expect(
      Object.values(outputs.values).reduce((sum, value) => sum + Buffer.byteLength(value), 0),
    ).toBeLessThan(1_000_000);
    expect(outputs.omitted).toBeGreaterThan(0);
    expect(JSON.parse(outputs.values['draining-versions']).length).toBeGreaterThan(10);
  });

  test('is inert, whatever names are in the database', async () => {
    const evil =
      '</code><img src=x onerror=1> | **b** @octocat #1 [l](http://e.vil) www.e.vil `x` \n## h \u202e<!--';
    const summary = summaryOf(
      await resultOf(
        () => ({
          ...busy,
          workflows: {
            items: [
              {
                ...workflow,
                id: evil,
                name: evil,
                className: evil,
                queue: evil,
                executor: evil,
                parent: evil,
              },
            ],
            omitted: 0,
            omittedUnversioned: 0,
          },
          groups: {
            items: (busy.groups?.items ?? []).map((group) => ({ ...group, name: evil, queue: evil })),
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
});

describe('annotations', () => {
  test('are one a target, with a title, at the level of the step', async () => {
    const result = await resultOf(() => busy, { mode: 'check' });
    expect(annotationsOf(result)).toEqual([
      {
        level: 'error',
        title: '1.0.0 cannot be retired yet',
        message: expect.stringContaining('3 workflows in flight (2 pending, 1 delayed)'),
      },
    ]);
  });

  test('are warnings when the step passes on a timeout', async () => {
    const result = await resultOf(() => busy, { timeoutMs: 20_000, onTimeout: 'warn' });
    expect(annotationsOf(result).map(({ level }) => level)).toEqual(['warning']);
  });

  test('are ten at the most: eight targets, what blocks first, one for the others, one for warnings', async () => {
    const versions = Array.from({ length: 30 }, (_, index) => `v${index}`);
    const result = await resultOf(
      () => ({
        registrations: [...versions.map((v) => registration(v, 0)), ...twoRegistered],
        inFlight: [inFlight('v29', { pending: 1 })],
      }),
      { mode: 'check', targets: { kind: 'named', versions } },
    );
    const annotations = annotationsOf({ ...result, step: 'warn', warnings: [trusted('Mind this.')] });
    expect(annotations).toHaveLength(10);
    expect(annotations[0]?.title).toBe('v29 cannot be retired yet');
    expect(annotations[8]?.message).toBe('and 22 more versions: see the job summary.');
    expect(annotations[9]?.message).toBe('Mind this.');
  });

  test('of a failure are one, with its cause', () => {
    expect(annotationsOf(failure)).toEqual([
      {
        level: 'error',
        title: 'dbos-drain-gate: error',
        message: expect.stringContaining('There is no database "shop"'),
      },
    ]);
  });
});

describe('the log', () => {
  test('says of polls that failed why, when the next one is, and that the settle window begins anew', async () => {
    const lines = await logOf(
      ({ at }) => {
        if (at < 5000 || at > 12_000) return {};
        throw new TransientError(msg`The connection broke off. It was ${'db'}.`, true);
      },
      { timeoutMs: 60_000 },
    );
    expect(lines.slice(3)).toEqual([
      '[    0s] 0 in flight; idle, and must stay so for 10s; timeout in 1m',
      '[    5s] The poll failed. The connection broke off. It was "db". Polling again in 1s, giving up in 55s.',
      '[    6s] The poll failed again in the same way, 2 times in a row. Polling again in 2s, giving up in 54s.',
      '[    8s] The poll failed again in the same way, 3 times in a row. Polling again in 4s, giving up in 52s.',
      '[   12s] The poll failed again in the same way, 4 times in a row. Polling again in 8s, giving up in 48s.',
      '[   20s] The database answers again, after 4 failed polls in 20s: what was idle before has to be idle anew.',
      '[   20s] 0 in flight; no change; idle, and must stay so for 10s; timeout in 40s',
      '[   30s] 0 in flight; drained',
    ]);
  });

  test('says what is waited for, and a line when something changed', async () => {
    const lines = await logOf(({ at }) =>
      at < 10_000 ? busy : at < 15_000 ? { inFlight: [inFlight('1.0.0', { pending: 1 })] } : {},
    );
    expect(lines).toEqual([
      'Waiting until "1.0.0" can be retired: for 30m at most, a poll every 5s, and then idle for 10s in a row.',
      'System database: "shop", schema "dbos".',
      'PostgreSQL 18.4, DBOS migration 123. Versions: 2 registered, the latest is "2.0.0".',
      '> What is in flight, by workflow',
      '- "checkout" on queue "payments": 2 pending, 1 delayed',
      '[    0s] 3 in flight (2 pending, 1 delayed); timeout in 30m',
      expect.stringContaining('Let them finish, or cancel or fork them'),
      '[   10s] 1 in flight (1 pending); 2 fewer; timeout in 29m 50s',
      '[   15s] 0 in flight; 1 fewer; idle, and must stay so for 10s; timeout in 29m 45s',
      '[   25s] 0 in flight; drained',
    ]);
  });

  test('says something once a minute when nothing changes', async () => {
    const lines = await logOf(() => busy, { timeoutMs: 180_000 });
    const polls = lines.filter((line) => line.startsWith('['));
    expect(polls.map((line) => line.slice(0, 8))).toEqual(['[    0s]', '[    1m]', '[    2m]', '[    3m]']);
  });

  test('names what blocks among several versions', async () => {
    const lines = await logOf(
      () => ({ ...busy, registrations: [registration('0.9.0', 0), ...twoRegistered] }),
      {
        timeoutMs: 20_000,
        targets: { kind: 'all-but-latest' },
      },
    );
    expect(lines).toContainEqual(expect.stringContaining('1 of 2 versions idle: "1.0.0" 3'));
  });

  test('keeps names on their line', async () => {
    const lines = await logOf(
      () => ({
        ...busy,
        groups: {
          items: (busy.groups?.items ?? []).map((group) => ({
            ...group,
            name: 'a\n::error::b ##[c]\u001b[31m',
          })),
          omitted: 0,
          omittedUnversioned: 0,
        },
      }),
      { mode: 'check' },
    );
    expect(lines).toContainEqual(
      '- "a\\n::error::b ##\\u{5b}c]\\u{1b}[31m" on queue "payments": 2 pending, 1 delayed',
    );
  });
});

describe('the report', () => {
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
    const report = reportOf(await resultOf(script, changes));
    expect(reportSchema.parse(report)).toEqual(report);
  });

  test('of a failure says the failure', () => {
    expect(reportSchema.parse(reportOf(failure))).toMatchObject({
      verdict: 'error',
      drained: false,
      waitedSeconds: 1.2,
      blockers: [{ kind: 'failure', message: 'There is no database "shop" on this server.' }],
    });
  });
});

describe('a drain that has no end', () => {
  const hopeless: Scene = {
    ...busy,
    inFlight: [inFlight('1.0.0', { pending: 2, delayed: 1, delayedUntil: DATABASE_EPOCH + 5 * HOUR })],
    lastDelayed: [
      { id: 'wf-9', version: '1.0.0', name: 'remind', until: DATABASE_EPOCH + 5 * HOUR },
      { id: 'wf-8', version: '1.0.0', name: null, until: DATABASE_EPOCH + 2 * HOUR },
      { id: 'wf-7', version: '1.0.0', name: 'soon', until: DATABASE_EPOCH + HOUR / 10 },
    ],
  };
  const why =
    'The timeout is at 00:30 UTC, and "wf-9" ("remind") is delayed until 05:00 UTC, "wf-8" is delayed until 02:00 UTC. It takes a `timeout` of 5h1m to reach the last of them';

  test('is said first in the annotations, with the timeout that would do', async () => {
    const [first, second] = annotationsOf(await resultOf(() => hopeless));
    expect(first).toMatchObject({ level: 'error', title: 'dbos-drain-gate: cannot-drain' });
    expect(first?.message).toContain(why);
    expect(second?.title).toBe('1.0.0 cannot be retired yet');
    const warned = annotationsOf(await resultOf(() => hopeless, { onTimeout: 'warn' }));
    expect(warned[0]?.level).toBe('warning');
  });

  test('is not to be waited for, by what is written of it', async () => {
    const told = async (changes: Partial<GateConfig>) => {
      const result = await resultOf(() => hopeless, changes);
      const annotations = annotationsOf(result).map(({ message }) => message);
      return [...annotations, rendered(summaryOf(result)), JSON.stringify(reportOf(result))].join('\n');
    };
    const waiting = /Let (them|it) finish|Waiting is right/;
    expect(await told({})).not.toMatch(waiting);
    expect((await told({})).match(/Cancel or fork what outlasts the timeout/g)).toHaveLength(3);
    expect(await told({ failFast: false, timeoutMs: 10_000 })).toMatch(waiting);
  });

  test('is waited for where it does not outlast the timeout, though another version does', async () => {
    const both: Scene = {
      ...hopeless,
      inFlight: [...(hopeless.inFlight ?? []), inFlight('0.9.0', { pending: 3 })],
    };
    const result = await resultOf(() => both, { targets: { kind: 'named', versions: ['1.0.0', '0.9.0'] } });
    const about = (version: string) =>
      reportOf(result).versions.find((each) => each.version === version)?.blockers[0]?.message;
    expect(result.verdict).toBe('cannot-drain');
    expect(about('1.0.0')).toContain('Cancel or fork what outlasts the timeout');
    expect(about('0.9.0')).toContain('Let them finish, or cancel or fork them');
  });

  test('asks for no timeout that no job has', async () => {
    const never = {
      ...hopeless,
      inFlight: [inFlight('1.0.0', { delayed: 1, delayedUntil: DATABASE_EPOCH + 999 * HOUR })],
    };
    const [first] = annotationsOf(await resultOf(() => never));
    expect(first?.message).toContain('run the gate on a schedule, in mode `report`');
    expect(first?.message).not.toContain('It takes a `timeout`');
  });

  test('has no name where more are delayed than are named', async () => {
    const until = DATABASE_EPOCH + 5 * HOUR;
    const unnamed = { ...hopeless, lastDelayed: [] };
    const [first, second] = annotationsOf(await resultOf(() => unnamed));
    expect(first?.message).toContain('and there are workflows that are delayed until 05:00 UTC. It takes');
    expect(second?.message).toContain('Drained at 05:00 UTC at the earliest, in 5h.');
    const other = {
      ...unnamed,
      lastDelayed: [{ id: 'wf-1', version: '1.0.0', name: null, until: until - HOUR }],
    };
    const [, about] = annotationsOf(await resultOf(() => other));
    expect(about?.message).toContain('Drained at 05:00 UTC at the earliest, in 5h.');
  });

  test('is said in the summary, which begins with the workflow that lasts longest', async () => {
    const text = rendered(summaryOf(await resultOf(() => hopeless)));
    expect(text).toMatch(/^❌ Cannot drain before the timeout: 3 workflows in flight on 1\.0\.0/);
    expect(text).toContain(why.replaceAll('"', '').replaceAll('`', ''));
    expect(text).toContain('npx dbos workflow cancel wf-9 ');
  });

  test('is in the report', async () => {
    const { verdict, forecast, versions } = reportOf(await resultOf(() => hopeless));
    expect(verdict).toBe('cannot-drain');
    expect(forecast).toMatchObject({ notBefore: '2026-01-01T05:00:00.000Z', trend: 'too-early' });
    expect(forecast?.earliestEnds[0]).toEqual({
      id: 'wf-9',
      workflow: 'remind',
      version: '1.0.0',
      until: '2026-01-01T05:00:00.000Z',
      because: 'delayed',
    });
    expect(versions[0]?.forecast).toEqual(forecast);
  });

  test('but for the time until the bound is told of as a bound alone', async () => {
    const text = rendered(
      summaryOf(
        await resultOf(() => hopeless, { timeoutMs: 6 * HOUR, pollIntervalMs: HOUR, failFast: false }),
      ),
    );
    expect(text).toContain(
      'Drained at 05:00 UTC at the earliest, in 5h: wf-9 (remind) is delayed until then.',
    );
  });
});

describe('a drain that does not converge', () => {
  const arriving =
    (children: number | null): Script =>
    ({ number }) => ({
      inFlight: [inFlight('1.0.0', { pending: 50 })],
      started:
        number > 1
          ? [{ ...started('1.0.0', 0, 9), childrenSincePrevious: children, childrenFromHere: children && 0 }]
          : [],
      names: number > 1 ? [{ version: '1.0.0', name: 'checkout', count: 5 }] : [],
    });
  const notConverging = 'The drain is not converging: as much arrives as ends. ';

  test.each([
    [
      'traffic by name, and children apart',
      4,
      '60 workflows without a parent were created since the gate began, most often checkout: traffic has not moved off. 48 child workflows were started by others',
    ],
    [
      'children alone as what ends by itself',
      9,
      '108 child workflows were started by others; that ends with those that start them.',
    ],
    [
      'what it can where the schema tells no parents',
      null,
      '108 workflows arrived since the gate began, most often checkout. Is traffic still sent here?',
    ],
  ])('tells %s', async (_what, children, told) => {
    const text = rendered(summaryOf(await resultOf(arriving(children), { timeoutMs: 60_000 })));
    expect(text).toContain(notConverging + told);
  });
});

test('a poll that could not be believed says nothing of how it drains', async () => {
  const result = await resultOf(({ number }) => (number > 1 ? { database: facts({ standby: true }) } : busy));
  expect(result.verdict).toBe('error');
  expect(summaryOf(result)).not.toContain('How it drains');
});

describe('a drain that does not move', () => {
  const idle = { createdAt: DATABASE_EPOCH - 2 * HOUR, updatedAt: DATABASE_EPOCH - 2 * HOUR };
  const stuck: Scene = {
    inFlight: [inFlight('1.0.0', { pending: 2, enqueued: 1 })],
    workflows: {
      items: [
        workflowDetail({ ...idle, id: 'parent', name: 'fulfil' }),
        workflowDetail({
          ...idle,
          id: 'child',
          name: 'ship',
          parent: 'parent',
          deadline: DATABASE_EPOCH + HOUR,
        }),
        workflowDetail({ ...idle, id: 'waiting', status: 'ENQUEUED', queue: 'mail' }),
      ],
      omitted: 0,
      omittedUnversioned: 0,
    },
    queues: [queueInFlight({ concurrency: 2 })],
  };
  const reasons = [
    'parent (fulfil): waits for its child child (ship): no step has ended for 2h: a long step, or its process is gone',
    'child (ship): no step has ended for 2h: a long step, or its process is gone; DBOS cancels it at its deadline, 01:00 UTC',
    'waiting (checkout): in the queue mail, from which nothing of its version was taken for 2h (0 running in all versions)',
  ];

  test('says in the log what each waits for, and once that no process seems to run', async () => {
    const lines = await logOf(() => stuck, { timeoutMs: 20_000 });
    for (const reason of reasons) {
      expect(lines.filter((line) => line.replaceAll('"', '').includes(`Stuck: ${reason}`))).toHaveLength(1);
    }
    expect(lines.filter((line) => line.includes('No process of "1.0.0" seems to run'))).toHaveLength(1);
    expect(lines.at(-1)).toContain('3 stuck; no sign of a process');
  });

  test('says in the log nothing of stuck work without a version, unless that blocks', async () => {
    const unversioned = workflowDetail({ ...idle, id: 'nobody’s', version: null });
    const scene = {
      ...stuck,
      inFlight: [...(stuck.inFlight ?? []), inFlight(null, { pending: 1 })],
      workflows: { items: [unversioned], omitted: 3, omittedUnversioned: 0 },
    };
    const said = async (onUnversioned: GateConfig['onUnversioned']) =>
      (await logOf(() => scene, { timeoutMs: 20_000, onUnversioned })).join('\n');
    expect(await said('block')).toContain('Stuck: "nobody’s"');
    expect(await said('auto')).not.toContain('nobody’s');
  });

  test('says in the log that nothing ends any more, at once', async () => {
    const lines = await logOf(
      () => ({ ...busy, workflows: { items: [], omitted: 3, omittedUnversioned: 0 } }),
      { timeoutMs: 3 * 60_000, stuckAfterMs: 90_000 },
    );
    expect(lines).toContain(
      '[1m 30s] 3 in flight (2 pending, 1 delayed); no change; nothing has ended of late; timeout in 1m 30s',
    );
  });

  test('says it in the summary, with the next step of each', async () => {
    const text = rendered(summaryOf(await resultOf(() => stuck, { timeoutMs: 20_000 })));
    expect(text).toContain('3 workflows are stuck: no progress for stuck-after');
    expect(text).toContain('⛔ stuck 1 fulfil waits for its child child (ship)');
    expect(text).toContain('help its child first');
    expect(text).toContain('start a process of its version that listens to that queue, or fork it');
    expect(text).toContain('npx dbos workflow cancel child ');
  });

  test('says it in the annotation and in the report', async () => {
    const result = await resultOf(() => stuck, { timeoutMs: 20_000 });
    expect(annotationsOf(result)[0]?.message).toContain('3 workflows are stuck');
    const report = reportOf(result);
    expect(report.forecast).toMatchObject({ trend: 'stuck', stuck: 3, noProcessSeen: true });
    expect(
      report.workflows.items.map(({ activity }) => [activity?.state, activity?.kind, activity?.child]),
    ).toEqual([
      ['stuck', 'child', 'child'],
      ['stuck', 'silent', null],
      ['stuck', 'queued', null],
    ]);
  });
});

describe('the script beside the report', () => {
  const filesOf = (result: RunReport) => kitFilesOf(result).map(({ name }) => name);
  const shownOf = (result: RunReport) =>
    rendered(summaryOf(result, { folder: '/tmp/gate', files: kitFilesOf(result) }));

  test('is shown in the summary, with its commands and the first lines of its list', async () => {
    const result = await resultOf(() => busy, { timeoutMs: 10_000 });
    const text = shownOf(result);
    expect(text).toContain(
      'sh unblock.sh inspect shows each of them, and the steps it has done sh unblock.sh cancel gives them up sh unblock.sh fork lets 2.0.0 go on with them',
    );
    expect(text).toContain('It is in /tmp/gate on the runner.');
    expect(text).toContain(
      '# "Orders.checkout", version "1.0.0": 1 workflow child wf-1 wf-0 - step 3 done, "charge"',
    );
  });

  test('covers what was read in detail at the last roll, though a later poll read less', async () => {
    const many = Array.from({ length: 60 }, (_, index) => ({ ...workflow, id: `wf-${index}` }));
    const result = await resultOf(
      ({ request }) => ({
        inFlight: [inFlight('1.0.0', { pending: 70 })],
        workflows: request.detailScan
          ? { items: many, omitted: 10, omittedUnversioned: 0 }
          : { items: many.slice(0, 50), omitted: 20, omittedUnversioned: 0 },
      }),
      { timeoutMs: 10_000 },
    );
    const list = kitFilesOf(result).find(({ name }) => name === 'workflows.tsv');
    expect(list?.text.match(/^\w+\twf-/gm)).toHaveLength(60);
    expect(list?.text).toContain('10 more workflows not in this list');
    expect(summaryOf(result)).toContain('The oldest 50 of 70 workflows in flight');
    expect(reportOf(result).workflows).toMatchObject({ items: { length: 50 }, omitted: 20 });
  });

  test('is not there when the answer may be about the wrong versions, or there is nothing to unblock', async () => {
    expect(filesOf(await resultOf(() => busy, { mode: 'check' }))).toEqual(['unblock.sh', 'workflows.tsv']);
    const keep = { mode: 'check', targets: { kind: 'all-but', keep: ['2.0'] } } as const;
    expect(filesOf(await resultOf(() => busy, keep))).toEqual([]);
    expect(filesOf(await resultOf(() => ({ ...busy, owners: ['shop', 'crm'] })))).toEqual([]);
    expect(filesOf(await resultOf(() => ({})))).toEqual([]);
    const cancelled = { ...(await resultOf(() => busy, keep)), verdict: 'cancelled' } as const;
    expect(filesOf(cancelled)).toEqual([]);
    const broken = { ...(await resultOf(() => busy, { mode: 'check' })), verdict: 'error' } as const;
    expect(filesOf(broken)).toEqual([]);
  });

  test('forks to nothing where the target is the latest version', async () => {
    const latest = { ...busy, registrations: [registration('1.0.0', 1)] };
    const text = shownOf(await resultOf(() => latest, { mode: 'check' }));
    expect(text).toContain('sh unblock.sh cancel gives them up');
    expect(text).not.toContain('sh unblock.sh fork');
  });
});

describe('outputs', () => {
  test('say of each target what holds it', async () => {
    const { values } = outputsOf(await resultOf(() => busy, { mode: 'check' }), '/tmp/report.json');
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
        },
      },
    ]);
  });

  test('leave forecasts out before versions, where all do not fit', async () => {
    const versions = Array.from({ length: 400 }, (_, at) => `version-${at}`);
    const result = await resultOf(
      () => ({
        registrations: [...versions, 'live'].map((version, at) => registration(version, at)),
        inFlight: versions.map((version) => inFlight(version, { pending: 1 })),
      }),
      { mode: 'check', targets: { kind: 'named', versions } },
    );
    const listed: readonly { readonly forecast: unknown }[] = JSON.parse(
      outputsOf(result, '').values.versions,
    );
    expect(listed).toHaveLength(400);
    expect(new Set(listed.map(({ forecast }) => forecast))).toEqual(new Set([null]));
    expect(reportOf(result).versions[399]?.forecast).not.toBeNull();
  });

  test('name no drained version while anything blocks the whole gate, nor after a failure', async () => {
    const blocked = await resultOf(() => ({ owners: ['shop', 'crm'] }));
    expect(outputsOf(blocked, '').values['drained-versions']).toBe('[]');
    const broken = {
      ...(await resultOf(() => ({}))),
      failure: trusted('The connection broke off.'),
      verdict: 'error',
    } as const;
    expect(outputsOf(broken, '').values).toMatchObject({
      drained: 'false',
      'drained-versions': '[]',
      'draining-versions': '["1.0.0"]',
    });
    expect(outputsOf(broken, '').values.versions).toContain('"drained":false');
  });

  test('are there after a failure too', () => {
    expect(outputsOf(failure, '/r').values).toEqual({
      verdict: 'error',
      drained: 'false',
      'in-flight': '0',
      unversioned: '0',
      'waited-seconds': '1.2',
      versions: '[]',
      'drained-versions': '[]',
      'draining-versions': '[]',
      'observed-at': '',
      'report-path': '/r',
    });
  });
});

/** The text of rendered Markdown, as a person reads it. */
function rendered(markdown: string): string {
  return marked
    .parse(markdown, { async: false, gfm: true })
    .replace(/<\/t[dh]>/g, ' ')
    .replace(/<[^>]+>/g, '')
    .replace(/&#(\d+);/g, (_, point) => String.fromCodePoint(Number(point)))
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/[^\S\n]+|\n(?=[^\n]* )/g, ' ')
    .replace(/\s+/g, ' ');
}
