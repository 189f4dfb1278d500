import { z } from 'zod';
import {
  bytes,
  IN_FLIGHT,
  registrationColumns,
  shownTime,
  tableOf,
  wholeOrCut,
  workflowColumns,
} from '../../dbos/columns.ts';
import type { Schema } from '../../dbos/schema.ts';
import { inApplication } from '../../dbos/scope.ts';
import { server } from '../../dbos/server.ts';
import { list, optional, rows, statusCounts, text } from '../../dbos/snapshot/section.ts';
import { file, fileSection, migration, migrationSection, serverSection } from '../../dbos/snapshot/tables.ts';
import { type StatusQuery, unknownStatus, unknownStatusesSection } from '../../dbos/snapshot/unknown-statuses.ts';
import { identifier, join, literal, type Sql, type Statement, sql, statement } from '../../postgres/sql.ts';
import { MOST_OCCURRENCES } from './inventory.ts';
import { SCHEDULES, type ScheduleAccess } from './schedules.ts';

/*
 * What is in flight can be a million rows, and each can have any number of steps. The rows are read once, through the
 * indexes that the gate uses, and counted. Steps are read of a bounded number of executions, by the primary key of
 * `operation_outputs`: about a page a step where they lie apart. docs/benchmarks.md has what it costs.
 */

/** How much is read. What is beyond is counted. */
export interface Limits {
  /** Groups of one application, version, class and name, the largest first. */
  readonly groups: number;
  /** Executions whose steps are read: of one group, and in all. */
  readonly executionsPerGroup: number;
  readonly executions: number;
  /** Steps that are read of one execution, the first ones, and in all. */
  readonly stepsPerExecution: number;
  readonly steps: number;
  /** Names of steps that are returned for one group, and in all: patches, then those that most executions recorded. */
  readonly namesPerGroup: number;
  readonly names: number;
  readonly schedules: number;
}

export const LIMITS: Limits = {
  groups: 2000,
  executionsPerGroup: 1000,
  executions: 10_000,
  stepsPerExecution: 1000,
  steps: 200_000,
  namesPerGroup: 200,
  names: 20_000,
  schedules: 1000,
};

/** The longest name of a step, in bytes. */
const LONGEST_STEP_NAME = 1000;

/** The start of the name under which DBOS records that an execution takes a patch. */
export const PATCH_MARK = 'DBOS.patch-';

/** Executions in flight of one workflow. */
const group = z.object({
  number: z.int(),
  application: text,
  version: text,
  name: z.string(),
  className: text,
  ...statusCounts,
  oldest: z.int(),
  /** Of how many all steps were read. */
  whole: z.int(),
});

/** A step, and how many executions of a group recorded it how often, as pairs. */
const groupStep = z.object({ group: z.int(), name: z.string(), times: z.array(z.tuple([z.int(), z.int()])) });

const latest = z.object({ application: text, version: z.string(), timestamp: z.number() });

const schedule = z.object({
  application: text,
  schedule: z.string(),
  name: z.string(),
  className: text,
  isPaused: z.boolean(),
});

/** The one row that the query returns. */
export const inventoryRow = z.object({
  groups: list(group),
  /** Executions in flight, those of all groups and the nameless ones. */
  inFlight: z.int(),
  /** Every owner of an execution in flight or a registration, whatever application is asked for. */
  owners: list(z.string()),
  steps: list(groupStep),
  /** Names of steps that were read, by group. */
  stepNames: z.int(),
  /** The newest registration of each owner. */
  latest: list(latest),
  schedules: list(schedule),
  scheduleCount: z.int(),
  unknownStatuses: optional(list(unknownStatus)),
  migration,
  file,
  server,
});
export type InventoryRow = z.output<typeof inventoryRow>;

/** What the query depends on. */
export interface InventoryQuery extends StatusQuery {
  readonly schema: Schema;
  readonly schedules: ScheduleAccess;
}

