import type { SourceFile } from '../source/definition.ts';

/** A changed file of a pull request with both its versions, read. */
export interface ChangedFile {
  /** Its path now; that of the old version where it is gone. */
  readonly path: string;
  /** The path before, where it was renamed. */
  readonly oldPath: string;
  /** The application that `paths` gives it; undefined where it names none. */
  readonly application: string | undefined;
  /** Undefined where the file is new. */
  readonly before: SourceFile | undefined;
  /** Undefined where the file is gone. */
  readonly after: SourceFile | undefined;
  /** The texts of both versions, for a suggestion. */
  readonly oldText: string | undefined;
  readonly text: string | undefined;
}

/** Returns whether a workflow, or what one calls, can be in a version of the file. */
export function hasCode({ before, after }: Pick<ChangedFile, 'before' | 'after'>): boolean {
  return [before, after].some((source) => source !== undefined && (source.hasErrors || hasDefinitions(source)));
}

function hasDefinitions({ workflows, registrations, functions, steps, notFollowed }: SourceFile): boolean {
  return [workflows, registrations, functions, steps, notFollowed].some((found) => found.length > 0);
}
