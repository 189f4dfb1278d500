import { posix } from 'node:path';
import { type Message, msg } from '../../message.ts';
import type { ForeignRegistration, SourceFile, SourceFunction, WorkflowName } from '../source/definition.ts';
import type { ChangedFile } from './changed-file.ts';

export type Side = 'before' | 'after';

/** A workflow's definition on one side of the change. */
export interface Definition {
  readonly workflow: WorkflowName;
  /** The text; undefined where a file that does not change has it. */
  readonly source: SourceFunction | undefined;
  /** The file with the text, or else that with the registration. */
  readonly file: ChangedFile;
  /** Of the registration, where there is no text. */
  readonly line: number;
  /** Why it may be another workflow than it seems; undefined where it is certain. */
  readonly probable: Message | undefined;
}

/** A name as a key: equal for equal names. A class can be null or empty for the same function, by the SDK. */
export function keyOf({ name, className }: WorkflowName, application?: string): string {
  return JSON.stringify([application ?? null, className ?? '', name]);
}

/** Returns the path of a file on one side. */
export function pathOn(file: ChangedFile, side: Side): string {
  return side === 'before' ? file.oldPath : file.path;
}

/**
 * Returns the workflows that the changed files define on one side: those that a file registers itself, those that
 * another changed file registers, and functions whose name is that of a workflow in flight.
 *
 * @param isInFlight whether a workflow of this name may be in flight
 */
export function definitionsOn(
  files: readonly ChangedFile[],
  side: Side,
  isInFlight: (file: ChangedFile, name: WorkflowName) => boolean,
): readonly Definition[] {
  const own = files.flatMap((file) =>
    (file[side]?.workflows ?? []).map((source): Definition => {
      return { workflow: source.workflow, source, file, line: source.nameLine, probable: undefined };
    }),
  );
  const modules = modulesOf(files, side);
  const linked = files.flatMap((file) =>
    (file[side]?.registrations ?? []).flatMap((registration) => linkOf(file, registration, modules, side)),
  );
  const known = new Set([...own, ...linked].flatMap(({ source, workflow }) => [source, keyOf(workflow)]));
  const byName = files.flatMap((file) =>
    (file[side]?.functions ?? []).flatMap((source): Definition[] => {
      const workflow = namesOf(source).find((name) => isInFlight(file, name) && !known.has(keyOf(name)));
      if (workflow === undefined || known.has(source)) return [];
      const probable = msg`The match is probable: no changed file registers ${source.localName}, and only its name says which workflow it is.`;
      return [{ workflow, source, file, line: source.nameLine, probable }];
    }),
  );
  return [...own, ...linked, ...byName];
}

/** The names that a function can have as a workflow, if it is registered without one. */
function namesOf({ localName }: SourceFunction): readonly WorkflowName[] {
  const at = localName.lastIndexOf('.');
  const [className, name] = [localName.slice(0, Math.max(0, at)), localName.slice(at + 1)];
  const whole = { name: localName, className: null };
  return at === -1 ? [whole] : [{ name, className }, { name: localName, className }, whole, { name, className: null }];
}

interface Module {
  readonly file: ChangedFile;
  /** Its functions and workflows, by the names that others import them by. */
  readonly named: ReadonlyMap<string, SourceFunction>;
}

/** The files of one side by the paths that an import can name them by. */
function modulesOf(files: readonly ChangedFile[], side: Side): ReadonlyMap<string, Module> {
  const modules = new Map<string, Module>();
  for (const file of files) {
    const source = file[side];
    if (source === undefined) continue;
    const named = new Map([...source.workflows, ...source.functions].map((each) => [each.localName, each]));
    modules.set(stemOf(pathOn(file, side)), { file, named });
  }
  return modules;
}

/** `src/orders` for `src/orders.ts`, `src/orders.js` and `src/orders/index.ts`. */
function stemOf(path: string): string {
  return posix
    .normalize(path)
    .replace(/\.[cm]?[jt]sx?$|\.py$/i, '')
    .replace(/\/(index|__init__)$/, '');
}

function linkOf(
  file: ChangedFile,
  registration: ForeignRegistration,
  modules: ReadonlyMap<string, Module>,
  side: Side,
): readonly Definition[] {
  const { workflow, importedName, line } = registration;
  if (workflow === undefined) return [];
  const path = pathOn(file, side);
  const module = modules.get(stemsOf(file[side], path, registration.from).find((stem) => modules.has(stem)) ?? '');
  const source = module?.named.get(importedName);
  if (module === undefined || source === undefined)
    return [{ workflow, source: undefined, file, line, probable: undefined }];
  const probable = msg`The match is probable: ${path} registers it, and imports it from ${registration.from}.`;
  return [{ workflow, source, file: module.file, line: source.nameLine, probable }];
}

/** The paths that an import can mean, without their endings. */
function stemsOf(source: SourceFile | undefined, path: string, from: string): readonly string[] {
  const folder = posix.dirname(path);
  if (source?.language !== 'python') return from.startsWith('.') ? [stemOf(posix.join(folder, from))] : [];
  const dots = /^\.*/.exec(from)?.[0].length ?? 0;
  const module = from.slice(dots).replaceAll('.', '/');
  if (dots > 0) return [stemOf(posix.join(folder, '../'.repeat(Math.min(dots, 50) - 1), module))];
  // An absolute import starts at a folder that the text does not name: the nearest one that has it.
  const folders = folder === '.' ? [] : folder.split('/').slice(0, 50);
  return [...folders.map((_, index) => posix.join(...folders.slice(0, folders.length - index), module)), module];
}
