import { expect } from 'vitest';
import type { Abilities, Release } from './language.ts';
import type { Calls, WorkflowName } from './protocol.ts';

/*
 * What the tables show of a workflow that waits, and what the gate makes of it: one entry per situation, for all
 * languages. Each is started on 1.0.0, which 2.0.0 has succeeded.
 */

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

type Start = Omit<Parameters<Calls['start']>[0], 'id'>;

export interface Scenario {
  readonly title: string;
  /** What is started first. It keeps the last one waiting, and is over when that is. */
  readonly before?: readonly Start[];
  readonly start: Start;
  /** Where it is possible; everywhere unless it says. */
  readonly isPossible?: (abilities: Abilities) => boolean;
  readonly status: 'PENDING' | 'ENQUEUED' | 'DELAYED';
  /**
   * The names of its recorded steps, the first one first: `*` is any text, and null a number that is not recorded. The
   * test waits for as many.
   */
  readonly steps: readonly (string | null)[];
  readonly activity: (abilities: Abilities) => object;
  /** It cannot end before so long after its start, in milliseconds; undefined where nothing is certain. */
  readonly notBefore: (abilities: Abilities) => number | undefined;
}

const never = () => undefined;
const running = () => ({ kind: 'running' });

/** A sleep, which alone is certain: where its end is recorded, and the language of its SDK. */
function sleep(workflow: WorkflowName, steps: Scenario['steps'], changes: Partial<Start> = {}) {
  const millis = 2 * HOUR;
  const ends = changes.timeoutMillis ?? millis;
  return {
    start: { workflow, millis, ...changes },
    status: 'PENDING',
    steps: [...steps, 'DBOS.sleep'],
    activity: ({ recordsSleepEnds, serialization }: Abilities) =>
      recordsSleepEnds
        ? { kind: 'sleeping', until: expect.any(Number), certain: serialization !== null }
        : { kind: 'timer' },
    notBefore: ({ recordsSleepEnds, serialization }: Abilities) =>
      recordsSleepEnds && serialization !== null ? ends : undefined,
  } as const;
}

/** A `recv` or a `getEvent`, whose timer is recorded before it. A first one looks like Python's first sleep. */
function timed(workflow: WorkflowName, steps: Scenario['steps']) {
  return {
    start: { workflow, millis: HOUR },
    status: 'PENDING',
    steps: [...steps, null, 'DBOS.sleep'],
    activity: ({ recordsTimerEnds, serialization }: Abilities) =>
      serialization === null && steps.length === 0
        ? { kind: 'timer' }
        : { kind: 'message', until: recordsTimerEnds ? expect.any(Number) : null },
    notBefore: never,
  } as const;
}

export const SCENARIOS: readonly Scenario[] = [
  { title: 'a sleep first', ...sleep('sleepFirst', []) },
  { title: 'a sleep after a step', ...sleep('sleepAfterStep', ['*']) },
  { title: 'a sleep after a child', ...sleep('sleepAfterChild', ['*', 'DBOS.getResult']) },
  { title: 'a sleep after a patch', ...sleep('sleepAfterPatch', ['DBOS.patch-*']) },
  { title: 'a sleep with an earlier deadline', ...sleep('sleepFirst', [], { timeoutMillis: 30 * MINUTE }) },
  // No row tells it from a lone sleep: `docs/rule-of-retirement.md` says so.
  { title: 'a sleep that races a step', ...sleep('race', []) },
  { title: 'a receive first', ...timed('receiveFirst', []) },
  { title: 'a receive after a step', ...timed('receiveAfterStep', ['*']) },
  { title: 'a wait for an event first', ...timed('eventFirst', []) },
  { title: 'a wait for an event after a step', ...timed('eventAfterStep', ['*']) },
  {
    title: 'a parent that waits for its child',
    start: { workflow: 'parent' },
    status: 'PENDING',
    steps: ['*'],
    activity: ({ recordsParents }) => (recordsParents ? { kind: 'child' } : running()),
    notBefore: never,
  },
  {
    title: 'a step that is retried',
    start: { workflow: 'retrying', millis: HOUR },
    status: 'PENDING',
    steps: [],
    activity: running,
    notBefore: never,
  },
  {
    title: 'a method of a configured instance',
    before: [{ workflow: 'instanceHeld', instance: 'green' }],
    start: { workflow: 'instanceHeld', instance: 'blue' },
    status: 'PENDING',
    steps: [],
    activity: running,
    notBefore: never,
  },
  {
    title: 'a method of a class',
    start: { workflow: 'classHeld' },
    status: 'PENDING',
    steps: [],
    activity: running,
    notBefore: never,
  },
  {
    title: 'its turn in a queue with a limit',
    before: [{ workflow: 'held', queue: 'serial' }],
    start: { workflow: 'held', queue: 'serial' },
    status: 'ENQUEUED',
    steps: [],
    activity: ({ recordsLimits }) => ({
      kind: 'queued',
      running: 1,
      limit: recordsLimits.queue ? 1 : null,
      inPartition: false,
    }),
    notBefore: never,
  },
  {
    title: 'its turn in a partition of a queue',
    before: [{ workflow: 'held', queue: 'partitioned', partition: 'a' }],
    start: { workflow: 'held', queue: 'partitioned', partition: 'a' },
    isPossible: ({ partitions }) => partitions,
    status: 'ENQUEUED',
    steps: [],
    activity: ({ recordsLimits: { partition } }) => ({
      kind: 'queued',
      running: 1,
      limit: partition ? 1 : null,
      inPartition: partition,
    }),
    notBefore: never,
  },
  {
    title: 'a delay',
    start: { workflow: 'short', queue: 'parallel', delayMillis: 2 * HOUR },
    isPossible: ({ delays }) => delays,
    status: 'DELAYED',
    steps: [],
    activity: () => ({ kind: 'delayed', until: expect.any(Number), debounced: false }),
    notBefore: () => 2 * HOUR,
  },
];

/** The scenarios that a release can play. */
export function scenariosOf({ abilities, names }: Release): readonly Scenario[] {
  return SCENARIOS.filter(
    ({ start, isPossible = () => true }) => names[start.workflow] !== undefined && isPossible(abilities),
  );
}

/** Scenarios in rounds, in each of which every workflow name belongs to one: so that a test can single it out. */
export function roundsOf(scenarios: readonly Scenario[]): readonly (readonly Scenario[])[] {
  const rounds: Scenario[][] = [];
  for (const scenario of scenarios) {
    const { workflow } = scenario.start;
    const round = rounds.find((each) => each.every(({ start }) => start.workflow !== workflow));
    if (round === undefined) rounds.push([scenario]);
    else round.push(scenario);
  }
  return rounds;
}
