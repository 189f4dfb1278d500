import type { Language, Name, Release } from '../language.ts';

const RELEASE = '1.1.0-m6';

/** A method's name, and the class that implements it. */
const method = (name: string, className = 'ShopImpl'): Name => ({ name, className: `com.example.shop.${className}` });

/** `LATEST` is Maven's word for the newest release. */
const installed = (release: string): Pick<Release, 'install' | 'launch'> => ({
  install: [
    // Of a source that is gone the class would stay.
    { program: 'rm', args: ['-rf', `.installed/${release}`] },
    {
      program: 'mvn',
      args: [
        '-B',
        '-q',
        '-Dstyle.color=never',
        `-Ddbos.version=${release}`,
        'compiler:compile',
        'dependency:copy-dependencies',
      ],
    },
  ],
  launch: {
    program: 'java',
    args: ['-cp', 'classes:lib/*', 'com.example.shop.Main'],
    folder: `.installed/${release}`,
    // For what it starts as well: this is what makes a short program quick.
    environment: { JDK_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m' },
  },
});

export const java: Language = {
  id: 'java',
  name: 'Java',
  toolchain: [
    { program: 'javac', args: ['-version'] },
    { program: 'mvn', args: ['--version'] },
  ],
  needs: 'a JDK 17 or newer, and Maven',
  releases: [
    {
      release: RELEASE,
      sources: ['pom.xml', 'src'],
      ...installed(RELEASE),
      abilities: {
        migration: 41,
        serialization: 'java_jackson',
        firstStep: 0,
        recordsSleepEnds: true,
        recordsTimerEnds: true,
        registersVersions: true,
        writesOwner: false,
        recordsParents: true,
        recordsLimits: { queue: true, partition: true },
        clientVersion: 'none',
        takesUnversioned: 'latest',
        delays: true,
        partitions: true,
        debounces: 'by workflow',
        cancelsOverdue: 'executing',
        schedules: 'latest',
        promotes: true,
        forks: 'inherits',
        rewinds: false,
        cannotTell: [
          'Which of two applications in one system database owns a row.',
          'The limits of a queue that is declared in code.',
          'When a process with its executor id is back: until then, overdue work of a killed process stays.',
        ],
      },
      names: {
        short: method('short'),
        held: method('held'),
        sleepFirst: method('sleepFirst'),
        sleepAfterStep: method('sleepAfterStep'),
        sleepAfterChild: method('sleepAfterChild'),
        sleepAfterPatch: method('sleepAfterPatch'),
        receiveFirst: method('receiveFirst'),
        receiveAfterStep: method('receiveAfterStep'),
        eventFirst: method('eventFirst'),
        eventAfterStep: method('eventAfterStep'),
        parent: method('parent'),
        retrying: method('retrying'),
        instanceHeld: method('process', 'Warehouse'),
        classHeld: method('process', 'Orders'),
      },
    },
  ],
  newest: installed('LATEST'),
  pairs: [],
};
