import type { GateConfig } from '../config.ts';
import { sdkIn } from '../dbos/sdk.ts';
import type { Truncated } from '../dbos/snapshot/index.ts';
import type { Poll } from '../hold/hold.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import { type Blocker, verdictOf } from '../rules/index.ts';
import { type CommandLine, commandLineFor } from '../unblock/command-line.ts';
import type { RunReport } from './schema.ts';

/** Rows of one version, or of none: one workflow, or a group of them. */
interface Rows {
  readonly version: string | null;
  readonly status?: string;
  readonly pending?: number;
}

/** Whether rows block a target. Those that run without a version can be a target of their own. */
export function blocksTarget({ version, status, pending = 0 }: Rows, { targets, unversioned }: Evaluation): boolean {
  const isTarget = targets.some((target) => target.version === version);
  if (version !== null) return isTarget;
  return unversioned > 0 || (isTarget && (status === 'PENDING' || pending > 0));
}

/** How many rows that block a target a truncated list omits. */
export function omittedFrom(
  { omitted, omittedUnversioned }: Pick<Truncated<unknown>, 'omitted' | 'omittedUnversioned'>,
  { targets, unversioned }: Evaluation,
): number {
  const countsUnversioned = unversioned > 0 || targets.some(({ version }) => version === null);
  return omitted + (countsUnversioned ? omittedUnversioned : 0);
}

export function inFlightOnAll(targets: Evaluation['targets']): number {
  return targets.reduce((sum, { inFlight }) => sum + inFlight, 0);
}

/** What blocks, by version, class, workflow and queue. */
export function blockingGroups(evaluation: Evaluation): RunReport['groups'] {
  const { index } = evaluation;
  if (index === undefined) return { items: [], omitted: 0 };
  const { groups } = index.contents;
  return {
    items: groups.items
      .filter((group) => blocksTarget(group, evaluation))
      .map(({ name, ...group }) => ({ ...group, workflow: name })),
    omitted: omittedFrom(groups, evaluation),
  };
}

/** The latest version that is no target: where forks of the work that blocks can run. */
export function newVersionOf({ index, targets }: Evaluation): string | null {
  const retired = new Set<string | null>(targets.map(({ version }) => version));
  return index?.latest.values().find((version) => !retired.has(version)) ?? null;
}

/**
 * Whether nobody asked for these targets: they follow from a version to keep that is not known here, or from an
 * application that is wrong. The live version can be one of them, or a version of another application.
 */
export function areTargetsInDoubt({ targets }: Pick<GateConfig, 'targets'>, { gate }: Evaluation): boolean {
  return targets.kind !== 'named' && gate.map(verdictOf).some((each) => each === 'error' || each === 'unknown-version');
}

/**
 * Whether a version stays that can run forks. Where the latest is a target itself and no kept version is registered, a
 * fork would only move work from one target to another. Where nothing is registered, a person may know one.
 */
export function canFork(evaluation: Evaluation): boolean {
  const { index, state, targets } = evaluation;
  if (index === undefined || index.latest.size === 0 || newVersionOf(evaluation) !== null) return true;
  const retired = new Set<string | null>(targets.map(({ version }) => version));
  return (state.kept ?? []).some((version) => index.registrations.has(version) && !retired.has(version));
}

/** DBOS's command line for the work that blocks. */
export function commandLineOf({ evaluation, forecast }: Poll, schema: string): CommandLine {
  const { index, snapshot, state } = evaluation;
  const workflows = forecast.history.detailScan?.workflows ?? index?.contents.workflows.items ?? [];
  const blocking = workflows.filter((workflow) => blocksTarget(workflow, evaluation));
  const sdk = sdkIn(blocking.map(({ serialization }) => serialization)) ?? sdkIn(state.serializations);
  return commandLineFor(sdk, snapshot.database.migration ?? null, schema);
}

/** What says that a target is still in use, or is none: to cancel its work would end live work. */
const NOT_OLD: ReadonlySet<string> = new Set<Blocker['kind']>(['live', 'receives-work', 'unknown-version']);

/** Whether any target is live, or unknown. */
export function isInUse({ versions }: { readonly versions: readonly Blocked[] }): boolean {
  return versions.some(isLive);
}

interface Blocked {
  readonly blockers: readonly { readonly kind: string }[];
}

/** Whether a target is live, or unknown. */
export function isLive({ blockers }: Blocked): boolean {
  return blockers.some(({ kind }) => NOT_OLD.has(kind));
}
