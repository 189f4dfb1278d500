import { beforeAll, describe, expect, test } from 'vitest';
import { holdOn } from '../support/holding.ts';
import { chosenReleases } from './chosen.ts';
import type { Application } from './driver.ts';
import { APPLICATION, type World, worldsOf } from './world.ts';

/* 1.0.0 on an older release of the SDK beside 2.0.0 on a newer one, which migrates the tables under it. */

const HOUR = 3_600_000;

const PAIRS = chosenReleases().flatMap(({ language, release }) =>
  language.pairs.flatMap((pair) => {
    const older = language.releases.find((each) => each.release === pair.old);
    return older !== undefined && pair.new === release.release ? [{ language, older, newer: release }] : [];
  }),
);

// A file without any test would fail.
if (PAIRS.length === 0) test.skip('no release that was chosen has an older one to run beside');

describe.each(PAIRS)('$language.name $older.release under $newer.release', ({ language, older, newer }) => {
  const createWorld = worldsOf(language);
  const { abilities } = older;
  let world: World;
  let old: Application;
  let successor: Application;

  const status = (id: string, expected: string) =>
    world.row('SELECT FROM dbos.workflow_status WHERE workflow_uuid = $1 AND status = $2', id, expected);

  beforeAll(async () => {
    world = await createWorld(newer);
    old = await world.launch('1.0.0', { release: older, executor: 'blue-1' });
    await old.start({ workflow: 'held', id: 'held' });
    await old.start({ workflow: 'sleepFirst', id: 'asleep', millis: HOUR });
    await world.row('SELECT FROM dbos.operation_outputs WHERE workflow_uuid = $1', 'asleep');
    successor = await world.launch('2.0.0', { executor: 'green-1' });
  });

  test('what 1.0.0 started before the migration drains', async () => {
    const [migration] = await world.query('SELECT version::int FROM dbos.dbos_migrations');
    expect(migration).toEqual({ version: newer.abilities.migration });
    const isCertain = abilities.recordsSleepEnds && abilities.serialization !== null;
    const asleep = await holdOn(world, { timeoutMs: 40_000, pollIntervalMs: 20_000 });
    expect(asleep.verdict).toBe(isCertain ? 'cannot-drain' : 'timed-out');

    const drained = await holdOn(world, {}, async () => {
      await old.cancel({ id: 'asleep' });
      await old.release({ id: 'held' });
      await status('held', 'SUCCESS');
      await successor.start({ workflow: 'short', id: 'moved' });
      await status('moved', 'SUCCESS');
    });
    expect(drained.blockers[0]).toContain('in-flight');
    expect(drained.verdict).toBe('drained');
  });

  test('work without a version never drains where 1.0.0 takes it and cannot read it', async () => {
    await successor.start({ workflow: 'held', id: 'ahead', queue: 'serial' });
    await status('ahead', 'PENDING');
    const client = { workflow: 'short', id: 'no-version', queue: 'serial', application: APPLICATION } as const;
    await successor.enqueueByClient({ ...client, url: world.url });
    const waiting = await holdOn(world, { mode: 'check' });
    expect(waiting.blockers.flat().includes('unversioned')).toBe(!abilities.writesOwner);

    await successor.kill();
    await old.cancel({ id: 'ahead' });
    const isTaken = abilities.takesUnversioned === 'any';
    if (isTaken) await status('no-version', 'PENDING');
    await old.start({ workflow: 'short', id: 'later', queue: 'parallel' });
    await status('later', 'SUCCESS');
    const [row] = await world.query(
      `SELECT application_version AS version, status FROM dbos.workflow_status WHERE workflow_uuid = 'no-version'`,
    );
    expect(row).toEqual(isTaken ? { version: '1.0.0', status: 'PENDING' } : { version: null, status: 'ENQUEUED' });
    const { blockers } = await holdOn(world, { mode: 'check' });
    expect(blockers.flat().includes('in-flight')).toBe(isTaken);
  });
});
