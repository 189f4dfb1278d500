import { z } from 'zod';
import { bigint, type Sql, sql } from '../../postgres/sql.ts';
import { NOW, tableOf, workflowColumns } from '../columns.ts';
import type { Schema } from '../schema.ts';
import { inApplication, isIgnored } from '../scope.ts';
import { list, optional, rows, type Section, type SnapshotQuery, text, time } from './section.ts';

/** How many of the application's rows a poll reads for rule 5, the newest. */
export const NEWEST_ROWS = 2000;

/** How many rows of any owner it examines for that: another application in the database can be the busier one. */
export const EXAMINED_ROWS = 20_000;

/** How many roots of one version that are alike a poll returns. The rule weighs no more than a hundred in all. */
const ALIKE_ROOTS = 100;

/** A root: a workflow without a parent, which is no fork and not ignored. */
const root = z
  .tuple([z.int(), z.boolean(), z.boolean()])
  .transform(([createdAt, takenUp, scheduled]) => ({ createdAt, takenUp, scheduled }));

/** When it was created, never after the database's now; whether a process took it up; whether a schedule started it. */
export type Root = Readonly<z.output<typeof root>>;

/** The newest rows of one version. */
const versionRoots = z.object({
  /** Null and empty for rows without a version. */
  version: text,
  /** The newest first. */
  roots: list(root),
  /** Creation of the newest row of any kind that a process took up; null where none was. */
  newestTakenUpAt: time,
});

/**
 * Who started the application's newest workflows since its latest version was registered or promoted, or since
 * `RuleRequest.rootsSince` if that is earlier. Undefined: not requested, or this schema has no registrations.
 */
export const newestRoots = optional(
  z.object({
    versions: list(versionRoots),
    /** The rows that were read reach back to that moment. */
    reachesBack: z.boolean(),
    /** They do not, since rows of other applications fill what was examined. */
    othersFill: z.boolean(),
    /** The schema shows parents. Elsewhere, children are among the roots. */
    showsParents: z.boolean(),
  }),
);
export type NewestRoots = NonNullable<Readonly<z.output<typeof newestRoots>>>;

/**
 * Whether a process took the workflow up: it runs, or it ended otherwise than by a cancellation. A row in a queue is no
 * sign of a process. A direct start never has `started_at_epoch_ms`, a dequeued one has it and keeps it. Narrower than
 * `HAS_RUN` of `started.ts` on unknown statuses: a row of another version that counts here lets a target go.
 */
const TAKEN_UP = sql`(coalesce(status IN ('PENDING', 'SUCCESS', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'RETRIES_EXCEEDED'), false)
          OR started_at_epoch_ms IS NOT NULL)`;

/**
 * Reads the newest rows through `workflow_status_created_at_index`, which every schema has. No index has the owner in
 * front, so rows of other owners are examined as well, up to a limit. The planner takes a limit that it cannot see for a
 * tenth of the rows, and the index for the way. One that it can see would make it sort a table of up to 100,000 rows.
 */
export function newestRootsSection({ schema, gate, request }: SnapshotQuery): Section {
  if (!request.newestRoots || schema.tables.application_versions === undefined) return { column: sql`NULL::json` };
  const { isScheduled, version, owner, namingSerialization } = workflowColumns(schema);
  const examined = sql`examined AS MATERIALIZED (
  SELECT ${version} AS version, ${owner} AS application, least(created_at, ${NOW}) AS at,
         ${TAKEN_UP} AS taken_up, ${isScheduled} AS scheduled, ${isRoot(schema, gate.ignoreWorkflows)} AS is_root,
         ${namingSerialization} AS serialization
    FROM ${tableOf(schema, 'workflow_status')}
   WHERE created_at >= least((SELECT max(version_timestamp) FROM registered), ${bigint(request.rootsSince)})
   ORDER BY created_at DESC LIMIT (SELECT ${EXAMINED_ROWS})
)`;
  const newest = sql`newest AS MATERIALIZED (
  SELECT * FROM examined WHERE ${inApplication(gate.application, sql`application`)} LIMIT ${NEWEST_ROWS}
)`;
  const versions = rows(sql`
     SELECT version, max(at) FILTER (WHERE taken_up) AS "newestTakenUpAt",
            coalesce(json_agg(json_build_array(at, taken_up, scheduled) ORDER BY at DESC)
              FILTER (WHERE is_root AND number <= ${ALIKE_ROOTS}), '[]') AS roots
       FROM (SELECT *, row_number() OVER (PARTITION BY version, is_root, taken_up, scheduled ORDER BY at DESC) AS number
               FROM newest) n
      GROUP BY version`);
  // `examined` is read only as far as it is asked for: to count it is free where `newest` has come to its end.
  const isFull = sql`(SELECT count(*) FROM newest) >= ${NEWEST_ROWS}`;
  const isWhole = sql`(SELECT count(*) FROM examined) < ${EXAMINED_ROWS}`;
  return {
    ctes: [examined, newest],
    column: sql`json_build_object('versions', ${versions}, 'showsParents', ${showsParents(schema)},
            'reachesBack', CASE WHEN ${isFull} THEN false ELSE ${isWhole} END,
            'othersFill', CASE WHEN ${isFull} THEN false ELSE NOT ${isWhole} END)`,
  };
}

function isRoot(schema: Schema, ignored: readonly string[]): Sql {
  const { parent, forkedFrom, name, className } = workflowColumns(schema);
  return sql`(coalesce(${parent}, '') = '' AND coalesce(${forkedFrom}, '') = '' AND NOT ${isIgnored(ignored, { name, className })})`;
}

function showsParents({ tables }: Schema): Sql {
  return tables.workflow_status?.includes('parent_workflow_id') ? sql`true` : sql`false`;
}
