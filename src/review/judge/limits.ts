import { counted, joined, type Message, msg, namesOf, trusted } from '../../message.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { NotFollowed, SourceFunction } from '../source/definition.ts';
import { type ChangedFile, hasCode } from './changed-file.ts';
import type { Change } from './changes.ts';
import type { ComparisonLimits } from './compare.ts';
import type { Definition } from './definitions.ts';
import type { Compared } from './findings.ts';
import type { Place } from './places.ts';
import { lastPart } from './recorded-list.ts';
import { shownName } from './texts.ts';

/** A change of a workflow that is in flight, with what comparing it showed. */
export interface Judged {
  readonly change: Change;
  readonly places: readonly Place[];
  readonly compared: readonly Compared[];
}

type Why = NotFollowed['why'];

const NOT_FOLLOWED: Readonly<Record<Why, string>> = {
  'other-file': 'Calls of other files were not followed',
  loop: 'How often a loop runs was not followed',
  'computed-name': 'Names that the code computes were not followed',
  dispatch: 'Calls by a computed name were not followed',
  recursion: 'Functions that call themselves were not followed',
  concurrent: 'The order of functions that run at the same time was not followed',
  unreadable: 'Some code could not be read',
};

/** Returns what could not be followed or read, each said once. */
export function limitsOf(
  files: readonly ChangedFile[],
  judged: readonly Judged[],
  inventory: Inventory,
): readonly Message[] {
  const inFlight = judged.filter(({ places }) => places.some((place) => place.inFlight > 0));
  return [
    ...fileLimits(files),
    ...bodyLimits(inFlight),
    ...comparisonLimits(inFlight),
    ...inventoryLimits(files, judged, inventory),
  ];
}

function fileLimits(files: readonly ChangedFile[]): readonly Message[] {
  const broken = files.filter(({ before, after }) => before?.hasErrors === true || after?.hasErrors === true);
  const unread = files.flatMap(
    (file) => (file.after ?? file.before)?.notFollowed.map((each) => ({ file, each })) ?? [],
  );
  const places = unread.map(({ file, each }) => `${file.path}:${each.line}`);
  const unnamed = files.flatMap(
    (file) =>
      (file.after ?? file.before)?.registrations.flatMap(({ workflow, line }) =>
        workflow === undefined ? `${file.path}:${line}` : [],
      ) ?? [],
  );
  const registrations = [...new Set([...places, ...unnamed])];
  return [
    ...about(
      broken,
      ({ path }) => path,
      (names) => msg`Text that the grammar does not know: ${names}. A workflow there can be missed.`,
    ),
    ...about(registrations, String, (names) => msg`Workflows whose name or function could not be read: ${names}.`),
  ];
}

function bodyLimits(judged: readonly Judged[]): readonly Message[] {
  const whys = Object.keys(NOT_FOLLOWED).filter((why): why is Why => why in NOT_FOLLOWED);
  return whys.flatMap((why) => {
    const found = judged.flatMap(({ change, places }) => {
      const known = new Set(
        places.flatMap(({ workflow }) => workflow.steps.flatMap(({ name }) => [name, lastPart(name)])),
      );
      const what = textsOf(change).flatMap((text) => notFollowedIn(text, why, known));
      return what.length === 0
        ? []
        : [{ workflow: shownName(change.before.workflow), what: what.filter((name) => name !== '') }];
    });
    const names = [...new Set(found.flatMap(({ what }) => what))];
    const listed = names.length === 0 ? trusted('') : msg` (${namesOf(names)})`;
    return about(
      found,
      ({ workflow }) => workflow,
      (workflows) => msg`${trusted(NOT_FOLLOWED[why])}${listed}, in ${workflows}.`,
    );
  });
}

function textsOf(change: Change): readonly SourceFunction[] {
  if (change.kind === 'deleted') return [];
  return [change.before.source ?? [], change.after.source ?? []].flat();
}

/** The names of what was not followed for this reason; empty for one without a name. */
function notFollowedIn(text: SourceFunction, why: Why, known: ReadonlySet<string>): readonly string[] {
  const said = text.notFollowed.flatMap((each) => (each.why === why ? (each.name ?? '') : []));
  if (why !== 'other-file') return said;
  const calls = text.calls.flatMap(({ kind, name }) => (kind === 'call' ? (name ?? '') : []));
  return [...said, ...calls].filter((name) => !known.has(name));
}

