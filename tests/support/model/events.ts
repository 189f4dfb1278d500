import type { Random } from '../random.ts';
import { IN_FLIGHT, type NEWER, NEXT, OLD, PEER, type World } from './world.ts';

/** What a walk has besides traffic, queues, children and operators. */
export interface Ingredients {
  /** Another application in the same database, with a version and work of its own. */
  readonly peer: boolean;
  /** How the application gets another name: with DBOS's command at any time, or with the new version, without it. */
  readonly rename: 'never' | 'with-command' | 'without';
  readonly waitingWriters: boolean;
  readonly schedules: boolean;
  /** Operators promote versions while the gate holds, and traffic follows. */
  readonly promotions: boolean;
  /** A rollback that launches the old version again, which renews no timestamp. */
  readonly relaunch: 'never' | 'before-the-gate' | 'during-the-hold';
  /** A version that registers during the hold, and takes over or does not. */
  readonly launch: typeof NEXT | typeof NEWER | undefined;
  /** Clients that enqueue without a version. */
  readonly unversioned: boolean;
  /** A process that has no version, or an empty one. */
  readonly versionless: boolean;
}

/** One thing that may happen; nothing happens when it cannot now. */
export type Event = (chance: Random) => Promise<void>;
export type Events = readonly [Event, ...Event[]];

/** What may happen at different times. */
export interface EventsByPhase {
  /** While traffic still reaches the old version, in any case. */
  readonly duringDeploy: Events;
  /** Processes that work off what they have, and nothing else. */
  readonly whileWorkEnds: Events;
  /** Once it does not: processes still run, and finish what they have. */
  readonly duringHold: Events;
  /** The same, without what operators do. */
  readonly afterVerdict: Events;
  /** The same, and nobody enqueues without a version, which processes of an old SDK would take. */
  readonly afterVerdictVersioned: Events;
}

export function eventsIn(world: World, has: Ingredients): EventsByPhase {
  const work = processes(world);
  const running = [...work, ...work, ...work, ...work, ...traffic(world)];
  const calm: Event[] = [...running, ...others(world), ...(has.peer ? peer(world) : [])];
  if (has.schedules) calm.push(() => world.schedule());
  if (has.versionless) calm.push(endsVersionless(world));
  const unversioned: Event[] = has.unversioned ? [() => world.enqueue(null), () => world.delay(null)] : [];
  const rename: Event[] = has.rename === 'with-command' ? [renames(world)] : [];
  const hold = [...calm, ...unversioned, ...rename, ...interventions(world, has)];
  return {
    duringDeploy: atLeastOne([
      ...[...calm, ...unversioned, ...rename, ...traffic(world), ...deploy(world)],
      ...(has.waitingWriters ? waiting(world) : []),
      ...(has.versionless ? [...versionless(world), ...versionless(world)] : []),
    ]),
    whileWorkEnds: atLeastOne(work),
    duringHold: atLeastOne(hold),
    afterVerdict: atLeastOne([...calm, ...unversioned]),
    afterVerdictVersioned: atLeastOne(calm),
  };
}

/** A version that runs: the old one more often than others, since it is what becomes of it that counts. */
function aProcess({ running }: World, chance: Random): string | undefined {
  if (running.has(OLD) && chance.integer(2) === 0) return OLD;
  return [...running][chance.integer(running.size)];
}

function processes(world: World): Event[] {
  const event =
    (does: (version: string, chance: Random) => Promise<void>): Event =>
    async (chance) => {
      const version = aProcess(world, chance);
      if (version !== undefined) await does(version, chance);
    };
  const ends = (status: string) =>
    event((version, chance) =>
      world.change(chance, `status = 'PENDING' AND application_version = $1`, `status = '${status}'`, [version]),
    );
  return [
    event((version, chance) => world.dequeue(chance, version)),
    event((version, chance) => world.dequeue(chance, version)),
    // A workflow starts a child.
    event((version) => world.startChild(version)),
    ends('SUCCESS'),
    ends('SUCCESS'),
    ends('ERROR'),
    // Recovery of a queued workflow puts it back, with its version.
    event((version, chance) =>
      world.change(
        chance,
        `status = 'PENDING' AND application_version = $1 AND queue_name IS NOT NULL`,
        `status = 'ENQUEUED'`,
        [version],
      ),
    ),
    event((version, chance) =>
      world.change(
        chance,
        `status = 'DELAYED' AND (application_version = $1 OR application_version IS NULL)`,
        `status = 'ENQUEUED'`,
        [version],
      ),
    ),
  ];
}

