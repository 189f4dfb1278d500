import type { Snapshot } from '../../src/dbos/snapshot/index.ts';
import { initialState } from '../../src/hold/state.ts';
import { evaluate, firstRequest } from '../../src/rules/evaluate.ts';
import { config, DATABASE_EPOCH, inFlight, registration, snapshot, started } from './builders.ts';
import { evidenceOf, type StartedRow } from './newest-roots.ts';
import { randomFrom } from './random.ts';

/*
 * Deploys without a database: what a version takes of a traffic that comes at random, and what the gate makes of it.
 * Times are in minutes since 2.0.0 became the latest version, except where they are named otherwise.
 */

/** How the workflows that are started spread over 1.0.0 and 2.0.0. */
export interface Timeline {
  /** The part that 1.0.0 takes: from which minute on, which part. The first is from 0. */
  readonly shares: readonly (readonly [from: number, part: number])[];
  /** When the gate starts. */
  readonly gateAt: number;
  /** Every minute a schedule enqueues on 2.0.0. It takes that up until then. */
  readonly cronTakenUntil?: number;
}

const MINUTE = 60_000;
export const HOLD_MS = 30 * MINUTE;
const SETTLE_MS = 30_000;
const POLL_MS = 5000;
/** How long a workflow runs. */
const RUN_MS = 25_000;
/** How many rows the gate reads for rule 5. */
const NEWEST_ROWS = 2000;

/** Returns how long the gate held until it was drained, in milliseconds; undefined if it was not. */
export function holdAlong(timeline: Timeline, perMinute: number, seed: number): number | undefined {
  const gate = config({ settleMs: SETTLE_MS, pollIntervalMs: POLL_MS, timeoutMs: HOLD_MS });
  const rows = rowsOf(timeline, perMinute, seed);
  const own = rows.filter(({ version }) => version === '1.0.0').map(({ at }) => at);
  let state = initialState;
  let request = firstRequest(gate, state);
  for (let heldMs = 0; heldMs <= HOLD_MS; ) {
    const now = DATABASE_EPOCH + timeline.gateAt * MINUTE + heldMs;
    const seen = snapshotAt(now, { rows, own, since: request.startedSince, isAsked: request.newestRoots });
    const evaluation = evaluate(gate, state, seen, { began: heldMs, ended: heldMs });
    if (evaluation.drained) return heldMs;
    ({ state, next: request } = evaluation);
    if (!evaluation.provisional) heldMs += POLL_MS;
  }
  return undefined;
}

interface World {
  /** The newest last. */
  readonly rows: readonly StartedRow[];
  /** When those of 1.0.0 started. */
  readonly own: readonly number[];
  readonly since: number | undefined;
  readonly isAsked: boolean;
}

function snapshotAt(now: number, { rows, own, since = now, isAsked }: World): Snapshot {
  const after = (moment: number) => countBetween(own, moment, now);
  const pending = after(now - RUN_MS);
  const fromHere = now - MINUTE;
  const { contents, ...seen } = snapshot({
    observedAt: now,
    registrations: [registration('1.0.0', DATABASE_EPOCH - 1000 * MINUTE), registration('2.0.0', DATABASE_EPOCH)],
    inFlight: pending > 0 ? [inFlight('1.0.0', { pending })] : [],
    newestRoots: isAsked ? newestAt(now, rows) : undefined,
  });
  if (contents === undefined) throw new Error('The builder leaves nothing out.');
  const versions = [started('1.0.0', after(fromHere), after(since))];
  return { ...seen, contents: { ...contents, started: { versions, names: [], fromHere } } };
}

/** How many of these ascending times lie after one moment, and not after another. */
function countBetween(times: readonly number[], after: number, until: number): number {
  const last = times.findLastIndex((time) => time <= until);
  const first = times.findLastIndex((time) => time <= after);
  return last - first;
}

function newestAt(now: number, rows: readonly StartedRow[]) {
  const until = rows.findLastIndex(({ at }) => at <= now) + 1;
  const newest = rows.slice(Math.max(0, until - NEWEST_ROWS), until);
  return evidenceOf(newest, { reachesBack: newest.length < NEWEST_ROWS });
}

function rowsOf({ shares, gateAt, cronTakenUntil }: Timeline, perMinute: number, seed: number): readonly StartedRow[] {
  const random = randomFrom(seed);
  const end = gateAt + HOLD_MS / MINUTE;
  // What is older than the rows that are read matters to nobody, but the share that each version had.
  const from = Math.max(0, gateAt - (1.2 * NEWEST_ROWS) / perMinute);
  const rows: StartedRow[] = [];
  for (
    let minute = from + random.exponential(1 / perMinute);
    minute < end;
    minute += random.exponential(1 / perMinute)
  ) {
    const part = shares.findLast(([since]) => minute >= since)?.[1] ?? 0;
    rows.push({ version: random.chance(part) ? '1.0.0' : '2.0.0', at: DATABASE_EPOCH + minute * MINUTE });
  }
  if (cronTakenUntil === undefined) return rows;
  for (let minute = 0; minute < end; minute += 1) {
    rows.push({
      version: '2.0.0',
      at: DATABASE_EPOCH + minute * MINUTE,
      scheduled: true,
      untaken: minute > cronTakenUntil,
    });
  }
  return rows.sort((a, b) => a.at - b.at);
}
