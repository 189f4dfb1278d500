/** What was in flight at one look, and what had happened until then. Times in milliseconds since the gate began. */
export interface Progress {
  readonly atMs: number;
  /** In flight, and neither asleep, delayed nor stuck: what work moves. */
  readonly moving: number;
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

/** One burst is no rate: so many must have ended, in so many of the pauses between looks. */
const EVIDENCE_COMPLETED = 5;
const EVIDENCE_PAUSES = 3;

/** The rate is taken over the last half of the hold, and over so much at least, in milliseconds. */
const SHORTEST_WINDOW_MS = 120_000;

/** Of so many standard deviations is a range: four in five, were they normal. */
const RANGE_DEVIATIONS = 1.28;

/** What is known of the exponent before there is evidence: anything from a queue to independent workflows. */
const PRIOR = { mean: 0.5, deviation: 0.5 };
const EXPONENTS = { least: 0, most: 2 };

/** Arrivals that make up so much of the completions keep up with them. */
const KEEPS_UP = 0.9;

/** The rate of late. Undefined before two looks. */
export function rateOf(course: readonly Progress[]): Rate | undefined {
  const window = lately(course);
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
export function hasEvidence(course: readonly Progress[]): boolean {
  const pauses = course.filter(
    ({ completed }, index) => completed > (course[index - 1]?.completed ?? completed),
  );
  return completedIn(course) >= EVIDENCE_COMPLETED && pauses.length >= EVIDENCE_PAUSES;
}

/** As much arrives as ends. */
export function isKeptUp({ completedPerMinute, arrivedPerMinute }: Rate): boolean {
  return arrivedPerMinute > 0 && arrivedPerMinute >= KEEPS_UP * completedPerMinute;
}

/**
 * How long what moves will go on moving, were it to go on as it did. Undefined without evidence, when nothing has
 * ended of late, or when as much arrives as ends.
 *
 * The rate of completions follows a power of what is left: 0 for a queue, where workers set the pace; 1 for workflows
 * that run side by side, of which ever fewer can end. The exponent comes from the two halves of what has ended, as far
 * as they tell, and the less they tell, the wider the range.
 */
export function timeLeft(course: readonly Progress[]): TimeLeft | undefined {
  const now = course.at(-1);
  const window = lately(course);
  const rate = rateOf(course);
  if (now === undefined || rate === undefined || now.moving <= 0) return undefined;
  const completed = completedIn(window);
  if (!hasEvidence(course) || completed === 0 || isKeptUp(rate)) return undefined;

  const net = 1 - rate.arrivedPerMinute / rate.completedPerMinute;
  const { mean, deviation } = exponentOf(course);
  const at = (deviations: number) => {
    const exponent = Math.min(EXPONENTS.most, Math.max(EXPONENTS.least, mean + deviations * deviation));
    return remaining(now.moving, exponent, completed / work(window, exponent)) / net;
  };
  const noise = Math.min(0.9, RANGE_DEVIATIONS / Math.sqrt(completed));
  return {
    leftMs: at(0),
    fromMs: at(-RANGE_DEVIATIONS) * (1 - noise),
    toMs: at(RANGE_DEVIATIONS) / (1 - noise),
  };
}

/** The last half of the course, or more where that is short. */
function lately<T extends Progress>(course: readonly T[]): readonly T[] {
  const [first, last] = [course[0], course.at(-1)];
  if (first === undefined || last === undefined) return [];
  const since = last.atMs - Math.max(SHORTEST_WINDOW_MS, (last.atMs - first.atMs) / 2);
  return course.slice(
    Math.max(
      0,
      course.findIndex(({ atMs }) => atMs >= since),
    ),
  );
}

function completedIn(course: readonly Progress[]): number {
  return (course.at(-1)?.completed ?? 0) - (course[0]?.completed ?? 0);
}

/** What moved, to a power, summed over time: the rate of completions is proportional to it. */
function work(course: readonly Progress[], exponent: number): number {
  return course.reduce((sum, { atMs, moving }, index) => {
    const before = course[index - 1];
    if (before === undefined) return sum;
    return sum + Math.max(0.5, (before.moving + moving) / 2) ** exponent * (atMs - before.atMs);
  }, 0);
}

/** The exponent by which completions follow what is left, and how sure that is. */
function exponentOf(course: readonly Progress[]): { readonly mean: number; readonly deviation: number } {
  const first = course[0]?.completed ?? 0;
  const completed = completedIn(course);
  const middle = course.findIndex((point) => point.completed - first >= completed / 2);
  const halves = [course.slice(0, middle + 1), course.slice(middle)];
  const [early, late] = halves.map((half) => {
    const ended = completedIn(half);
    const overMs = (half.at(-1)?.atMs ?? 0) - (half[0]?.atMs ?? 0);
    return { ended, rate: ended / overMs, moving: work(half, 1) / overMs };
  });
  if (early === undefined || late === undefined || !(early.rate > 0) || !(late.rate > 0)) return PRIOR;
  const fall = Math.log(late.moving / early.moving);
  if (!Number.isFinite(fall) || fall === 0) return PRIOR;
  const measured = Math.log(late.rate / early.rate) / fall;
  const deviation = Math.sqrt(1 / early.ended + 1 / late.ended) / Math.abs(fall);
  const weight = 1 / deviation ** 2;
  const prior = 1 / PRIOR.deviation ** 2;
  return {
    mean: (measured * weight + PRIOR.mean * prior) / (weight + prior),
    deviation: 1 / Math.sqrt(weight + prior),
  };
}

/** How long it takes until less than half a workflow is left, when `rate × left ^ exponent` end a millisecond. */
function remaining(left: number, exponent: number, rate: number): number {
  const last = 0.5;
  const power = 1 - exponent;
  if (Math.abs(power) < 1e-6) return Math.log(left / last) / rate;
  return (left ** power - last ** power) / power / rate;
}
