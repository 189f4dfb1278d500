import { z } from 'zod';
import type { GateConfig } from '../../config.ts';
import { type Sql, sql } from '../../postgres/sql.ts';
import type { Schema } from '../schema.ts';

/** Which versions' rows a poll counts. Unversioned rows are always counted. */
export type VersionSelection = { readonly only: readonly string[] } | { readonly except: readonly string[] };

/** What the rules need from one poll, in addition to what every poll reads. */
export interface RuleRequest {
  readonly selection: VersionSelection;
  /** Where the previous poll's `started.fromHere` starts. */
  readonly startedSince: number | undefined;
  /** Versions to search for in all rows of any status. It is a full scan, so once per version and run. */
  readonly searchHistoryFor: readonly string[];
  /** Transactions that were writers at the previous poll. They remain so until they end, whatever they lock by now. */
  readonly openWriters: readonly string[];
  /** Read unknown statuses even where that takes a full scan. */
  readonly scanStatuses: boolean;
  /** Count cancelled and dead-lettered workflows. */
  readonly countFailed: boolean;
  /** Read who started the newest workflows. Rule 5 needs it where nothing else blocks. */
  readonly newestRoots: boolean;
  /** Read those since then, too, where the latest version was registered or promoted later. By the database's clock. */
  readonly rootsSince: number | undefined;
}

/** What the forecast needs from one poll. */
export interface ForecastRequest {
  /**
   * Read the details of the oldest 10,000 workflows, not of a few. It costs one page per workflow, and about five more
   * per running one, so once per minute at most.
   */
  readonly detailScan: boolean;
  /** Name the workflows that were created since then, by the database's clock. Undefined: none. */
  readonly namesSince: number | undefined;
}

export interface SnapshotRequest extends RuleRequest, ForecastRequest {}

/** What the SQL of a section depends on. */
export interface SnapshotQuery {
  readonly schema: Schema;
  readonly gate: Pick<GateConfig, 'application' | 'ignoreWorkflows'>;
  readonly request: Omit<SnapshotRequest, 'searchHistoryFor' | 'scanStatuses'>;
}

/** A section of the snapshot: one column of the poll's only row. */
export interface Section {
  /** Common table expressions of the section, which later sections can read too. */
  readonly ctes?: readonly Sql[];
  readonly column: Sql;
}

export const text = z.string().nullable();
/** A time in epoch milliseconds. */
export const time = z.int().nullable();
/** Workflows in flight, by DBOS status. */
export const statusCounts = { pending: z.int(), enqueued: z.int(), delayed: z.int() };

/** The rows of a statement, as JSON. */
export const rows = (select: Sql): Sql => sql`(SELECT coalesce(json_agg(r), '[]') FROM (${select}) r)`;

/** A list of rows that nobody changes. */
export const list = <T extends z.ZodType>(row: T) => z.array(row).readonly();

/** A section that is NULL in the row, and undefined in the snapshot, where it was not read. */
export const optional = <T extends z.ZodType>(column: T) => column.nullable().transform((value) => value ?? undefined);

/** A list that the SQL cut at a limit, and how many items it omitted. Items with a version come first. */
export interface Truncated<T> {
  readonly items: readonly T[];
  readonly omitted: number;
  /** Omitted items without a version, which need not concern any target. */
  readonly omittedUnversioned: number;
}

/** A cut list as JSON. `versioned` and `unversioned` are the numbers of items before the cut. */
export function truncatedRows(select: Sql, counts: { readonly versioned: Sql; readonly unversioned: Sql }): Sql {
  return sql`json_build_object('items', ${rows(select)},
    'versioned', ${counts.versioned}, 'unversioned', ${counts.unversioned})`;
}

export function truncated<T extends z.ZodType<{ readonly version: string | null }>>(row: T) {
  return z
    .object({ items: list(row), versioned: z.int(), unversioned: z.int() })
    .transform(({ items, versioned, unversioned }): Truncated<z.output<T>> => {
      const shown = items.filter(({ version }) => version !== null).length;
      return { items, omitted: versioned - shown, omittedUnversioned: unversioned - (items.length - shown) };
    });
}
