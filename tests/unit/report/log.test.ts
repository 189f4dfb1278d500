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
import {
  busy,
  fifteenAndASleeper,
  HOUR,
  holdAndLog,
  IDLE,
  logOf,
  PAGE,
  stuck,
  timed,
} from '../../support/report-runs.ts';

const reasons = [
  'child (ship): no step finished for 2h: either a long step, or its process is gone; DBOS cancels it at its deadline, 01:00 UTC',
  'waiting (checkout): queued in mail: nothing of its version was dequeued for 2h (0 of 2 running in all versions)',
];

const named = (...versions: readonly string[]) => ({ kind: 'named', versions }) as const;

describe('the log', () => {
  test('says why polls failed, when the next one is, and that the settle window starts again', async () => {
    const lines = await logOf(
      ({ at }) => {
        if (at < 5000 || at > 12_000) return {};
        throw new TransientError(msg`Connection lost. It was ${'db'}.`, true, { id: 'connection-lost' });
      },
      { timeoutMs: 60_000 },
    );
    expect(lines.slice(3)).toEqual([
      '[    0s] 0 in flight; idle, settling for 10s; 1m until timeout',
      `[    5s] Poll failed. Connection lost. It was "db". Retrying in 1s, giving up in 55s. More: ${PAGE}#connection-lost`,
      '[    6s] Poll failed again (2 in a row, same error). Retrying in 2s, giving up in 54s.',
      '[    8s] Poll failed again (3 in a row, same error). Retrying in 4s, giving up in 52s.',
      '[   12s] Poll failed again (4 in a row, same error). Retrying in 8s, giving up in 48s.',
      '[   20s] The database is back after 4 failed polls (20s). The settle window starts over.',
      '[   20s] 0 in flight (no change); idle, settling for 10s; 40s until timeout',
      '[   30s] 0 in flight; drained',
    ]);
  });

  test('shows each poll that has no line where a line can be written again', async () => {
    const { lines, statuses } = await holdAndLog(({ at }) => (at < 15_000 ? busy : {}));
    const polls = lines.filter((line) => line.startsWith('['));
    expect(polls.map((line) => line.slice(0, 8))).toEqual(['[    0s]', '[   15s]', '[   25s]']);
    expect(statuses.map((line) => line.slice(0, 8))).toEqual(['[    5s]', '[   10s]', '[   20s]']);
  });

  test('says what the gate waits for, and has a line when something changed', async () => {
    const lines = await logOf(({ at }) =>
      at < 10_000 ? busy : at < 15_000 ? { inFlight: [inFlight('1.0.0', { pending: 1 })] } : {},
    );
    expect(lines).toEqual([
      'Waiting up to 30m for "1.0.0" to drain (polling every 5s; must stay idle for 10s).',
      'System database: "shop" at "db.internal", port 5432, schema "dbos" (from the input `database-url`).',
      'PostgreSQL 18.4, DBOS migration 123. Versions: 2 registered, the latest is "2.0.0".',
      '> What is in flight, by workflow',
      '- "Orders.checkout" on queue "payments": 2 pending, 1 delayed',
      '[    0s] 3 in flight: 2 pending, 1 delayed; slow: no estimate yet; 30m until timeout',
      '[   10s] 1 in flight (-2); slow: no estimate yet; 29m 50s until timeout',
      '[   15s] 0 in flight (-1); idle, settling for 10s; 29m 45s until timeout',
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
      '3 in flight: 2 pending, 1 delayed; never seen here: "V1.0.0", but known: "1.0.0"; 0 of 2 versions idle; in flight: "1.0.0" 3',
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
      '3 in flight: 2 pending, 1 delayed; a kept version is not registered: "2.0.O"; still the latest version; 0 of 2 versions idle; in flight: "1.0.0" 3',
    ],
  ])('names %s, and counts nothing where there is nothing to count', async (_what, changes, scene, line) => {
    const lines = await logOf(() => scene, { mode: 'check', ...changes });
    expect(lines.find((each) => each.startsWith('[    0s]'))).toBe(`[    0s] ${line}`);
  });

  test('says that another server answers, where no poll failed in between', async () => {
    const lines = await logOf(({ number }) => ({ database: facts({ startedAt: number > 1 ? '2' : '1' }) }));
    expect(lines.slice(3)).toEqual([
      '[    0s] 0 in flight; idle, settling for 10s; 30m until timeout',
      '[    5s] Another server answered, after a restart or a failover. The settle window starts over.',
      '[    5s] 0 in flight (no change); idle, settling for 10s; 29m 55s until timeout',
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
    expect(lines.filter((line) => line.startsWith('Note: Was this application renamed? "shop-api" (2 '))).toHaveLength(
      1,
    );
  });

  test('says how long a poll has waited for a lock', async () => {
    const lines = await logOf(({ at }) => ({ ...busy, lockWaitMs: at === 5000 ? 4000 : at === 10_000 ? 900 : 0 }), {
      timeoutMs: 20_000,
    });
    expect(lines.filter((line) => line.includes('waited'))).toEqual([
      '[    5s] The poll waited 4s for a lock on the DBOS tables. Most often a migration or maintenance holds it.',
    ]);
  });

  test('has a line about counts every 5 seconds at most, though polls are closer together near the end', async () => {
    const lines = await logOf(
      ({ at }) => ({ inFlight: at < 60_000 ? [inFlight('1.0.0', { pending: Math.ceil((60_000 - at) / 100) })] : [] }),
      { pollIntervalMs: undefined },
    );
    const counts = lines.filter((line) => /^\[.*\(-\d/.test(line));
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
    expect(lines).toContainEqual(expect.stringContaining('1 of 2 versions idle; in flight: "1.0.0" 3'));
  });

  test('says once and early that a pattern of ignore-workflows matches nothing', async () => {
    const lines = await logOf(() => busy, { ignoreWorkflows: ['chekout'], timeoutMs: 60_000 });
    const found = lines.filter((line) =>
      line.includes('matched nothing that any poll saw in flight or starting: "chekout"'),
    );
    expect(found).toEqual([expect.stringMatching(/^Note: This pattern in `ignore-workflows` /)]);
  });

  test('says what happens and what helps again when the diagnosis changes its cause, and not its kind', async () => {
    const items = [workflowDetail({ ...IDLE, id: 'order-1' })];
    const scene = {
      inFlight: [inFlight('1.0.0', { pending: 1 })],
      workflows: { items, omitted: 0, omittedUnversioned: 0 },
    };
    const before = [registration('0.9.0', 1), registration('1.0.0', 2)];
    const lines = await logOf(
      timed(({ at }) => ({ ...scene, registrations: at < 90_000 ? before : twoRegistered })),
      {
        timeoutMs: 300_000,
      },
    );
    const moved = lines.findIndex((line) => line.startsWith('[1m 30s]'));
    expect(lines.slice(moved + 1, moved + 3)).toEqual([
      '  If you do nothing: the stuck workflow stays in flight until somebody acts.',
      expect.stringMatching(/^ {2}Stuck: "order-1" .* Next: check whether its process /),
    ]);
  });

  test('says of a twenty-minute hold what it is, what will happen and what helps, each once', async () => {
    const changes = { timeoutMs: 20 * 60_000, pollIntervalMs: undefined, failFast: false };
    const lines = await logOf(timed(fifteenAndASleeper), changes);
    expect(lines.slice(4, 7)).toEqual([
      '  If you do nothing: 15 of 16 can still finish, with no estimate; 1 sleeps until 02:00 UTC.',
      '  To drain sooner: cancel or fork "order-16" ("remind").',
      `  More: ${PAGE}#outlasting`,
    ]);
    expect(lines.filter((line) => line.startsWith('  '))).toHaveLength(3);
    const polls = lines.filter((line) => line.startsWith('['));
    expect(polls.length).toBeLessThan(45);
    for (const line of polls.slice(0, -1)) {
      expect(line).toMatch(
        /^\[ *\w[\w ]*\] \d+ in flight.*; never: .* sleeps until 02:00 UTC, after the timeout; \w.* until timeout$/,
      );
    }
  });

  test('has lines further apart the longer a hold lasts', async () => {
    const lines = await logOf(
      ({ at }) => ({ inFlight: [inFlight('1.0.0', { pending: Math.max(0, 10_000 - Math.floor(at / 1000)) })] }),
      { timeoutMs: HOUR },
    );
    const polls = lines.filter((line) => line.startsWith('['));
    expect(polls.length).toBeGreaterThan(60);
    expect(polls.length).toBeLessThan(150);
  });

  test('groups what is stuck in the same way, with one next step', async () => {
    const silent = Array.from({ length: 9 }, (_, at) => workflowDetail({ ...IDLE, id: `order-${at}` }));
    const scene = {
      inFlight: [inFlight('1.0.0', { pending: 9 })],
      workflows: { items: silent, omitted: 0, omittedUnversioned: 0 },
    };
    const lines = await logOf(() => scene, { timeoutMs: 180_000 });
    const said = lines.filter((line) => line.startsWith('  Stuck: '));
    expect(said).toEqual([expect.stringContaining('"order-0" ("checkout") and 8 more: no step finished for 2h')]);
  });

  test('says nothing of the host and the database before a server has accepted the URL', async () => {
    const lines = await logOf(
      ({ at }) => {
        if (at > 3000) return {};
        throw new TransientError(msg`The connection broke off.`, false);
      },
      { timeoutMs: 60_000 },
    );
    const accepted = lines.findIndex((line) => line.includes('db.internal'));
    expect(lines.slice(0, accepted).join()).not.toMatch(/shop|db\.internal|5432/);
    expect(lines[accepted]).toBe(
      'System database: "shop" at "db.internal", port 5432, schema "dbos" (from the input `database-url`).',
    );
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
    const lines = await logOf(() => stuck, { timeoutMs: 180_000 });
    for (const reason of reasons) {
      expect(lines.filter((line) => line.replaceAll('"', '').includes(`Stuck: ${reason}`))).toHaveLength(1);
    }
    expect(lines.filter((line) => line.includes('Start a process of "1.0.0" again'))).toHaveLength(1);
    expect(lines.at(-1)).toContain('never: no process of this version seems to be running');
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
      '[1m 30s] 3 in flight (no change): 2 pending, 1 delayed; stuck: nothing has finished for 1m 30s; 1m 30s until timeout',
    );
  });
});
