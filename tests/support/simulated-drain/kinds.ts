import type { Random } from './random.ts';
import type { Phase, Plan, SimulatedSystem } from './system.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** No workflow takes longer than this from the gate's beginning on. */
const LONGEST = 4 * HOUR;

/** Adds a population to the system. Each kind is one way in which versions drain. */
type Populate = (system: SimulatedSystem, random: Random, size: number) => void;

/** The drains that come to an end. */
export const ENDING = {
  'queue, workers': queueWithWorkers,
  'queue, concurrency limit': queueWithLimit,
  batches,
  'independent, exponential': exponential,
  'independent, heavy-tailed': heavyTailed,
  'sleepers, recorded': sleepers,
  'sleepers, not recorded': oldSleepers,
  'delayed, then queued': delayedRows,
  'waiting for messages': receivers,
  'parents and children': families,
  'growing, then not': growing,
  'a mix of all': mix,
} as const satisfies Record<string, Populate>;

/** The drains that do not, until somebody starts a process of the version again. */
export const STALLING = {
  'stalled queue': (system, random, size) => stalled(queueWithWorkers, system, random, size),
  'stalled, independent': (system, random, size) => stalled(exponential, system, random, size),
} as const satisfies Record<string, Populate>;

/** One burst, and hours until the next. */
export const BURST = 'one burst';

export const KINDS: Readonly<Record<string, Populate>> = { ...ENDING, ...STALLING, [BURST]: oneBurst };

/** From a handful to two thousand, now and then to twenty thousand. */
export function sizeOf(random: Random): number {
  return Math.round(random.chance(0.02) ? random.scaled(2000, 20_000) : random.scaled(6, 2000));
}

function work(random: Random, ms: number): Phase {
  return { kind: 'work', ms, stepMs: random.scaled(SECOND, 5 * MINUTE) };
}

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Fills a queue: as many run as there is room for, the rest waits. */
function fillQueue(system: SimulatedSystem, random: Random, queue: Backlog): number {
  const { name, size, slots, lengthMs, limit } = queue;
  const mean = Math.min(HOUR, Math.max(SECOND, (lengthMs * slots) / size));
  const sigma = random.between(0.2, 1);
  const duration = () => random.logNormal(mean * Math.exp(-(sigma ** 2) / 2), sigma);
  system.addQueue(name, slots, limit);
  for (let index = 0; index < size; index += 1) {
    const createdAt = -random.between(0, 2 * HOUR);
    const isRunning = index < slots;
    const ms = isRunning ? duration() * random.unit() : duration();
    const plan = { name: `${name}-job`, queue: name, phases: [work(random, ms)] };
    system.addInitial(
      plan,
      isRunning ? { createdAt, startedAt: Math.max(createdAt, -mean * random.unit()) } : { createdAt },
    );
  }
  return mean;
}

interface Backlog {
  readonly name: string;
  readonly size: number;
  readonly slots: number;
  readonly lengthMs: number;
  readonly limit: number | null;
}

function workersFor(random: Random, size: number): number {
  return Math.round(random.scaled(1, Math.max(1, Math.min(50, size / 3))));
}

/** Workers that take one workflow after the other; how many there are is not in the tables. */
function queueWithWorkers(system: SimulatedSystem, random: Random, size: number): void {
  const [slots, lengthMs] = [workersFor(random, size), random.scaled(8 * MINUTE, 3 * HOUR)];
  fillQueue(system, random, { name: 'orders', size, slots, lengthMs, limit: null });
}

/** A concurrency limit that the tables tell, of which other versions use a part that changes. */
function queueWithLimit(system: SimulatedSystem, random: Random, size: number): void {
  const limit = Math.max(2, workersFor(random, size));
  const lengthMs = random.scaled(8 * MINUTE, 2 * HOUR);
  fillQueue(system, random, { name: 'limited', size, slots: limit, lengthMs, limit });
  const everyMs = random.scaled(2 * MINUTE, 20 * MINUTE);
  const least = Math.ceil(limit * random.between(0.5, 1));
  for (let at = 0; at < LONGEST; at += everyMs) {
    system.at(at, () => system.setSlots('limited', random.whole(least, limit)));
  }
}

