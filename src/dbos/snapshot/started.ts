import { z } from 'zod';
import { bigint, type Sql, sql } from '../../postgres/sql.ts';
import { NOW, shownName, tableOf, workflowColumns } from '../columns.ts';
import { inApplication, isIgnored, isSelected } from '../scope.ts';
import { list, rows, type Section, type SnapshotQuery, text } from './section.ts';

/** How many names of newly created workflows a poll reads. */
const STARTED_NAME_LIMIT = 10;
/** How far the clocks of processes, which stamp workflows and registrations, can be behind the database's, in milliseconds. */
export const CLOCK_MARGIN_MS = 60_000;

/** Where the counts for the next poll start. */
const FROM_HERE = sql`(${NOW} - ${CLOCK_MARGIN_MS})`;

/**
 * Whether some process ran the row, as far as its status shows. Without a version, it was a process without one. Wider
 * than `TAKEN_UP` of `newest-roots.ts` on unknown statuses: a row that counts here holds the gate. Narrower on what was
 * dequeued and waits again, or was cancelled: no process without a version has to finish that.
 */
const HAS_RUN = sql`coalesce(status NOT IN ('ENQUEUED', 'DELAYED', 'CANCELLED'), true)`;

/** A number of rows, and a fingerprint that changes when other rows take the place of as many. */
const rowSet = z.object({ count: z.int(), fingerprint: z.string() });
export type RowSet = Readonly<z.output<typeof rowSet>>;

/** Rows of one version that were created recently. */
const startedOnVersion = z.object({
  /** Null for rows that a process without a version ran. */
  version: text,
  application: text,
  /** As `VersionInFlight.ranUnowned`. */
  ranUnowned: z.boolean(),
  /** Since `SnapshotRequest.startedSince`; zero when the request named no moment. */
  sincePrevious: rowSet,
  fromHere: rowSet,
  /** How many of each are children of another workflow; null where the schema does not show it. */
  childrenSincePrevious: z.int().nullable(),
  childrenFromHere: z.int().nullable(),
});
export type StartedOnVersion = Readonly<z.output<typeof startedOnVersion>>;

/** Workflows of one version, class and name that were created recently. */
const startedName = z.object({
  version: text,
  name: text,
  className: text,
  count: z.int(),
  /** A schedule started all of them. */
  scheduled: z.boolean(),
});
export type StartedName = Readonly<z.output<typeof startedName>>;

/** Rows of any status, counted since the moment that the previous poll fixed, and since one fixed for the next poll. */
export const started = z.object({
  versions: list(startedOnVersion),
  /**
   * The names of workflows created since `SnapshotRequest.namesSince`, the most frequent first; without children, where
   * the schema shows them. The counts are approximate: the clocks are those of the processes that stamp rows.
   */
  names: list(startedName),
  /** Where `fromHere` starts. */
  fromHere: z.int(),
});
export type Started = Readonly<z.output<typeof started>>;

/** Every schema has `workflow_status_created_at_index`, so the cost of `recent` follows the throughput, not the history. */
export function startedSection({ schema, gate, request }: SnapshotQuery): Section {
  const { id, version, name, className, owner, isChild, isScheduled } = workflowColumns(schema);
  const since = bigint(request.startedSince);
  // What runs without a version can be a target only with `keep-version`.
  const withoutVersion = 'except' in request.selection ? HAS_RUN : sql`false`;
  const recent = sql`recent AS MATERIALIZED (
  SELECT NULLIF(${version}, '') AS version, ${owner} AS application, created_at,
         ${owner} IS NULL AND ${HAS_RUN} AS ran_unowned,
         hashtextextended(${id}, 0) AS fingerprint, ${name} AS name, ${className} AS class_name, ${isChild} AS is_child,
         ${isScheduled} AS scheduled, ${isIgnored(gate.ignoreWorkflows, { name, className })} AS ignored
    FROM ${tableOf(schema, 'workflow_status')}
   WHERE created_at >= least(${since}, ${FROM_HERE})
     AND ${inApplication(gate.application, owner)}
     AND CASE WHEN coalesce(${version}, '') <> '' THEN ${isSelected(request.selection, version)} ELSE ${withoutVersion} END
)`;
  const created = sql`created AS NOT MATERIALIZED (
  SELECT * FROM recent WHERE NOT ignored
)`;
  const versions = rows(sql`
     SELECT version, max(application) AS application, bool_or(ran_unowned) AS "ranUnowned",
            ${rowsSince(since)} AS "sincePrevious", ${rowsSince(FROM_HERE)} AS "fromHere",
            ${childrenSince(since)} AS "childrenSincePrevious", ${childrenSince(FROM_HERE)} AS "childrenFromHere"
       FROM created GROUP BY version`);
  const names = rows(sql`
     SELECT version, ${shownName(sql`name`)} AS name, ${shownName(sql`class_name`)} AS "className", count(*) AS count,
            bool_and(scheduled) AS scheduled
       FROM created WHERE is_child IS NOT TRUE AND created_at >= ${bigint(request.namesSince)}
      GROUP BY version, name, class_name ORDER BY count(*) DESC, name, class_name LIMIT ${STARTED_NAME_LIMIT}`);
  return {
    ctes: [recent, created],
    column: sql`json_build_object('versions', ${versions}, 'names', ${names}, 'fromHere', ${FROM_HERE})`,
  };
}

function rowsSince(moment: Sql): Sql {
  return sql`json_build_object('count', count(*) FILTER (WHERE created_at >= ${moment}),
              'fingerprint', coalesce(sum(fingerprint) FILTER (WHERE created_at >= ${moment}), 0)::text)`;
}

/** `is_child` is null in every row where the schema does not show parents. */
function childrenSince(moment: Sql): Sql {
  return sql`CASE WHEN count(is_child) > 0 THEN count(*) FILTER (WHERE is_child AND created_at >= ${moment}) END`;
}
