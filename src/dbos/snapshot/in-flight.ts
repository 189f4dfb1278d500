import { z } from 'zod';
import { type Sql, sql } from '../../postgres/sql.ts';
import { IN_FLIGHT, shownName, shownTime, tableOf, workflowColumns } from '../columns.ts';
import { inApplication, isIgnored, isSelected, patternsMatching } from '../scope.ts';
import { list, rows, type Section, type SnapshotQuery, statusCounts, text, time, truncatedRows } from './section.ts';

/** The work in flight on one version. */
export const versionInFlight = z.object({
  /** Null for unversioned rows: see `shownVersion`. */
  version: text,
  application: text,
  /** A process took work of this version without writing an owner: its SDK writes none. */
  ranUnowned: z.boolean(),
  ...statusCounts,
  /** In flight under a name that `ignore-workflows` matches; not in the three counts above. */
  ignored: z.int(),
  /** Creation of the oldest that is not ignored. */
  oldestCreatedAt: time,
  /** The last time at which a delay of it ends, or a deadline that comes first; not of ignored and debounced rows. */
  delayedUntil: time,
  /** The newest write that a process of the version made to the status of a row that it runs. */
  newestTakenAt: time,
});
export type VersionInFlight = Readonly<z.output<typeof versionInFlight>>;

/** The version of a row in flight. With `keep-version`, what runs without a version can be a target of its own. */
export function shownVersion({ schema, request }: SnapshotQuery): Sql {
  const { version, versionOrNone } = workflowColumns(schema);
  return 'except' in request.selection ? versionOrNone : version;
}

/** In the application, and on a version that the poll counts or on none. Reads `tally` or `in_flight`. */
export function isCounted({ gate, request }: SnapshotQuery): Sql {
  const isOnSelected = sql`(version IS NULL OR version = '' OR ${isSelected(request.selection, sql`version`)})`;
  return sql`${inApplication(gate.application, sql`application`)} AND ${isOnSelected}`;
}

/**
 * What is in flight can be a million rows. So `in_flight` is read once, through the partial indexes
 * (`idx_workflow_status_in_flight*`, `idx_workflow_status_pending`, `idx_workflow_status_delayed`) or, on older schemas,
 * the plain status index. It is counted once, in `tally`, from which all other counts are summed.
 */
export function inFlightSection(query: SnapshotQuery): Section {
  const { id, name, className, instance, queue, partition, owner, parent, delayedUntil, namingSerialization } =
    workflowColumns(query.schema);
  const version = shownVersion(query);
  const inFlight = sql`in_flight AS MATERIALIZED (
  SELECT ctid AS place, ${id} AS workflow_uuid, status, ${name} AS name, ${className} AS class_name,
         ${instance} AS instance, ${queue} AS queue_name, ${partition} AS partition,
         ${version} AS version, ${owner} AS application, created_at, updated_at, started_at_epoch_ms AS started_at, ${delayedUntil} AS delayed_until,
         ${namingSerialization} AS serialization, ${parent} AS parent, ${isIgnored(query.gate.ignoreWorkflows, { name, className })} AS ignored
    FROM ${tableOf(query.schema, 'workflow_status')}
   WHERE ${IN_FLIGHT}
)`;
  const tally = sql`tally AS MATERIALIZED (
  SELECT version, application, name, class_name, queue_name, ignored, serialization, count(*) AS total,
         count(*) FILTER (WHERE status = 'PENDING') AS pending, count(*) FILTER (WHERE status = 'ENQUEUED') AS enqueued,
         count(*) FILTER (WHERE status = 'DELAYED') AS delayed,
         min(created_at) AS oldest, max(updated_at) AS updated_at, max(started_at) AS started_at,
         max(greatest(updated_at, started_at)) FILTER (WHERE status = 'PENDING') AS taken_at,
         max(delayed_until) AS delayed_until
    FROM in_flight
   GROUP BY version, application, name, class_name, queue_name, ignored, serialization
)`;
  const selected = sql`selected AS MATERIALIZED (
  SELECT * FROM tally WHERE ${isCounted(query)}
)`;
  const column = rows(sql`
     SELECT version, max(application) AS application, bool_or(pending > 0 AND application IS NULL) AS "ranUnowned",
            coalesce(sum(total) FILTER (WHERE ignored), 0) AS ignored,
            coalesce(sum(pending) FILTER (WHERE NOT ignored), 0) AS pending,
            coalesce(sum(enqueued) FILTER (WHERE NOT ignored), 0) AS enqueued,
            coalesce(sum(delayed) FILTER (WHERE NOT ignored), 0) AS delayed,
            ${shownTime(sql`min(oldest) FILTER (WHERE NOT ignored)`)} AS "oldestCreatedAt",
            max(delayed_until) FILTER (WHERE NOT ignored) AS "delayedUntil",
            ${shownTime(sql`max(taken_at)`)} AS "newestTakenAt"
       FROM selected GROUP BY version`);
  return { ctes: [inFlight, tally, selected], column };
}

