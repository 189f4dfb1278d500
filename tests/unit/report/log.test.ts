import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../../src/config.ts';
import { TransientError } from '../../../src/errors.ts';
import { msg } from '../../../src/message.ts';
import { runReportOf } from '../../../src/report/model.ts';
import { outputsOf } from '../../../src/report/outputs.ts';
import { summaryOf } from '../../../src/report/summary.ts';
import {
  application,
  config,
  facts,
  inFlight,
  registration,
  runAgainst,
  type Scene,
  snapshot,
  twoRegistered,
  workflowDetail,
} from '../../support/builders.ts';
import { busy, IDLE, logOf, stuck } from '../../support/report-runs.ts';

const reasons = [
  'parent (fulfil): waits for its child child (ship): no step has ended for 2h: a long step, or its process is gone',
  'child (ship): no step has ended for 2h: a long step, or its process is gone; DBOS cancels it at its deadline, 01:00 UTC',
  'waiting (checkout): in the queue mail, from which nothing of its version was taken for 2h (0 running in all versions)',
];

const named = (...versions: readonly string[]) => ({ kind: 'named', versions }) as const;

describe('the log', () => {
  test('says why polls failed, when the next one is, and that the settle window starts again', async () => {
    const lines = await logOf(
      ({ at }) => {
        if (at < 5000 || at > 12_000) return {};
        throw new TransientError(msg`Connection lost. It was ${'db'}.`, true);
      },
      { timeoutMs: 60_000 },
    );
    expect(lines.slice(3)).toEqual([
      '[    0s] 0 in flight; idle, and must stay so for 10s; timeout in 1m',
      '[    5s] The poll failed. Connection lost. It was "db". Polling again in 1s, giving up in 55s.',
      '[    6s] The poll failed again in the same way, 2 times in a row. Polling again in 2s, giving up in 54s.',
      '[    8s] The poll failed again in the same way, 3 times in a row. Polling again in 4s, giving up in 52s.',
      '[   12s] The poll failed again in the same way, 4 times in a row. Polling again in 8s, giving up in 48s.',
      '[   20s] The database answers again, after 4 failed polls in 20s: what was idle before has to be idle again.',
      '[   20s] 0 in flight; no change; idle, and must stay so for 10s; timeout in 40s',
      '[   30s] 0 in flight; drained',
    ]);
  });

  test('says what the gate waits for, and has a line when something changed', async () => {
    const lines = await logOf(({ at }) =>
      at < 10_000 ? busy : at < 15_000 ? { inFlight: [inFlight('1.0.0', { pending: 1 })] } : {},
    );
    expect(lines).toEqual([
      'Waiting until "1.0.0" can be retired: for 30m at most, a poll every 5s, and then idle for 10s in a row.',
      'System database: "shop", schema "dbos".',
      'PostgreSQL 18.4, DBOS migration 123. Versions: 2 registered, the latest is "2.0.0".',
      '> What is in flight, by workflow',
      '- "Orders.checkout" on queue "payments": 2 pending, 1 delayed',
      '[    0s] 3 in flight (2 pending, 1 delayed); timeout in 30m',
      expect.stringContaining('Let them finish, or cancel or fork them'),
      '[   10s] 1 in flight (1 pending); 2 fewer; timeout in 29m 50s',
      '[   15s] 0 in flight; 1 fewer; idle, and must stay so for 10s; timeout in 29m 45s',
      '[   25s] 0 in flight; drained',
    ]);
  });

  test.each([
    ['a standby', { standby: true }],
    ['a logical subscriber', { logicalSubscriber: true }],
    ['a shard', { sharded: true }],
    ['a view', { relationKind: 'v' }],
    ['row security', { rowSecurityActive: true }],
    ['a missing column', { missingColumns: ['status'] }],
  ])('counts nothing at a poll that could not be trusted: %s', async (_, changes) => {
    const lines = await logOf(({ number }) => (number > 1 ? { database: facts(changes) } : busy));
    expect(lines.at(-1)).toBe('[    5s] nothing could be counted; untrusted database');
    const unread = { ...snapshot({ database: facts(changes) }), contents: undefined };
    const reader = { read: async () => unread };
    const report = runReportOf(await runAgainst(config(), () => ({}), { reader }));
    expect(report).toMatchObject({ verdict: 'error', inFlight: null, unversioned: null });
    expect(summaryOf(report)).not.toMatch(/\d in flight/);
    expect(outputsOf(report, '').values).toMatchObject({ 'in-flight': '', unversioned: '' });
  });

  test.each<[string, Partial<GateConfig>, Scene, string]>([
    ['a typo', { targets: named('V1.0.0') }, {}, 'never seen here: "V1.0.0", but known: "1.0.0"'],
    ['a version of nobody', { targets: named('0.9') }, {}, 'never seen here: "0.9"'],
    [
      'a typo among versions with work',
      { targets: named('1.0.0', 'V1.0.0') },
      busy,
      '3 in flight (2 pending, 1 delayed); never seen here: "V1.0.0", but known: "1.0.0"; 0 of 2 versions idle: "1.0.0" 3, "V1.0.0" 0',
    ],
    [
      'a version of another application',
      { targets: named('1.0.0'), application: 'crm' },
      {
        registrations: [registration('2.0.0', 2, 'crm')],
        owners: ['crm', 'shop'],
        history: { searchedFor: ['1.0.0'], found: [{ version: '1.0.0', stranger: 'shop' }], complete: true },
      },
      `another application's: "1.0.0"`,
    ],
    [
      'a version to keep that is not registered',
      { targets: { kind: 'all-but', keep: ['2.0.O'] } },
      busy,
      '3 in flight (2 pending, 1 delayed); a kept version is not registered: "2.0.O"; still the latest version; 0 of 2 versions idle: "1.0.0" 3, "2.0.0" 0',
    ],
  ])('names %s, and counts nothing where there is nothing to count', async (_what, changes, scene, line) => {
    const lines = await logOf(() => scene, { mode: 'check', ...changes });
    expect(lines.find((each) => each.startsWith('[    0s]'))).toBe(`[    0s] ${line}`);
  });

  test('says that another server answers, where no poll failed in between', async () => {
    const lines = await logOf(({ number }) => ({ database: facts({ startedAt: number > 1 ? '2' : '1' }) }));
    expect(lines.slice(3)).toEqual([
      '[    0s] 0 in flight; idle, and must stay so for 10s; timeout in 30m',
      '[    5s] Another server answers, after a restart or a failover: what was idle before has to be idle again.',
      '[    5s] 0 in flight; no change; idle, and must stay so for 10s; timeout in 29m 55s',
      '[   15s] 0 in flight; drained',
    ]);
  });

  test('names a possible former name of the application at the first poll', async () => {
    const formerName = application({
      name: 'shop-api',
      inFlight: [{ version: '1.0.0', pending: 2, enqueued: 0, delayed: 0 }],
    });
    const scene = { ...busy, applications: [application({ name: 'shop', firstRegistered: 2 }), formerName] };
    const lines = await logOf(() => scene, { application: 'shop', timeoutMs: 60_000 });
    expect(lines.filter((line) => line.startsWith('Mind: Was this application renamed? "shop-api" (2 '))).toHaveLength(
      1,
    );
  });

  test('says how long a poll has waited for a lock', async () => {
    const lines = await logOf(({ at }) => ({ ...busy, lockWaitMs: at === 5000 ? 4000 : at === 10_000 ? 900 : 0 }), {
      timeoutMs: 20_000,
    });
    expect(lines.filter((line) => line.includes('waited'))).toEqual([
      '[    5s] The poll waited 4s for a lock on the tables of DBOS: most often a migration or maintenance holds it.',
    ]);
  });

  test('has a line about counts every 5 seconds at most, though polls are closer together near the end', async () => {
    const lines = await logOf(
      ({ at }) => ({ inFlight: at < 60_000 ? [inFlight('1.0.0', { pending: Math.ceil((60_000 - at) / 100) })] : [] }),
      { pollIntervalMs: undefined },
    );
    const counts = lines.filter((line) => /^\[.*\d fewer/.test(line));
    const seconds = counts.map((line) => Number(/(\d+)s\]/.exec(line)?.[1]));
    expect(counts.length).toBeGreaterThan(10);
    // The last line says that nothing is left, and does not wait.
    const apart = seconds.slice(1, -1).map((second, index) => second - (seconds[index] ?? 0));
    expect(Math.min(...apart)).toBeGreaterThanOrEqual(5);
  });

  test('has a line once a minute when nothing changes', async () => {
    const lines = await logOf(() => busy, { timeoutMs: 180_000 });
    const polls = lines.filter((line) => line.startsWith('['));
    expect(polls.map((line) => line.slice(0, 8))).toEqual(['[    0s]', '[    1m]', '[    2m]', '[    3m]']);
  });

  test('names what blocks among several versions', async () => {
    const lines = await logOf(() => ({ ...busy, registrations: [registration('0.9.0', 0), ...twoRegistered] }), {
      timeoutMs: 20_000,
      targets: { kind: 'all-but-latest' },
    });
    expect(lines).toContainEqual(expect.stringContaining('1 of 2 versions idle: "1.0.0" 3'));
  });

  test('says once and early that a pattern of ignore-workflows matches nothing', async () => {
    const lines = await logOf(() => busy, { ignoreWorkflows: ['chekout'], timeoutMs: 60_000 });
    const found = lines.filter((line) =>
      line.includes('matches nothing that has been in flight at any poll: "chekout"'),
    );
    expect(found).toEqual([expect.stringMatching(/^Mind: This pattern of `ignore-workflows` /)]);
  });

  test('keeps names on their line', async () => {
    const lines = await logOf(
      () => ({
        ...busy,
        groups: {
          items: (busy.groups?.items ?? []).map((group) => ({
            ...group,
            name: 'a\n::error::b ##[c]\u001b[31m',
            className: '::d',
          })),
          omitted: 0,
          omittedUnversioned: 0,
        },
      }),
      { mode: 'check' },
    );
    expect(lines).toContainEqual(
      '- "::d.a\\n::error::b ##\\u{5b}c]\\u{1b}[31m" on queue "payments": 2 pending, 1 delayed',
    );
  });

  test('says what stuck workflows wait for, and once that no process seems to run', async () => {
    const lines = await logOf(() => stuck, { timeoutMs: 20_000 });
    for (const reason of reasons) {
      expect(lines.filter((line) => line.replaceAll('"', '').includes(`Stuck: ${reason}`))).toHaveLength(1);
    }
    expect(lines.filter((line) => line.includes('No process of "1.0.0" seems to run'))).toHaveLength(1);
    expect(lines.at(-1)).toContain('3 stuck; no sign of a process');
  });

  test('says nothing about stuck work without a version, unless that blocks', async () => {
    const unversioned = workflowDetail({ ...IDLE, id: 'nobody’s', version: null });
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

  test('says at once that nothing finishes any more', async () => {
    const lines = await logOf(() => ({ ...busy, workflows: { items: [], omitted: 3, omittedUnversioned: 0 } }), {
      timeoutMs: 3 * 60_000,
      stuckAfterMs: 90_000,
    });
    expect(lines).toContain(
      '[1m 30s] 3 in flight (2 pending, 1 delayed); no change; nothing has ended recently; timeout in 1m 30s',
    );
  });
});