function traffic(world: World): Event[] {
  const event =
    (does: (version: string) => Promise<void>): Event =>
    async (chance) => {
      const version = world.traffic[chance.integer(world.traffic.length)];
      if (version !== undefined && !world.isQuiet) await does(version);
    };
  return [
    event((version) => world.insert(version, 'PENDING')),
    event((version) => world.insert(version, 'SUCCESS')),
    event((version) => world.enqueue(version)),
    event((version) => world.delay(version)),
  ];
}

function others(world: World): Event[] {
  return [
    () => world.collectGarbage(),
    (chance) => world.change(chance, IN_FLIGHT, `status = 'CANCELLED'`),
    (chance) => world.change(chance, `status = 'PENDING'`, `status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'`),
    // A transaction of the application that began before commits now, or gives up.
    (chance) => world.endTransaction(chance.integer(4) === 0 ? 'ROLLBACK' : 'COMMIT'),
  ];
}

function deploy(world: World): Event[] {
  return [
    onceLaunched(world, OLD, () => world.openTransaction(OLD)),
    // A rollback of the deploy, and the end of it.
    onceLaunched(world, OLD, () => world.promote(OLD)),
    onceLaunched(world, NEXT, () => world.promote(NEXT)),
    // An operator resumes what was cancelled, with its version, or forks it without one.
    (chance) => world.change(chance, `status = 'CANCELLED'`, `status = 'ENQUEUED', queue_name = 'orders'`),
    () => world.enqueue(null, { forked_from: 'another' }),
  ];
}

function waiting(world: World): Event[] {
  const opens = onceLaunched(world, OLD, (chance) => world.openWaitingTransaction(chance, OLD));
  return [opens, opens];
}

function onceLaunched({ registered }: World, version: string, event: Event): Event {
  return async (chance) => {
    if (registered.includes(version)) await event(chance);
  };
}

/** What it starts has no version, what it dequeues an empty one. */
function versionless(world: World): Event[] {
  return [() => world.insert(null, 'PENDING'), () => world.insert('', 'PENDING', { queue_name: 'orders' })];
}

function endsVersionless(world: World): Event {
  return (chance) =>
    world.change(chance, `status = 'PENDING' AND coalesce(application_version, '') = ''`, `status = 'SUCCESS'`);
}

function peer(world: World): Event[] {
  return [() => world.insert(PEER, 'PENDING'), () => world.insert(PEER, 'SUCCESS'), () => world.promote(PEER)];
}

function renames(world: World): Event {
  return async (chance) => {
    if (chance.integer(10) === 0) await world.rename(`${world.application}-renamed`);
  };
}

/** What changes who runs while the gate holds. */
function interventions(world: World, has: Ingredients): Event[] {
  const events: Event[] = [];
  if (has.promotions) {
    events.push(async (chance) => {
      const version = world.registered[chance.integer(world.registered.length)];
      if (version === undefined || version === PEER) return;
      await world.promote(version);
      runs(world, version);
    });
  }
  if (has.relaunch === 'during-the-hold') events.push(async () => runs(world, OLD));
  const { launch } = has;
  if (launch !== undefined) {
    const launches: Event = async (chance) => {
      if (world.registered.includes(launch)) return;
      await world.register(launch, 'latest-claims', world.application);
      world.running.add(launch);
      // Its registration does not show whether the traffic moves with it.
      if (chance.integer(2) === 0) runs(world, launch);
    };
    events.push(launches, launches);
  }
  return events;
}

/** A version's processes run, and take all traffic. */
export function runs(world: World, version: string): void {
  world.running.add(version);
  world.traffic = [version];
}

function atLeastOne(events: readonly Event[]): Events {
  const [first, ...rest] = events;
  if (first === undefined) throw new Error('a world in which nothing happens');
  return [first, ...rest];
}
