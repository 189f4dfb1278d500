import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import type { WorkflowGroup } from '../../src/dbos/snapshot/index.ts';
import { trusted } from '../../src/message.ts';
import { runReportOf } from '../../src/report/model.ts';
import { plain } from '../../src/report/text.ts';
import {
  configurationWarnings,
  connectionWarnings,
  launchWarnings,
  maskedOutputs,
  patternWarnings,
  warningsOf,
} from '../../src/report/warnings.ts';
import {
  application,
  config,
  DATABASE_EPOCH,
  facts,
  holdAgainst,
  inFlight,
  registration,
  runAgainst,
  type Scene,
} from '../support/builders.ts';
import { databaseConfig } from '../support/databases.ts';

const DAY = 24 * 3_600_000;

async function warned(scene: Scene, changes: Parameters<typeof config>[0] = {}) {
  const { verdict, last } = await holdAgainst(config({ mode: 'check', ...changes }), ({ request }) => ({
    unknownStatuses: request.scanStatuses ? [] : undefined,
    ...scene,
  }));
  return { verdict, warnings: last === undefined ? [] : warningsOf(last.evaluation).map(plain) };
}

/** Workflows that `ignore-workflows` matches. */
function ignored(changes: Partial<WorkflowGroup>): WorkflowGroup {
  const counts = { pending: 0, enqueued: 0, delayed: 0 };
  const names = { version: '1.0.0', name: 'process', className: null, queue: null };
  return { ...names, ...counts, ignored: true, oldestCreatedAt: DATABASE_EPOCH, ...changes };
}

const patched = { targets: { kind: 'named', versions: ['PATCHING_ENABLED'] } } as const;
const strangers = { targets: { kind: 'named', versions: ['1.0.0', '0.1'] }, onUnknown: 'pass' } as const;
const old = [registration('1.0.0', 1), registration('2.0.0', 2)];

test.each<[string, Scene, Parameters<typeof config>[0], RegExp]>([
  [
    'a schema newer than the gate knows',
    { database: facts({ migration: 126 }) },
    {},
    /migration 126\) is newer .* \(125\)\. So each settle window starts with a scan/,
  ],
  [
    'versions that are not registered',
    { registrations: 'no-table' },
    { ...strangers },
    /No application version is registered/,
  ],
  ['tables that never held a row', { registrations: [], newestWriteAt: undefined }, strangers, /have never held a row/],
  [
    'a version that is the constant of patching',
    { registrations: [registration('PATCHING_ENABLED', 1), registration('2.0.0', 2)] },
    patched,
    /draining it means nothing/,
  ],
  [
    'a version that is the default where sources cannot be read',
    { registrations: [registration('DEFAULT_VERSION-shop', 1), registration('2.0.0', 2)] },
    { targets: { kind: 'named', versions: ['DEFAULT_VERSION-shop'] } },
    /"DEFAULT_VERSION-shop" is the version of applications whose sources DBOS cannot read/,
  ],
  ['a target that on-unknown lets pass', {}, strangers, /accepted because of `on-unknown: pass`: "0\.1"/],
  [
    'a possible former name of the application',
    {
      owners: ['shop', 'shop-api'],
      applications: [
        application({ name: 'shop', firstRegistered: 5, newestRegistered: 9 }),
        application({
          name: 'shop-api',
          newestRegistered: 4,
          inFlight: Array.from({ length: 7 }, (_, at) => ({ version: `v${at}`, pending: 2, enqueued: 1, delayed: 0 })),
        }),
      ],
    },
    { application: 'shop' },
    /renamed\? "shop-api" \(21 workflows in flight: "v0": 2 pending, 1 enqueued; .*; and 2 more versions\) has registered/,
  ],
  [
    'rows with an empty version',
    { inFlight: [inFlight('', { enqueued: 2 })] },
    {},
    /2 workflows in flight have an empty application version/,
  ],
  [
    'cancelled and dead-lettered workflows on a target',
    { failed: [{ version: '1.0.0', cancelled: 0, deadLettered: 1 }] },
    {},
    /"1\.0\.0" has at least 1 dead-lettered workflow, originals of forks included\. Only a process of that version can resume them\./,
  ],
  [
    'ignored work',
    { inFlight: [inFlight('1.0.0', { ignored: 1 })] },
    {},
    /1 workflow matched by `ignore-workflows` will be stranded/,
  ],
  [
    'ignored work, by class',
    {
      inFlight: [inFlight('1.0.0', { ignored: 8 })],
      groups: {
        items: [
          ignored({ className: 'com.example.Shop', queue: 'a', pending: 2 }),
          ignored({ className: 'com.example.Depot', pending: 2 }),
          ignored({ className: 'com.example.Shop', queue: 'b', delayed: 1 }),
          ignored({ version: '2.0.0', pending: 5 }),
          ignored({ name: null, enqueued: 1 }),
          { ...ignored({ name: 'blocks', pending: 5 }), ignored: false },
        ],
        omitted: 2,
        omittedUnversioned: 0,
      },
    },
    {},
    /when "1\.0\.0" is torn down: "com\.example\.Shop\.process" \(3\), "com\.example\.Depot\.process" \(2\), "\(no name\)" \(1\) and 2 more\.$/,
  ],
  [
    'a database that nobody writes to',
    { registrations: old, newestWriteAt: DATABASE_EPOCH - 2 * DAY },
    {},
    /for 2 days\. Is it the live database, or a restored copy\?/,
  ],
])('warns of %s, without blocking', async (_what, scene, changes, warning) => {
  const { verdict, warnings } = await warned(scene, changes);
  expect(warnings).toContainEqual(expect.stringMatching(warning));
  expect(verdict).toBe('drained');
});

