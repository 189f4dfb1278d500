import type { GateConfig } from '../../src/config.ts';
import { config, holdAgainst } from './builders.ts';
import { type Random, randomFrom } from './random.ts';
import { type Phase, type Plan, SimulatedSystem } from './simulated-drain/system.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How far the clocks of processes are from the database's: one in five by up to 20 seconds. */
const SKEW_MS = 500;
const LARGE_SKEW_MS = 20_000;

/** Traffic still comes to a growing version for this long. */
export const GROWS_MS = 8 * MINUTE;

/** Adds workflows to the system. Each kind is one way in which versions drain. */
type Populate = (system: SimulatedSystem, random: Random, size: number) => void;

/** The drains that succeed. */
export const ENDING = {
  'queue of workers': queueOfWorkers,
  'side by side': sideBySide,
  'sleepers, recorded': (system, random, size) => sleepers(true, system, random, size),
  // SDKs before TypeScript 4.25 and Python 2.29 do not record when a sleep ends.
  'sleepers, not recorded': (system, random, size) => sleepers(false, system, random, size),
  'delayed, then queued': delayed,
  'waiting for messages': receivers,
  'parents and children': families,
  'growing, then not': growing,
  'a mix of all': mix,
} as const satisfies Record<string, Populate>;

/** The drains that do not: every process dies when a part has finished. */
export const STALLING = {
  'stalled queue': (system, random, size) => stalled(queueOfWorkers, system, random, size),
  'stalled, side by side': (system, random, size) => stalled(sideBySide, system, random, size),
} as const satisfies Record<string, Populate>;

export const KINDS = { ...ENDING, ...STALLING, 'one burst': oneBurst } as const satisfies Record<string, Populate>;

/** A drain that can be run any number of times, always the same. */
export interface Drain {
  /** When the last workflow finishes that ever does, in milliseconds since the gate started. */
  readonly finishesAt: number;
  readonly timeoutMs: number;
  system(): SimulatedSystem;
}

/** Returns drains of a kind, with 6 to 40 workflows each at first. */
export function drainsOf(kind: keyof typeof KINDS, count: number): readonly Drain[] {
  return Array.from({ length: count }, (_, index) => drainOf(KINDS[kind], index + 1));
}

function drainOf(populate: Populate, seed: number): Drain {
  const system = () => {
    const random = randomFrom(seed);
    const skewMs = random.chance(0.2) ? LARGE_SKEW_MS : SKEW_MS;
    const made = new SimulatedSystem(random.between(-skewMs, skewMs));
    populate(made, random, 6 + random.integer(35));
    return made;
  };
  const whole = system();
  whole.advance(Number.POSITIVE_INFINITY);
  const finishesAt = Math.ceil(whole.finishedAt);
  // Time enough: a second more than it takes, or up to a tenth.
  const random = randomFrom(-seed);
  const graceMs = random.chance(0.5) ? SECOND : random.between(0, 0.1) * finishesAt;
  return { finishesAt, timeoutMs: finishesAt + Math.round(Math.max(SECOND, graceMs)), system };
}

/** Holds against a simulated drain with the real loop, on a clock that costs no time. */
export function holdDrain(drain: Drain, changes: Partial<GateConfig> = {}) {
  const system = drain.system();
  const gate = config({ timeoutMs: drain.timeoutMs, pollIntervalMs: 15 * SECOND, ...changes });
  return holdAgainst(gate, ({ at, request }) => {
    system.advance(at);
    return system.see(request.detailScan);
  });
}

/** Steps of up to a minute. */
function work(ms: number): readonly Phase[] {
  const count = Math.ceil(ms / MINUTE);
  return Array.from({ length: count }, () => ({ kind: 'step', ms: ms / count }));
}

/** Adds workflows that were created before the gate started. */
function add(system: SimulatedSystem, random: Random, size: number, plan: (index: number) => Plan): void {
  for (let index = 0; index < size; index += 1) {
    system.create(plan(index), { ageMs: random.between(0, HOUR) });
  }
}

/** Workers take one workflow after the other. */
function queueOfWorkers(system: SimulatedSystem, random: Random, size: number): void {
  const slots = 1 + random.integer(5);
  const jobMs = (random.between(4, 12) * MINUTE * slots) / size;
  system.addQueue('orders', slots);
  add(system, random, size, () => ({
    name: 'order',
    queue: 'orders',
    phases: work(jobMs * random.between(0.5, 1.5)),
  }));
}

