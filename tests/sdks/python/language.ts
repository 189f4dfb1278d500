import type { Abilities, Command, Language, Release } from '../language.ts';

const own = (name: string) => ({ name, className: null });

/** `__qualname__`, which starts with the class. */
const names = {
  short: own('short'),
  held: own('held'),
  sleepFirst: own('sleep_first'),
  sleepAfterStep: own('sleep_after_step'),
  sleepAfterChild: own('sleep_after_child'),
  sleepAfterPatch: own('sleep_after_patch'),
  receiveFirst: own('receive_first'),
  receiveAfterStep: own('receive_after_step'),
  eventFirst: own('event_first'),
  eventAfterStep: own('event_after_step'),
  parent: own('parent'),
  retrying: own('retrying'),
  race: own('race'),
  instanceHeld: { name: 'Shelf.instance_held', className: 'Shelf' },
  classHeld: { name: 'Shelf.class_held', className: 'Shelf' },
};

const RACES = 'A task that races a sleep, started after it, leaves the rows of a lone sleep.';
const UNREADABLE =
  'A 2.x process that takes unversioned work of a 3.x client can fail to read it, and leaves it PENDING on its version.';

const newest: Abilities = {
  migration: 125,
  serialization: 'py_pickle',
  firstStep: 1,
  recordsSleepEnds: true,
  recordsTimerEnds: false,
  registersVersions: true,
  writesOwner: true,
  recordsParents: true,
  recordsLimits: { queue: true, partition: true },
  clientVersion: 'none',
  takesUnversioned: 'latest',
  delays: true,
  partitions: true,
  debounces: 'delayed',
  cancelsOverdue: 'any',
  schedules: 'latest',
  promotes: true,
  forks: 'none',
  rewinds: true,
  cannotTell: [
    RACES,
    'Whether auto-upgrade is on, which moves work to the latest version and so can end a drain early.',
  ],
};

const release2: Abilities = {
  ...newest,
  migration: 107,
  cancelsOverdue: 'executing',
  rewinds: false,
  cannotTell: [RACES, UNREADABLE],
};

const release216: Abilities = {
  ...release2,
  migration: 18,
  recordsSleepEnds: false,
  writesOwner: false,
  recordsLimits: { queue: false, partition: false },
  takesUnversioned: 'any',
  debounces: 'by workflow',
  schedules: 'own',
  cannotTell: [RACES, UNREADABLE, 'When a sleep ends, and the limits of queues.'],
};

function release(version: string, abilities: Abilities): Release {
  const folder = `.installed/${version}`;
  const lock = `requirements-${version}.txt`;
  const interpreter = `${folder}/bin/python`;
  const run = (...args: string[]): Command => ({ program: interpreter, args });
  return {
    release: version,
    sources: [lock],
    install: [
      { program: 'python3', args: ['-m', 'venv', '--clear', folder] },
      run('-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '--requirement', lock),
    ],
    launch: { ...run('app.py'), environment: { PYTHONDONTWRITEBYTECODE: '1' } },
    abilities,
    names,
  };
}

export const python: Language = {
  id: 'python',
  name: 'Python',
  toolchain: [{ program: 'python3', args: ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 11))'] }],
  needs: 'Python 3.11 or newer, with venv and pip',
  releases: [release('3.4.0', newest), release('2.30.0', release2), release('2.16.0', release216)],
  newest: {
    install: [
      { program: 'python3', args: ['-m', 'venv', '--clear', '.installed/newest'] },
      { program: '.installed/newest/bin/python', args: ['-m', 'pip', 'install', '--quiet', 'dbos'] },
    ],
    launch: { program: '.installed/newest/bin/python', args: ['app.py'] },
  },
  pairs: [
    { old: '2.30.0', new: '3.4.0' },
    { old: '2.16.0', new: '3.4.0' },
  ],
};
