import type { Inventory } from './inventory/inventory.ts';
import { type ChangedFile, hasCode } from './judge/changed-file.ts';
import { inventoryOfOne, type ReviewProblem, unknownApplications } from './problems.ts';

/**
 * Returns why changes could not be held to the inventory: it has nothing of the application that their files belong to.
 * Nothing in flight is known of it then, which is not the same as nothing in flight. It is pure.
 */
export function uncoveredIn(
  files: readonly ChangedFile[],
  { application: only, applications }: Pick<Inventory, 'application' | 'applications'>,
): readonly ReviewProblem[] {
  const known = applications.flatMap(({ application }) => application ?? []);
  const meant = files.filter(hasCode).map(({ application }) => application);
  const unknown = [...new Set(meant.flatMap((name) => name ?? []))].filter((name) => !known.includes(name));
  return [
    ...(unknown.length > 0 ? [unknownApplications(unknown, known)] : []),
    ...(only !== null && meant.includes(undefined) ? [inventoryOfOne(only)] : []),
  ];
}
