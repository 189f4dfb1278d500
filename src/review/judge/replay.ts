import type { Guard, RecordedCall } from '../source/definition.ts';
import { type Entry, type Known, patchOf, recordedList } from './recorded-list.ts';

/** How far a replay has come. */
interface Replay {
  readonly rows: readonly Entry[];
  readonly known: Known;
  /** The answers of the patches that were asked for. */
  readonly answers: Map<string, boolean>;
  /** How many ids the code has used. */
  ids: number;
}

/**
 * Returns whether an execution that recorded these rows certainly meets no other name in a body, wherever it stopped. It is
 * certain only where rows and body have no conditions, but for patches, and no waits. A patch is true where the row at its
 * id is its marker, or nothing is recorded there. Else it is false, and uses no id: to take away a step in front of it
 * turns it off. `DBOS.deprecatePatch` is always true. Source: run with TypeScript 5.3 and Python 3.4.
 */
export function replaysWell(rows: readonly Entry[], calls: readonly RecordedCall[], known: Known): boolean {
  const replay: Replay = { rows, known, answers: new Map(), ids: 0 };
  return rows.every(isAlways) && calls.every((call) => meets(call, replay));
}

/** Whether every execution with the same patches records an entry, and before what comes behind it. */
function isAlways({ isSometimes, isConcurrent }: Entry): boolean {
  return !isSometimes && !isConcurrent;
}

function meets(call: RecordedCall, replay: Replay): boolean {
  const guards = call.guards.map((guard) => isOpen(guard, replay));
  if (guards.includes(undefined)) return false;
  if (guards.includes(false)) return true;
  const patch = patchOf(call);
  if (patch !== undefined) return asks(patch, call, replay);
  const entries = recordedList([{ ...call, guards: [] }], new Set(), replay.known);
  return entries.every(({ key }) => {
    const row = replay.rows[replay.ids++];
    return row === undefined || row.key === key;
  });
}

/** Undefined where the text does not say it: of a condition, a loop, or a patch that is asked for elsewhere. */
function isOpen({ patch, isTaken = true }: Guard, { answers }: Replay): boolean | undefined {
  const answer = patch === undefined ? undefined : answers.get(patch);
  return answer === undefined ? undefined : answer === isTaken;
}

/** Notes the answer of a patch. Returns whether it is the only one: a body can ask twice. */
function asks(patch: string, { kind, name }: RecordedCall, replay: Replay): boolean {
  const isFirst = !replay.answers.has(patch);
  const row = replay.rows[replay.ids];
  const isItsRow = row === undefined || row.name === name;
  if (isItsRow) replay.ids += 1;
  replay.answers.set(patch, isItsRow || kind === 'deprecated-patch');
  return isFirst;
}
