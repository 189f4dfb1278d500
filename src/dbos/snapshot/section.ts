import { z } from 'zod';
import type { GateConfig } from '../../config.ts';
import { type Sql, sql } from '../../postgres/sql.ts';
import type { Schema } from '../schema.ts';
import type { SnapshotRequest } from './request.ts';

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
export function rows(select: Sql): Sql {
  return sql`(SELECT coalesce(json_agg(r), '[]') FROM (${select}) r)`;
}

/** A list of rows that nobody changes. */
export function list<T extends z.ZodType>(row: T) {
  return z.array(row).readonly();
}

/** A section that is NULL in the row, and undefined in the snapshot, where it was not read. */
export function optional<T extends z.ZodType>(section: T) {
  return section.nullable().transform((value) => value ?? undefined);
}

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
      return {
        items,
        omitted: versioned - shown,
        omittedUnversioned: unversioned - (items.length - shown),
      };
    });
}