/** Batches, the workflows of which end together within seconds. */
function batches(system: SimulatedSystem, random: Random, size: number): void {
  const count = Math.min(size, random.whole(4, 40));
  const everyMs = random.scaled(8 * MINUTE, 3 * HOUR) / count;
  let end = 0;
  const ends = times(count, () => {
    end += random.logNormal(everyMs, 0.4);
    return end;
  });
  for (let index = 0; index < size; index += 1) {
    const createdAt = -random.between(MINUTE, HOUR);
    const ms = (ends[index % count] ?? end) + random.between(0, 8 * SECOND);
    system.addInitial({ name: 'batch', phases: [work(random, ms)] }, { createdAt, startedAt: createdAt });
  }
}

/** A part ends within seconds, and nothing else for a long time. */
function oneBurst(system: SimulatedSystem, random: Random, size: number): void {
  const at = random.between(0, 10 * MINUTE);
  for (let index = 0; index < size; index += 1) {
    const createdAt = -random.between(MINUTE, HOUR);
    const ms = index < size / 2 ? at + random.between(0, 5 * SECOND) : random.between(2 * HOUR, LONGEST);
    system.addInitial({ name: 'batch', phases: [work(random, ms)] }, { createdAt, startedAt: createdAt });
  }
}

function independent(system: SimulatedSystem, random: Random, size: number, left: () => number): void {
  for (let index = 0; index < size; index += 1) {
    const createdAt = -left();
    system.addInitial(
      { name: 'checkout', phases: [work(random, left())] },
      { createdAt, startedAt: createdAt },
    );
  }
}

/** Side by side, each as likely to end in the next minute as any other. */
function exponential(system: SimulatedSystem, random: Random, size: number): void {
  const mean = random.scaled(2 * MINUTE, 25 * MINUTE);
  independent(system, random, size, () => random.exponential(mean));
}

/** Side by side, most of them short and some of them very long, caught at any point of their life. */
function heavyTailed(system: SimulatedSystem, random: Random, size: number): void {
  const isPareto = random.chance(0.5);
  const shape = isPareto ? random.between(1.8, 3) : random.between(0.8, 1.4);
  const scale = random.scaled(30 * SECOND, 8 * MINUTE);
  // Of those in flight at one moment, the long ones are more than their share of all.
  const duration = () =>
    isPareto ? random.pareto(scale, shape - 1) : random.logNormal(scale * Math.exp(shape ** 2), shape);
  const left = () => {
    for (;;) {
      const ms = duration() * random.unit();
      if (ms < LONGEST) return ms;
    }
  };
  independent(system, random, size, left);
}

/** Their wake-ups spread over a time or close together; some have woken already, and all work a while then. */
function sleepersOf(recorded: boolean, system: SimulatedSystem, random: Random, size: number): void {
  const horizon = random.scaled(8 * MINUTE, 3 * HOUR);
  const isClustered = random.chance(0.3);
  const wakeUps = times(random.whole(1, 5), () => random.between(0.1, 1) * horizon);
  const awakeMs = random.scaled(5 * SECOND, 5 * MINUTE);
  for (let index = 0; index < size; index += 1) {
    const createdAt = -random.scaled(MINUTE, 24 * HOUR);
    const after = work(random, random.logNormal(awakeMs, 0.5));
    const wakeUp = isClustered
      ? (wakeUps[index % wakeUps.length] ?? 0) + random.between(0, MINUTE)
      : random.between(0, horizon);
    const phases: readonly Phase[] = random.chance(0.1)
      ? [after]
      : [{ kind: 'sleep', ms: wakeUp, recorded }, after];
    system.addInitial({ name: 'reminder', phases }, { createdAt, startedAt: createdAt });
  }
}

function sleepers(system: SimulatedSystem, random: Random, size: number): void {
  sleepersOf(true, system, random, size);
}

/** As SDKs before TypeScript 4.25 and Python 2.29 record them. */
function oldSleepers(system: SimulatedSystem, random: Random, size: number): void {
  sleepersOf(false, system, random, size);
}

