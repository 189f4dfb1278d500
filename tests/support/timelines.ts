import type { RuleRequest, Snapshot } from '../../src/dbos/snapshot/index.ts';
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
  /** When 3.0.0 registers, and when it takes all of the traffic. In minutes since the gate started. */
  readonly next?: { readonly registersAt: number; readonly takesAt: number };
  /** The gate retires all versions but the latest, and not just 1.0.0. */
  readonly keepsLatest?: boolean;
  /** Every minute a schedule enqueues on 2.0.0. It takes that up until then. */
  readonly cronTakenUntil?: number;
}

const VERSIONS = ['1.0.0', '2.0.0', '3.0.0'];
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
  const gate = config({
    ...{ settleMs: SETTLE_MS, pollIntervalMs: POLL_MS, timeoutMs: HOLD_MS },
    ...(timeline.keepsLatest && { targets: { kind: 'all-but-latest' } }),
  });
  const rows = rowsOf(timeline, perMinute, seed);
  const startedOn = new Map(VERSIONS.map((version) => [version, rows.filter((row) => row.version === version)]));
  let state = initialState;
  let request = firstRequest(gate, state);
  for (let heldMs = 0; heldMs <= HOLD_MS; ) {
    const gateAt = DATABASE_EPOCH + timeline.gateAt * MINUTE;
    const { registersAt = Number.POSITIVE_INFINITY } = timeline.next ?? {};
    const nextAt = gateAt + registersAt * MINUTE;
    const seen = snapshotAt(gateAt + heldMs, { rows, startedOn, nextAt, request });
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
  readonly startedOn: ReadonlyMap<string, readonly StartedRow[]>;
  /** When 3.0.0 registers. */
  readonly nextAt: number;
  readonly request: RuleRequest;
}

function snapshotAt(now: number, { rows, startedOn, nextAt, request }: World): Snapshot {
  const { selection, startedSince: since = now } = request;
  const fromHere = now - MINUTE;
  const registrations = [
    registration('1.0.0', DATABASE_EPOCH - 1000 * MINUTE),
    registration('2.0.0', DATABASE_EPOCH),
    ...(now >= nextAt ? [{ ...registration('3.0.0', nextAt), registeredAt: nextAt }] : []),
  ];
  const counts = VERSIONS.filter((version) =>
    'only' in selection ? selection.only.includes(version) : !selection.except.includes(version),
  ).map((version) => {
    const own = startedOn.get(version) ?? [];
    const after = (moment: number) => countBetween(own, moment, now);
    return { version, pending: after(now - RUN_MS), created: started(version, after(fromHere), after(since)) };
  });
  const { contents, ...seen } = snapshot({
    observedAt: now,
    registrations,
    inFlight: counts.flatMap(({ version, pending }) => (pending > 0 ? [inFlight(version, { pending })] : [])),
    newestRoots: request.newestRoots
      ? newestAt(now, rows, Math.min(now >= nextAt ? nextAt : DATABASE_EPOCH, request.rootsSince ?? now))
      : undefined,
  });
  if (contents === undefined) throw new Error('The builder leaves nothing out.');
  const versions = counts
    .map(({ created }) => created)
    .filter((each) => each.sincePrevious.count + each.fromHere.count > 0);
  return { ...seen, contents: { ...contents, started: { versions, names: [], fromHere } } };
}

/** How many of these rows, the newest last, lie after one moment and not after another. */
function countBetween(rows: readonly StartedRow[], after: number, until: number): number {
  const last = rows.findLastIndex(({ at }) => at <= until);
  const first = rows.findLastIndex(({ at }) => at <= after);
  return last - first;
}

function newestAt(now: number, rows: readonly StartedRow[], since: number) {
  const from = rows.findIndex(({ at }) => at >= since);
  const until = rows.findLastIndex(({ at }) => at <= now) + 1;
  const newest = from < 0 ? [] : rows.slice(Math.max(from, until - NEWEST_ROWS), Math.max(from, until));
  return evidenceOf(newest, { reachesBack: newest.length < NEWEST_ROWS });
}

function rowsOf(
  { shares, gateAt, next, cronTakenUntil }: Timeline,
  perMinute: number,
  seed: number,
): readonly StartedRow[] {
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
    const version = random.chance(part) ? '1.0.0' : '2.0.0';
    const isMoved = next !== undefined && minute >= gateAt + next.takesAt;
    rows.push({ version: isMoved ? '3.0.0' : version, at: DATABASE_EPOCH + minute * MINUTE });
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
