import type { Guard, RecordedCall } from '../source/definition.ts';

/** DBOS records a patch marker under this prefix and the patch's name. Source: `operation_outputs` of TypeScript 5.3, Python 3.4. */
export const PATCH_PREFIX = 'DBOS.patch-';

/** Returns the last part of a name, which is what another file calls it by: `pack` of `Orders.pack`. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** One row that a body records, in order. */
export interface Entry {
  /** What is compared: the SDKs compare the names at one `function_id`, and nothing else. */
  readonly key: string;
  /** `operation_outputs.function_name`; undefined where the text does not say it. */
  readonly name: string | undefined;
  /** Not every execution that comes this far records it: it stands under a condition, or in a loop, or is a timer. */
  readonly isSometimes: boolean;
  /** It is recorded when it ends: who waits in it has recorded its timer, which comes next. */
  readonly isLate: boolean;
  /** The workflow goes on without it: what comes behind it can be recorded first. */
  readonly isConcurrent: boolean;
  /** It is such a timer. */
  readonly isTimer: boolean;
  /** It stands in a loop. */
  readonly isRepeated: boolean;
  readonly call: RecordedCall;
}

/** Which patches an execution has recorded the marker of. */
export type Markers = ReadonlySet<string>;

/** Returns the name of a patch that a call asks for; undefined where it is no such call, or one by a computed name. */
export function patchOf(call: RecordedCall): string | undefined {
  const isPatch = call.kind === 'patch' || call.kind === 'deprecated-patch';
  return isPatch ? call.name?.replace(PATCH_PREFIX, '') : undefined;
}

/**
 * Returns the patches of a body, in the order of the text: those that its calls ask for, and those that stand in a guard.
 */
export function patchesOf(calls: readonly RecordedCall[]): ReadonlySet<string> {
  const inGuards = (guards: readonly Guard[]) => guards.flatMap(({ patch }) => patch ?? []);
  return new Set(calls.flatMap((call) => [patchOf(call) ?? [], inGuards(call.guards)].flat()));
}

/** Returns the patches that a body has deprecated. */
export function deprecatedPatches(calls: readonly RecordedCall[]): ReadonlySet<string> {
  return new Set(calls.flatMap((call) => (call.kind === 'deprecated-patch' ? (patchOf(call) ?? []) : [])));
}

/** Returns whether a call of another file is known to be recorded. */
export type Known = (call: RecordedCall) => string | undefined;

/**
 * Returns the rows that a body records for an execution with these markers, as far as they go into the past: where an
 * execution has recorded something behind a patch without its marker, `DBOS.patch` is false and records nothing. Where
 * it has the marker, it is true, and has the marker's row. `DBOS.deprecatePatch` is always true, and has a row where
 * the marker was recorded. Source: run with TypeScript 5.3 and Python 3.4.
 */
export function recordedList(calls: readonly RecordedCall[], markers: Markers, known: Known): readonly Entry[] {
  return reachedBy(calls, markers).flatMap((call) => {
    const patch = patchOf(call);
    if (patch !== undefined) return markers.has(patch) ? [entryOf(call, call.name)] : [];
    if (call.kind !== 'call') return entriesOf(call);
    const name = known(call);
    return name === undefined ? [] : [entryOf(call, name)];
  });
}

/** Returns the calls that executions with these markers can reach. */
export function reachedBy(calls: readonly RecordedCall[], markers: Markers): readonly RecordedCall[] {
  const deprecated = deprecatedPatches(calls);
  const isReached = ({ kind, patch, isTaken }: Guard) =>
    kind !== 'patch' || patch === undefined || (markers.has(patch) || deprecated.has(patch)) === (isTaken ?? true);
  return calls.filter(({ guards }) => guards.every(isReached));
}

/**
 * `recv` and `getEvent` take two ids: their own, which is recorded when they end, and that of a timer, which is recorded
 * as a sleep when they start to wait. Source: run with TypeScript 5.3.
 */
function entriesOf(call: RecordedCall): readonly Entry[] {
  const own = entryOf(call, call.name);
  if (call.kind !== 'receive' && call.kind !== 'event') return [own];
  return [
    { ...own, isLate: true },
    { ...entryOf(call, 'DBOS.sleep'), isSometimes: true, isTimer: true },
  ];
}

/** Returns the row of a call that has this name. */
export function entryOf(call: RecordedCall, name: string | undefined): Entry {
  const has = (kind: Guard['kind']) => call.guards.some((guard) => guard.kind === kind);
  return {
    key: name === undefined ? `?${call.kind}` : `=${name}`,
    name,
    isSometimes: has('condition') || has('loop') || (has('patch') && hasUnnamedPatch(call.guards)),
    isLate: false,
    isConcurrent: call.isConcurrent === true,
    isTimer: false,
    isRepeated: has('loop'),
    call,
  };
}

/** A patch by a computed name is a condition like any other. */
function hasUnnamedPatch(guards: readonly Guard[]): boolean {
  return guards.some(({ kind, patch }) => kind === 'patch' && patch === undefined);
}
