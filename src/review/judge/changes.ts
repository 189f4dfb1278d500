import { type Definition, keyOf } from './definitions.ts';

/** What happens to the definition of one workflow. */
export type Change =
  | { readonly kind: 'changed' | 'renamed'; readonly before: Definition; readonly after: Definition }
  | { readonly kind: 'deleted'; readonly before: Definition }
  /** It is registered on both sides, but only one has its text, or there are too many of its name. */
  | { readonly kind: 'unread'; readonly before: Definition; readonly after: Definition };

/**
 * Returns how the definitions differ. The same name in another file is the same workflow, wherever it moved to. A name
 * that is gone was renamed where a new name has the very same text.
 */
export function changesOf(before: readonly Definition[], after: readonly Definition[]): readonly Change[] {
  const key = ({ workflow, file }: Definition) => keyOf(workflow, file.application);
  const afterBy = Map.groupBy(after, key);
  const beforeBy = Map.groupBy(before, key);
  const appeared = after.filter((definition) => !beforeBy.has(key(definition)));
  const newBy = new Map([...Map.groupBy(appeared, textKey)].map(([text, definitions]) => [text, definitions.values()]));
  return [...beforeBy].flatMap(([name, old]): readonly Change[] => {
    const now = afterBy.get(name);
    if (now !== undefined) return paired(old, now);
    const [first] = old;
    if (first === undefined) return [];
    const renamed = first.source === undefined ? undefined : newBy.get(textKey(first))?.next().value;
    return [
      renamed === undefined ? { kind: 'deleted', before: first } : { kind: 'renamed', before: first, after: renamed },
    ];
  });
}

function textKey({ source, file }: Definition): string {
  return JSON.stringify([file.application ?? null, source?.fingerprint ?? null]);
}

/** One of several of its name is gone. Which of them is in flight is not known. */
function leftOver(before: Definition, [first]: readonly Definition[]): readonly Change[] {
  return first === undefined ? [] : [{ kind: 'unread', before, after: first }];
}

/** How many definitions of one name are compared. */
const MOST_OF_A_NAME = 20;

/** Pairs what has one name: by the file first. Several definitions can have one, for example in two applications. */
function paired(old: readonly Definition[], now: readonly Definition[]): readonly Change[] {
  const byFile = new Map(now.map((definition) => [definition.file, definition]));
  const taken = new Set(old.flatMap(({ file }) => byFile.get(file) ?? []));
  const rest = now.filter((definition) => !taken.has(definition)).values();
  return old.flatMap((before, index): readonly Change[] => {
    const after = byFile.get(before.file) ?? rest.next().value;
    if (after === undefined) return leftOver(before, now);
    if (before.source === undefined && after.source === undefined) return [];
    if (before.source === undefined || after.source === undefined) return [{ kind: 'unread', before, after }];
    if (index >= MOST_OF_A_NAME) return index === MOST_OF_A_NAME ? [{ kind: 'unread', before, after }] : [];
    return before.source.fingerprint === after.source.fingerprint ? [] : [{ kind: 'changed', before, after }];
  });
}
