import type { Message } from '../message.ts';
import { known } from './1-known.ts';
import { inFlight } from './2-in-flight.ts';
import { starting } from './3-starting.ts';
import { openWriters } from './4-open-writers.ts';
import { live } from './5-live.ts';
import { unversioned } from './6-unversioned.ts';
import { application } from './7-application.ts';
import { keptVersions } from './8-kept-versions.ts';
import { trustedDatabase } from './9-trusted.ts';
import type { BlockerKind, Prospects, Rule } from './rule.ts';
import type { Verdict } from './verdict.ts';

/** The rule of retirement, 1 to 9. `docs/rule-of-retirement.md` says what each is for. */
export const RULES = [
  known,
  inFlight,
  starting,
  openWriters,
  live,
  unversioned,
  application,
  keptVersions,
  trustedDatabase,
] as const;

type BlockerOf<R> = R extends Rule<infer B> ? B : never;

/** One reason why a target, or the whole gate, cannot pass. */
export type Blocker = BlockerOf<(typeof RULES)[number]>;

type BlockerByKind = { readonly [B in Blocker as B['kind']]: B };

/** What is known of each kind. A kind without an entry here does not compile. */
const KINDS: { readonly [K in keyof BlockerByKind]: BlockerKind<BlockerByKind[K]> } = {
  ...known.blockers,
  ...inFlight.blockers,
  ...starting.blockers,
  ...openWriters.blockers,
  ...live.blockers,
  ...unversioned.blockers,
  ...application.blockers,
  ...keptVersions.blockers,
  ...trustedDatabase.blockers,
};

/** The blockers that each rule finds with one of its checks, in the order of the rules. */
export function findBlockers(
  check: (rule: (typeof RULES)[number]) => readonly Blocker[] | undefined,
): readonly Blocker[] {
  return RULES.flatMap((rule) => check(rule) ?? []);
}

const USUAL: Prospects = { isPastDeadline: false, canFork: true };

/** Explains what a blocker means and what to do, the input that lifts it included. */
export function explainBlocker(blocker: Blocker, prospects = USUAL): Message {
  return explainAs(blocker.kind, blocker, prospects);
}

/** The verdict that a blocker leads to while it stands, outside the timeout of a hold. */
export function verdictOf({ kind }: Blocker): Verdict {
  return KINDS[kind].verdict;
}

/** The short names of blockers, once each. Work in flight has none: its counts are shown. */
export function shortNames(blockers: readonly Blocker[]): readonly string[] {
  return [...new Set(blockers.flatMap(({ kind }) => KINDS[kind].shortName ?? []))];
}

function explainAs<K extends Blocker['kind']>(kind: K, blocker: BlockerByKind[K], prospects: Prospects): Message {
  return KINDS[kind].explain(blocker, prospects);
}
