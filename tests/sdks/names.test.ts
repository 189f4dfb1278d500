import { beforeAll, describe, expect, test } from 'vitest';
import { holdOn } from '../support/holding.ts';
import { chosenReleases } from './chosen.ts';
import { type World, worldsOf } from './world.ts';

/* Where the methods of two classes have one name, which only their classes tell apart. */

const WORKFLOWS = ['classHeld', 'instanceHeld'] as const;

const RELEASES = chosenReleases().flatMap(({ language, release }) => {
  const { classHeld, instanceHeld } = release.names;
  const name = classHeld?.name;
  return name !== undefined && name === instanceHeld?.name ? [{ language, release, name }] : [];
});

// A file without any test would fail.
if (RELEASES.length === 0) test.skip('no release that was chosen has such classes');

describe.each(RELEASES)('$language.name $release.release', ({ language, release, name }) => {
  const createWorld = worldsOf(language);
  const [ofClass, ofInstance] = WORKFLOWS.map((workflow) => `${release.names[workflow]?.className}.${name}`);
  let world: World;

  beforeAll(async () => {
    world = await createWorld(release);
    const old = await world.launch('1.0.0');
    await world.launch('2.0.0');
    await old.start({ workflow: 'classHeld', id: 'class' });
    for (const instance of ['blue', 'green'] as const)
      await old.start({ workflow: 'instanceHeld', id: instance, instance });
  });

  test.each([
    [['nothing'], ['blue', 'class', 'green']],
    [[ofClass], ['blue', 'green']],
    [[ofInstance], ['class']],
    [[ofClass, ofInstance], []],
    [[name], []],
  ])('ignores by %j, and leaves %j', async (patterns, left) => {
    const { last } = await holdOn(world, { mode: 'check', ignoreWorkflows: patterns.map(String) });
    const shown = last?.evaluation.index?.contents.workflows.items.map(({ id }) => id);
    expect(shown?.toSorted()).toEqual(left);
  });
});
