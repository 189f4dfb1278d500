import type { FindingKind } from '../../src/review/judge/finding.ts';

/** An edit of a file: each `[old, new]` replaces one place, a text the whole file, and null deletes it. */
export type Edit = readonly (readonly [old: string, replacement: string])[] | string | null;

/** Executions in flight that stand at one place. */
export interface InFlight {
  readonly workflow: string;
  /** `class_name`; default null. */
  readonly className?: string | null;
  /** Default `1.0.0`; null is work without a version. */
  readonly version?: string | null;
  /** `operation_outputs.function_name` of each, in order: patch markers (`DBOS.patch-x`) included. */
  readonly recorded: readonly string[];
  /** How many executions stand here. Default 1. */
  readonly count?: number;
  /** Default `pending`. */
  readonly status?: 'pending' | 'enqueued' | 'delayed';
}

/** A finding that a change must produce. */
export interface ExpectedFinding {
  readonly kind: FindingKind;
  readonly severity: 'error' | 'notice';
  readonly workflow: string;
  readonly className?: string | null;
  /** The text of the line on which it is annotated, trimmed. */
  readonly line: string;
  /** The file of the line; default the file that is edited. */
  readonly path?: string;
  /** Parts of its message, in any order. */
  readonly says?: readonly string[];
  /** The definition may be another one than that of the inventory. */
  readonly isProbable?: boolean;
}

/** A change of the sample application, and what a review must say about it. */
export interface Change {
  /** What is changed, as a sentence: `formats a workflow`. */
  readonly title: string;
  /** Edits of the sample application that come first: the state before the change. */
  readonly before?: Readonly<Record<string, Edit>>;
  /** The change, by file. */
  readonly after: Readonly<Record<string, Edit>>;
  /** New paths of renamed files, by old path. Edits name the old one. */
  readonly renamed?: Readonly<Record<string, string>>;
  readonly inFlight: readonly InFlight[];
  /** What schedules in the database start. */
  readonly schedules?: readonly { readonly name: string; readonly className?: string | null }[];
  /** Default false: each deploy has its own version. */
  readonly sameVersion?: boolean;
  /** Findings, all of them. Empty: the change must produce none. */
  readonly expected: readonly ExpectedFinding[];
  /** Reasons of findings that comments accept. */
  readonly accepted?: readonly string[];
  /** Parts of sentences about what could not be followed. */
  readonly limits?: readonly string[];
}

/**
 * Returns the files of the sample application after edits.
 *
 * @throws when an edit's old text is not in its file exactly once
 */
export function edited(
  files: Readonly<Record<string, string>>,
  edits: Readonly<Record<string, Edit>>,
): Readonly<Record<string, string>> {
  const result: Record<string, string> = { ...files };
  for (const [path, edit] of Object.entries(edits)) {
    if (edit === null) delete result[path];
    else if (typeof edit === 'string') result[path] = edit;
    else
      result[path] = edit.reduce(
        (text, [old, replacement]) => replaced(text, old, replacement, path),
        result[path] ?? '',
      );
  }
  return result;
}

function replaced(text: string, old: string, replacement: string, path: string): string {
  const parts = text.split(old);
  if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times: ${old}`);
  return parts.join(replacement);
}