test('warns of patterns that match nothing in flight, unless an earlier poll had a match', async () => {
  const gate = config({ ignoreWorkflows: ['close', 'Till.close', 'close', 'Sh.*'] });
  const { last } = await holdAgainst(gate, ({ number }) => ({ matchedPatterns: number === 1 ? ['Till.close'] : [] }));
  if (last === undefined) throw new Error('There was no poll.');
  expect(patternWarnings(gate, last.evaluation).map(plain)).toEqual([
    expect.stringMatching(
      /^These patterns .* matched nothing that any poll saw in flight or starting: "close", "Sh\.\*"\. /,
    ),
  ]);
  expect(patternWarnings({ ...gate, ignoreWorkflows: ['close'] }, last.evaluation).map(plain)).toEqual([
    expect.stringMatching(/^This pattern .* matched nothing that any poll saw in flight or starting: "close"\. /),
  ]);
  expect(patternWarnings({ ...gate, ignoreWorkflows: ['Till.close'] }, last.evaluation)).toEqual([]);
  const { warnings } = runReportOf(await runAgainst(gate, () => ({})));
  expect(warnings.map(plain)).toContainEqual(expect.stringContaining('"close", "Till.close", "Sh.*"'));
});

test('warns of nothing when there is nothing to warn of', async () => {
  expect(await warned({})).toEqual({ verdict: 'drained', warnings: [] });
  expect(configurationWarnings(config())).toEqual([]);
});

test('a registration counts as a write', async () => {
  const registrations = [registration('1.0.0', 1), registration('2.0.0', DATABASE_EPOCH - 1000)];
  expect((await warned({ registrations, newestWriteAt: DATABASE_EPOCH - 2 * DAY })).warnings).toEqual([]);
});

test('warns of a timeout that a hosted job does not live to see, and of a settle window of nothing', () => {
  const hours = (count: number) => config({ timeoutMs: count * 3_600_000 });
  expect(configurationWarnings(hours(7)).map(plain)).toEqual([expect.stringContaining('six hours')]);
  expect(configurationWarnings(hours(6))).toEqual([]);
  expect(configurationWarnings(config({ settleMs: 0 })).map(plain)).toEqual([
    expect.stringContaining('a single poll decides'),
  ]);
});

test('warns in `wait` with `latest` of a latest version that registered long before the gate started', async () => {
  const warnedAfter = async (agoMs: number, changes: Partial<GateConfig>) => {
    const gate = config({ targets: { kind: 'all-but-latest' }, ...changes });
    const registrations = [registration('1.0.0', 1), registration('2.0.0', DATABASE_EPOCH - agoMs)];
    const { last } = await holdAgainst(gate, ({ at }) => ({ registrations, observedAt: DATABASE_EPOCH + at }));
    return last === undefined ? [] : launchWarnings(gate, last).map(plain);
  };
  const hour = 3_600_000;
  expect(await warnedAfter(2 * hour, {})).toEqual([
    expect.stringMatching(
      /^The latest version, "2\.0\.0", was registered 2h before the gate started\. Has the new version/,
    ),
  ]);
  expect(await warnedAfter(hour, {})).toEqual([]);
  expect(await warnedAfter(2 * hour, { mode: 'check' })).toEqual([]);
  expect(await warnedAfter(2 * hour, { targets: { kind: 'all-but', keep: ['2.0.0'] } })).toEqual([]);
});

