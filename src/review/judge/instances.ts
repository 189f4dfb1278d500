import { type Message, msg, namesOf } from '../../message.ts';
import type { Instance } from '../source/definition.ts';
import type { ChangedFile } from './changed-file.ts';
import type { Definition } from './definitions.ts';
import type { Places } from './places.ts';

/**
 * Returns what to say of instances whose name is gone, of classes with workflows in flight. DBOS finds an instance by its
 * class and name, and the inventory has no names of instances. Source: run with TypeScript 5.3 and Python 3.4.
 */
export function instanceLimits(
  files: readonly ChangedFile[],
  before: readonly Definition[],
  places: Places,
): readonly Message[] {
  const now = new Set(files.flatMap(({ after }) => after?.instances ?? []).map(keyOf));
  const classes = classesOf(before, places);
  const gone = files
    .flatMap((file) => file.before?.instances ?? [])
    .filter((instance) => classes.has(instance.className) && !now.has(keyOf(instance)));
  if (gone.length === 0) return [];
  const names = [...new Set(gone.map(({ className, name }) => `${className} ${name}`))];
  return [
    msg`Instances that have another name now, or none: ${namesOf(names)}. Work of theirs stays PENDING, where any is in flight.`,
  ];
}

/** The names of classes with workflows in flight: that of the database, and that of the text. */
function classesOf(before: readonly Definition[], places: Places): ReadonlySet<string> {
  const inFlight = before.filter(({ workflow, file }) => places.of(workflow, file.application).length > 0);
  const inText = inFlight.flatMap(({ source }) => source?.localName.split('.').at(-2) ?? []);
  const inDatabase = places.all(undefined).flatMap(({ workflow }) => workflow.className ?? []);
  return new Set([...inText, ...inDatabase]);
}

function keyOf({ className, name }: Instance): string {
  return JSON.stringify([className, name]);
}