/** Returns the statement that reads an inventory. */
export function inventoryQuery(query: InventoryQuery, limits: Limits = LIMITS): Statement {
  const { schema } = query;
  const unknown = unknownStatusesSection(query);
  const columns: Readonly<Record<keyof InventoryRow, Sql>> = {
    groups: rows(sql`
     SELECT number, application, version, name, class_name AS "className", pending, enqueued, delayed,
            ${shownTime(sql`oldest`)} AS oldest, coalesce(executions, 0) AS whole
       FROM groups LEFT JOIN whole USING (number)`),
    inFlight: sql`(SELECT count(*)::int FROM in_flight WHERE is_asked)`,
    owners: ownersColumn(query),
    steps: rows(sql`
     SELECT number AS "group", name, times FROM ranked WHERE place <= ${limits.namesPerGroup}
      ORDER BY place, number LIMIT ${limits.names}`),
    stepNames: sql`(SELECT count(*)::int FROM (SELECT DISTINCT number, name FROM named) n)`,
    latest: latestColumn(query),
    ...scheduleColumns(query, limits),
    unknownStatuses: unknown.column,
    migration: migrationSection({ schema }).column,
    file: fileSection({ schema }).column,
    server: serverSection().column,
  };
  const shown = Object.entries(columns).map(([name, column]) => sql`${column} AS ${identifier(name)}`);
  const ctes = [
    ...inFlightCtes(query, limits),
    executionsCte(limits),
    ...stepCtes(schema, limits),
    ...(unknown.ctes ?? []),
  ];
  return statement(sql`
WITH RECURSIVE ${join(ctes, ', ')}
SELECT ${join(shown, ',\n  ')}`);
}

/** A number for the four names of a group, in place of which it is sorted. Equal numbers need not be equal names. */
const GROUP_KEY = ['application', 'version', 'class_name', 'name'].reduce(
  (key, name) => sql`hashtextextended(coalesce(${identifier(name)}, ''), ${key})`,
  sql`0`,
);

function inFlightCtes({ schema, gate }: InventoryQuery, limits: Limits): readonly Sql[] {
  const { versionOrNone, className, owner, forkedFrom } = workflowColumns(schema);
  const inFlight = sql`in_flight AS MATERIALIZED (
  SELECT f.*, ${GROUP_KEY} AS key, ${inApplication(gate.application, sql`application`)} AS is_asked FROM (
  SELECT workflow_uuid, status, ${wholeOrCut(sql`name`)} AS name, ${wholeOrCut(className)} AS class_name,
         ${versionOrNone} AS version, ${owner} AS application, created_at,
         CASE WHEN status = 'PENDING' THEN 0 WHEN updated_at > created_at OR ${forkedFrom} IS NOT NULL THEN 1 ELSE 2 END AS turn
    FROM ${tableOf(schema, 'workflow_status')}
   WHERE ${IN_FLIGHT} OFFSET 0) f
)`;
  const groups = sql`groups AS MATERIALIZED (
  SELECT row_number() OVER (ORDER BY total DESC, oldest, application, version, name, class_name) AS number, g.*
    FROM (SELECT key, application, version, name, class_name, count(*) AS total, min(created_at) AS oldest,
                 count(*) FILTER (WHERE status = 'PENDING') AS pending,
                 count(*) FILTER (WHERE status = 'ENQUEUED') AS enqueued,
                 count(*) FILTER (WHERE status = 'DELAYED') AS delayed
            FROM in_flight WHERE is_asked AND name IS NOT NULL
           GROUP BY key, application, version, name, class_name) g
   ORDER BY number LIMIT ${limits.groups}
)`;
  return [inFlight, groups];
}

const IS_OF_GROUP = join(
  ['application', 'version', 'class_name', 'name']
    .map(identifier)
    .map((name) => sql`f.${name} IS NOT DISTINCT FROM g.${name}`),
  ' AND ',
);

/**
 * `executions` has first those that run, then those that were put back into a queue or forked, and then the rest, which
 * most often has recorded nothing yet; of each the oldest first. Each group has its first before any has its second.
 */
function executionsCte(limits: Limits): Sql {
  return sql`executions AS MATERIALIZED (
  SELECT g.number, f.workflow_uuid AS id
    FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY turn, created_at, workflow_uuid) AS place
            FROM in_flight WHERE is_asked AND name IS NOT NULL) f
    JOIN groups g ON f.key = g.key AND ${IS_OF_GROUP}
   WHERE f.place <= ${limits.executionsPerGroup} ORDER BY f.place, g.number LIMIT ${limits.executions}
)`;
}

/**
 * Whether the name of a step holds the id of its own workflow, where that looks like one. No text of a program has such a
 * name, and ids stay out of the inventory: so do UUIDs.
 */
