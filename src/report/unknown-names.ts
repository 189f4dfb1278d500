import { type Message, msg, namesOf, trusted } from '../message.ts';
import { blockersOf } from '../rules/decide.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { type Blocker, shortNames } from '../rules/index.ts';
import type { Diagnoses, Diagnosis } from './diagnosis.ts';
import { plain } from './text.ts';

/** How many names a line of the log lists. */
const NAMES_SHOWN = 3;

/** The blockers that the brief text of a diagnosis names, by its cause. */
const NAMED_BY: Readonly<Partial<Record<Diagnosis['cause'], readonly Blocker['kind'][]>>> = {
  live: ['live', 'receives-work'],
  starting: ['still-starting'],
  unversioned: ['unversioned'],
  'open-transaction': ['open-transaction'],
};

/**
 * What blocks besides work in flight, in few words. A name that the database does not know stands first.
 *
 * @param said The diagnoses whose worst stands beside it: what that names is left out.
 */
export function reasonsOf(evaluation: Evaluation, said?: Diagnoses): readonly string[] {
  const namedBy = (said?.worst && NAMED_BY[said.worst.cause]) ?? [];
  // Another version can be live for another reason.
  const own = evaluation.targets.find(({ version }) => version === said?.worstOf)?.blockers ?? [];
  const named = namedBy.filter((kind) => own.some((each) => each.kind === kind));
  const blockers = blockersOf(evaluation);
  const kept = blockers.flatMap((each) => (each.kind === 'kept-version-unknown' ? [each] : []));
  const apart: readonly Blocker['kind'][] = ['unknown-version', 'kept-version-unknown', ...named];
  const others = blockers.filter(({ kind }) => !apart.includes(kind));
  return [
    ...unknownTargets(evaluation),
    ...kept.map((each) => plain(msg`${trusted(shortNames([each]).join())}: ${namesShown(each.versions)}`)),
    ...shortNames(others),
  ];
}

/** Whether no target has left a trace, so that a count of its work would mislead. */
export function allUnknown({ targets }: Evaluation): boolean {
  return targets.length > 0 && targets.every(({ blockers }) => blockers.some(({ kind }) => kind === 'unknown-version'));
}

/** The targets without a trace, by what is known of each: it is another application's, or is close to a known name. */
function unknownTargets({ targets }: Evaluation): readonly string[] {
  const groups = new Map<string, { readonly names: string[]; readonly close: Set<string> }>();
  for (const { version, blockers } of targets) {
    for (const blocker of blockers) {
      if (blocker.kind !== 'unknown-version' || version === null) continue;
      const { close, searched } = blocker;
      const isOthers = close.some(({ how }) => how === 'same');
      const isSearched = close.length > 0 || searched === 'whole-history';
      const what = isOthers ? "another application's" : isSearched ? 'never seen here' : 'not registered';
      const group = groups.get(what) ?? { names: [], close: new Set() };
      groups.set(what, group);
      group.names.push(version);
      for (const each of isOthers ? [] : close) group.close.add(each.version);
    }
  }
  return [...groups].map(([what, { names, close }]) => {
    const closest = close.size === 0 ? trusted('') : msg`, but known: ${namesShown([...close])}`;
    return plain(msg`${trusted(what)}: ${namesShown(names)}${closest}`);
  });
}

function namesShown(names: readonly string[]): Message {
  return namesOf(names, names.length, NAMES_SHOWN);
}