describe('warns that the server is not verified', () => {
  const warningsFor = (url: string) => connectionWarnings(databaseConfig(url)).map(plain);

  test.each([
    ['by default', 'postgres://u@db.internal/d', 'prefer'],
    ['with `require`', 'postgres://u@192.0.2.1/d?sslmode=require', 'require'],
    ['with `allow`', 'postgres://u@db.internal/d?sslmode=allow', 'allow'],
    ['without TLS', 'postgres://u@[2001:db8::1]/d?sslmode=disable', 'disable'],
    ['on a host that only starts like the loopback', 'postgres://u@127.0.0.1.example/d', 'prefer'],
  ])('%s', (_what, url, mode) => {
    expect(warningsFor(url)).toEqual([
      expect.stringMatching(RegExp(`\`sslmode=${mode}\` does not verify the server.*sslmode=verify-full`)),
    ]);
  });

  test.each([
    ['it has to', 'postgres://u@db.internal/d?sslmode=verify-full'],
    ['it has to know the password', 'postgres://u@db.internal/d?channel_binding=require'],
    ['it is on this machine', 'postgres://u@localhost/d'],
    ['it is on this machine, by its address', 'postgres://u@127.0.0.53/d'],
    ['it is on this machine, by IPv6', 'postgres://u@[::1]/d'],
    ['it is a socket', 'postgres://u@%2Fvar%2Frun%2Fpostgresql/d'],
  ])('but not where %s', (_what, url) => {
    expect(warningsFor(url)).toEqual([]);
  });
});

test('a CA proves who the server is with `require`, and nothing with `prefer`', () => {
  const withCa = (mode: string) => ({ ...databaseConfig(`postgres://u@db.internal/d?sslmode=${mode}`), tlsCa: 'PEM' });
  expect(connectionWarnings(withCa('require'))).toEqual([]);
  expect(connectionWarnings(withCa('prefer'))).toHaveLength(1);
});

test('warns of a secret that outputs hold or can hold, and of one that is very short', () => {
  expect(maskedOutputs([], undefined)).toEqual([]);
  expect(maskedOutputs([], 4)).toEqual([]);
  expect(maskedOutputs([], 3).map(plain)).toEqual([
    expect.stringMatching(/^A secret of this run has fewer than 4 characters/),
  ]);
  expect(maskedOutputs(['verdict', 'drained'], 3).map(plain)).toEqual([
    expect.stringContaining('appears by chance in these outputs, or could: `verdict`, `drained`.'),
  ]);
});

test('says of an application without a registration that nobody knows which name came first', async () => {
  const billing = application({ inFlight: [{ version: '1.0.0', pending: 1, enqueued: 0, delayed: 0 }] });
  const shop = application({ name: 'shop', firstRegistered: null, newestRegistered: null });
  const unowned = { applications: [billing, shop], registrations: old.map((each) => ({ ...each, application: null })) };
  expect((await warned(unowned, { application: 'shop' })).warnings).toEqual([
    expect.stringMatching(
      /^Was this application renamed\? "billing" .* owns no registered version, so the gate does not know which/,
    ),
  ]);
  const owned = { applications: [billing, { ...shop, firstRegistered: 2, newestRegistered: 2 }] };
  expect((await warned(owned, { application: 'shop' })).warnings).toEqual([
    expect.stringMatching(/^Was this application renamed\? "billing" .* no version since this application registered/),
  ]);
});

test('warns of nothing that a poll saw before a failure', async () => {
  const gate = config({ targets: { kind: 'all-but-latest' } });
  const registrations = [registration('1.0.0', 1), registration('2.0.0', DATABASE_EPOCH - DAY)];
  const run = await runAgainst(gate, () => ({ registrations, newestWriteAt: DATABASE_EPOCH - 2 * DAY }));
  expect(runReportOf(run).warnings).not.toEqual([]);
  const failed = {
    ...run,
    verdict: 'error',
    failure: { kind: 'connection-lost', message: trusted('Connection lost.') },
  } as const;
  expect(runReportOf(failed).warnings).toEqual([]);
});

test('nothing to retire: the versions that registered since the gate started are named', async () => {
  const gate = config({ targets: { kind: 'all-but', keep: ['2.0.0'] } });
  const two = [registration('2.0.0', 2), registration('3.0.0', 3)];
  const run = await runAgainst(gate, ({ number }) => ({ registrations: number === 1 ? two.slice(0, 1) : two }));
  const { verdict, headline } = runReportOf(run);
  expect(verdict).toBe('no-target');
  expect(plain(headline)).toContain(
    'no version but "2.0.0" (and "3.0.0", registered since the gate started) is registered, in flight',
  );
});
