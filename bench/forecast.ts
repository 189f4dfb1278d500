/**
 * How good the forecast is, on simulated drains: prints the table that the README quotes, always the same.
 * `npm run bench:forecast`
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ENDING, STALLING } from '../tests/support/simulated-drain/kinds.ts';
import {
  accuracyOf,
  added,
  type Held,
  type Hopeless,
  heldInVain,
  heldToTheEnd,
  SHARES,
  type Watched,
  watchedGrowth,
  watchedStall,
} from '../tests/support/simulated-drain/measure.ts';
import { drainOf } from '../tests/support/simulated-drain.ts';

/** So many drains of each kind, on so many cores. */
const DRAINS = 100;
const THREADS = 2;
const STUCK_AFTER_MS = 15 * 60_000;

/** What is measured of one drain. */
interface Measured {
  readonly kind: string;
  readonly held?: Held;
  readonly hopeless?: Hopeless | undefined;
  readonly growth?: Watched;
  readonly stall?: Watched;
}

async function measured(kind: string, seed: number): Promise<Measured> {
  const drain = drainOf(kind, seed);
  if (kind in STALLING) return { kind, stall: await watchedStall(drain, STUCK_AFTER_MS) };
  const [held, hopeless] = [await heldToTheEnd(drain), await heldInVain(drain)];
  return kind.startsWith('growing')
    ? { kind, held, hopeless, growth: await watchedGrowth(drain) }
    : { kind, held, hopeless };
}

/** Every so-many-th seed of all kinds, in a thread of its own: what is random is so by the seed alone. */
async function measureShare(first: number): Promise<readonly Measured[]> {
  const all: Measured[] = [];
  for (const kind of [...Object.keys(ENDING), ...Object.keys(STALLING)]) {
    for (let seed = first; seed <= DRAINS; seed += THREADS) all.push(await measured(kind, seed));
  }
  return all;
}

async function measureAll(): Promise<readonly Measured[]> {
  const shares = Array.from({ length: THREADS }, (_, index) => {
    const { promise, resolve, reject } = Promise.withResolvers<readonly Measured[]>();
    const worker = new Worker(new URL(import.meta.url), { workerData: index + 1 });
    worker.once('message', resolve);
    worker.once('error', reject);
    return promise;
  });
  return (await Promise.all(shares)).flat();
}

function percent(part: number | undefined): string {
  return part === undefined ? '' : `${Math.round(100 * part)} %`;
}

function table(all: readonly Measured[]): readonly string[] {
  const columns = SHARES.map((share) => `at ${percent(share)}: off by | shown | in range`);
  const rows = Object.keys(ENDING).map((kind) => {
    const drains = all.flatMap((each) => (each.kind === kind ? (each.held ?? []) : []));
    const samples = drains.flatMap((held) => held.samples);
    const cells = SHARES.flatMap((share) => {
      const { error, shown, of, inRange } = accuracyOf(samples, share);
      return [percent(error), percent(shown / of), percent(inRange)];
    });
    return `| ${[kind, drains.length, ...cells].join(' | ')} |`;
  });
  const marks = Array.from({ length: 3 * SHARES.length + 1 }, () => '--:').join(' | ');
  return [`| drain | drains | ${columns.join(' | ')} |`, `| --- | ${marks} |`, ...rows];
}

function verdicts(all: readonly Measured[]): readonly string[] {
  const held = all.flatMap((each) => each.held ?? []);
  const wrong = held.filter(({ verdict }) => verdict === 'cannot-drain').length;
  const drained = held.filter(({ verdict }) => verdict === 'drained').length;
  const hopeless = all.flatMap((each) => each.hopeless ?? []);
  const early = hopeless.filter(({ verdict }) => verdict === 'cannot-drain');
  const after = early.map((each) => each.after).toSorted((a, b) => a - b);
  const median = percent(after[after.length >> 1]);
  const growth = added(all.flatMap((each) => each.growth ?? []));
  const stall = added(all.flatMap((each) => each.stall ?? []));
  return [
    `Of ${held.length} holds with time enough to drain (a second to a tenth more), cannot-drain was said of ${wrong}; ${drained} ended in drained.`,
    `Of ${hopeless.length} holds with a bound more than two minutes beyond the timeout, ${early.length} ended early as cannot-drain, after ${median} of the timeout (median).`,
    `While more arrives than ends: called not-converging at ${percent(growth.told / growth.polls)} of the polls, an estimate shown at ${percent(growth.estimates / growth.polls)}.`,
    `After stuck-after without an end: called stalled or stuck at ${percent(stall.told / stall.polls)} of the polls, an estimate shown at ${percent(stall.estimates / stall.polls)}.`,
  ];
}

if (isMainThread) {
  const all = await measureAll();
  console.log([...table(all), '', ...verdicts(all)].join('\n'));
} else {
  parentPort?.postMessage(await measureShare(Number(workerData)));
}
