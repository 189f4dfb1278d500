import type { Language, Name } from '../language.ts';

const RELEASE = '0.5.0';
const NEWEST_MANIFEST = ['--manifest-path', '.installed/newest/source/Cargo.toml'];

const registered = (name: string, className: string | null = null): Name => ({ name, className });

export const rust: Language = {
  id: 'rust',
  name: 'Rust',
  toolchain: [{ program: 'cargo', args: ['--version'] }],
  needs: 'Rust 1.95 or newer',
  releases: [
    {
      release: RELEASE,
      sources: ['Cargo.toml', 'Cargo.lock', 'src'],
      install: [
        {
          program: 'cargo',
          args: ['build', '--locked', '--quiet', '--jobs', '1', '--target-dir', `.installed/${RELEASE}`],
        },
      ],
      launch: { program: `.installed/${RELEASE}/debug/shop`, args: [] },
      abilities: {
        migration: 108,
        serialization: 'rust_serde',
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
        debounces: 'no',
        cancelsOverdue: 'executing',
        schedules: 'no',
        promotes: true,
        forks: 'inherits',
        rewinds: false,
        cannotTell: [
          'Whether a step races a sleep (`select_step!`), and so ends a drain early.',
          'When a process with its executor id is back: until then, overdue work of a killed process stays.',
        ],
      },
      names: {
        short: registered('short'),
        held: registered('held'),
        sleepFirst: registered('sleep_first'),
        sleepAfterStep: registered('sleep_after_step'),
        sleepAfterChild: registered('sleep_after_child'),
        receiveFirst: registered('receive_first'),
        receiveAfterStep: registered('receive_after_step'),
        eventFirst: registered('event_first'),
        eventAfterStep: registered('event_after_step'),
        parent: registered('parent'),
        retrying: registered('retrying'),
        race: registered('race'),
        instanceHeld: registered('process', 'Warehouse'),
        classHeld: registered('process', 'Orders'),
      },
    },
  ],
  newest: {
    install: [
      { program: 'rm', args: ['-rf', '.installed/newest/source'] },
      { program: 'mkdir', args: ['-p', '.installed/newest/source'] },
      { program: 'cp', args: ['-R', 'Cargo.toml', 'src', '.installed/newest/source'] },
      { program: 'cargo', args: ['remove', ...NEWEST_MANIFEST, 'dbos'] },
      { program: 'cargo', args: ['add', '--quiet', ...NEWEST_MANIFEST, 'dbos'] },
      { program: 'cargo', args: ['build', '--quiet', ...NEWEST_MANIFEST, '--target-dir', '.installed/newest/target'] },
    ],
    launch: { program: '.installed/newest/target/debug/shop', args: [] },
  },
  pairs: [],
};
