import type { Truncated } from '../dbos/snapshot/index.ts';
import type { Evaluation } from '../rules/evaluate.ts';
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
