/** What was in flight at one poll, and what had happened until then. Times in milliseconds since the gate began. */
export interface Progress {
  readonly atMs: number;
  /** In flight, and not delayed, asleep until a time that is known, or stuck: what ends as it comes. */
  readonly moving: number;
  /** Of those, what waits in a queue. */
  readonly queued: number;
  /** Since the gate began. */
  readonly completed: number;
  readonly arrived: number;
}

/** What ends and what arrives, a minute each, over so many milliseconds. */
export interface Rate {
  readonly completedPerMinute: number;
  readonly arrivedPerMinute: number;
  readonly overMs: number;
}

/** The time left, in milliseconds, with the range that it most probably lies in. */
export interface TimeLeft {
  readonly leftMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One burst is no rate: so many must have ended, in so many of the pauses between polls. */
const EVIDENCE_COMPLETED = 5;
const EVIDENCE_PAUSES = 3;

/** The rate is taken over the last half of the hold, and over so much at least, in milliseconds. */
const SHORTEST_WINDOW_MS = 120_000;

/** The exponents that come into question, and how likely each is before there is evidence: between queues and tails. */
const EXPONENTS = [
  { exponent: 0, weight: 2 },
  { exponent: 0.5, weight: 2 },
  { exponent: 1, weight: 3 },
  { exponent: 1.5, weight: 2 },
  { exponent: 2, weight: 1 },
  { exponent: 3, weight: 0.5 },
] as const;

/** However many have ended, what is to come need not go as they did: they tell as much as so many. */
const MOST_TELLING = 20;

/** The middles of the fifths of a normal distribution, in standard deviations, and of chances. */
const DEVIATIONS = [-1.28, -0.52, 0, 0.52, 1.28] as const;
const CHANCES = [0.1, 0.3, 0.5, 0.7, 0.9] as const;

/** How much of what arrives now may go on arriving: traffic moves away, and parents have started all their children. */
const GOING_ON = [0, 0.5, 1] as const;

/** A range holds in four cases of five, were the drain as it is thought to be. */
const RANGE = { from: 0.1, middle: 0.5, to: 0.9 } as const;

/** The pace is never less sure than that, in logarithms: by a factor of 20. */
const MOST_UNSURE = 3;

/** A range that is wider says nothing: its end is so many times its beginning. */
const WIDEST = 100;

/** Arrivals that make up so much of the completions keep up with them. */
const KEEPS_UP = 0.9;

/** More completions than arrivals are believed in when they are apart by so many standard deviations. */
const CERTAINTY = 1;

/** The rate of late. Undefined before two polls. */
export function rateOf(history: readonly Progress[]): Rate | undefined {
  const window = lately(history);
  const [from, to] = [window[0], window.at(-1)];
  if (from === undefined || to === undefined || to.atMs <= from.atMs) return undefined;
  const perMinute = 60_000 / (to.atMs - from.atMs);
  return {
    completedPerMinute: (to.completed - from.completed) * perMinute,
    arrivedPerMinute: (to.arrived - from.arrived) * perMinute,
    overMs: to.atMs - from.atMs,
  };
}

/** Enough has ended, and not in one burst, for an estimate to mean something. */
export function hasEvidence(history: readonly Progress[]): boolean {
  const pauses = history.filter(
    ({ completed }, index) => completed > (history[index - 1]?.completed ?? completed),
  );
  return completedIn(history) >= EVIDENCE_COMPLETED && pauses.length >= EVIDENCE_PAUSES;
}

/** As much arrives as ends. */
export function isKeptUp({ completedPerMinute, arrivedPerMinute }: Rate): boolean {
  return arrivedPerMinute > 0 && arrivedPerMinute >= KEEPS_UP * completedPerMinute;
}

/** As much may arrive as ends, for all that so few of each can tell: what a Poisson process leaves open. */
function mayBeKeptUp({ completedPerMinute, arrivedPerMinute, overMs }: Rate): boolean {
  const minutes = overMs / 60_000;
  const [ended, arrived] = [completedPerMinute * minutes, arrivedPerMinute * minutes];
  return arrived > 0 && arrived + CERTAINTY * Math.sqrt(arrived + ended) >= KEEPS_UP * ended;
}

/**
 * How long what moves will go on moving, were it to go on as it did. Undefined without evidence, when nothing has
 * ended of late, or when as much may arrive as ends.
 *
 * Completions follow a power of what runs. While work waits in a queue, as much runs as before, and the queue gets
 * shorter at a steady pace. What runs when the queue is empty ends ever more slowly: exponent 0 were ends spread evenly,
 * 1 were each workflow as likely to end as any other, more the longer the longest last. Each exponent is weighed by how
 * well it explains when completions came, and the estimate is the median of what they all say: with how uncertain
 * the pace is (bursts count as what they are: few events), when the very last one happens to end, and whether arrivals go
 * on. Measured by `npm run bench:forecast`.
 */
export function timeLeft(history: readonly Progress[]): TimeLeft | undefined {
  const now = history.at(-1);
  const rate = rateOf(history);
  const late = stretchesOf(lately(history));
  const ended = sum(late, (stretch) => stretch.ended);
  if (now === undefined || rate === undefined || now.moving <= 0) return undefined;
  if (!hasEvidence(history) || ended === 0 || mayBeKeptUp(rate)) return undefined;

  const fits = fitsTo(stretchesOf(history));
  const burst = Math.max(1, Math.min(...fits.map(({ dispersion }) => dispersion)));
  const best = Math.max(...fits.map(({ likelihood }) => likelihood));
  const telling = Math.min(1 / burst, MOST_TELLING / completedIn(history));
  const deviation = Math.min(MOST_UNSURE, Math.sqrt(burst * (1 / ended + 1 / now.moving)));
  const arriving = rate.arrivedPerMinute / rate.completedPerMinute;
  const goingOn = arriving > 0 ? GOING_ON : [0];
  const cases: Case[] = [];
  for (const { exponent, weight, likelihood } of fits) {
    const pace = ended / sum(late, (stretch) => effort(stretch, exponent));
    const weighed = weight * Math.exp((likelihood - best) * telling);
    for (const off of DEVIATIONS) {
      for (const chance of CHANCES) {
        const ms = drainMs(now, exponent, pace * Math.exp(-off * deviation), -Math.log(chance));
        for (const part of goingOn) cases.push({ ms: ms / (1 - part * arriving), weight: weighed });
      }
    }
  }
  cases.sort((a, b) => a.ms - b.ms);
  const [fromMs, leftMs, toMs] = [
    quantile(cases, RANGE.from),
    quantile(cases, RANGE.middle),
    quantile(cases, RANGE.to),
  ];
  return toMs <= WIDEST * fromMs ? { leftMs, fromMs, toMs } : undefined;
}

/** One way in which it may go on, and how likely. */
interface Case {
  readonly ms: number;
  readonly weight: number;
}

/** What happened between two polls. */
interface Stretch {
  readonly ms: number;
  readonly ended: number;
  readonly running: number;
}

/** How well an exponent explains when completions came. */
interface Fit {
  readonly exponent: number;
  readonly weight: number;
  /** The logarithm of it, as of a Poisson process. */
  readonly likelihood: number;
  /** How much more unevenly they came than independent ones would have. */
  readonly dispersion: number;
}

/** The last half of the course, or more where that is short. */
export function lately<T extends Progress>(history: readonly T[]): readonly T[] {
  const [first, last] = [history[0], history.at(-1)];
  if (first === undefined || last === undefined) return [];
  const since = last.atMs - Math.max(SHORTEST_WINDOW_MS, (last.atMs - first.atMs) / 2);
  return history.slice(
    Math.max(
      0,
      history.findIndex(({ atMs }) => atMs >= since),
    ),
  );
}

function completedIn(history: readonly Progress[]): number {
  return (history.at(-1)?.completed ?? 0) - (history[0]?.completed ?? 0);
}

function stretchesOf(history: readonly Progress[]): readonly Stretch[] {
  return history.slice(1).flatMap((to, index) => {
    const from = history[index];
    if (from === undefined || to.atMs <= from.atMs) return [];
    const running = (runningAt(from) + runningAt(to)) / 2;
    return [{ ms: to.atMs - from.atMs, ended: to.completed - from.completed, running }];
  });
}

/** What does not wait in a queue; never nothing, for what begins and ends between two polls is not seen. */
function runningAt({ moving, queued }: Progress): number {
  return Math.max(0.5, moving - queued);
}

/** What completions are in proportion to. */
function effort({ ms, running }: Pick<Stretch, 'ms' | 'running'>, exponent: number): number {
  return running ** exponent * ms;
}

function fitsTo(stretches: readonly Stretch[]): readonly Fit[] {
  const ended = sum(stretches, (stretch) => stretch.ended);
  return EXPONENTS.map(({ exponent, weight }) => {
    const total = sum(stretches, (stretch) => effort(stretch, exponent));
    const likelihood = sum(
      stretches,
      (stretch) => stretch.ended * Math.log(effort(stretch, exponent) / total),
    );
    const expected = (stretch: Stretch) => (ended * effort(stretch, exponent)) / total;
    return { exponent, weight, likelihood, dispersion: dispersionOf(stretches, expected) };
  });
}

/** Pearson's statistic a degree of freedom, over stretches joined until one completion at least is expected in each. */
function dispersionOf(stretches: readonly Stretch[], expectedIn: (stretch: Stretch) => number): number {
  let [statistic, joined, expected, ended] = [0, 0, 0, 0];
  for (const stretch of stretches) {
    expected += expectedIn(stretch);
    ended += stretch.ended;
    if (expected < 1) continue;
    statistic += (ended - expected) ** 2 / expected;
    joined += 1;
    [expected, ended] = [0, 0];
  }
  return joined > 1 ? statistic / (joined - 1) : 1;
}

/**
 * How long it takes until so few workflows are left on average as `last`: with a chance of `e ^ -last` that is the time
 * at which none is.
 */
function drainMs(now: Progress, exponent: number, pace: number, last: number): number {
  const running = runningAt(now);
  const queueMs = Math.min(now.queued, now.moving) / (pace * running ** exponent);
  if (running <= last) return queueMs;
  const power = 1 - exponent;
  const tail = power === 0 ? Math.log(running / last) : (running ** power - last ** power) / power;
  return queueMs + tail / pace;
}

/** The value below which so large a part of the cases lies, by weight, once they are sorted. */
function quantile(cases: readonly Case[], part: number): number {
  let left = part * sum(cases, ({ weight }) => weight);
  for (const { ms, weight } of cases) {
    left -= weight;
    if (left <= 0) return ms;
  }
  return cases.at(-1)?.ms ?? 0;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((all, item) => all + of(item), 0);
}
