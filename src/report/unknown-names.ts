import { type Message, msg, namesOf, trusted } from '../message.ts';
import { blockersOf } from '../rules/decide.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { shortNames } from '../rules/index.ts';
import { plain } from './text.ts';

/** How many names a line of the log lists. */
const NAMES_SHOWN = 3;

/** What blocks besides work in flight, in few words. A name that the database does not know stands first. */
export function reasonsOf(evaluation: Evaluation): readonly string[] {
  const blockers = blockersOf(evaluation);
  const kept = blockers.flatMap((each) => (each.kind === 'kept-version-unknown' ? [each] : []));
  const others = blockers.filter(({ kind }) => !['unknown-version', 'kept-version-unknown'].includes(kind));
  return [
    ...unknownTargets(evaluation),
    ...kept.map((each) => plain(msg`${trusted(shortNames([each]).join())}: ${named(each.versions)}`)),
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
    const closest = close.size === 0 ? trusted('') : msg`, but known: ${named([...close])}`;
    return plain(msg`${trusted(what)}: ${named(names)}${closest}`);
  });
}

function named(names: readonly string[]): Message {
  return namesOf(names, names.length, NAMES_SHOWN);
}