/** Delays that spread over a time; a few are cancelled by a deadline before. Then workers take them. */
function delayedRows(system: SimulatedSystem, random: Random, size: number): void {
  const horizon = random.scaled(8 * MINUTE, 3 * HOUR);
  const slots = Math.max(2, workersFor(random, size));
  const jobMs = Math.min(5 * MINUTE, (horizon * slots) / size / 2);
  system.addQueue('later', slots);
  for (let index = 0; index < size; index += 1) {
    const delayMs = random.between(0, horizon);
    const phases = [work(random, random.logNormal(jobMs, 0.6))];
    const plan = { name: 'later-job', queue: 'later', phases, delayMs };
    const isShort = random.chance(0.02);
    system.addInitial(isShort ? { ...plan, deadline: delayMs * random.unit() } : plan, {
      createdAt: -random.between(0, HOUR),
    });
  }
}

/** In a `recv` each, until its message comes at any time; half of the SDKs record when it would give up. */
function receivers(system: SimulatedSystem, random: Random, size: number): void {
  const mean = random.scaled(2 * MINUTE, 25 * MINUTE);
  const timeoutMs = random.chance(0.5) ? random.scaled(HOUR, 24 * HOUR) : null;
  for (let index = 0; index < size; index += 1) {
    const createdAt = -random.scaled(MINUTE, HOUR);
    const givesUp = timeoutMs === null ? LONGEST : timeoutMs;
    const message: Phase = { kind: 'message', ms: Math.min(givesUp, random.exponential(mean)), timeoutMs };
    const after = work(random, random.scaled(SECOND, 2 * MINUTE));
    system.addInitial({ name: 'approval', phases: [message, after] }, { createdAt, startedAt: createdAt });
  }
}

/** Parents that go on starting children, one after the other or all at once, on the version that drains. */
function families(system: SimulatedSystem, random: Random, size: number): void {
  const parents = Math.max(2, Math.round(size / 8));
  const childMs = random.scaled(5 * SECOND, 3 * MINUTE);
  const atOnce = random.chance(0.5);
  system.addQueue('children', Math.max(2, Math.round(parents * random.between(0.2, 1))));
  const child = (): Plan => ({
    name: 'child',
    queue: 'children',
    phases: [work(random, random.logNormal(childMs, 0.5))],
  });
  for (let index = 0; index < parents; index += 1) {
    const createdAt = -random.between(0, HOUR);
    const children: Phase = { kind: 'children', plans: times(random.whole(1, 8), child), atOnce };
    const before = work(random, random.between(0, 10) * childMs);
    system.addInitial({ name: 'parent', phases: [before, children] }, { createdAt, startedAt: createdAt });
  }
}

/** Traffic comes to the version still, more than its workers can take, and moves away after a while. */
function growing(system: SimulatedSystem, random: Random, size: number): void {
  const slots = workersFor(random, size);
  const growsMs = random.scaled(10 * MINUTE, HOUR);
  const meanMs = fillQueue(system, random, {
    name: 'orders',
    size,
    slots,
    lengthMs: growsMs * random.between(0.5, 1.5),
    limit: null,
  });
  const everyMs = meanMs / slots / random.between(1.15, 1.8);
  const arrive = () => {
    if (system.now > growsMs) return;
    system.create({
      name: 'orders-job',
      queue: 'orders',
      phases: [work(random, random.logNormal(meanMs, 0.3))],
    });
    system.at(system.now + random.exponential(everyMs), arrive);
  };
  system.at(0, arrive);
}

/** A part of several kinds at once. */
function mix(system: SimulatedSystem, random: Random, size: number): void {
  const parts = [queueWithWorkers, exponential, sleepers, delayedRows, receivers, families, batches];
  const chosen = parts.filter(() => random.chance(0.6));
  for (const populate of chosen.length === 0 ? [queueWithLimit] : chosen) {
    populate(
      system,
      random,
      Math.max(3, Math.round((size * random.between(0.3, 1.7)) / Math.max(1, chosen.length))),
    );
  }
}

/** Every process dies when a part has ended, and none comes back. */
function stalled(populate: Populate, system: SimulatedSystem, random: Random, size: number): void {
  populate(system, random, size);
  const share = random.between(0.15, 0.7);
  const check = () => {
    if (system.initialEnded >= share * system.initial) system.halt();
    else system.at(system.now + SECOND, check);
  };
  system.at(SECOND, check);
}
