import { joined, type Message, msg, namesOf } from '../message.ts';
import type { RuleContext } from './context.ts';
import type { Rule } from './rule.ts';
import { registeredHint } from './wording.ts';

/** A target without any trace in this system database. */
export interface UnknownVersion {
  readonly kind: 'unknown-version';
  /** `not-yet`: the history is still to be searched. `timed-out`: the search did not finish. */
  readonly searched: 'not-yet' | 'timed-out' | 'whole-history';
  /** Known versions that differ from it in case or white space only. */
  readonly similar: readonly string[];
  readonly registered: readonly string[];
}

/** Rule 1: a target is registered, or some row of any status carries it. */
export const known: Rule<UnknownVersion> = {
  checkTarget(version, context) {
    const unknown = unknownVersion(version, context);
    return unknown === undefined ? [] : [unknown];
  },

  blockers: { 'unknown-version': { verdict: 'unknown-version', shortName: 'unknown version', explain } },
};

/** Whether `on-unknown: pass` lets the gate leave out a target: all of the history has no trace of it. */
export function isSkipped(version: string, context: RuleContext): boolean {
  const unknown = unknownVersion(version, context);
  return context.config.onUnknown === 'pass' && unknown?.searched === 'whole-history' && unknown.similar.length === 0;
}

/** Whether two different names are equal in all but case and white space. */
export function isSimilar(a: string, b: string): boolean {
  const normal = (text: string) => text.replace(/\s/g, '').toLowerCase();
  return a !== b && normal(a) === normal(b);
}

function unknownVersion(version: string, { state, index }: RuleContext): UnknownVersion | undefined {
  if (state.known.has(version)) return undefined;
  const registered = index.registered.map((registration) => registration.version);
  const search = state.searches.get(version);
  const similar = new Set([...registered.filter((other) => isSimilar(other, version)), ...(search?.similar ?? [])]);
  const searched = search === undefined ? 'not-yet' : search.complete ? 'whole-history' : 'timed-out';
  return { kind: 'unknown-version', searched, similar: [...similar], registered };
}

function explain({ similar, searched, registered }: UnknownVersion): Message {
  if (similar.length > 0) {
    return msg`This system database has never seen it, but knows ${namesOf(
      similar,
    )}, which differs in case or white space only. Correct the version: names are compared exactly.`;
  }
  if (searched === 'not-yet') return msg`It is not registered; the history is being searched for it.`;
  const outcome =
    searched === 'timed-out'
      ? msg`It is not registered, and the search of the history for it did not finish within \`poll-timeout\`: raise that, or check the name.`
      : msg`This system database has never seen it, most often because of a typo (unquoted in YAML, 1.10 is 1.1) or the wrong database.`;
  return joined([
    outcome,
    msg`If a version without any trace is all right, set \`on-unknown: pass\`.${registeredHint(registered)}`,
  ]);
}
