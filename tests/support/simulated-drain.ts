import type { GateConfig } from '../../src/config.ts';
import { hold, type Poll } from '../../src/hold/hold.ts';
import type { Verdict } from '../../src/rules/verdict.ts';
import { answered, config, testClock } from './builders.ts';
import { KINDS, sizeOf } from './simulated-drain/kinds.ts';
import { type Random, randomFrom } from './simulated-drain/random.ts';
import { SimulatedSystem } from './simulated-drain/system.ts';

/** A drain that can be run any number of times, always the same. */
export interface Drain {
  readonly kind: string;
  readonly seed: number;
  /** When the last workflow ends; of a drain that stalls, when the last one that does. In milliseconds since the gate began. */
  readonly endsAt: number;
  /** When the last workflow is created, or zero. */
  readonly growsUntil: number;
  /** Nothing is in flight at its end. */
  readonly ends: boolean;
  /** A source of further numbers, the same for every run. */
  random(): Random;
  /** The system as the gate finds it. */
  system(): SimulatedSystem;
}

/** By how much processes' clocks differ from the database's: most by next to nothing, one in five by a lot. */
const SKEW_MS = 500;
const LARGE_SKEW_MS = 20_000;

export function drainOf(kind: string, seed: number): Drain {
  const populate = KINDS[kind];
  if (populate === undefined) throw new Error(`no kind of drain: ${kind}`);
  const system = () => {
    const random = randomFrom(seed);
    const size = sizeOf(random);
    const skewMs = random.chance(0.2) ? LARGE_SKEW_MS : SKEW_MS;
    const made = new SimulatedSystem(random.between(-skewMs, skewMs));
    populate(made, random, size);
    made.begin();
    return made;
  };
  const whole = system();
  whole.finish();
  return {
    kind,
    seed,
    endsAt: Math.ceil(whole.endedAt),
    growsUntil: Math.ceil(whole.createdAt),
    ends: whole.inFlight === 0,
    random: () => randomFrom(seed + 1_000_003),
    system,
  };
}

/** What was told at one poll, and how it was with the drain. */
export interface Told {
  readonly poll: Poll;
  readonly system: SimulatedSystem;
  readonly at: number;
}

/** Holds against a simulated drain with the real loop, on a clock that costs no time. */
export async function holdDrain(
  { system: build }: Drain,
  changes: Partial<GateConfig>,
  onPoll: (told: Told) => void,
): Promise<{ readonly verdict: Verdict; readonly waitedMs: number }> {
  const system = build();
  const clock = testClock();
  const beginning = clock.now();
  const now = () => clock.now() - beginning;
  const result = await hold(config(changes), {
    clock,
    signal: new AbortController().signal,
    onPoll: (poll) => onPoll({ poll, system, at: now() }),
    onFailedPoll: () => undefined,
    reader: {
      poll: async (request) => {
        system.advance(now());
        return system.see(request);
      },
    },
  });
  return answered(result);
}
