import { Bench } from 'tinybench';
import { type Spread, spreadOf } from './spread.ts';

/** How often. */
export interface Rounds {
  readonly rounds: number;
  /** In each round, one after the other. */
  readonly iterations?: number;
}

/** What is timed: the whole call, or what it says by itself that it took, in milliseconds. */
export type Timed = () => Promise<unknown> | Promise<{ readonly overriddenDuration: number }>;

/**
 * Times several things in one run, in turns, each round beginning with another one: a machine that gets slower or faster
 * meanwhile does so for all. What is done before the first round does not count.
 *
 * @returns for each its median and spread, in milliseconds.
 */
export async function timed<Name extends string>(
  things: Readonly<Record<Name, Timed>>,
  { rounds, iterations = 1 }: Rounds,
): Promise<Readonly<Record<Name, Spread>>> {
  const names = Object.keys(things) as Name[];
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({
      time: 0,
      iterations,
      warmup: round === 0,
      warmupTime: 0,
      warmupIterations: iterations,
      retainSamples: true,
      throws: true,
    });
    const turn = round % names.length;
    for (const name of [...names.slice(turn), ...names.slice(0, turn)]) {
      // Not told that it is asynchronous, the harness would call it to find out, and not wait for that call's end.
      bench.add(name, things[name], { async: true });
    }
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state !== 'completed') throw new Error(`${name} was not measured: ${result.state}.`);
      samples.get(name)?.push(...(result.latency.samples ?? []));
    }
  }
  const spreads = names.map((name) => [name, spreadOf(samples.get(name) ?? [])] as const);
  return Object.fromEntries(spreads) as Record<Name, Spread>;
}
