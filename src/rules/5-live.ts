import { msg, namesOf, trusted } from '../message.ts';
import type { Rule } from './rule.ts';

/** The target is the latest version of its application. */
export interface Live {
  readonly kind: 'live';
  /** Other registered versions, which could become the latest. */
  readonly alternatives: readonly string[];
}

/** Rule 5: a target is not the latest version, to which DBOS sends schedules and unversioned queue items. */
export const live: Rule<Live> = {
  checkTarget(version, { config, index }) {
    if (config.onLive === 'ignore' || !index.latest.has(version)) return [];
    const alternatives = index.registered.map((other) => other.version).filter((other) => other !== version);
    return [{ kind: 'live', alternatives }];
  },

  blockers: {
    live: {
      verdict: 'still-live',
      shortName: 'still the latest version',
      explain({ alternatives }) {
        const registered = alternatives.length > 0 ? msg` (registered: ${namesOf(alternatives)})` : trusted('');
        return msg`It is still the latest version of its application, so schedules and unversioned queue items still go to it. Is it the version that you mean? If so, launch the new version first; after a rollback, promote the version that stays with DBOS's setLatestApplicationVersion${registered}. \`on-live: ignore\` lifts this rule.`;
      },
    },
  },
};
