import { z } from 'zod';
import { bigintText } from '../schema.ts';
import type { SnapshotContents, Truncated } from './index.ts';

const tallies = { pending: z.int(), enqueued: z.int(), delayed: z.int() };
const text = z.string().nullable();
const time = z.int().nullable();
const rowSet = z.object({ count: z.int(), fingerprint: z.string() });

const unknownStatus = z.object({ version: text, status: text, count: z.int() });

/** The one row of the poll. */
export const snapshotRow = z.object({
  migration: bigintText.nullable(),
  in_flight: z.array(
    z.object({
      version: text,
      application: text,
      ...tallies,
      ranUnowned: z.boolean(),
      ignored: z.int(),
      oldestCreatedAt: time,
      delayedUntil: time,
      newestTakenAt: time,
    }),
  ),
  queues: z.array(
    z.object({
      version: z.string(),
      queue: z.string(),
      pending: z.int(),
      enqueued: z.int(),
      newestStartedAt: time,
      runningInAll: z.int(),
      concurrency: z.int().nullable(),
      rateMs: time,
    }),
  ),
  last_delayed: z.array(z.object({ id: z.string(), version: z.string(), name: text, until: z.int() })),
  groups: z.array(
    z.object({
      version: text,
      name: text,
      queue: text,
      ...tallies,
      ignored: z.boolean(),
      oldestCreatedAt: z.int(),
    }),
  ),
  group_count: z.int(),
  unversioned_group_count: z.int(),
  workflows: z.array(
    z.object({
      id: z.string(),
      version: text,
      name: text,
      className: text,
      status: z.string(),
      queue: text,
      executor: text,
      createdAt: z.int(),
      updatedAt: z.int(),
      startedAt: time,
      delayUntil: time,
      debounced: z.boolean(),
      debounceDeadline: time,
      deadline: time,
      parent: text,
      hasChildren: z.boolean(),
      lastStep: z
        .object({
          number: z.int(),
          name: z.string(),
          startedAt: time,
          completedAt: time,
          before: text,
          earlier: z.object({ count: z.int(), endedAt: time }).nullable(),
        })
        .nullable(),
    }),
  ),
  workflow_count: z.int(),
  unversioned_workflow_count: z.int(),
  created: z.array(
    z.object({
      version: z.string(),
      application: text,
      ranUnowned: z.boolean(),
      sincePrevious: rowSet,
      fromHere: rowSet,
      childrenSincePrevious: z.int().nullable(),
      childrenFromHere: z.int().nullable(),
    }),
  ),
  started_names: z.array(z.object({ version: z.string(), name: text, count: z.int() })),
  from_here: bigintText,
  owners: z.array(z.string()),
  application_seen: z.boolean(),
  registrations: z
    .array(
      z.object({ version: z.string(), application: text, timestamp: z.number(), rewritten: z.boolean() }),
    )
    .nullable(),
  registration_count: z.int(),
  unknown_statuses: z.array(unknownStatus).nullable(),
  failed: z.array(z.object({ version: z.string(), cancelled: z.int(), deadLettered: z.int() })).nullable(),
  newest_write_at: bigintText.nullable(),
  file: z.string().nullable(),
});
export type SnapshotRow = z.infer<typeof snapshotRow>;

export const writerRow = z.object({ transaction: z.string(), pid: z.int().nullable(), connection: text });
export const historyRow = z.object({ version: z.string() });
export const unknownStatusRow = unknownStatus;
export const productRow = z.object({ version: z.string() });

/** What the poll's row says, in the gate's words; searches and scans come from statements of their own. */
export function contentsOf(
  row: SnapshotRow,
  others: Pick<SnapshotContents, 'writers' | 'history'> & {
    readonly scannedStatuses: SnapshotContents['unknownStatuses'];
    readonly detailScan: boolean;
  },
): SnapshotContents {
  return {
    registrations: row.registrations
      ? { versions: row.registrations, total: row.registration_count }
      : undefined,
    owners: row.owners,
    applicationSeen: row.application_seen,
    inFlight: row.in_flight,
    groups: capped(row.groups, row.group_count, row.unversioned_group_count),
    workflows: capped(row.workflows, row.workflow_count, row.unversioned_workflow_count),
    detailScan: others.detailScan,
    queues: row.queues,
    lastDelayed: row.last_delayed,
    started: { versions: row.created, names: row.started_names, fromHere: row.from_here },
    writers: others.writers,
    unknownStatuses: row.unknown_statuses ?? others.scannedStatuses,
    failed: row.failed ?? undefined,
    history: others.history,
    newestWriteAt: row.newest_write_at ?? undefined,
  };
}

function capped<T extends { readonly version: string | null }>(
  items: readonly T[],
  versioned: number,
  unversioned: number,
): Truncated<T> {
  const brought = items.filter(({ version }) => version !== null).length;
  return { items, omitted: versioned - brought, omittedUnversioned: unversioned - (items.length - brought) };
}
