/** The languages whose definitions are read. The dialects of JavaScript (TypeScript, JSX) are one grammar. */
export type SourceLanguage = 'javascript' | 'python';

/** What a workflow records, in the words of DBOS. `call`: of something from another file, which may be a step. */
export type RecordedKind =
  | 'step'
  | 'child'
  | 'sleep'
  | 'receive'
  | 'event'
  | 'other'
  | 'patch'
  | 'deprecated-patch'
  | 'call';

/** Where a call stands: under a condition, in a loop, or behind a patch. */
export interface Guard {
  /** `branch` only while a body is read: a call has these in `branches`. */
  readonly kind: 'condition' | 'loop' | 'patch' | 'branch';
  readonly branch?: Branch & { readonly at: string; readonly text: string };
  /** For `patch`: its name, and whether the call runs where the patch is taken. */
  readonly patch?: string;
  readonly isTaken?: boolean;
}

/**
 * A choice that the text makes once, and the way that leads to a call. While the text of the condition is the same, an
 * execution that ran a call on one way runs none on another.
 */
export interface Branch {
  /** A name of the condition's text; empty where it says nothing: it is too long, or stands there more than once. */
  readonly condition: string;
  /** `true`, `false`, or which case. */
  readonly way: string;
}

/** One call in the body of a workflow that DBOS records, or may record. */
export interface RecordedCall {
  readonly kind: RecordedKind;
  /**
   * What `operation_outputs.function_name` holds for it: `reserveStock`, `DBOS.sleep`, `DBOS.patch-x`. Of a `call`, the
   * last part of its name. Undefined where the text does not say it.
   */
  readonly name: string | undefined;
  /** Of the call, from 1, in its file. In a function that was followed: of the call there. */
  readonly line: number;
  /** From the outermost to the innermost. */
  readonly guards: readonly Guard[];
  /** Branches that it stands in, or comes behind, outside of loops; undefined for none. */
  readonly branches?: readonly Branch[];
  /** The workflow does not wait for it where it stands: what comes behind it can be recorded first. */
  readonly isConcurrent?: true;
}

/** Something that the text alone does not tell, such as a call by a computed name. */
export interface NotFollowed {
  readonly line: number;
  readonly why: 'other-file' | 'loop' | 'computed-name' | 'dispatch' | 'recursion' | 'concurrent' | 'unreadable';
  /** What stands there, as far as it has a name. */
  readonly name?: string;
}

/** A function of a file: a workflow, or one that another file may register as one. */
export interface SourceFunction {
  /** The name in the text, by which another file imports it: `checkOut`, `Orders.checkOut`. */
  readonly localName: string;
  /** Lines of the whole definition with its decorators, from 1. */
  readonly line: number;
  readonly endLine: number;
  /** The line that has the name: where a reader looks for it. */
  readonly nameLine: number;
  /**
   * The tokens of the body and of the functions of this file that it calls, without comments and layout, and without the
   * insides of steps. Two bodies with the same text do the same.
   */
  readonly fingerprint: string;
  /** In the order of the text. Functions of the same file that are called stand in the place of the call. */
  readonly calls: readonly RecordedCall[];
  readonly notFollowed: readonly NotFollowed[];
  /** The reason of a comment `drain-gate: accept REASON` in the body or on the line above; empty where it has none. */
  readonly accepted: string | undefined;
}

/** The name of a workflow as `workflow_status` has it. */
export interface WorkflowName {
  /** `name`. */
  readonly name: string;
  /** `class_name`; null where it has none. */
  readonly className: string | null;
}

/** A workflow that is registered in the file that defines it. */
export interface SourceWorkflow extends SourceFunction {
  readonly workflow: WorkflowName;
}

/** A registration of a function that another file defines. */
export interface ForeignRegistration {
  /** The name of the function in its own file; `default` for a default export. */
  readonly importedName: string;
  /** Where it is imported from, as the text has it: `./orders`. */
  readonly from: string;
  readonly line: number;
  /** The workflow's name; undefined where the text does not say it. */
  readonly workflow: WorkflowName | undefined;
}

/** An instance of a class, made with a text as its name: `new Stock('main')`. */
export interface Instance {
  /** As the text has it. */
  readonly className: string;
  readonly name: string;
}

/** What a file says about workflows. */
export interface SourceFile {
  readonly language: SourceLanguage;
  readonly workflows: readonly SourceWorkflow[];
  /** Functions that record something, or call something that may, and that this file does not register. */
  readonly functions: readonly SourceFunction[];
  readonly registrations: readonly ForeignRegistration[];
  /** The names of the steps that the file registers, as far as the text says them. */
  readonly steps: readonly string[];
  /** All that look like one: only a class with workflows has instances that DBOS knows. */
  readonly instances: readonly Instance[];
  /** What the file registers or defines in a way that cannot be read. */
  readonly notFollowed: readonly NotFollowed[];
  /** The reasons of all comments `drain-gate: accept REASON`: one can name a workflow that is deleted. */
  readonly accepted: readonly string[];
  /** The text has parts that the grammar does not know. Definitions around them are still found. */
  readonly hasErrors: boolean;
  /** The file is deeper, longer or slower to parse than what is read: a part of it was left out. */
  readonly isCut: boolean;
}
