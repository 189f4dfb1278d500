import type { Truncated } from '../dbos/snapshot/index.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import type { RunReport } from './schema.ts';

/** Whether rows of this version, or of none, block a target. */
export function blocksTarget({ version }: { version: string | null }, { targets, unversioned }: Evaluation): boolean {
  return version === null ? unversioned > 0 : targets.some((target) => target.version === version);
}

/** How many rows that block a target a truncated list omits. */
export function omittedFrom(
  { omitted, omittedUnversioned }: Pick<Truncated<unknown>, 'omitted' | 'omittedUnversioned'>,
  { unversioned }: Evaluation,
): number {
  return omitted + (unversioned > 0 ? omittedUnversioned : 0);
}

export function inFlightOnAll(targets: Evaluation['targets']): number {
  return targets.reduce((sum, { inFlight }) => sum + inFlight, 0);
}

/** What blocks, by version, workflow and queue. */
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
  const retired = new Set(targets.map(({ version }) => version));
  return index?.latest.values().find((version) => !retired.has(version)) ?? null;
}
