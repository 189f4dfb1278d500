import { describe, expect, test } from 'vitest';
import type { GateConfig } from '../../src/config.ts';
import { plain } from '../../src/report/text.ts';
import { warningsOf } from '../../src/report/warnings.ts';
import { type Hold, holdOn } from '../support/holding.ts';
import { systemDatabases, type TestDatabase, type WorkflowRow } from '../support/system-databases.ts';

/* Rule 6 on real schemas: rows in flight without a version, and rows whose version is an empty string. */

const databases = systemDatabases();

/** Why unversioned work blocks on each release, when 1.0.0 is retired after 2.0.0 was launched. */
const RELEASES = [
  ['3.5.8', 'nothing-registered'],
  ['4.10.15', 'sdk-may-claim'],
  ['4.20.11', 'sdk-may-claim'],
  ['5.3.0', undefined],
] as const;

async function blueGreen(sdk: (typeof RELEASES)[number][0]): Promise<TestDatabase> {
  const database = await databases.create(sdk);
  if (sdk === '5.3.0') {
    await database.register({ version: '1.0.0', owner: 'shop' }, { version: '2.0.0', owner: 'shop' });
  } else if (sdk !== '3.5.8') {
    await database.register('1.0.0', '2.0.0');
  }
  // Without registrations, a row makes a version known. Where rows have owners, the row has one.
  const ended = { status: 'SUCCESS', ...(sdk === '5.3.0' && { application_name: 'shop' }) };
  await database.insert({ ...ended, application_version: '1.0.0' }, { ...ended, application_version: '2.0.0' });
  return database;
}

const inEveryStatus = (version: string | null): WorkflowRow[] =>
  ['PENDING', 'ENQUEUED', 'DELAYED'].map((status) => ({ status, application_version: version }));

function unversionedIn({ last }: Hold) {
  return {
    count: last?.evaluation.unversioned,
    blockers: last?.evaluation.targets[0]?.blockers,
  };
}

const keepNew: Partial<GateConfig> = { targets: { kind: 'all-but', keep: ['2.0.0'] } };
const check = (changes: Partial<GateConfig>) => ({ mode: 'check', ...changes }) as const;

describe.each(RELEASES)('on the schema of SDK %s', (sdk, because) => {
  test('unversioned work blocks while a process of the target could claim it', async () => {
    const database = await blueGreen(sdk);
    await database.insert(...inEveryStatus(null));

    const auto = await holdOn(database, check({}));
    expect(unversionedIn(auto)).toEqual(
      because ? { count: 3, blockers: [{ kind: 'unversioned', count: 3, because }] } : { count: 0, blockers: [] },
    );
    expect(auto.verdict).toBe(because ? 'in-flight' : 'drained');

    const asked = await holdOn(database, check({ onUnversioned: 'block' }));
    expect(unversionedIn(asked).blockers).toEqual([{ kind: 'unversioned', count: 3, because: because ?? 'asked' }]);
    expect((await holdOn(database, check({ onUnversioned: 'ignore' }))).verdict).toBe('drained');

    const blocking = await holdOn(database, { onUnversioned: 'block' }, () =>
      database.query(`UPDATE dbos.workflow_status SET status = 'SUCCESS'`),
    );
    expect(blocking.blockers).toEqual([['unversioned'], [], [], []]);
    expect(blocking.verdict).toBe('drained');
  });

  test('work with an empty version does not block a named version, nor any while it waits', async () => {
    const database = await blueGreen(sdk);
    await database.insert(...inEveryStatus(''));
    const named = await holdOn(database, check({ onUnversioned: 'block' }));
    await database.query(`DELETE FROM dbos.workflow_status WHERE status NOT IN ('ENQUEUED', 'DELAYED')`);
    const [row = {}] = inEveryStatus('2.0.0');
    await database.insert({ ...row, status: 'SUCCESS' });
    const kept = await holdOn(database, check(keepNew));
    for (const [{ verdict, last }, count] of [[named, 3] as const, [kept, 2] as const]) {
      expect(verdict).toBe(last?.evaluation.targets.length === 0 ? 'no-target' : 'drained');
      expect(last?.evaluation.unversioned).toBe(0);
      expect(last?.evaluation.targets.map(({ version }) => version)).not.toContain(null);
      expect(last ? warningsOf(last.evaluation).map(plain) : []).toContainEqual(
        expect.stringContaining(`${count} workflows in flight have an empty application version`),
      );
    }
  });

  test('what runs without a version, or with an empty one, is a target beside the versions that stay', async () => {
    const database = await blueGreen(sdk);
    const [row = {}] = inEveryStatus(null);
    await database.insert({ ...row, status: 'PENDING' }, { ...row, status: 'PENDING', application_version: '' });
    const { verdict, last } = await holdOn(database, check(keepNew));
    expect(verdict).toBe('in-flight');
    expect(last?.evaluation.targets).toContainEqual(
      expect.objectContaining({ version: null, pending: 2, enqueued: 0, drained: false }),
    );
    expect(last?.evaluation.index?.contents.workflows.items.map(({ version }) => version)).toEqual([null, null]);
    const ignored = await holdOn(database, check({ ...keepNew, onUnversioned: 'ignore' }));
    expect(ignored.last?.evaluation.targets.map(({ version }) => version)).not.toContain(null);
  });

  test('what ran without a version and finished at once is a target that has to be idle', async () => {
    const database = await blueGreen(sdk);
    const [row = {}] = inEveryStatus('');
    const run = { ...row, status: 'SUCCESS', created_at: Date.now() };
    await database.insert(run);
    const { verdict, blockers, last } = await holdOn(database, { ...keepNew, onLive: 'latest-only' }, () =>
      database.insert(run),
    );
    expect(blockers[1]).toContain('still-starting');
    expect(verdict).toBe('drained');
    expect(last?.evaluation.targets).toContainEqual(expect.objectContaining({ version: null, drained: true }));
  });

  test('a version that is a space is treated as any other version', async () => {
    const database = await blueGreen(sdk);
    await database.insert(...inEveryStatus(' '));
    const { verdict, last } = await holdOn(database, check({ targets: { kind: 'all-but', keep: ['2.0.0'] } }));
    expect(verdict).toBe('in-flight');
    expect(last?.evaluation.targets).toContainEqual(
      expect.objectContaining({ version: ' ', pending: 1, enqueued: 1, delayed: 1 }),
    );
  });
});

test.each(RELEASES.filter(([sdk]) => sdk !== '3.5.8'))(
  'unversioned work blocks a target that is the latest version, on the schema of SDK %s',
  async (sdk) => {
    const database = await blueGreen(sdk);
    await database.insert(...inEveryStatus(null));
    const latest = { targets: { kind: 'named', versions: ['2.0.0'] }, onLive: 'ignore' } as const;
    const { blockers } = unversionedIn(await holdOn(database, check(latest)));
    expect(blockers).toEqual([{ kind: 'unversioned', count: 3, because: 'latest' }]);
  },
);
