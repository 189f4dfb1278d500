import { type Sdk, sdkIn, sdksWithout } from '../dbos/sdk.ts';
import type { GateState } from '../hold/state.ts';
import { msg, namesOf, trusted } from '../message.ts';
import type { RuleContext } from './context.ts';
import type { Rule } from './rule.ts';
import type { SnapshotIndex } from './snapshot-index.ts';
import { registeredHint, suchAs } from './wording.ts';

/** How far the search for a kept version has come. `registrations`: others are registered, so it would be too. */
type Searched = 'registrations' | 'not-yet' | 'timed-out' | 'whole-history';

/** What can be wrong about the versions to keep. */
export type KeptVersionProblem =
  | {
      readonly kind: 'kept-version-unknown';
      readonly versions: readonly string[];
      readonly searched: Searched;
      readonly registered: readonly string[];
      /** Known versions that they are close to. */
      readonly close: readonly string[];
    }
  | { readonly kind: 'no-latest-version'; readonly sdk: Sdk | undefined }
  /** A process that has no version has registered, and is the latest. */
  | { readonly kind: 'empty-latest-version'; readonly sdk: Sdk | undefined };

/** How long `wait` gives a kept version to appear: the new version may still be starting. In milliseconds. */
export const KEPT_VERSION_GRACE_MS = 120_000;

/** Rule 8: each kept version is registered or, where nothing is, some row carries it. `targets.ts` resolves `latest`. */
export const keptVersions: Rule<KeptVersionProblem> = {
  checkGate({ config, state, index }) {
    if (config.targets.kind === 'named' || config.targets.kind === 'none') return [];
    const sdk = sdkIn(state.serializations);
    if (state.kept === undefined) return [{ kind: 'no-latest-version', sdk }];
    const isEmpty = config.targets.kind === 'all-but-latest' && index.latest.has('');
    if (isEmpty) return [{ kind: 'empty-latest-version', sdk }];
    return unknownKeptVersions(state.kept, state, index);
  },

  blockers: {
    'kept-version-unknown': {
      verdict: 'unknown-version',
      shortName: 'a kept version is not registered',
      explain: ({ versions, searched, registered, close }) =>
        msg`${trusted(versions.length === 1 ? 'A version to keep is' : 'Versions to keep are')} ${trusted(
          SEARCHED[searched],
        )}: ${namesOf(versions)}.${close.length > 0 ? msg` Did you mean ${namesOf(close)}?` : []} With a typo here, the live version itself would be retired. Correct \`keep-version\`, or run the gate after the new version has launched.${registeredHint(
          registered,
        )}`,
    },
    'no-latest-version': {
      verdict: 'error',
      shortName: 'no latest version',
      explain: ({ sdk }) =>
        msg`\`keep-version: latest\` cannot be resolved: no application version is registered here (${trusted(sdksWithout('registers', sdk))} register none). Name the versions to keep instead.`,
    },
    'empty-latest-version': {
      verdict: 'error',
      shortName: 'the latest version is empty',
      explain: ({ sdk }) =>
        msg`\`keep-version: latest\` cannot be resolved: the latest version registered here is the empty string. A process without a version registered it${suchAs(sdk?.withoutVersion)}. Give that process a version (\`DBOS__APPVERSION\`), or name the versions to keep instead.`,
    },
  },
};

const SEARCHED: Readonly<Record<Searched, string>> = {
  registrations: 'not registered',
  'not-yet': 'not registered (still searching the history)',
  'timed-out': 'not registered, and searching the history took longer than `poll-timeout`',
  'whole-history': 'never seen in this system database',
};

/** The kept versions to search the history for: once, and once more when the grace period has passed. */
export function keptVersionsToSearch({ state, index, time }: RuleContext): readonly string[] {
  if (index.registered.length > 0) return [];
  return (state.kept ?? []).filter((version) => {
    if (state.known.has(version)) return false;
    const search = state.searches.get(version);
    return search === undefined || (time.ended >= KEPT_VERSION_GRACE_MS && search.at < KEPT_VERSION_GRACE_MS);
  });
}

function unknownKeptVersions(
  kept: readonly string[],
  state: GateState,
  index: SnapshotIndex,
): readonly KeptVersionProblem[] {
  const registered = index.registered.map(({ version }) => version);
  const unknown = (versions: readonly string[], searched: Searched): readonly KeptVersionProblem[] => {
    if (versions.length === 0) return [];
    const found = versions.flatMap((version) => state.searches.get(version)?.close ?? []);
    const close = new Set([
      ...versions.flatMap((version) => [...index.registeredCloseTo(version).keys()]),
      ...found.filter(({ stranger }) => stranger === null).map(({ version }) => version),
    ]);
    return [{ kind: 'kept-version-unknown', versions, searched, registered, close: [...close] }];
  };
  if (registered.length > 0) {
    const versions = kept.filter((version) => !registered.includes(version));
    return unknown(versions, 'registrations');
  }
  const versions = kept.filter((version) => !state.known.has(version));
  const searches = versions.map((version) => state.searches.get(version));
  if (searches.includes(undefined)) return unknown(versions, 'not-yet');
  return unknown(versions, searches.every((search) => search?.complete) ? 'whole-history' : 'timed-out');
}
