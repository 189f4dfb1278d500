import { number } from './message.ts';

/** Workflows in flight, by DBOS status. */
export interface StatusCounts {
  readonly pending: number;
  readonly enqueued: number;
  readonly delayed: number;
}

export const NO_WORKFLOWS: StatusCounts = { pending: 0, enqueued: 0, delayed: 0 };

export function total({ pending, enqueued, delayed }: StatusCounts): number {
  return pending + enqueued + delayed;
}

/** The counts of several versions or groups, added up status by status. */
export function summed(all: readonly StatusCounts[]): StatusCounts {
  const sumOf = (status: keyof StatusCounts) => all.reduce((sum, counts) => sum + counts[status], 0);
  return { pending: sumOf('pending'), enqueued: sumOf('enqueued'), delayed: sumOf('delayed') };
}

/** `3 pending, 1 enqueued`: the counts that are not zero, or `none`. */
export function describeCounts(counts: StatusCounts): string {
  const parts = (['pending', 'enqueued', 'delayed'] as const)
    .filter((status) => counts[status] > 0)
    .map((status) => `${number(counts[status])} ${status}`);
  return parts.length > 0 ? parts.join(', ') : 'none';
}
