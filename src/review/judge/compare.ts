import type { RecordedCall, SourceFunction } from '../source/definition.ts';
import { type Budget, type Difference, differenceOf, type Pair } from './difference.ts';
import { type Effect, effectsOf, mergedEffects } from './effects.ts';
import { executionsOf, occurrencesOf, withMarkers } from './executions.ts';
import type { Place } from './places.ts';
import {
  deprecatedPatches,
  type Entry,
  type Known,
  lastPart,
  PATCH_PREFIX,
  patchesOf,
  recordedList,
} from './recorded-list.ts';
import { replaysWell } from './replay.ts';
import { waitEffects } from './waits.ts';

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
  /** Recorded steps that are workflows now, or workflows that are steps, under the same name. */
  readonly otherKinds: readonly string[];
  /** Nothing is found, and a condition before something recorded may decide otherwise than before. */
  readonly hasConditions: boolean;
}

/** Returns what the change of a text breaks in one place. */
export function compare(before: SourceFunction, after: SourceFunction, place: Place, budget: Budget): Comparison {
  const { workflow } = place;
  const known = knownIn(workflow.steps.map(({ name }) => name));
  const patches = [...patchesOf(before.calls)];
  const told = patches.slice(0, MOST_PATCHES);
  const branches = branchesOf(before.calls, told);
  const about = patchChanges(before.calls, after.calls, branches);
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
    // Where a patch is asked for at another id than its marker's, the lists differ, and a replay may not.
    if (replaysWell(old, after.calls, known)) {
      bySet.push([]);
      continue;
    }
    const markersBeside = ({ name }: Entry) =>
      withMarkers(
        workflow,
        markers,
        told.filter((patch) => !isSaidBy(patch, name, branches)),
      );
    const compared = { workflow, old, now, occurrences: occurrencesOf(old), markersBeside };
    const effects = effectsOf(difference, compared).map((effect) => aboutPatch(effect, about, markers));
    const atWaits = waitEffects(difference, { before: before.calls, after: after.calls, markers }, compared);
    // What breaks all that came to a wait breaks who waits in it.
    const isSaid = ({ removed: [wait] }: Effect) => effects.some(({ removed }) => wait && removed.includes(wait));
    bySet.push([...effects, ...atWaits.filter((effect) => !isSaid(effect))]);
  }
  const effects = mergedEffects(bySet, place.inFlight);
  const limits = limitsOf(before, after, place, known, differences);
  return {
    effects,
    limits: {
      ...limits,
      isTooLong,
      patches: patches.slice(MOST_PATCHES),
      // A finding says that it breaks: that a condition can break it, too, changes nothing.
      hasConditions: limits.hasConditions && effects.length === 0,
    },
  };
}

/** The names that only one branch of a patch records, and what all others record. */
interface Branches {
  readonly taken: ReadonlySet<string>;
  readonly notTaken: ReadonlySet<string>;
  /** A name that stands outside of its branches, too, or in both. */
  readonly elsewhere: ReadonlySet<string>;
}

function branchesOf(calls: readonly RecordedCall[], patches: readonly string[]): ReadonlyMap<string, Branches> {
  const deprecated = deprecatedPatches(calls);
  return new Map(
    patches.map((patch) => {
      const [taken, notTaken, outside] = [new Set<string>(), new Set<string>(), new Set<string>()];
      for (const { name, guards } of calls) {
        const guard = guards.find((each) => each.patch === patch);
        const branch = guard === undefined ? outside : guard.isTaken === false ? notTaken : taken;
        if (name !== undefined) branch.add(name);
      }
      // All executions take the branch of a deprecated patch.
      const both = [...taken].filter((name) => notTaken.has(name) || deprecated.has(patch));
      return [patch, { taken, notTaken, elsewhere: new Set([...outside, ...both]) }];
    }),
  );
}

/** Whether to have recorded this name says which branch of a patch an execution took: no other branch has it. */
function isSaidBy(patch: string, name: string | undefined, all: ReadonlyMap<string, Branches>): boolean {
  if (name === PATCH_PREFIX + patch) return true;
  const branches = all.get(patch);
  if (branches === undefined || name === undefined || branches.elsewhere.has(name)) return false;
  return branches.taken.has(name) || branches.notTaken.has(name);
}

function subsetsOf(patches: readonly string[]): readonly ReadonlySet<string>[] {
  return patches.reduce<readonly ReadonlySet<string>[]>(
    (sets, patch) => sets.flatMap((set) => [set, new Set([...set, patch])]),
    [new Set()],
  );
}

/** The names that DBOS recorded, by what a call in the text is named: the whole name, or its last part. */
function knownIn(names: readonly string[]): Known {
  const byLast = new Map(names.map((name) => [lastPart(name), name]));
  const all = new Set(names);
  return ({ name }) => {
    if (name === undefined) return undefined;
    return all.has(name) ? name : byLast.get(name);
  };
}