const HOLDS_OWN_ID = sql`CASE WHEN position(${bytes(sql`id`)} IN name) > 0
                THEN length(id) >= 6 AND ${bytes(sql`id`)} ~ '[0-9]' ELSE false END`;
const HOLDS_UUID = sql`name ~* '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'`;

/** `recorded` has a line for each step, and one for an execution without any. It ends where a limit is passed. */
function stepCtes(schema: Schema, limits: Limits): readonly Sql[] {
  const recorded = sql`recorded AS MATERIALIZED (
  SELECT number, id, ${bytes(sql`function_name`)} AS name, row_number() OVER () AS line
    FROM executions e
    LEFT JOIN LATERAL (SELECT o.function_name FROM ${tableOf(schema, 'operation_outputs')} o
                        WHERE o.workflow_uuid = e.id ORDER BY o.function_id LIMIT ${limits.stepsPerExecution + 1}) s ON true
   LIMIT ${limits.steps + 1}
)`;
  const whole = sql`whole AS MATERIALIZED (
  SELECT number, count(*) AS executions
    FROM (SELECT number, id, count(*) AS lines, max(line) AS last_line FROM recorded GROUP BY number, id) e
   WHERE lines <= ${limits.stepsPerExecution} AND last_line <= ${limits.steps} GROUP BY number
)`;
  const named = sql`named AS MATERIALIZED (
  SELECT number, name, times, bool_or(holds_id) AS holds_id, count(*) AS executions
    FROM (SELECT number, name, least(count(*), ${MOST_OCCURRENCES}) AS times, ${HOLDS_OWN_ID} AS holds_id
            FROM recorded WHERE name IS NOT NULL GROUP BY number, id, name) e
   GROUP BY number, name, times
)`;
  const ranked = sql`ranked AS (
  SELECT number, name, json_agg(json_build_array(times, executions)) AS times,
         row_number() OVER (PARTITION BY number
                            ORDER BY starts_with(name, ${literal(PATCH_MARK)}) DESC, sum(executions) DESC, name) AS place
    FROM named GROUP BY number, name 
  HAVING NOT bool_or(holds_id) AND octet_length(name) <= ${LONGEST_STEP_NAME} AND NOT ${HOLDS_UUID}
)`;
  return [recorded, whole, named, ranked];
}

function ownersColumn({ schema }: InventoryQuery): Sql {
  const { owner } = registrationColumns(schema);
  const registered = sql`UNION SELECT ${owner} FROM ${tableOf(schema, 'application_versions')} WHERE ${owner} IS NOT NULL`;
  return sql`(SELECT coalesce(json_agg(application ORDER BY application), '[]')
     FROM (SELECT application FROM in_flight WHERE application IS NOT NULL
           ${schema.tables.application_versions === undefined ? sql`` : registered}) o)`;
}

function latestColumn({ schema, gate }: InventoryQuery): Sql {
  if (schema.tables.application_versions === undefined) return sql`'[]'::json`;
  const { version, owner } = registrationColumns(schema);
  return rows(sql`
     SELECT DISTINCT ON (${owner}) ${owner} AS application, ${version} AS version, version_timestamp AS timestamp
       FROM ${tableOf(schema, 'application_versions')} WHERE ${inApplication(gate.application, owner)}
      ORDER BY ${owner}, version_timestamp DESC, ${version}`);
}

function scheduleColumns({ schema, gate, schedules }: InventoryQuery, limits: Limits) {
  if (typeof schedules === 'string') return { schedules: sql`'[]'::json`, scheduleCount: sql`0` };
  const table = sql`${identifier(schema.name)}.${identifier(SCHEDULES)}`;
  const owner = schedules.hasOwners ? bytes(sql`NULLIF(application_name, '')`) : sql`NULL::text`;
  const isAsked = inApplication(gate.application, owner);
  return {
    schedules: rows(sql`
     SELECT ${owner} AS application, ${wholeOrCut(sql`schedule_name`)} AS schedule, ${wholeOrCut(sql`workflow_name`)} AS name,
            ${wholeOrCut(sql`NULLIF(workflow_class_name, '')`)} AS "className", status <> 'ACTIVE' AS "isPaused"
       FROM ${table} WHERE ${isAsked} ORDER BY schedule_name LIMIT ${limits.schedules}`),
    scheduleCount: sql`(SELECT count(*)::int FROM ${table} WHERE ${isAsked})`,
  };
}
