import { msg } from '../../message.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { SourceFile, WorkflowName } from '../source/definition.ts';
import { callerLimits } from './callers.ts';
import type { ChangedFile } from './changed-file.ts';
import { type Change, changesOf } from './changes.ts';
import { type Definition, definitionsOn, keyOf } from './definitions.ts';
import { type Budget, MOST_CELLS } from './difference.ts';
import type { AcceptedFinding, Finding, Review } from './finding.ts';
import { bySeverity, changedFinding, comparisons, goneFinding, type Ranked } from './findings.ts';
import { instanceLimits } from './instances.ts';
import { appearedLimits, type Judged, limitsOf } from './limits.ts';
import { type Places, placesIn } from './places.ts';
import { shownName } from './texts.ts';

export interface JudgeOptions {
  /** Deploys share a version: the new code takes over what is in flight. */
  readonly sameVersion: boolean;
}

/** Returns what the changed files do to the work in flight. It is pure, and never throws. */
export function judge(files: readonly ChangedFile[], inventory: Inventory, options: JudgeOptions): Review {
  const places = placesIn(inventory, options.sameVersion);
  const isInFlight = ({ application }: ChangedFile, name: WorkflowName) =>
    places.of(name, application).length > 0 || places.schedulesOf(name, application).length > 0;
  const before = definitionsOn(files, 'before', isInFlight);
  const registered = registeredBefore(files);
  // What was registered and is no longer cannot be registered by a file that does not change: its name says nothing now.
  const after = definitionsOn(
    files,
    'after',
    (file, name) => isInFlight(file, name) && !registered.has(keyOf(name, file.application)),
  );
  const changes = changesOf(before, after);
  const budget: Budget = { cells: MOST_CELLS };
  const judged = changes.map((change): Judged => {
    const of = places.of(change.before.workflow, change.before.file.application);
    return { change, places: of, compared: comparisons(change, places, budget) };
  });
  const found = judged.flatMap((each) => {
    const ranked = findingOf(each, places);
    const { workflow, file } = each.change.before;
    const name = keyOf(workflow, file.application);
    return ranked === undefined ? [] : [{ ...ranked, name, accepted: acceptedBy(each.change, files) }];
  });
  // The first of a name is its most severe one.
  const ordered = [...Map.groupBy(found.toSorted(bySeverity), ({ name }) => name).values()].flatMap(
    ([first]) => first ?? [],
  );
  const gone = judged.flatMap(({ change }) => {
    const isMeant = change.kind === 'deleted' && isMissed(change.before);
    const isFound = isMeant && goneFinding(change.before, undefined, places) !== undefined;
    return isFound && !isReason(acceptedBy(change, files)) ? [change.before.workflow] : [];
  });
  const appeared = appearedIn(before, after, places).filter(({ source }) => !isReason(source?.accepted));
  return {
    findings: ordered.flatMap(({ finding, accepted }) => (isReason(accepted) ? [] : remarked(finding, accepted))),
    accepted: ordered.flatMap(({ finding, accepted }): readonly AcceptedFinding[] =>
      isReason(accepted) ? [{ ...finding, reason: accepted }] : [],
    ),
    changedWorkflows: namesIn(changes.map(({ before: { workflow } }) => workflow)),
    missed: namesIn([...gone, ...appeared.filter(isUnreadBefore).map(({ workflow }) => workflow)]),
    inFlight: [...new Set(judged.flatMap((each) => each.places))].reduce((sum, { inFlight }) => sum + inFlight, 0),
    limits: [
      ...limitsOf(files, judged, inventory),
      ...appearedLimits(appeared.filter((definition) => !isUnreadBefore(definition))),
      ...callerLimits(files, places, {
        workflows: new Set([...before, ...after].flatMap(({ source }) => source ?? [])),
        compared: new Set(
          judged.flatMap(({ change, compared }) => (compared.length > 0 ? keyOf(change.before.workflow) : [])),
        ),
        found: new Set(found.map(({ finding }) => keyOf(finding.workflow))),
      }),
      ...instanceLimits(files, before, places),
    ],
  };
}

/** Names that changed files registered, where all that they register now can be read. */
function registeredBefore(files: readonly ChangedFile[]): ReadonlySet<string> {
  const isUnread = files.some(
    ({ after }) =>
      after !== undefined &&
      (after.notFollowed.length > 0 || after.registrations.some((one) => one.workflow === undefined)),
  );
  const names = isUnread ? [] : definitionsOn(files, 'before', () => false);
  return new Set(names.map(({ workflow, file }) => keyOf(workflow, file.application)));
}

function findingOf({ change, compared }: Judged, places: Places): Ranked | undefined {
  switch (change.kind) {
    case 'changed':
      return changedFinding(change.before, change.after, compared);
    case 'renamed':
      return goneFinding(change.before, change.after, places);
    case 'deleted':
      return isMissed(change.before) ? undefined : goneFinding(change.before, undefined, places);
    case 'unread':
      return undefined;
  }
}

/** In a text that was not read whole, a workflow can be missed. */
function isMissed({ file }: Definition): boolean {
  return isPartly(file.after);
}

function isPartly(source: SourceFile | undefined): boolean {
  return source?.hasErrors === true || source?.isCut === true;
}

const isUnreadBefore = ({ file }: Definition) => isPartly(file.before);

/** Workflows in flight that the changed files define now, and did not before as far as that can be read. */
function appearedIn(
  before: readonly Definition[],
  after: readonly Definition[],
  places: Places,
): readonly Definition[] {
  const key = ({ workflow, file }: Definition) => keyOf(workflow, file.application);
  const known = new Set(before.map(key));
  return after.filter(
    (definition) =>
      !known.has(key(definition)) && places.of(definition.workflow, definition.file.application).length > 0,
  );
}

function acceptedBy(change: Change, files: readonly ChangedFile[]): string | undefined {
  if (change.kind !== 'deleted') return change.after.source?.accepted;
  const { source, file } = change.before;
  // A function that is no workflow any more can still have the comment.
  const left = file.after?.functions.find(({ localName }) => localName === source?.localName);
  return left?.accepted ?? source?.accepted ?? acceptedByName(change.before, files);
}

/** A deleted workflow has no body to write in: a comment `drain-gate: accept NAME REASON` in a changed file names it. */
function acceptedByName({ workflow, file }: Definition, files: readonly ChangedFile[]): string | undefined {
  const name = shownName(workflow);
  const reasons = files.flatMap(({ application, after }) =>
    application === file.application ? (after?.accepted ?? []) : [],
  );
  const named = reasons.find(
    (reason) => reason === name || (/^[\s:,]/.test(reason.slice(name.length)) && reason.startsWith(name)),
  );
  return named?.slice(name.length).replace(/^[\s:,]+/, '');
}

function isReason(accepted: string | undefined): accepted is string {
  return accepted !== undefined && accepted.trim() !== '';
}

/** A comment that accepts without a reason accepts nothing. */
function remarked(finding: Finding, accepted: string | undefined): Finding {
  if (accepted === undefined) return finding;
  return { ...finding, message: msg`${finding.message} Its comment \`drain-gate: accept\` has no reason: write one.` };
}

/** Each name once. */
function namesIn(workflows: readonly WorkflowName[]): readonly WorkflowName[] {
  return [...new Map(workflows.map((workflow) => [keyOf(workflow), workflow])).values()];
}