/**
 * The patterns of `ignore-workflows` that match some workflow of the application: one in flight, on whatever version, or
 * one that was created lately on a version that the poll counts. Most that a schedule starts are over before a poll.
 */
export const matchedPatterns = list(z.string());

export function matchedPatternsSection({ gate }: SnapshotQuery): Section {
  const ignored = sql`SELECT name, class_name FROM tally WHERE ignored AND ${inApplication(gate.application, sql`application`)}
             UNION SELECT name, class_name FROM recent WHERE ignored`;
  return { column: patternsMatching(gate.ignoreWorkflows, ignored) };
}

/** How many groups a poll reads. */
export const GROUP_LIMIT = 100;

/** Work in flight on one version, under one name of one class, in one queue. */
export const workflowGroup = z.object({
  version: text,
  name: text,
  className: text,
  queue: text,
  ...statusCounts,
  ignored: z.boolean(),
  oldestCreatedAt: z.int(),
});
export type WorkflowGroup = Readonly<z.output<typeof workflowGroup>>;

/** The largest groups first. */
export function groupsSection(): Section {
  const grouped = sql`grouped AS MATERIALIZED (
  SELECT version, name, class_name, queue_name, ignored, sum(pending) AS pending, sum(enqueued) AS enqueued,
         sum(delayed) AS delayed, sum(total) AS total, min(oldest) AS oldest
    FROM selected
   WHERE version IS DISTINCT FROM ''
   GROUP BY version, name, class_name, queue_name, ignored
)`;
  const largest = sql`
     SELECT version, ${shownName(sql`name`)} AS name, ${shownName(sql`class_name`)} AS "className",
            ${shownName(sql`queue_name`)} AS queue, pending, enqueued, delayed, ignored, ${shownTime(sql`oldest`)} AS "oldestCreatedAt"
       FROM grouped ORDER BY version IS NULL, total DESC, oldest LIMIT ${GROUP_LIMIT}`;
  const column = truncatedRows(largest, {
    versioned: sql`(SELECT count(*) FROM grouped WHERE version IS NOT NULL)`,
    unversioned: sql`(SELECT count(*) FROM grouped WHERE version IS NULL)`,
  });
  return { ctes: [grouped], column };
}

/** How many of the workflows that are delayed longest a poll reads. */
export const LAST_DELAYED_LIMIT = 20;

/** A delayed workflow. */
export const delayedWorkflow = z.object({
  id: z.string(),
  version: z.string(),
  name: text,
  className: text,
  instance: text,
  /** As `VersionInFlight.delayedUntil`. */
  until: z.int(),
});
export type DelayedWorkflow = Readonly<z.output<typeof delayedWorkflow>>;

/** The delayed workflows that start last, the very last first. */
export function lastDelayedSection(query: SnapshotQuery): Section {
  const column = rows(sql`
     SELECT workflow_uuid AS id, version, ${shownName(sql`name`)} AS name, ${shownName(sql`class_name`)} AS "className",
            ${shownName(sql`instance`)} AS instance, delayed_until AS until
       FROM in_flight WHERE delayed_until IS NOT NULL AND NOT ignored AND version <> '' AND ${isCounted(query)}
      ORDER BY delayed_until DESC, workflow_uuid LIMIT ${LAST_DELAYED_LIMIT}`);
  return { column };
}
