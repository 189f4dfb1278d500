import type { Branch, Guard, RecordedCall } from './definition.ts';

export const CONDITION: Guard = { kind: 'condition' };
export const LOOP: Guard = { kind: 'loop' };

/** What a condition says about the calls that it decides about. */
export interface Test {
  readonly whenTrue: readonly Guard[];
  readonly whenFalse: readonly Guard[];
  /** `deprecatePatch` is always true: what stands in its `else` never runs. */
  readonly isNeverFalse?: boolean;
}

/** A condition that says nothing about patches. */
export const ANY_TEST: Test = { whenTrue: [CONDITION], whenFalse: [CONDITION] };

/** The test of `DBOS.patch('x')`. */
export function patchTest(patch: string): Test {
  return {
    whenTrue: [{ kind: 'patch', patch, isTaken: true }],
    whenFalse: [{ kind: 'patch', patch, isTaken: false }],
  };
}

/** The test of `DBOS.deprecatePatch('x')`. */
export const DEPRECATED_PATCH_TEST: Test = { whenTrue: [], whenFalse: [CONDITION], isNeverFalse: true };

export function not(test: Test): Test {
  // Code in the branch of `!deprecatePatch` never runs either, but nobody writes it.
  return { whenTrue: test.whenFalse, whenFalse: test.whenTrue };
}

/** `a && b` */
export function and(left: Test, right: Test): Test {
  return { whenTrue: once([...left.whenTrue, ...right.whenTrue]), whenFalse: [CONDITION] };
}

/** `a || b` */
export function or(left: Test, right: Test): Test {
  return { whenTrue: [CONDITION], whenFalse: once([...left.whenFalse, ...right.whenFalse]) };
}

/** What holds after a branch that ends in `return` or `throw`: only patches, since other conditions keep the order. */
export function afterExit(guards: readonly Guard[]): readonly Guard[] {
  return guards.filter(({ kind }) => kind === 'patch');
}

function once(guards: readonly Guard[]): readonly Guard[] {
  return guards.filter((guard, index) => guard.kind === 'patch' || guards.indexOf(guard) === index);
}

/** Branches around one call that are told. */
export const MOST_BRANCHES = 10;

/** A condition whose branches are told apart, and where it stands. */
export interface Choice {
  /** Empty where it is too long to compare. */
  readonly condition: string;
  readonly at: string;
}

/** Returns guards on one way of a choice. */
export function inBranch(guards: readonly Guard[], choice: Choice, way: string): readonly Guard[] {
  return hasRoomForBranch(guards) ? [...guards, { kind: 'branch', branch: { ...choice, way } }] : guards;
}

/** Whether one more branch is told. */
export function hasRoomForBranch(guards: readonly Guard[]): boolean {
  return guards.filter(({ kind }) => kind === 'branch').length < MOST_BRANCHES;
}

export function withoutBranches(guards: readonly Guard[]): readonly Guard[] {
  return guards.filter(({ kind }) => kind !== 'branch');
}

/** Returns guards of a function's body where it is called: two calls of it choose for themselves. */
export function ofCall(guards: readonly Guard[], call: number): readonly Guard[] {
  return guards.map((guard) =>
    guard.branch === undefined ? guard : { ...guard, branch: { ...guard.branch, at: `${call} ${guard.branch.at}` } },
  );
}

/** Some branch of a condition that stands there more than once. */
const ANY_BRANCH: Branch = { condition: '', way: '' };

/** Returns a call with its branches apart. In a loop an execution can run one after the other: these do not count. */
function placed(call: RecordedCall, isOnce: (condition: string) => boolean): RecordedCall {
  const { guards } = call;
  const loop = guards.findIndex(({ kind }) => kind === 'loop');
  const branches = (loop === -1 ? guards : guards.slice(0, loop)).flatMap(({ branch }): readonly Branch[] => {
    if (branch === undefined) return [];
    return [isOnce(branch.condition) ? { condition: branch.condition, way: branch.way } : ANY_BRANCH];
  });
  return { ...call, guards: withoutBranches(guards), ...(branches.length > 0 && { branches }) };
}

/** Returns the calls of a function with their branches apart. A condition that stands there twice says nothing. */
export function withBranches(calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const places = new Map<string, string | undefined>();
  for (const { branch } of calls.flatMap(({ guards }) => guards)) {
    if (branch === undefined) continue;
    const { condition, at } = branch;
    places.set(condition, !places.has(condition) || places.get(condition) === at ? at : undefined);
  }
  return calls.map((call) => placed(call, (condition) => condition !== '' && places.get(condition) !== undefined));
}
