import type { Branch, Guard, RecordedCall } from './definition.ts';

export const CONDITION: Guard = { kind: 'condition' };
export const LOOP: Guard = { kind: 'loop' };

/** What a condition says about the calls that it decides about. */
export interface Test {
  readonly whenTrue: readonly Guard[];
  readonly whenFalse: readonly Guard[];
  /** `deprecatePatch` is always true: what stands in its `else` never runs. */
  readonly isNeverFalse?: boolean;
  /** `false`, or a variable that nothing has set. */
  readonly isNeverTrue?: boolean;
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

/** The test of `true`, and of `DBOS.deprecatePatch('x')`. */
export const TRUE: Test = { whenTrue: [], whenFalse: [CONDITION], isNeverFalse: true };
export const FALSE: Test = { whenTrue: [CONDITION], whenFalse: [], isNeverTrue: true };

export function not({ whenTrue, whenFalse, isNeverFalse, isNeverTrue }: Test): Test {
  return {
    whenTrue: whenFalse,
    whenFalse: whenTrue,
    ...(isNeverFalse === true && { isNeverTrue: true }),
    ...(isNeverTrue === true && { isNeverFalse: true }),
  };
}

/** `a && b` */
export function and(left: Test, right: Test): Test {
  if (left.isNeverTrue === true || right.isNeverTrue === true) return FALSE;
  if (left.isNeverFalse === true || isSame(left, right)) return right;
  if (right.isNeverFalse === true) return left;
  return { whenTrue: once([...left.whenTrue, ...right.whenTrue]), whenFalse: [CONDITION] };
}

/** `a || b` */
export function or(left: Test, right: Test): Test {
  if (left.isNeverFalse === true || right.isNeverFalse === true) return TRUE;
  if (left.isNeverTrue === true || isSame(left, right)) return right;
  if (right.isNeverTrue === true) return left;
  return { whenTrue: [CONDITION], whenFalse: once([...left.whenFalse, ...right.whenFalse]) };
}

/** `condition ? a : b` */
export function either(condition: Test, a: Test, b: Test): Test {
  if (isSame(a, b)) return a;
  if (b.isNeverTrue === true) return and(condition, a);
  if (a.isNeverTrue === true) return and(not(condition), b);
  if (a.isNeverFalse === true) return or(condition, b);
  return b.isNeverFalse === true ? or(not(condition), a) : ANY_TEST;
}

function isSame(a: Test, b: Test): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** What holds after a branch that ends in `return` or `throw`: only patches, since other conditions keep the order. */
export function afterExit(guards: readonly Guard[]): readonly Guard[] {
  return guards.filter(({ kind }) => kind === 'patch');
}

/** Guards that one condition gives. */
const MOST_OF_TEST = 20;

function once(guards: readonly Guard[]): readonly Guard[] {
  const each = new Map(guards.map((guard) => [JSON.stringify(guard), guard]));
  return each.size > MOST_OF_TEST ? [CONDITION] : [...each.values()];
}

/** Branches around one call that are told. */
export const MOST_BRANCHES = 10;

/** A condition whose branches are told apart, and where it stands. */
export interface Choice {
  /** Empty where it is too long to compare. */
  readonly condition: string;
  /** The same of its text alone. */
  readonly text: string;
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
function placed(call: RecordedCall, isOnce: (text: string) => boolean): RecordedCall {
  const { guards } = call;
  const loop = guards.findIndex(({ kind }) => kind === 'loop');
  const branches = (loop === -1 ? guards : guards.slice(0, loop)).flatMap(({ branch }): readonly Branch[] => {
    if (branch === undefined) return [];
    return [isOnce(branch.text) ? { condition: branch.condition, way: branch.way } : ANY_BRANCH];
  });
  return { ...call, guards: withoutBranches(guards), ...(branches.length > 0 && { branches }) };
}

/** Returns the calls of a function with their branches apart. A condition that stands there twice says nothing. */
export function withBranches(calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const places = new Map<string, string | undefined>();
  for (const { branch } of calls.flatMap(({ guards }) => guards)) {
    if (branch === undefined) continue;
    const { text, at } = branch;
    places.set(text, !places.has(text) || places.get(text) === at ? at : undefined);
  }
  return calls.map((call) => placed(call, (text) => text !== '' && places.get(text) !== undefined));
}
