import { fullName } from '../../dbos/workflow-name.ts';
import { counted, type Message, msg, trusted } from '../../message.ts';
import type { Finding, FindingKind } from '../judge/finding.ts';
import type { ReviewRun } from '../run.ts';
import type { WorkflowName } from '../source/definition.ts';

/** The kinds of findings, as titles. */
export const TITLES: Readonly<Record<FindingKind, string>> = {
  'step-removed': 'A step is removed',
  'step-reordered': 'Steps change their order',
  'step-before': 'A step comes before recorded ones',
  'patch-removed': 'A patch is removed',
  'patch-deprecated': 'A patch is deprecated too early',
  'workflow-deleted': 'A workflow is deleted',
  'workflow-renamed': 'A workflow is renamed',
};

/** `Orders.checkOut`. */
export function nameOf({ name, className }: WorkflowName): string {
  return fullName({ name, className }) ?? name;
}

/** The name in a message: untrusted, as it stands in the code. */
export function workflowOf(workflow: WorkflowName): Message {
  return msg`${nameOf(workflow)}`;
}

/** The finding in sentences: what breaks, and why it may be about another workflow. */
export function sentencesOf({ message, probable }: Pick<Finding, 'message' | 'probable'>): Message {
  return probable === undefined ? message : msg`${message} ${probable}`;
}

/** `In flight as of 2026-11-27 14:05 UTC.`; empty without an inventory. */
export function asOf({ observedAt }: Pick<ReviewRun, 'observedAt'>): Message {
  if (observedAt === undefined) return [];
  const time = new Date(observedAt).toISOString();
  return trusted(`In flight as of ${time.slice(0, 10)} ${time.slice(11, 16)} UTC.`);
}

/** What stands before the lines of code that a finding suggests. */
export const SUGGESTED = 'The same change behind a patch:';

/** The answer in one sentence. */
export function headlineOf({ review, isMergeQueue, failure, problems }: ReviewRun): Message {
  if (failure !== undefined) return trusted('The review failed');
  if (isMergeQueue) return trusted('Nothing was reviewed: a merge queue has pull requests that were reviewed before');
  if (review === undefined) return trusted('This pull request was not reviewed');
  const { findings, changedWorkflows, inFlight } = review;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const gap = problems.some(({ isIncomplete }) => isIncomplete) ? msg`, and some files were not reviewed` : msg``;
  const some = (count: number, one: string, many: string) =>
    msg`${counted(count, 'changed workflow')} ${trusted(count === 1 ? one : many)} work in flight${gap}`;
  if (errors > 0) return some(errors, 'breaks', 'break');
  if (findings.length > 0) return some(findings.length, 'cannot take over', 'cannot take over');
  const changed = changedWorkflows.length;
  if (changed === 0) return msg`No workflow changes in the files that were read${gap}`;
  return msg`No finding: ${counted(changed, 'changed workflow')}, ${inFlight} in flight${gap}`;
}

/** The text, cut between two characters where it is longer. */
export function cut(text: string, maximum: number): string {
  return text.length <= maximum ? text : `${text.slice(0, maximum - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
