import { type BeyondTimeout, beyondTimeout, CLOCK_SKEW_MS } from './beyond-timeout.ts';
import { type Bound, certainBounds, latestFirst } from './bound.ts';
import type { GateConfig } from './config.ts';
import {
  type AssessedWorkflow,
  type Course,
  followed,
  queueKey,
  queuesAfter,
  type Roll,
  type StartedRoots,
} from './course.ts';
import { certainEnd, type DrainForecast, drainForecast } from './drain-forecast.ts';
import type { Judgement } from './judge.ts';
import type { LookTime } from './memory.ts';
import type { ForecastRequest, SystemDatabaseContents } from './observation.ts';
import { type Assessment, assess } from './situation.ts';

/** What is to be expected: estimates, and bounds that are certain. Never evidence of safety. */
export interface Forecast {
  /** All targets together. */
  readonly total: DrainForecast;
  readonly targets: ReadonlyMap<string, DrainForecast>;
  /** What cannot end before the timeout, by what this very look has seen: nothing older is acted on. */
  readonly beyondTimeout: BeyondTimeout | undefined;
  /** What each workflow that was read in detail is doing, by its id. */
  readonly assessments: ReadonlyMap<string, Assessment>;
  /** What was created without a parent on a target since the gate began, the most frequent first. */
  readonly startedRoots: readonly StartedRoots[];
  readonly course: Course;
}

/** What a look that begins now can be asked for. Times in milliseconds. */
interface Opportunity {
  readonly began: number;
  /** How long the look may take at most, and how long it should. */
  readonly budgetMs: number;
  readonly lookTimeoutMs: number;
  /** It is settled which versions are targets: before, a look brings others as well. */
  readonly isSettled: boolean;
}

/** What the forecast asks of a look. A roll is never worth the look that decides: it needs time, but for the first. */
export function forecastRequest(
  { roll, rollDueAtMs, observedAt }: Course,
  { began, budgetMs, lookTimeoutMs, isSettled }: Opportunity,
): ForecastRequest {
  const isDue = began >= rollDueAtMs && isSettled;
  const isFirst = roll === undefined && rollDueAtMs === 0;
  return { roll: isDue && (isFirst || budgetMs >= lookTimeoutMs), namesSince: observedAt };
}

/** What is to be expected after this look, given the course until then. Pure. */
export function forecastOf(
  config: Pick<GateConfig, 'stuckAfterMs' | 'timeoutMs'>,
  before: Course,
  judgement: Judgement,
  time: LookTime,
): Forecast {
  const { seen } = judgement;
  if (seen === undefined) return nothingToExpect(before);
  const { contents } = seen;
  const { observedAt } = judgement.observation;
  const queues = queuesAfter(before, seen, observedAt);
  const assessments = assessed(config, before.roll, queues, contents, observedAt);
  const isWhole = contents.workflows.leftOut + contents.workflows.leftOutUnversioned === 0;
  // Until the targets are settled, a look brings what is none.
  const isRoll = (contents.roll || isWhole) && !judgement.provisional;
  const roll = isRoll ? rollOf(contents, assessments, observedAt, time) : before.roll;
  const course = followed(before, judgement, time, { seen, queues, roll, isRoll });
  const fresh = certainBounds(contents.lastDelayed, contents.workflows.items, assessments, observedAt);
  const bounds = isRoll ? fresh : withThose(roll, fresh, contents);

  const scene = { config, seen, course, bounds, observedAt, atMs: time.ended };
  const targets = new Map(
    judgement.targets
      .filter(({ judged }) => judged)
      .map(({ version }) => [version, drainForecast([version], course.targets.get(version), scene)]),
  );
  return {
    total: drainForecast([...targets.keys()], course.total, scene),
    targets,
    beyondTimeout: clocksAgree(before, contents, observedAt, time)
      ? beyondTimeout(config, certainEnd([...targets.keys()], fresh, seen), observedAt, time)
      : undefined,
    assessments: new Map([...(roll?.assessments ?? []), ...assessments]),
    startedRoots: [...course.names.values()].sort((a, b) => b.count - a.count),
    course,
  };
}

