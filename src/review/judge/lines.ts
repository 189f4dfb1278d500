import type { Definition } from './definitions.ts';
import type { Effect } from './effects.ts';

/** Where a finding is annotated. */
export interface Location {
  readonly path: string;
  readonly line: number;
  readonly endLine: number;
}

/**
 * Returns where an effect is shown: the line of what the change puts there, where it is in this workflow's file, or else
 * the workflow's name.
 */
export function locationOf({ kind, inserted, patch }: Effect, { file, source, line }: Definition): Location {
  const isAbout = kind === 'step-before' || kind === 'step-reordered';
  const deprecation = kind === 'patch-deprecated' ? source?.calls.find(isDeprecationOf(patch)) : undefined;
  const at = deprecation?.line ?? (isAbout && patch === undefined ? inserted[0]?.call.line : undefined) ?? line;
  return { path: file.path, line: at, endLine: at };
}

function isDeprecationOf(patch: string | undefined) {
  return ({ kind, name }: { readonly kind: string; readonly name: string | undefined }) =>
    kind === 'deprecated-patch' && name?.endsWith(patch ?? '') === true;
}

/**
 * Returns where a workflow was that is gone: on the old path at its old line, where its file is gone, and else where its
 * text would be in the new file.
 */
export function oldLocationOf({ file, line }: Definition): Location {
  if (file.after === undefined) return { path: file.oldPath, line, endLine: line };
  const at = lineNow((file.oldText ?? '').split('\n'), (file.text ?? '').split('\n'), line);
  return { path: file.path, line: at, endLine: at };
}

/** Lines before the first difference keep their number, those behind the last one move, the others are at the first. */
function lineNow(old: readonly string[], now: readonly string[], line: number): number {
  let first = 0;
  while (first < old.length && first < now.length && old[first] === now[first]) first++;
  if (line <= first) return line;
  let behind = 0;
  while (behind < Math.min(old.length, now.length) - first && old.at(-1 - behind) === now.at(-1 - behind)) behind++;
  if (line > old.length - behind) return line + now.length - old.length;
  return Math.max(1, Math.min(first + 1, now.length));
}
