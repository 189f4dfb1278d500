import type { FoundVersion } from '../dbos/snapshot/index.ts';
import { isCut, LONGEST_NAME_BYTES } from '../long-names.ts';
import { joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { type Closeness, closeNamesAmong, isUnfilled } from './close-names.ts';
import type { RuleContext } from './context.ts';
import type { Rule } from './rule.ts';
import { registeredHint } from './wording.ts';

/** A known version that an unknown one is close to. */
export interface CloseVersion extends FoundVersion {
  /** `same`: another application has this very version. */
  readonly how: Closeness | 'same';
}

/** A target without any trace in this system database. */
export interface UnknownVersion {
  readonly kind: 'unknown-version';
  /** `not-yet`: the history is still to be searched. `timed-out`: the search did not finish. */
  readonly searched: 'not-yet' | 'timed-out' | 'whole-history';
  /** A script or an expression left the name unfilled. */
  readonly unfilled: boolean;
  /** The known versions that it is closest to. With any, it is a mistake. */
  readonly close: readonly CloseVersion[];
  readonly registered: readonly string[];
  /** It is a long name, or there is one that it would have to be compared with. */
  readonly long: boolean;
}

/** Rule 1: a target is registered, or some row of any status carries it. */
export const known: Rule<UnknownVersion> = {
  checkTarget(version, context) {
    const unknown = version === null ? undefined : unknownVersion(version, context);
    return unknown === undefined || isPassed(unknown, context) ? [] : [unknown];
  },

  blockers: { 'unknown-version': { verdict: 'unknown-version', shortName: 'unknown version', explain } },
};

/** Whether `on-unknown: pass` lifts the rule: all of the history has no trace of the version, nor of a close name. */
function isPassed({ searched, unfilled, long, close }: UnknownVersion, { config }: RuleContext): boolean {
  return config.onUnknown === 'pass' && searched === 'whole-history' && !unfilled && !long && close.length === 0;
}

/** Returns a function that finds the versions that an unknown one is close to, among those that a search found. */
export function closeVersionsAmong(found: readonly FoundVersion[]): (version: string) => readonly CloseVersion[] {
  const closeNames = closeNamesAmong(found.map(({ version }) => version));
  return (version) => {
    const close = closeNames(version);
    return found.flatMap((each) => {
      const isStrangers = each.version === version && each.stranger !== null;
      const how = isStrangers ? 'same' : close.get(each.version);
      return how === undefined ? [] : [{ ...each, how }];
    });
  };
}

function unknownVersion(version: string, { state, index }: RuleContext): UnknownVersion | undefined {
  if (state.known.has(version)) return undefined;
  const registered = index.registered.map((registration) => registration.version);
  const search = state.searches.get(version);
  const own = [...index.registeredCloseTo(version)].map(([name, how]) => ({ version: name, stranger: null, how }));
  const searched = search === undefined ? 'not-yet' : search.complete ? 'whole-history' : 'timed-out';
  return {
    ...{ kind: 'unknown-version', searched, unfilled: isUnfilled(version), registered },
    long: isCut(version) || registered.some(isCut) || (search?.foundLong ?? false),
    close: closest([...own, ...(search?.close ?? [])]),
  };
}

const CLOSEST_FIRST = ['same', 'spelling', 'v', 'hash', 'part'] as const;

/** Those of this application if there are any, and of those the closest, each once. */
function closest(versions: readonly CloseVersion[]): readonly CloseVersion[] {
  const own = versions.filter(({ stranger }) => stranger === null);
  const candidates = own.length > 0 ? own : versions;
  const how = CLOSEST_FIRST.find((each) => candidates.some((candidate) => candidate.how === each));
  const chosen = candidates.filter((candidate) => candidate.how === how);
  return [...new Map(chosen.map((each) => [JSON.stringify([each.version, each.stranger]), each])).values()];
}

function explain({ unfilled, close, searched, registered, long }: UnknownVersion): Message {
  if (close.length > 0) return joined([explainClose(close), BEYOND_PASSING]);
  if (unfilled) {
    return joined([
      msg`It is not a version. A script or an expression left this text where a value is missing. Correct what sets \`retire-version\`.`,
      BEYOND_PASSING,
    ]);
  }
  if (searched === 'not-yet') return msg`It is not registered. The gate is still searching the history for it.`;
  const outcome =
    searched === 'timed-out'
      ? msg`It is not registered, and searching the history for it took longer than \`poll-timeout\`. Raise \`poll-timeout\`, or check the name.`
      : msg`This system database has never seen it. The likely cause is a typo (unquoted in YAML, 1.10 is 1.1) or the wrong database.`;
  if (long) return joined([outcome, LONG_NAMES]);
  return joined([
    outcome,
    msg`To accept versions that never ran here, set \`on-unknown: pass\`.${registeredHint(registered)}`,
  ]);
}

const LONG_NAMES = msg`Its name, or a name in the history, is longer than ${LONGEST_NAME_BYTES} bytes. The gate compares such names by their hashes, so it cannot notice a typo in them. \`on-unknown: pass\` does not accept them.`;

const BEYOND_PASSING = trusted('`on-unknown: pass` does not accept such a mistake.');

/** The known versions that it is close to, why, and what to correct. */
function explainClose(close: readonly CloseVersion[]): Message {
  const strangers = [...new Set(close.flatMap(({ stranger }) => stranger ?? []))];
  const how = close[0]?.how ?? 'same';
  if (how === 'same') {
    return msg`It belongs to ${applicationsOf(strangers)}, and this application has never used it. Is \`application\` right?`;
  }
  const names = [...new Set(close.map(({ version }) => version))];
  const differs = msg`This system database has never seen it. Did you mean ${namesOf(names)}? ${trusted(DIFFERENCES[how])}`;
  if (strangers.length === 0) return differs;
  return msg`${differs} That version belongs to ${applicationsOf(strangers)}. Is \`application\` right?`;
}

function applicationsOf(owners: readonly string[]): Message {
  return msg`the ${trusted(owners.length === 1 ? 'application' : 'applications')} ${namesOf(owners)}`;
}

const DIFFERENCES: Readonly<Record<Closeness, string>> = {
  spelling:
    'Only case, whitespace, quotes or invisible characters differ. Names are compared exactly: correct the version.',
  v: 'Only a leading `v` differs. Names are compared exactly: correct the version.',
  hash: 'The same hash is known here in another length. Write it as it is known here.',
  part: '`retire-version` takes one version per line, without bullets, commas, comments or prefixes.',
};
