import type { Application } from '../dbos/snapshot/index.ts';
import { counted, joined, type Message, msg, number, trusted } from '../message.ts';
import { describeCounts, summed, total } from '../status-counts.ts';

/** Another application in the same system database. */
export interface OtherApplication extends Application {
  /**
   * It has work in flight, and has registered no version since the configured application registered its first. Of one
   * that has registered none, nobody knows which came first: all that have work in flight may be its former names.
   */
  readonly mayBeFormerName: boolean;
}

/** The applications beside the configured one; none where none is configured. */
export function otherApplications(
  configured: string | undefined,
  applications: readonly Application[],
): readonly OtherApplication[] {
  if (configured === undefined) return [];
  const first = applications.find(({ name }) => name === configured)?.firstRegistered ?? null;
  return applications
    .filter(({ name }) => name !== configured)
    .map((other) => ({ ...other, mayBeFormerName: mayPrecede(other, first) }));
}

/** Applications with work in flight that have registered no version since another one registered its first. */
export function possibleFormerNames(applications: readonly Application[]): readonly Application[] {
  const firsts = applications.flatMap(({ name, firstRegistered: first }) => (first === null ? [] : [{ name, first }]));
  return applications.filter((each) => firsts.some(({ name, first }) => name !== each.name && mayPrecede(each, first)));
}

/** Whether an application may be the former name of one that registered its first version then; null: it has none. */
function mayPrecede({ inFlight, newestRegistered: newest }: Application, first: number | null): boolean {
  return inFlight.length > 0 && (newest === null || first === null || newest < first);
}

/** How many versions of an application are named with their counts. */
const VERSIONS_SHOWN = 5;

/** `"shop-api" (3 workflows in flight: "1.0.0": 2 pending, 1 enqueued)`. */
export function describeApplication({ name, inFlight }: Application): Message {
  const versions = inFlight.slice(0, VERSIONS_SHOWN).map(({ version, ...counts }) => {
    return msg`${version === null ? trusted('unversioned') : msg`${version}`}: ${trusted(describeCounts(counts))}`;
  });
  const rest = inFlight.length - versions.length;
  const more = trusted(rest > 0 ? `; and ${number(rest)} more versions` : '');
  return msg`${name} (${counted(total(summed(inFlight)), 'workflow')} in flight: ${joined(versions, '; ')}${more})`;
}

/** The first few applications as `describeApplication` has them, and how many more there are. */
export function describeApplications(applications: readonly Application[]): Message {
  const shown = applications.slice(0, 3);
  const rest = applications.length - shown.length;
  const more = trusted(rest > 0 ? ` and ${number(rest)} more` : '');
  return msg`${joined(shown.map(describeApplication), ', ')}${more}`;
}

/**
 * What possible former names of the application mean, and what to do.
 *
 * @param isRegistered The application has a registration of its own. It has none where another one registered the same
 *   version before, and where its SDK registers none.
 */
export function explainFormerNames(formers: readonly Application[], isRegistered: boolean): Message {
  const isOne = formers.length === 1;
  const has = trusted(isOne ? 'has' : 'have');
  const applications = describeApplications(formers);
  return joined([
    isRegistered
      ? msg`Was this application renamed? ${applications} ${has} registered no version since this application registered its first.`
      : msg`Was this application renamed? ${applications} ${has} work in flight, and this application owns no registered version, so the gate does not know which name came first.`,
    msg`If ${trusted(
      isOne ? 'that is its former name' : 'one of them is its former name',
    )}, processes under the new name do not finish that work. Run DBOS's \`rename-application\`, or run the gate once more with \`application\` set to the former name.`,
  ]);
}
