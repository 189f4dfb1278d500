import type { Message } from '../../message.ts';
import type { WorkflowName } from '../source/definition.ts';

/** What a change does to executions in flight. */
export const FINDING_KINDS = [
  'step-removed',
  'step-reordered',
  'step-before',
  'patch-removed',
  'patch-deprecated',
  'workflow-deleted',
  'workflow-renamed',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One thing to say at one workflow. */
export interface Finding {
  /** `error`: it breaks without anybody's act. `notice`: it breaks only what is forked onto the change. */
  readonly severity: 'error' | 'notice';
  readonly kind: FindingKind;
  readonly workflow: WorkflowName;
  /** The application of the inventory; null for rows without an owner. */
  readonly application: string | null;
  /** Where the inventory has it in flight. Null is work without a version. */
  readonly versions: readonly { readonly version: string | null; readonly inFlight: number }[];
  /** Why the definition may be another one than the inventory's; undefined where it is certain. */
  readonly probable: Message | undefined;
  /** Where it is annotated: in the new file, or at the old lines of a file that is gone. Lines from 1. */
  readonly path: string;
  readonly line: number;
  readonly endLine: number;
  /** What breaks, for whom, and what to do. */
  readonly message: Message;
  /** A patch around the change, where it is mechanical: lines of code, untrusted. */
  readonly suggestion: string | undefined;
}

/** A finding that a comment in the code accepts. */
export interface AcceptedFinding extends Finding {
  readonly reason: string;
}

/** The answer of a review. */
export interface Review {
  /** Most severe first. One a workflow at most. */
  readonly findings: readonly Finding[];
  readonly accepted: readonly AcceptedFinding[];
  /** Workflows whose definition changes, whatever is in flight. */
  readonly changedWorkflows: readonly WorkflowName[];
  /** Workflows in flight that one version of a file has, where the other was not read whole: it has errors, or is cut. */
  readonly missed: readonly WorkflowName[];
  /** Executions in flight of the changed workflows. */
  readonly inFlight: number;
  /** What could not be followed or read, each said once. Silence about these is not *safe*. */
  readonly limits: readonly Message[];
}
