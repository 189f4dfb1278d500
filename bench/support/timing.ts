import { Bench } from 'tinybench';
import { type Spread, spreadOf } from './spread.ts';

/** How often to measure. */
export interface Rounds {
  readonly rounds: number;
  /** Calls per round, one after the other. */
  readonly iterations?: number;
}

/** A call to time. Its own measurement in milliseconds, if it returns one, replaces the time of the whole call. */
export type Timed = () => Promise<unknown> | Promise<{ readonly overriddenDuration: number }>;

/**
 * Times several things alternately. Each round starts with another one, so that a machine that gets slower or faster
 * does so for all of them. A warm-up before the first round is not counted.
 *
 * @returns the median and the quartiles of each, in milliseconds
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
      // Without `async`, the harness calls the function once to find out, and does not wait for that call to finish.
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
