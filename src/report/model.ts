import type { GateConfig } from '../config.ts';
import type { Truncated, WorkflowDetail } from '../dbos/snapshot/index.ts';
import type { Poll } from '../hold/hold.ts';
import { counted, type Message, msg, namesOf, trusted } from '../message.ts';
import { blockersOfAll } from '../rules/decide.ts';
import type { Evaluation, TargetEvaluation } from '../rules/evaluate.ts';
import { type Blocker, explainBlocker, shortNames } from '../rules/index.ts';
import type { Conclusion, Verdict } from '../rules/verdict.ts';
import { durationText } from '../time.ts';

/** How a run ended: what every renderer starts from. */
export interface RunReport {
  readonly verdict: Verdict;
  readonly step: Conclusion;
  /** Absent when the inputs could not be read. */
  readonly config: GateConfig | undefined;
  /** The schema that holds DBOS's tables. */
  readonly schema: string | undefined;
  /** Absent when there was none. */
  readonly first: Poll | undefined;
  /** The deciding poll, or the last one before a failure; absent when there was none. */
  readonly last: Poll | undefined;
  /** Why there is no other verdict than `error`, when a failure and no blocker is the reason. */
  readonly failure: Message | undefined;
  readonly warnings: readonly Message[];
  readonly waitedMs: number;
  /** Polls that succeeded, and those that failed and were taken again. */
  readonly polls: number;
  readonly failedPolls: number;
}

/** It held, so that there is a course to tell of, or a reason why none can be told. */
export function isWatched({ config, polls }: RunReport): boolean {
  return config?.mode === 'wait' && polls > 1;
}

/** The targets, without those that `on-unknown: pass` leaves out. */
export function targetsOf(result: RunReport): readonly TargetEvaluation[] {
  return result.last?.evaluation.targets ?? [];
}

export function inFlightOnAll(targets: readonly TargetEvaluation[]): number {
  return targets.reduce((sum, target) => sum + target.inFlight, 0);
}

/** So many workflows are shown one by one, and are in the report. */
const WORKFLOWS_SHOWN = 50;

/** The oldest workflows that are in flight on a target, or unversioned and claimable by one. */
export function blockingWorkflows(result: RunReport): readonly WorkflowDetail[] {
  const items = result.last?.evaluation.index?.contents.workflows.items ?? [];
  return items.filter((workflow) => isRelevant(workflow, result)).slice(0, WORKFLOWS_SHOWN);
}

/** How many block besides them. */
export function workflowsOmitted(result: RunReport): number {
  const workflows = result.last?.evaluation.index?.contents.workflows;
  const relevant = workflows?.items.filter((workflow) => isRelevant(workflow, result)).length ?? 0;
  return Math.max(0, relevant - WORKFLOWS_SHOWN) + omitted(workflows, result);
}

/** Whether rows of this version, or of none, block a target. */
export function isRelevant(row: { readonly version: string | null }, { last }: RunReport): boolean {
  return last !== undefined && concernsTarget(row, last.evaluation);
}

/** The same by one poll. */
export function concernsTarget(
  { version }: { readonly version: string | null },
  { targets, unversioned }: Evaluation,
): boolean {
  return version === null ? unversioned > 0 : targets.some((target) => target.version === version);
}

/** How many of a capped list were left out, of those that concern a target. */
export function omitted(
  list: Pick<Truncated<unknown>, 'omitted' | 'omittedUnversioned'> | undefined,
  result: RunReport,
): number {
  const unversioned = (result.last?.evaluation.unversioned ?? 0) > 0 ? (list?.omittedUnversioned ?? 0) : 0;
  return (list?.omitted ?? 0) + unversioned;
}

/** Names of the targets that may be torn down: none while anything blocks the whole gate. */
export function drainedVersions(result: RunReport): readonly string[] {
  return targetsOf(result)
    .filter(({ drained }) => drained && !isInconclusive(result))
    .map(({ version }) => version);
}

/** Names of every other target. */
export function drainingVersions(result: RunReport): readonly string[] {
  const drained = new Set(drainedVersions(result));
  return targetsOf(result)
    .filter(({ version }) => !drained.has(version))
    .map(({ version }) => version);
}

/** After a failure, what an earlier poll saw decides nothing. */
function isInconclusive(result: RunReport): boolean {
  return result.failure !== undefined;
}

/** The answer in a sentence that a person understands without knowing the gate. */
export function headline(result: RunReport): Message {
  const targets = targetsOf(result);
  const names = namesOf(targets.map(({ version }) => version));
  const blocked = targets.filter(({ drained }) => !drained);
  const inFlight = counted(inFlightOnAll(targets), 'workflow');
  const waited = trusted(durationText(result.waitedMs));
  switch (result.verdict) {
    case 'drained':
      return targets.length === 0
        ? result.config?.targets.kind === 'named'
          ? msg`Nothing to retire: none of these versions has ever been seen here.`
          : msg`Nothing to retire: no other version has work in flight here.`
        : msg`Safe to retire ${names}: nothing in flight, and nothing started for ${trusted(
            durationText(result.config?.settleMs ?? 0),
          )}.`;
    case 'in-flight':
      if (targets.length === 0)
        return msg`Not safe to retire anything: work without a version, or work that is about to appear, could need a version that is not seen yet.`;
      return msg`Not safe to retire ${namesOf(blocked.map(({ version }) => version))}: ${inFlight} in flight${trusted(
        otherReasons(blocked.flatMap(({ blockers }) => blockers)),
      )}.`;
    case 'still-live':
      return msg`Not safe to retire ${namesOf(blocked.map(({ version }) => version))}: new work is still sent there, because it is the latest version.`;
    case 'cannot-drain':
      return msg`Cannot drain before the timeout: ${inFlight} in flight on ${namesOf(
        blocked.map(({ version }) => version),
      )}, and not all can end by then.`;
    case 'timed-out':
      return msg`Not drained after ${waited}: ${inFlight} still in flight on ${namesOf(
        blocked.map(({ version }) => version),
      )}${trusted(otherReasons(blocked.flatMap(({ blockers }) => blockers)))}.`;
    case 'unknown-version': {
      const kept = unknownKeptVersions(result);
      return kept.length > 0
        ? msg`No answer: a version to keep is not known here: ${namesOf(kept)}.`
        : msg`No answer: this system database has never seen ${namesOf(
            targets.filter(({ known }) => !known).map(({ version }) => version),
          )}.`;
    }
    case 'cancelled':
      return msg`Cancelled after ${waited}, before there was an answer${
        targets.length > 0 ? msg`: ${inFlight} in flight on ${names}` : trusted('')
      }.`;
    case 'error':
      return result.config === undefined
        ? msg`No answer: the inputs are not right, and nothing was looked at.`
        : msg`No answer: the gate could not poll, or could not trust what it saw. Do not tear anything down.`;
  }
}

/** Everything that stands in the way, once each: the whole gate's first. */
export function obstacles(result: RunReport): readonly Message[] {
  if (result.failure !== undefined) return [result.failure];
  const blockers = result.last === undefined ? [] : blockersOfAll(result.last.evaluation);
  return blockers.map((blocker) => explainBlocker(blocker));
}

function otherReasons(blockers: readonly Blocker[]): string {
  const reasons = shortNames(blockers);
  return reasons.length > 0 ? `; ${reasons.join(', ')}` : '';
}

function unknownKeptVersions(result: RunReport): readonly string[] {
  return (result.last?.evaluation.gate ?? []).flatMap((blocker) =>
    blocker.kind === 'kept-version-unknown' ? blocker.versions : [],
  );
}
