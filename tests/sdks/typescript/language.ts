import type { Abilities, Language, Release } from '../language.ts';
import { WORKFLOWS } from '../protocol.ts';

const METHODS = new Set(['instanceHeld', 'classHeld']);
const names = Object.fromEntries(
  WORKFLOWS.map((name) => [name, { name, className: METHODS.has(name) ? 'Shop' : null }]),
);

const newest: Abilities = {
  migration: 123,
  serialization: 'js_superjson',
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
  schedules: 'no',
  promotes: true,
  forks: 'inherits',
  rewinds: true,
  cannotTell: ['`Promise.race` with a sleep looks like a lone sleep.'],
};

/** Installed by npm, with the packages that `npm test` needs. */
const release = (name: string, abilities: Abilities): Release => ({
  release: name,
  sources: [],
  install: [],
  launch: { program: process.execPath, args: ['app.ts', `dbos-${name}`] },
  abilities,
  names,
});

export const typescript: Language = {
  id: 'typescript',
  name: 'TypeScript',
  toolchain: [],
  needs: 'Node 24',
  releases: [
    release('5.3.0', newest),
    release('4.27.6', { ...newest, migration: 108, cancelsOverdue: 'executing', schedules: 'own', rewinds: false }),
    release('4.20.11', {
      ...newest,
      migration: 61,
      recordsSleepEnds: false,
      writesOwner: false,
      takesUnversioned: 'any',
      debounces: 'by workflow',
      cancelsOverdue: 'executing',
      schedules: 'own',
      rewinds: false,
    }),
  ],
  newest: {
    install: [
      {
        program: 'npm',
        args: [
          'install',
          '--prefix',
          '.',
          '--no-save',
          '--ignore-scripts',
          'dbos-newest@npm:@dbos-inc/dbos-sdk@latest',
        ],
      },
    ],
    launch: { program: process.execPath, args: ['app.ts', 'dbos-newest'] },
  },
  pairs: [
    { old: '4.20.11', new: '5.3.0' },
    { old: '4.27.6', new: '5.3.0' },
  ],
};