function nothingToExpect(course: Course): Forecast {
  const scene = {
    course,
    bounds: [],
    observedAt: 0,
    atMs: 0,
    seen: { inFlight: new Map() },
    config: { stuckAfterMs: 0 },
  };
  return {
    total: drainForecast([], undefined, scene),
    targets: new Map(),
    beyondTimeout: undefined,
    assessments: new Map(),
    startedRoots: [],
    course,
  };
}

/**
 * Nothing shows that the clocks of processes, by which delays and sleeps end, are ahead of the database's, or that this
 * is another clock than at the first look, as after a failover.
 */
function clocksAgree(
  { beganAt }: Course,
  { newestWriteAt }: SystemDatabaseContents,
  observedAt: number,
  time: LookTime,
): boolean {
  const steppedBackMs = beganAt === undefined ? 0 : beganAt + time.began - observedAt;
  return steppedBackMs <= CLOCK_SKEW_MS && (newestWriteAt ?? 0) - observedAt <= CLOCK_SKEW_MS;
}

/** The bounds of sleeping workflows that the last roll saw, and this look did not bring, beside those that it did. */
function withThose(
  roll: Roll | undefined,
  fresh: readonly Bound[],
  { workflows }: SystemDatabaseContents,
): readonly Bound[] {
  if (roll === undefined) return fresh;
  const brought = new Set([...workflows.items, ...fresh].map(({ id }) => id));
  const older = certainBounds([], roll.workflows, roll.assessments, roll.observedAt);
  return latestFirst([...older.filter(({ id }) => !brought.has(id)), ...fresh]);
}

/** Families are looked for in the last roll as well: a look's few details seldom have all of one. */
function assessed(
  { stuckAfterMs }: Pick<GateConfig, 'stuckAfterMs'>,
  lastRoll: Roll | undefined,
  queues: Course['queues'],
  { workflows }: SystemDatabaseContents,
  now: number,
): ReadonlyMap<string, Assessment> {
  const known = new Map([...(lastRoll?.workflows ?? []), ...workflows.items].map((each) => [each.id, each]));
  const children = Map.groupBy(
    known.values().filter(({ id, parent }) => parent !== id),
    ({ parent }) => parent,
  );
  return assess(workflows.items, {
    now,
    stuckAfterMs,
    queue: (version, queue) => queues.get(queueKey(version, queue)),
    childrenOf: (id) => children.get(id) ?? [],
  });
}

function rollOf(
  { workflows }: SystemDatabaseContents,
  assessments: ReadonlyMap<string, Assessment>,
  observedAt: number,
  time: LookTime,
): Roll {
  const { items, leftOut, leftOutUnversioned } = workflows;
  const read = items.flatMap((workflow): readonly AssessedWorkflow[] => {
    const assessment = assessments.get(workflow.id);
    return assessment === undefined ? [] : [{ workflow, assessment }];
  });
  const byVersion = Map.groupBy(read, ({ workflow }) => workflow.version);
  const still = new Map(
    [...byVersion].map(([version, each]) => {
      const all = each.filter(({ assessment }) => isStill(assessment));
      const queued = all.filter(({ assessment }) => assessment.situation.kind === 'queued');
      return [version, { all: all.length, queued: queued.length }];
    }),
  );
  const when = { atMs: time.ended, observedAt };
  return { ...when, workflows: items, leftOut, leftOutUnversioned, assessments, byVersion, still };
}

/**
 * Its end is known, or there is none in sight. Delayed ones are counted exactly, at every look. Waits that end at a time
 * that nobody has recorded end as those before them did: experience tells, as of work.
 */
function isStill({ state, situation }: Assessment): boolean {
  const { kind } = situation;
  return kind === 'sleeping' || (state === 'stuck' && !['delayed', 'overdue', 'message'].includes(kind));
}
