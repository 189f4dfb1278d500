import type { RecordedCall, SourceFunction } from '../source/definition.ts';
import { type Budget, type Difference, differenceOf } from './difference.ts';
import { type Effect, effectsOf, mergedEffects } from './effects.ts';
import { withMarkers } from './executions.ts';
import type { Place } from './places.ts';
import { deprecatedPatches, type Entry, type Known, PATCH_PREFIX, patchesOf, recordedList } from './recorded-list.ts';

/** Each patch doubles the number of comparisons. */
const MOST_PATCHES = 4;

/** What comparing two texts of a workflow found, for its executions in one place. */
export interface Comparison {
  readonly effects: readonly Effect[];
  readonly limits: ComparisonLimits;
}

/** What could not be compared. */
export interface ComparisonLimits {
  /** The texts are too long to compare. */
  readonly isTooLong: boolean;
  /** Patches beyond those that are told apart. */
  readonly patches: readonly string[];
  /** Calls that now stand under other conditions, or in other loops, than before. */
  readonly otherGuards: readonly string[];
  /** Calls of other files, added or removed, of which nothing says whether DBOS records them. */
  readonly unknownCalls: readonly string[];
  /** Steps that executions recorded and the old text does not show. */
  readonly unexplained: readonly string[];
  /** A call that some executions do not come to: what decides that may have changed. */
  readonly hasConditions: boolean;
}

/** Returns what the change of a text breaks in one place. */
export function compare(before: SourceFunction, after: SourceFunction, place: Place, budget: Budget): Comparison {
  const { workflow } = place;
  const known = knownIn(workflow.steps.map(({ name }) => name));
  const patches = [...patchesOf(before.calls)];
  const told = patches.slice(0, MOST_PATCHES);
  const bySet: (readonly Effect[])[] = [];
  const differences: Difference[] = [];
  let isTooLong = false;
  for (const markers of subsetsOf(told)) {
    if (withMarkers(workflow, markers, told).high === 0) continue;
    const old = recordedList(before.calls, markers, known);
    const now = recordedList(after.calls, markers, known);
    const difference = differenceOf(old, now, budget);
    if (difference === undefined) {
      isTooLong = true;
      continue;
    }
    differences.push(difference);
    const markersBeside = ({ name, call }: Entry) =>
      withMarkers(
        workflow,
        markers,
        told.filter((patch) => !isSaidBy(patch, name ?? call.name, before.calls)),
      );
    const effects = effectsOf(difference, { workflow, old, now, markersBeside });
    bySet.push(effects.map((effect) => aboutPatch(effect, before.calls, after.calls, markers)));
  }
  const limits = {
    isTooLong,
    patches: patches.slice(MOST_PATCHES),
    ...limitsOf(before, after, place, known, differences),
  };
  return { effects: mergedEffects(bySet, place.inFlight), limits };
}

/** Whether to have recorded this name says which branch of a patch an execution took: no other branch has it. */
function isSaidBy(patch: string, name: string | undefined, calls: readonly RecordedCall[]): boolean {
  if (name === PATCH_PREFIX + patch) return true;
  // All executions take the branch of a deprecated patch.
  if (deprecatedPatches(calls).has(patch)) return false;
  const branches = calls
    .filter((call) => call.name === name)
    .map(({ guards }) => guards.find((guard) => guard.patch === patch)?.isTaken);
  return branches.length > 0 && branches[0] !== undefined && branches.every((branch) => branch === branches[0]);
}

function subsetsOf(patches: readonly string[]): readonly ReadonlySet<string>[] {
  return patches.reduce<readonly ReadonlySet<string>[]>(
    (sets, patch) => sets.flatMap((set) => [set, new Set([...set, patch])]),
    [new Set()],
  );
}

/** The names that DBOS recorded, by what a call in the text is named: the whole name, or its last part. */
function knownIn(names: readonly string[]): Known {
  const byLast = new Map(names.map((name) => [name.slice(name.lastIndexOf('.') + 1), name]));
  const all = new Set(names);
  return ({ name }) => {
    if (name === undefined) return undefined;
    return all.has(name) ? name : byLast.get(name);
  };
}

/**
 * Executions without the marker of a patch took its old branch. Where the change takes the patch away, or deprecates it,
 * they meet the new branch. `DBOS.deprecatePatch` skips the marker of those that have it, and breaks none of them.
 * Source: run with TypeScript 5.3 and Python 3.4.
 */
function aboutPatch(
  effect: Effect,
  old: readonly RecordedCall[],
  now: readonly RecordedCall[],
  markers: ReadonlySet<string>,
): Effect {
  if (effect.patch !== undefined) return effect;
  const asked = new Set([...patchesOf(now)]);
  const deprecated = deprecatedPatches(now);
  const wasDeprecated = deprecatedPatches(old);
  for (const patch of patchesOf(old)) {
    if (markers.has(patch) || wasDeprecated.has(patch)) continue;
    if (asked.has(patch) && !deprecated.has(patch)) continue;
    const isBehind = (name: string | undefined, isTaken: boolean) =>
      old.some(
        (call) => call.name === name && call.guards.some((guard) => guard.patch === patch && guard.isTaken === isTaken),
      );
    if (!isBehind(effect.instead, true) && !isBehind(effect.recorded, false)) continue;
    return { ...effect, patch, kind: deprecated.has(patch) ? 'patch-deprecated' : 'patch-removed' };
  }
  return effect;
}

function limitsOf(
  before: SourceFunction,
  after: SourceFunction,
  { workflow }: Place,
  known: Known,
  differences: readonly Difference[],
) {
  const pairs = differences.flatMap((difference) => difference.pairs);
  const guards = ({ guards }: RecordedCall) => guards.flatMap(({ kind }) => (kind === 'patch' ? [] : kind)).join(' ');
  const otherGuards = pairs
    .filter(({ before, after }) => guards(before.call) !== guards(after.call))
    .flatMap(({ after }) => after.name ?? []);
  const shown = new Set(before.calls.flatMap((call) => (call.kind === 'call' ? known(call) : call.name) ?? []));
  if (before.calls.some(({ kind }) => kind === 'receive' || kind === 'event')) shown.add('DBOS.sleep');
  const hasComputed = before.calls.some(({ name }) => name === undefined);
  const unexplained = hasComputed ? [] : workflow.steps.flatMap(({ name }) => (shown.has(name) ? [] : name));
  return {
    otherGuards: [...new Set(otherGuards)],
    unknownCalls: unknownCalls(before, after, known),
    unexplained,
    hasConditions: pairs.some(({ before }) => before.isSometimes && before.name !== 'DBOS.sleep'),
  };
}

/** Calls of other files that one side has more often than the other, and that nothing in flight has recorded. */
function unknownCalls(before: SourceFunction, after: SourceFunction, known: Known): readonly string[] {
  const count = new Map<string, number>();
  for (const [calls, one] of [[before.calls, -1] as const, [after.calls, 1] as const]) {
    for (const call of calls) {
      if (call.kind === 'call' && call.name !== undefined && known(call) === undefined) {
        count.set(call.name, (count.get(call.name) ?? 0) + one);
      }
    }
  }
  return [...count].flatMap(([name, difference]) => (difference === 0 ? [] : name));
}