/** Each is as likely to finish in the next minute as any other. */
function sideBySide(system: SimulatedSystem, random: Random, size: number): void {
  const meanMs = random.between(1, 4) * MINUTE;
  add(system, random, size, () => ({ name: 'checkout', phases: work(random.exponential(meanMs)) }));
}

function sleepers(recorded: boolean, system: SimulatedSystem, random: Random, size: number): void {
  const horizonMs = random.between(3, 15) * MINUTE;
  add(system, random, size, () => {
    const before = random.chance(0.3) ? work(random.between(0, MINUTE)) : [];
    const sleep: Phase = { kind: 'sleep', ms: random.between(0, horizonMs), recorded };
    return { name: 'reminder', phases: [...before, sleep, ...work(random.between(0, MINUTE))] };
  });
}

/** Some are cancelled at their deadline before their delay has passed. */
function delayed(system: SimulatedSystem, random: Random, size: number): void {
  const horizonMs = random.between(3, 15) * MINUTE;
  system.addQueue('later', 3);
  add(system, random, size, () => {
    const delayMs = random.between(0, horizonMs);
    const plan = { name: 'later', queue: 'later', phases: work(random.between(0, MINUTE)), delayMs };
    return random.chance(0.1) ? { ...plan, deadlineMs: random.between(0, delayMs) } : plan;
  });
}

/** In a `recv` each, which would time out long after the message comes. */
function receivers(system: SimulatedSystem, random: Random, size: number): void {
  const timeoutMs = random.chance(0.5) ? random.between(1, 24) * HOUR : null;
  add(system, random, size, () => {
    const message: Phase = { kind: 'message', ms: random.between(0, 10) * MINUTE, timeoutMs };
    return { name: 'approval', phases: [message, ...work(random.between(0, MINUTE))] };
  });
}

/** Parents continue to start children on the version that drains. Some children are delayed. */
function families(system: SimulatedSystem, random: Random, size: number): void {
  system.addQueue('children', 3);
  const child = (): Plan => {
    const plan = { name: 'child', queue: 'children', phases: work(random.between(0, MINUTE)) };
    return random.chance(0.2) ? { ...plan, delayMs: random.between(0, 3) * MINUTE } : plan;
  };
  add(system, random, Math.ceil(size / 5), () => {
    const children: Phase = { kind: 'children', plans: Array.from({ length: 1 + random.integer(4) }, child) };
    return { name: 'parent', phases: [...work(random.between(0, 5) * MINUTE), children] };
  });
}

/** Traffic still comes, more than the workers can take, and then moves away. */
function growing(system: SimulatedSystem, random: Random, size: number): void {
  const jobMs = random.between(5, 15) * SECOND;
  const plan = (): Plan => ({
    name: 'order',
    queue: 'orders',
    phases: work(jobMs * random.between(0.5, 1.5)),
  });
  system.addQueue('orders', 4);
  add(system, random, size, plan);
  const everyMs = jobMs / 4 / random.between(1.15, 1.8);
  const arrive = () => {
    if (system.now > GROWS_MS) return;
    system.create(plan());
    system.at(system.now + random.exponential(everyMs), arrive);
  };
  system.at(0, arrive);
}

function mix(system: SimulatedSystem, random: Random, size: number): void {
  const parts: readonly Populate[] = [queueOfWorkers, ENDING['sleepers, recorded'], delayed, receivers, families];
  for (const populate of parts) {
    if (random.chance(0.6)) populate(system, random, Math.ceil(size / 3));
  }
  sideBySide(system, random, Math.ceil(size / 3));
}

/** A half finishes within seconds, and the rest takes hours. */
function oneBurst(system: SimulatedSystem, random: Random, size: number): void {
  const atMs = random.between(0, 5 * MINUTE);
  add(system, random, 2 * size, (index) => ({
    name: 'batch',
    phases: work(index < size ? atMs + random.between(0, 5 * SECOND) : random.between(2, 4) * HOUR),
  }));
}

function stalled(populate: Populate, system: SimulatedSystem, random: Random, size: number): void {
  populate(system, random, size);
  system.dieAfter(Math.ceil(size * random.between(0.15, 0.7)));
}
