import type { GateConfig } from '../config.ts';
import { applicationNotSeen } from '../dbos/owners.ts';
import type { Application } from '../dbos/snapshot/index.ts';
import { msg, namesOf, trusted } from '../message.ts';
import { isAnotherServer } from './9-trusted.ts';
import { describeApplications, possibleFormerNames } from './former-names.ts';
import type { Rule } from './rule.ts';

/** What can be wrong about the application. */
export type WrongApplication =
  | {
      readonly kind: 'application-not-seen';
      readonly application: string;
      readonly owners: readonly string[];
    }
  | {
      readonly kind: 'several-applications';
      readonly owners: readonly string[];
      /** Those that may be former names of another one. */
      readonly formers: readonly Application[];
    }
  /** A registration that was here at an earlier poll is gone, or belongs to another application. */
  | { readonly kind: 'registration-gone'; readonly versions: readonly string[] };

/** Several owners, and none is chosen. */
export function severalApplications(
  { application: chosen }: Pick<GateConfig, 'application'>,
  owners: readonly string[],
  applications: readonly Application[] = [],
): readonly (WrongApplication & { readonly kind: 'several-applications' })[] {
  if (chosen !== undefined || owners.length < 2) return [];
  return [{ kind: 'several-applications', owners, formers: possibleFormerNames(applications) }];
}

/** Rule 7: the application is the right one. A wrong name would hide everything. */
export const application: Rule<WrongApplication> = {
  checkGate({ config, before, database, index }) {
    const { applicationSeen, owners, applications } = index.contents;
    if (config.application !== undefined && !applicationSeen) {
      return [{ kind: 'application-not-seen', application: config.application, owners }];
    }
    const several = severalApplications(config, owners, applications);
    if (several.length > 0) return several;
    // DBOS deletes no registration. Rule 9 asks another server for all that were there.
    if (isAnotherServer(before, database)) return [];
    const named = [...before.targets, ...(before.kept ?? [])].filter((version) => version !== null);
    const versions = named.filter((version) => before.registered.has(version) && !index.registrations.has(version));
    return versions.length > 0 ? [{ kind: 'registration-gone', versions }] : [];
  },

  blockers: {
    'application-not-seen': {
      verdict: 'error',
      shortName: 'application not seen',
      explain: ({ application, owners }) => applicationNotSeen(application, owners),
    },
    'several-applications': {
      verdict: 'error',
      shortName: 'several applications',
      explain: ({ owners, formers }) => {
        const rename =
          formers.length > 0
            ? msg` Was the application renamed? ${describeApplications(formers)} registered no version after another one registered its first. If that is the former name, run DBOS's \`rename-application\`, or run the gate once for each name.`
            : trusted('');
        return msg`Several applications share this system database: ${namesOf(
          owners,
        )}. Set \`application\` to the one that you are deploying.${rename}`;
      },
    },
    'registration-gone': {
      verdict: 'error',
      shortName: 'a registration is gone',
      explain: ({ versions }) =>
        msg`The registration of ${namesOf(
          versions,
        )} was here at an earlier poll. Now it is gone, or belongs to another application. Was the application renamed? Rerun the gate with its new name.`,
    },
  },
};
