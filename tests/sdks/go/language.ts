import type { Abilities, Command, Language, Release } from '../language.ts';

const own = (name: string) => ({ name: `example.com/shop/orders.${name}`, className: null });

/** The path of the package and the function; a method value ends in `-fm`, and a generic one has its types. */
const names = {
  short: own('Short'),
  held: own('Held'),
  sleepFirst: own('SleepFirst'),
  sleepAfterStep: own('SleepAfterStep'),
  sleepAfterChild: own('SleepAfterChild'),
  sleepAfterPatch: own('SleepAfterPatch'),
  receiveFirst: own('ReceiveFirst[orders.Order,string]'),
  receiveAfterStep: own('ReceiveAfterStep'),
  eventFirst: own('EventFirst'),
  eventAfterStep: own('EventAfterStep'),
  parent: own('Parent'),
  retrying: own('Retrying'),
  race: own('Race'),
  instanceHeld: { ...own('(*Shop).Held-fm'), className: 'Shop' },
  classHeld: own('(*Desk).Held-fm'),
};

const RACES = 'A goroutine that races a sleep, started after it, leaves the rows of a lone sleep.';
const EMPTY = 'Which build it is, where a process cannot read its own binary: its version is empty.';
const CLIENT = 'For which version a client enqueued that named none: it stamps that of its own binary.';

const release1_8: Abilities = {
  migration: 125,
  serialization: 'DBOS_JSON',
  firstStep: 0,
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
  forks: 'inherits',
  rewinds: true,
  cannotTell: [
    RACES,
    EMPTY,
    'Whether auto-upgrade is on, which moves work to the latest version and so can end a drain early.',
  ],
};

const release1_3: Abilities = {
  ...release1_8,
  migration: 107,
  cancelsOverdue: 'executing',
  rewinds: false,
  cannotTell: [RACES, EMPTY],
};

const release0_19: Abilities = {
  ...release1_3,
  migration: 40,
  recordsSleepEnds: false,
  writesOwner: false,
  clientVersion: 'own',
  debounces: 'by workflow',
  schedules: 'own',
  cannotTell: [RACES, EMPTY, CLIENT, 'When a sleep ends.'],
};

/** A build tag stands for what a release lacks: see `sdk/`. */
function release(
  version: string,
  abilities: Abilities,
  tags: readonly string[],
  tools: readonly Command[] = [],
): Release {
  const program = `.installed/${version}/app`;
  const build = ['build', `-modfile=${version}/go.mod`, '-buildvcs=false', `-tags=${tags.join()}`];
  return {
    release: version,
    sources: [version, 'go.mod', 'main.go', 'calls.go', 'orders', 'sdk'],
    install: [{ program: 'go', args: [...build, '-o', program, '.'], environment: OWN_TOOLCHAIN }, ...tools],
    launch: { program, args: [] },
    abilities,
    names,
  };
}

/** Go would download the one that a go.mod asks for. */
const OWN_TOOLCHAIN = { GOTOOLCHAIN: 'local' };

const NEWEST_MODULE = ['-modfile=.installed/newest/go.mod'];

/** Compiles the command line of DBOS, which `docs/sdks.md` calls. */
const commandLine = (version: string): Command => ({
  program: 'go',
  args: ['tool', `-modfile=${version}/go.mod`, 'dbos', 'version'],
  environment: OWN_TOOLCHAIN,
});

export const go: Language = {
  id: 'go',
  name: 'Go',
  // Reads go.mod, and so fails where Go is older than it says.
  toolchain: [{ program: 'go', args: ['list', '-m'], environment: OWN_TOOLCHAIN }],
  needs: 'Go 1.25 or newer',
  releases: [
    release('1.8.0', release1_8, [], [commandLine('1.8.0')]),
    release('1.3.0', release1_3, ['before1_5', 'before1_8']),
    release('0.19.0', release0_19, ['v0', 'before1_5', 'before1_8']),
  ],
  newest: {
    install: [
      { program: 'rm', args: ['-rf', '.installed/newest'] },
      { program: 'cp', args: ['-R', '1.8.0', '.installed/newest'] },
      { program: 'go', args: ['get', ...NEWEST_MODULE, 'github.com/dbos-inc/dbos-transact-golang@latest'] },
      { program: 'go', args: ['build', ...NEWEST_MODULE, '-mod=mod', '-o', '.installed/newest/app', '.'] },
    ],
    launch: { program: '.installed/newest/app', args: [] },
  },
  pairs: [{ old: '1.3.0', new: '1.8.0' }],
};
