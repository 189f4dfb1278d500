import type { Trend } from '../../../src/forecast/drain-forecast.ts';
import type { TimeLeft } from '../../../src/forecast/rate.ts';
import type { Poll } from '../../../src/hold/hold.ts';
import type { Verdict } from '../../../src/rules/verdict.ts';
import { type Drain, holdDrain } from '../simulated-drain.ts';

/** Where estimates are compared with what came: when so much of what was in flight at first has ended. */
export const SHARES = [0.25, 0.5, 0.75] as const;

/** What was told at the first look at which such a share had ended, and the truth, in milliseconds. */
export interface Sample {
  readonly share: number;
  readonly left: TimeLeft | undefined;
  readonly trueLeftMs: number;
}

/** A hold whose timeout was long enough. */
export interface Held {
  readonly verdict: Verdict;
  /** Fewer than there are shares where the rest ended at once. */
  readonly samples: readonly Sample[];
}

/** Holds until the drain is over, with a timeout that is a second longer, or up to a tenth. */
export async function heldToTheEnd(drain: Drain): Promise<Held> {
  const samples: Sample[] = [];
  const random = drain.random();
  const graceMs = random.chance(0.5) ? 1000 : Math.max(1000, random.between(0, 0.1) * drain.endsAt);
  const timeoutMs = drain.endsAt + Math.round(graceMs);
  const { verdict } = await holdDrain(drain, { timeoutMs }, ({ poll, system, at }) => {
    const share = SHARES[samples.length];
    if (share === undefined || system.initialEnded < share * system.initial || system.inFlight === 0) return;
    const sample = { left: poll.forecast.total.left, trueLeftMs: drain.endsAt - at };
    const passed = SHARES.filter((each) => each >= share && system.initialEnded >= each * system.initial);
    samples.push(...passed.map((each) => ({ share: each, ...sample })));
  });
  return { verdict, samples };
}

/** How good the estimates were at one share of many drains. */
export interface Accuracy {
  /** How many of the drains had an estimate, of how many that were not over. */
  readonly shown: number;
  readonly of: number;
  /** The median of how far off it was, as a part of the true time left; undefined where none was shown. */
  readonly error: number | undefined;
  /** Of those shown, the part whose range held. */
  readonly inRange: number | undefined;
}

export function accuracyOf(samples: readonly Sample[], share: number): Accuracy {
  const all = samples.filter((sample) => sample.share === share);
  const shown = all.flatMap(({ left, trueLeftMs }) => (left === undefined ? [] : [{ left, trueLeftMs }]));
  const errors = shown.map(({ left, trueLeftMs }) => Math.abs(left.leftMs - trueLeftMs) / trueLeftMs);
  const held = shown.filter(
    ({ left: { fromMs, toMs }, trueLeftMs }) => fromMs <= trueLeftMs && trueLeftMs <= toMs,
  );
  return {
    shown: shown.length,
    of: all.length,
    error: errors.toSorted((a, b) => a - b)[errors.length >> 1],
    inRange: shown.length === 0 ? undefined : held.length / shown.length,
  };
}

/** How a hold ended whose timeout lies more than two minutes before a bound that the tables tell of for certain. */
export interface Hopeless {
  readonly verdict: Verdict;
  /** After which part of the timeout. */
  readonly after: number;
}

const HOPELESS_BY_MS = 120_000;

/** Undefined where the drain has no bound so late. */
export async function heldInVain(drain: Drain): Promise<Hopeless | undefined> {
  const longest = drain.system().boundedUntil - HOPELESS_BY_MS;
  if (longest < HOPELESS_BY_MS) return undefined;
  const timeoutMs = Math.floor(drain.random().between(0.1, 1) * longest);
  const { verdict, waitedMs } = await holdDrain(drain, { timeoutMs }, () => undefined);
  return { verdict, after: waitedMs / timeoutMs };
}

/** How many polls there were at which one thing should be told, at how many it was, and how many showed an estimate. */
export interface Watched {
  readonly polls: number;
  readonly told: number;
  readonly estimates: number;
}

async function watched(
  drain: Drain,
  timeoutMs: number,
  isWatched: (at: number, poll: Poll) => boolean,
  trends: readonly Trend[],
): Promise<Watched> {
  const counts = { polls: 0, told: 0, estimates: 0 };
  await holdDrain(drain, { timeoutMs }, ({ poll, at }) => {
    if (!isWatched(at, poll)) return;
    const { trend, left } = poll.forecast.total;
    counts.polls += 1;
    if (trends.includes(trend)) counts.told += 1;
    if (left !== undefined) counts.estimates += 1;
  });
  return counts;
}

/** From when on nothing has ended for `stuck-after`, over half an hour. */
export function watchedStall(drain: Drain, stuckAfterMs: number): Promise<Watched> {
  const since = drain.endsAt + stuckAfterMs + 5000;
  return watched(drain, since + 30 * 60_000, (at) => at >= since, ['stalled', 'stuck']);
}

/** While it grows, once there is evidence of that: a minute, and as many arrivals as completions need. */
export function watchedGrowth(drain: Drain): Promise<Watched> {
  const hasEvidence = (poll: Poll) =>
    poll.time.ended >= 2 * 60_000 && (poll.forecast.total.series.points.at(-1)?.arrived ?? 0) >= 5;
  const isGrowing = (at: number, poll: Poll) => at <= drain.growsUntil && hasEvidence(poll);
  return watched(drain, drain.growsUntil, isGrowing, ['not-converging']);
}

export function added(all: readonly Watched[]): Watched {
  const sum = (of: (each: Watched) => number) => all.reduce((total, each) => total + of(each), 0);
  return {
    polls: sum(({ polls }) => polls),
    told: sum(({ told }) => told),
    estimates: sum(({ estimates }) => estimates),
  };
}
