import type { DatabaseFacts } from '../dbos/snapshot/index.ts';
import type { GateState, SettleWindow } from '../hold/state.ts';
import type { Message } from '../message.ts';
import type { RuleContext } from './context.ts';
import type { Target } from './target.ts';
import type { Verdict } from './verdict.ts';

/** What a person can do about the work on a version. */
export interface Prospects {
  /** Some of it certainly lasts past the timeout of the hold. */
  readonly isPastDeadline: boolean;
  /** A version stays that can run forks. */
  readonly canFork: boolean;
}

/** What is known about one kind of blocker, besides how it is found. */
export interface BlockerKind<B> {
  /** The verdict that it leads to while it stands, outside the timeout of a hold. */
  readonly verdict: Verdict;
  /** Its name in a line of the log. Null where that line has the counts in its place. */
  readonly shortName: string | null;
  /** Explains what it means and what to do, the input that lifts it included. */
  explain(blocker: B, prospects: Prospects): Message;
}

/**
 * One rule of retirement: how to find its blockers, and what each kind of them means. A rule has the checks that it
 * needs. Each check is pure, and returns the blockers that stand now. `evaluate.ts` also asks
 * rule 6 whether unversioned work matters.
 */
export interface Rule<B extends { readonly kind: string }> {
  readonly blockers: { readonly [K in B['kind']]: BlockerKind<Extract<B, { readonly kind: K }>> };
  /** For the whole gate, before any row is trusted. */
  checkDatabase?(database: DatabaseFacts, before: GateState): readonly B[];
  /** For the whole gate. */
  checkGate?(context: RuleContext): readonly B[];
  /** For one target. */
  checkTarget?(version: Target, context: RuleContext): readonly B[];
  /** For a target without another blocker, where nothing blocks the whole gate. Such a blocker closes its settle window. */
  checkOtherwiseIdle?(version: Target, context: RuleContext): readonly B[];
  /** Where there is no target. */
  checkNoTargets?(context: RuleContext): readonly B[];
  /** For a target without another blocker, or for no target at all. Such a blocker leaves it idle. */
  checkIdle?(window: SettleWindow | undefined, context: RuleContext): readonly B[];
  /** For the whole gate, once it is known which settle windows are open. */
  checkWindows?(windows: Iterable<SettleWindow>, context: RuleContext): readonly B[];
}
