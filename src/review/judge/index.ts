import type { Inventory } from '../inventory/inventory.ts';
import type { ChangedFile } from './changed-file.ts';
import type { Review } from './finding.ts';

export interface JudgeOptions {
  /** Deploys share a version: the new code takes over what is in flight. */
  readonly sameVersion: boolean;
}

/** Returns what the changed files do to the work in flight. It is pure. */
export function judge(_files: readonly ChangedFile[], _inventory: Inventory, _options: JudgeOptions): Review {
  return { findings: [], accepted: [], changedWorkflows: [], inFlight: 0, limits: [] };
}
