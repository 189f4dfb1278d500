import { joined, type Message, msg, namesOf, trusted } from '../../message.ts';
import type { SourceFile, SourceFunction } from '../source/definition.ts';
import type { ChangedFile } from './changed-file.ts';
import { keyOf } from './definitions.ts';
import type { Place, Places } from './places.ts';
import { lastPart } from './recorded-list.ts';
import { shownName } from './texts.ts';

/** What the judge already knows about the workflows of the change. */
export interface Known {
  /** Functions that are workflows, of both sides. */
  readonly workflows: ReadonlySet<SourceFunction>;
  /** Keys of the workflows of which both texts were compared. */
  readonly compared: ReadonlySet<string>;
  /** Keys of the workflows that have a finding. */
  readonly found: ReadonlySet<string>;
}

/**
 * Returns what the change does to functions and steps whose callers it does not have: such a caller can be a workflow in
 * a file that does not change, and breaks with them. Only what work in flight has recorded counts.
 */
export function callerLimits(files: readonly ChangedFile[], places: Places, known: Known): readonly Message[] {
  return [...functionLimits(files, places, known), ...stepLimits(files, places, known)];
}

function functionLimits(files: readonly ChangedFile[], places: Places, known: Known): readonly Message[] {
  const successorOf = successors(files);
  const recordersIn = byApplication(files, (application) => recorders(places.all(application), lastPart));
  const changed = files.flatMap((file) => {
    const recordersOf = recordersIn(file);
    const isFollowed = follows(file.before);
    return (file.before?.functions ?? []).flatMap((before) => {
      if (known.workflows.has(before) || recordedBy(before) === recordedBy(successorOf(file, before))) return [];
      const steps = stepsOf(before);
      const callers = recordersOf(steps).filter(({ workflow }) => !known.compared.has(keyOf(workflow)));
      // Who calls it has recorded its steps, where these have names of their own.
      const isReached =
        callers.length > 0 || (steps.length === 0 && places.all(file.application).length > 0 && !isFollowed(before));
      return isReached ? [{ name: `${before.localName} in ${file.path}`, callers }] : [];
    });
  });
  if (changed.length === 0) return [];
  const names = [...new Set(changed.map(({ name }) => name))];
  const callers = changed.flatMap((each) => each.callers);
  const what = msg`Functions that record something else now, or nothing, and whose callers the change does not show: ${namesOf(names)}.`;
  const who =
    callers.length === 0
      ? trusted('A workflow in flight that calls them can break.')
      : msg`Steps of theirs were recorded by ${workflowsOf(callers)}, which can break.`;
  return [joined([what, who])];
}

function stepLimits(files: readonly ChangedFile[], places: Places, known: Known): readonly Message[] {
  const now = new Set(files.flatMap(({ after }) => (after === undefined ? [] : stepsIn(after))));
  const recordersIn = byApplication(files, (application) => recorders(places.all(application), String));
  const gone = files.flatMap((file) =>
    (file.before?.steps ?? []).flatMap((name) => {
      if (now.has(name)) return [];
      const callers = recordersIn(file)([name]).filter(({ workflow }) => !known.found.has(keyOf(workflow)));
      return callers.length === 0 ? [] : [{ name, callers }];
    }),
  );
  if (gone.length === 0) return [];
  const names = [...new Set(gone.map(({ name }) => name))];
  const callers = workflowsOf(gone.flatMap((each) => each.callers));
  return [
    msg`Steps that have another name now, or none: ${namesOf(names)}. They were recorded by ${callers}, which can break.`,
  ];
}

/** The names of the steps that a file registers, and of those that it runs without that. */
function stepsIn({ steps, workflows, functions }: SourceFile): readonly string[] {
  const calls = [...workflows, ...functions].flatMap((each) => each.calls);
  return [...steps, ...calls.flatMap(({ kind, name }) => (kind === 'step' ? (name ?? []) : []))];
}

/** Returns a function that gives what a function is now: in its file, in one that it moved to, or under a new name. */
function successors(files: readonly ChangedFile[]) {
  const after = files.flatMap((file) => (file.after?.functions ?? []).map((source) => ({ file, source })));
  const byName = Map.groupBy(after, ({ source }) => source.localName);
  const old = new Set(files.flatMap((file) => file.before?.functions ?? []).map(({ localName }) => localName));
  const added = after.filter(({ source }) => !old.has(source.localName));
  const byText = new Map(added.map(({ source }) => [source.fingerprint, source]));
  return (file: ChangedFile, { localName, fingerprint }: SourceFunction): SourceFunction | undefined => {
    const same = byName.get(localName);
    return (same?.find((each) => each.file === file) ?? same?.[0])?.source ?? byText.get(fingerprint);
  };
}

/** What a function records, to compare. One that is gone, or records nothing any more, is in no list. */
function recordedBy(source: SourceFunction | undefined): string {
  return JSON.stringify((source?.calls ?? []).map(({ kind, name, guards }) => [kind, name, guards]));
}

/** Returns whether a workflow of the file calls a function: then calls of the workflow stand in the function's text. */
function follows(file: SourceFile | undefined): (source: SourceFunction) => boolean {
  const lines = new Set(file?.workflows.flatMap(({ calls }) => calls.map(({ line }) => line)));
  return ({ calls }) => calls.some(({ line }) => lines.has(line));
}

/** The names of steps and workflows in a text, without those of DBOS. */
function stepsOf({ calls }: SourceFunction): readonly string[] {
  return calls.flatMap(({ name }) => (name === undefined || name.startsWith('DBOS.') ? [] : lastPart(name)));
}

/** Works something out once per application: a pull request has many files. */
function byApplication<T>(files: readonly ChangedFile[], of: (application: string | undefined) => T) {
  const known = new Map([...new Set(files.map(({ application }) => application))].map((each) => [each, of(each)]));
  return ({ application }: ChangedFile): T => known.get(application) ?? of(application);
}

/** Returns a function that gives the places with executions that recorded one of some names. */
function recorders(places: readonly Place[], partOf: (name: string) => string) {
  const byStep = new Map<string, Place[]>();
  for (const place of places) {
    for (const { name } of place.workflow.steps) {
      const known = byStep.get(partOf(name));
      if (known === undefined) byStep.set(partOf(name), [place]);
      else known.push(place);
    }
  }
  return (names: readonly string[]) => [...new Set(names.flatMap((name) => byStep.get(name) ?? []))];
}

function workflowsOf(places: readonly Place[]): Message {
  return namesOf([...new Set(places.map(({ workflow }) => shownName(workflow)))]);
}