/** A patch that a change takes away or deprecates. */
interface PatchChange {
  readonly patch: string;
  readonly kind: 'patch-deprecated' | 'patch-removed';
  readonly branches: Branches;
}

function patchChanges(
  old: readonly RecordedCall[],
  now: readonly RecordedCall[],
  all: ReadonlyMap<string, Branches>,
): readonly PatchChange[] {
  const asked = patchesOf(now);
  const deprecated = deprecatedPatches(now);
  const wasDeprecated = deprecatedPatches(old);
  return [...all].flatMap(([patch, branches]): readonly PatchChange[] => {
    const isKept = asked.has(patch) && !deprecated.has(patch);
    if (isKept || wasDeprecated.has(patch)) return [];
    return [{ patch, branches, kind: deprecated.has(patch) ? 'patch-deprecated' : 'patch-removed' }];
  });
}

/**
 * Executions without the marker of a patch took its old branch. Where the change takes the patch away, or deprecates it,
 * they meet the new branch. `DBOS.deprecatePatch` skips the marker of those that have it, and breaks none of them.
 * Source: run with TypeScript 5.3 and Python 3.4.
 */
function aboutPatch(effect: Effect, changes: readonly PatchChange[], markers: ReadonlySet<string>): Effect {
  if (effect.patch !== undefined) return effect;
  const { recorded, instead } = effect;
  const change = changes.find(({ patch, branches }) => {
    const meetsNew = instead !== undefined && branches.taken.has(instead);
    return !markers.has(patch) && (meetsNew || branches.notTaken.has(recorded));
  });
  return change === undefined ? effect : { ...effect, patch: change.patch, kind: change.kind };
}

function limitsOf(
  before: SourceFunction,
  after: SourceFunction,
  place: Place,
  known: Known,
  differences: readonly Difference[],
) {
  const { workflow } = place;
  const pairs = differences.flatMap((difference) => difference.pairs);
  const guards = ({ guards }: RecordedCall) => guards.flatMap(({ kind }) => (kind === 'patch' ? [] : kind)).join(' ');
  const otherGuards = pairs
    .filter(({ before, after }) => guards(before.call) !== guards(after.call))
    .flatMap(({ after }) => after.name ?? []);
  const shown = new Set(before.calls.flatMap((call) => (call.kind === 'call' ? known(call) : call.name) ?? []));
  if (before.calls.some(({ kind }) => kind === 'receive' || kind === 'event')) shown.add('DBOS.sleep');
  const hasComputed = before.calls.some(({ name }) => name === undefined);
  const unexplained = hasComputed ? [] : workflow.steps.flatMap(({ name }) => (shown.has(name) ? [] : name));
  const isAny = unexplained.length > 0 || workflow.stepsReadOf < place.inFlight;
  const otherKinds = pairs.flatMap(({ before, after }) => {
    const isOther = (before.call.kind === 'child') !== (after.call.kind === 'child');
    const isTold = before.call.kind !== 'call' && after.call.kind !== 'call';
    return isOther && isTold && isRecorded(before, place, isAny) ? (before.name ?? []) : [];
  });
  return {
    otherGuards: [...new Set(otherGuards)],
    otherKinds: [...new Set(otherKinds)],
    unknownCalls: unknownCalls(before, after, known),
    unexplained,
    hasConditions:
      differences.some(({ pairs }) => decidesOnRecorded(pairs, place, isAny)) ||
      differences.some(({ gaps }) => gaps.some(({ removed, inserted }) => [...removed, ...inserted].some(isInBranch))),
  };
}

/**
 * Whether a condition stands before something that is recorded: what comes later is new to all that is in flight. A
 * condition that leaves a function, and that only one of the texts has, decides about all that is behind it.
 */
function decidesOnRecorded(pairs: readonly Pair[], place: Place, isAny: boolean): boolean {
  const last = pairs.findLastIndex(({ before }) => isRecorded(before, place, isAny));
  return pairs
    .slice(0, last + 1)
    .some(
      ({ before, after }) =>
        (before.isSometimes && before.name !== 'DBOS.sleep') || branchesOfCall(before) !== branchesOfCall(after),
    );
}

function branchesOfCall({ call: { branches = [] } }: Entry): string {
  return JSON.stringify(branches);
}

/** Whether an execution can have recorded an entry. */
function isRecorded({ name }: Entry, { workflow }: Place, isAny: boolean): boolean {
  return isAny || name === undefined || name.startsWith(PATCH_PREFIX) || executionsOf(workflow, name).length > 0;
}

/** What is said of a branch holds only while its condition decides as before. */
function isInBranch({ call }: Entry): boolean {
  return call.branches !== undefined;
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
