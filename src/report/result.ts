import { durationText } from '../duration.ts';
import { type Blocker, describeBlocker } from '../gate/blocker.ts';
import type { GateConfig } from '../gate/config.ts';
import { blockersOfAll } from '../gate/decide.ts';
import type { Look } from '../gate/hold.ts';
import type { Judgement } from '../gate/judge.ts';
import type { Capped, WorkflowDetail } from '../gate/observation.ts';
import { inFlightOn, type TargetJudgement } from '../gate/target.ts';
import type { StepResult, Verdict } from '../gate/verdict.ts';
import { counted, namesOf, own, type Sentence, say } from '../sentence.ts';

/** How a run ended: what every renderer starts from. */
export interface Result {
  readonly verdict: Verdict;
  readonly step: StepResult;
  /** Absent when the inputs could not be read. */
  readonly config: GateConfig | undefined;
  /** The schema that holds DBOS's tables. */
  readonly schema: string | undefined;
  /** Absent when there was none. */
  readonly first: Look | undefined;
  /** The deciding look, or the last one before a failure; absent when there was none. */
  readonly last: Look | undefined;
  /** Why there is no other verdict than `error`, when a failure and no blocker is the reason. */
  readonly failure: Sentence | undefined;
  readonly warnings: readonly Sentence[];
  readonly waitedMs: number;
  /** Looks that succeeded, and those that failed and were taken again. */
  readonly looks: number;
  readonly failedLooks: number;
}

/** It held, so that there is a course to tell of, or a reason why none can be told. */
export function isWatched({ config, looks }: Result): boolean {
  return config?.mode === 'wait' && looks > 1;
}

/** The targets, those that `on-unknown: pass` takes out of the judgement among them. */
export function targetsOf(result: Result): readonly TargetJudgement[] {
  return result.last?.judgement.targets ?? [];
}

export function inFlightOnAll(targets: readonly TargetJudgement[]): number {
  return targets.reduce((sum, target) => sum + inFlightOn(target), 0);
}

/** So many workflows are shown one by one, and are in the report. */
const WORKFLOWS_SHOWN = 50;

/** The oldest workflows that are in flight on a target, or unversioned and claimable by one. */
export function blockingWorkflows(result: Result): readonly WorkflowDetail[] {
  const items = result.last?.judgement.seen?.contents.workflows.items ?? [];
  return items.filter((workflow) => isRelevant(workflow, result)).slice(0, WORKFLOWS_SHOWN);
}

/** How many block besides them. */
export function workflowsLeftOut(result: Result): number {
  const workflows = result.last?.judgement.seen?.contents.workflows;
  const relevant = workflows?.items.filter((workflow) => isRelevant(workflow, result)).length ?? 0;
  return Math.max(0, relevant - WORKFLOWS_SHOWN) + leftOut(workflows, result);
}

/** Whether rows of this version, or of none, block a target. */
export function isRelevant(row: { readonly version: string | null }, { last }: Result): boolean {
  return last !== undefined && concernsTarget(row, last.judgement);
}

/** The same by one look. */
export function concernsTarget(
  { version }: { readonly version: string | null },
  { targets, unversioned }: Judgement,
): boolean {
  return version === null ? unversioned > 0 : targets.some((target) => target.version === version);
}

/** How many of a capped list were left out, of those that concern a target. */
export function leftOut(
  list: Pick<Capped<unknown>, 'leftOut' | 'leftOutUnversioned'> | undefined,
  result: Result,
): number {
  const unversioned = (result.last?.judgement.unversioned ?? 0) > 0 ? (list?.leftOutUnversioned ?? 0) : 0;
  return (list?.leftOut ?? 0) + unversioned;
}

/** Names of the targets that may be torn down: none while anything blocks the whole gate. */
export function drainedVersions(result: Result): readonly string[] {
  return targetsOf(result)
    .filter(({ drained }) => drained && !isInconclusive(result))
    .map(({ version }) => version);
}

/** Names of every other target. */
export function drainingVersions(result: Result): readonly string[] {
  const drained = new Set(drainedVersions(result));
  return targetsOf(result)
    .filter(({ judged, version }) => judged && !drained.has(version))
    .map(({ version }) => version);
}

/** After a failure, what an earlier look saw decides nothing. */
function isInconclusive(result: Result): boolean {
  return result.failure !== undefined;
}