function comparisonLimits(judged: readonly Judged[]): readonly Message[] {
  const all = judged.flatMap(({ change, compared }) =>
    compared.map(({ comparison }) => ({ workflow: shownName(change.before.workflow), limits: comparison.limits })),
  );
  const having = (isMeant: (limits: ComparisonLimits) => boolean) => all.filter(({ limits }) => isMeant(limits));
  const listed = (of: (limits: ComparisonLimits) => readonly string[]) =>
    namesOf([...new Set(all.flatMap(({ limits }) => of(limits)))]);
  const nameOf = ({ workflow }: { readonly workflow: string }) => workflow;
  const unread = judged.flatMap(({ change }) => (change.kind === 'unread' ? shownName(change.before.workflow) : []));
  return [
    ...about(
      having(({ isTooLong }) => isTooLong),
      nameOf,
      (names) => msg`Too long to compare: ${names}.`,
    ),
    ...about(
      unread,
      String,
      (names) => msg`Not compared, since only one of two texts is in the change, or too many have the name: ${names}.`,
    ),
    ...about(
      having(({ patches }) => patches.length > 0),
      nameOf,
      (names) =>
        msg`Of many patches, these were taken as not recorded: ${listed(({ patches }) => patches)}, in ${names}.`,
    ),
    ...about(
      having(({ otherGuards }) => otherGuards.length > 0),
      nameOf,
      (names) =>
        msg`Under other conditions or in other loops than before: ${listed(({ otherGuards }) => otherGuards)}, in ${names}. Who recorded it can break.`,
    ),
    ...about(
      having(({ otherKinds }) => otherKinds.length > 0),
      nameOf,
      (names) =>
        msg`Steps that were workflows, or workflows that were steps, under the same name: ${listed(({ otherKinds }) => otherKinds)}, in ${names}. Who recorded it breaks, or goes on without its result.`,
    ),
    ...about(
      having(({ unknownCalls }) => unknownCalls.length > 0),
      nameOf,
      (names) =>
        msg`Added or removed calls of other files: ${listed(({ unknownCalls }) => unknownCalls)}, in ${names}. If they record steps, who is behind them can break.`,
    ),
    ...about(
      having(({ unexplained }) => unexplained.length > 0),
      nameOf,
      (names) =>
        msg`Recorded, but not found in the old text: ${listed(({ unexplained }) => unexplained)}, in ${names}.`,
    ),
    ...about(
      having(({ hasConditions }) => hasConditions),
      nameOf,
      (names) => msg`Whether conditions and loops decide as before was not followed, in ${names}.`,
    ),
  ];
}

function inventoryLimits(
  files: readonly ChangedFile[],
  judged: readonly Judged[],
  inventory: Inventory,
): readonly Message[] {
  const { omitted } = inventory;
  // A function can be a workflow by its name alone, and the names of omitted ones are not known.
  if (judged.length === 0 && !files.some(hasCode)) return [];
  const partly = judged.filter(({ places }) =>
    places.some(({ workflow, inFlight }) => workflow.stepsReadOf < inFlight),
  );
  const isGone = judged.some(({ change }) => change.kind === 'deleted' || change.kind === 'renamed');
  const nouns = {
    execution: omitted.workflows,
    'step name': omitted.steps,
    schedule: omitted.schedules,
    application: omitted.applications,
  };
  const left = Object.entries(nouns).flatMap(([noun, count]) => (count > 0 ? [counted(count, noun)] : []));
  return [
    ...about(
      partly,
      ({ change }) => shownName(change.before.workflow),
      (names) => msg`The inventory has the steps of some executions only, so counts are lower bounds, for ${names}.`,
    ),
    ...(left.length > 0 ? [msg`The inventory omits ${joined(left, ', ')}. Nothing here is about these.`] : []),
    ...(isGone && !inventory.schedulesRead
      ? [trusted('The inventory has no schedules: the role was not allowed to read them. One can call what is gone.')]
      : []),
  ];
}

/** Returns what to say of workflows in flight whose old text is in none of the changed files. */
export function appearedLimits(appeared: readonly Definition[]): readonly Message[] {
  return about(
    appeared,
    ({ workflow }) => shownName(workflow),
    (names) => msg`Not compared, since no changed file had them before: ${names}.`,
  );
}

/** One message about many, or none about nothing. Each name once. */
function about<T>(all: readonly T[], nameOf: (one: T) => string, say: (names: Message) => Message): readonly Message[] {
  const names = [...new Set(all.map(nameOf))];
  return names.length === 0 ? [] : [say(namesOf(names))];
}
