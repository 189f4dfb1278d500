import { Bench } from 'tinybench';
import { type Spread, spreadOf } from './spread.ts';

/** What is timed: the whole call, or what it says by itself that it took, in milliseconds. */
export type Timed = () => Promise<unknown> | Promise<{ readonly overriddenDuration: number }>;

/**
 * Times several things in one run, in turns, so that a machine that gets slower or faster meanwhile does so for all.
 * The first turn is preceded by one that does not count.
 *
 * @returns for each its median and spread, in milliseconds.
 */
export async function timed<Name extends string>(
  things: Readonly<Record<Name, Timed>>,
  { rounds, iterations = 1, warmup = true }: { rounds: number; iterations?: number; warmup?: boolean },
): Promise<Readonly<Record<Name, Spread>>> {
  const names = Object.keys(things) as Name[];
  const samples = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const isFirst = warmup && round === 0;
    const bench = new Bench({
      time: 0,
      iterations,
      warmup: isFirst,
      warmupTime: 0,
      warmupIterations: iterations,
      retainSamples: true,
      throws: true,
    });
    // Not told so, the harness would call it once to find out, and not wait for that call's end.
    for (const name of names) bench.add(name, things[name], { async: true });
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state !== 'completed') throw new Error(`${name} was not measured: ${result.state}.`);
      samples.get(name)?.push(...(result.latency.samples ?? []));
    }
  }
  const spreads = names.map((name) => [name, spreadOf(samples.get(name) ?? [])] as const);
  return Object.fromEntries(spreads) as Record<Name, Spread>;
}