/** The answer in a sentence that a person understands without knowing the gate. */
export function headline(result: Result): Sentence {
  const targets = targetsOf(result).filter(({ judged }) => judged);
  const names = namesOf(targets.map(({ version }) => version));
  const blocked = targets.filter(({ drained }) => !drained);
  const inFlight = counted(inFlightOnAll(targets), 'workflow');
  const waited = own(durationText(result.waitedMs));
  switch (result.verdict) {
    case 'drained':
      return targets.length === 0
        ? result.config?.targets.kind === 'named'
          ? say`Nothing to retire: none of these versions has ever been seen here.`
          : say`Nothing to retire: no other version has work in flight here.`
        : say`Safe to retire ${names}: nothing in flight, and nothing started for ${own(
            durationText(result.config?.settleMs ?? 0),
          )}.`;
    case 'in-flight':
      if (targets.length === 0)
        return say`Not safe to retire anything: work without a version, or work that is about to appear, could need a version that is not seen yet.`;
      return say`Not safe to retire ${namesOf(blocked.map(({ version }) => version))}: ${inFlight} in flight${own(
        otherReasons(blocked.flatMap(({ blockers }) => blockers)),
      )}.`;
    case 'still-latest':
      return say`Not safe to retire ${namesOf(blocked.map(({ version }) => version))}: new work is still sent there, because it is the latest version.`;
    case 'cannot-drain':
      return say`Cannot drain before the timeout: ${inFlight} in flight on ${namesOf(
        blocked.map(({ version }) => version),
      )}, and not all can end by then.`;
    case 'timed-out':
      return say`Not drained after ${waited}: ${inFlight} still in flight on ${namesOf(
        blocked.map(({ version }) => version),
      )}${own(otherReasons(blocked.flatMap(({ blockers }) => blockers)))}.`;
    case 'unknown-version': {
      const kept = unknownKeptVersions(result);
      return kept.length > 0
        ? say`No answer: a version to keep is not known here: ${namesOf(kept)}.`
        : say`No answer: this system database has never seen ${namesOf(
            targets.filter(({ known }) => !known).map(({ version }) => version),
          )}.`;
    }
    case 'cancelled':
      return say`Cancelled after ${waited}, before there was an answer${
        targets.length > 0 ? say`: ${inFlight} in flight on ${names}` : own('')
      }.`;
    case 'error':
      return result.config === undefined
        ? say`No answer: the inputs are not right, and nothing was looked at.`
        : say`No answer: the gate could not look, or could not trust what it saw. Do not tear anything down.`;
  }
}

/** Everything that stands in the way, once each: the whole gate's first. */
export function obstacles(result: Result): readonly Sentence[] {
  if (result.failure !== undefined) return [result.failure];
  const blockers = result.last === undefined ? [] : blockersOfAll(result.last.judgement);
  return blockers.map((blocker) => describeBlocker(blocker));
}

/** A short name for what else than work in flight stands in the way. */
const SHORT_REASONS: Readonly<Partial<Record<Blocker['kind'], string>>> = {
  'unknown-status': 'statuses that the gate does not know',
  'still-starting': 'work is still starting',
  'open-transaction': 'a transaction is still writing',
  latest: 'still the latest version',
  unversioned: 'unversioned work',
  'unknown-version': 'unknown version',
  'application-not-seen': 'application not seen',
  'several-applications': 'several applications',
  'kept-version-unknown': 'a kept version is not registered',
  'no-latest-version': 'no latest version',
  'registration-gone': 'a registration is gone',
  'untrusted-database': 'untrusted database',
  'statuses-not-scanned': 'unknown statuses possible',
};

/** The short names of blockers other than work in flight, once each. */
export function shortReasons(blockers: readonly Blocker[]): readonly string[] {
  return [...new Set(blockers.flatMap(({ kind }) => SHORT_REASONS[kind] ?? []))];
}

function otherReasons(blockers: readonly Blocker[]): string {
  const reasons = shortReasons(blockers);
  return reasons.length > 0 ? `; ${reasons.join(', ')}` : '';
}

function unknownKeptVersions(result: Result): readonly string[] {
  return (result.last?.judgement.gate ?? []).flatMap((blocker) =>
    blocker.kind === 'kept-version-unknown' ? blocker.versions : [],
  );
}
