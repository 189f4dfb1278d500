import type { Guard } from './definition.ts';

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
