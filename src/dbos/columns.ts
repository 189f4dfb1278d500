import { CUT_CHARACTERS, CUT_MARK, LONGEST_NAME_BYTES } from '../long-names.ts';
import { identifier, join, literal, type Sql, sql } from '../postgres/sql.ts';
import type { Schema } from './schema.ts';
import { SERIALIZATIONS } from './sdk.ts';

/*
 * Each concept is one SQL expression. Where a schema has no such column, the expression is a NULL of the column's type,
 * so that no statement asks how old the schema is.
 *
 * Statuses are literals and never parameters: only literals let the planner use DBOS's partial indexes (measured: 224
 * pages against 143,000 at a million finished rows).
 */

const NO_TEXT = sql`NULL::text`;
const NO_NUMBER = sql`NULL::bigint`;

/**
 * Columns that the statements read, by table. Those `needed` are there from TypeScript SDK 3.0 on, and the rules cannot
 * do without them. For the others, SQL stands in where a schema does not have them.
 */
const COLUMNS = {
  workflow_status: {
    needed: [
      ...['workflow_uuid', 'status', 'name', 'class_name', 'queue_name', 'executor_id', 'application_version'],
      ...['created_at', 'updated_at', 'started_at_epoch_ms'],
    ],
    standIns: {
      config_name: NO_TEXT,
      application_name: NO_TEXT,
      parent_workflow_id: NO_TEXT,
      forked_from: NO_TEXT,
      delay_until_epoch_ms: NO_NUMBER,
      workflow_deadline_epoch_ms: NO_NUMBER,
      is_debounced: sql`false`,
      debounce_deadline_epoch_ms: NO_NUMBER,
      serialization: NO_TEXT,
      queue_partition_key: NO_TEXT,
      ctid: sql`NULL::tid`,
    },
  },
  operation_outputs: {
    needed: ['workflow_uuid', 'function_id', 'function_name'],
    standIns: { child_workflow_id: NO_TEXT, started_at_epoch_ms: NO_NUMBER, completed_at_epoch_ms: NO_NUMBER },
  },
  application_versions: {
    needed: ['version_name', 'version_timestamp'],
    standIns: { created_at: NO_NUMBER, application_name: NO_TEXT, xmin: sql`NULL::xid` },
  },
  dbos_migrations: { needed: ['version'], standIns: {} },
  queues: {
    needed: ['name', 'concurrency', 'rate_limit_period_sec'],
    standIns: {
      worker_concurrency: NO_NUMBER,
      partition_queue: sql`false`,
      partition_concurrency: NO_NUMBER,
      partition_worker_concurrency: NO_NUMBER,
      partition_rate_limit_period_sec: sql`NULL::float8`,
      application_name: NO_TEXT,
    },
  },
} satisfies Record<string, { needed: readonly string[]; standIns: Record<string, Sql> }>;

export type Table = keyof typeof COLUMNS;
export const TABLES = Object.keys(COLUMNS) as readonly Table[];

/** Returns the names of a table's columns that the statements cannot do without. */
export const neededColumns = (table: Table): readonly string[] => COLUMNS[table].needed;

/** Returns the names of a table's columns that the statements read. */
export function columnNames(table: Table): readonly string[] {
  return [...COLUMNS[table].needed, ...Object.keys(COLUMNS[table].standIns)];
}

/** Statuses in flight, in the one shape that the planner answers from partial indexes: `IN` of all three is not. */
export const IN_FLIGHT = sql`(status IN ('PENDING', 'ENQUEUED') OR status = 'DELAYED')`;

/** Every status that DBOS has, for `IN`. */
export const KNOWN_STATUSES = sql`'PENDING', 'ENQUEUED', 'DELAYED', 'SUCCESS', 'ERROR', 'CANCELLED',
    'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'RETRIES_EXCEEDED'`;

/** The start of the transaction, in epoch milliseconds: the same everywhere in one poll. */
export const NOW = sql`(extract(epoch FROM now()) * 1000)::bigint`;

/**
 * A name or an id, compared byte for byte whatever the collation of its column: to a nondeterministic one, `V1` and `v1`
 * can be equal, and before Postgres 18 it cannot do `LIKE`. Statuses and the ids of steps keep theirs, as their indexes
 * do: rows that are equal to a status in flight count as such, and no two workflows have equal ids.
 */
export const bytes = (name: Sql): Sql => sql`(${name} COLLATE pg_catalog."C")`;

/**
 * In every SDK the id of a workflow that a schedule started is `sched-`, the name, `-`, and the instant. Go writes a
 * space in place of the `T`, and what follows the minute differs. An application can have ids that only start like this.
 */
const SCHEDULED_INSTANT = sql`'-[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}'`;

/**
 * The name of a version or a workflow, or what stands for a long one, as `cutName` makes it. To see how long a name is, nothing of it
 * is read. A database in SQL_ASCII holds bytes of any encoding, UTF-8 most often.
 */
export function wholeOrCut(column: Sql): Sql {
  const name = bytes(column);
  const utf8 = sql`convert_to(${name}, CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)`;
  return bytes(sql`CASE WHEN octet_length(${name}) > ${LONGEST_NAME_BYTES} OR starts_with(${name}, ${literal(CUT_MARK)})
            THEN ${literal(CUT_MARK)} || encode(sha256(${utf8}), 'hex') || ' ' || octet_length(${utf8}) || ' bytes: '
                 || substring(left(${name}, ${CUT_CHARACTERS}) FROM '^[ -~]*')
            ELSE ${name} END`);
}

/** The application that owns a row. */
const OWNER = bytes(sql`NULLIF(application_name, '')`);

const NAMING_SERIALIZATION = bytes(
  sql`CASE WHEN serialization IN (${join(SERIALIZATIONS.map(literal), ', ')}) THEN serialization END`,
);

/** The end of the year 9999, in epoch milliseconds. */
const LAST_TIME = 253_402_300_799_999;

/**
 * A time that is only shown. A row can hold any number, and a calendar ends with the year 9999. NULL stays NULL, which
 * `least` and `greatest` would not leave it.
 */
export function shownTime(time: Sql): Sql {
  return sql`CASE WHEN ${time} < 0 THEN 0 WHEN ${time} > ${LAST_TIME} THEN ${LAST_TIME} ELSE ${time} END`;
}

/** The longest name that is only shown, in characters. */
const LONGEST_SHOWN = 300;

/** Whether the byte at this place, from 1 on, begins a character of UTF-8, in an encoding whose characters are bytes. */
const begins = (name: Sql, place: number): Sql => sql`ascii(substr(${name}, ${place}, 1)) NOT BETWEEN 128 AND 191`;

/**
 * A name that is only shown, cut to 300 characters. In a database with the encoding SQL_ASCII a character is a byte: the
 * cut then comes before a byte that begins one.
 */
export const shownName = (name: Sql): Sql => sql`left(${name},
    CASE WHEN current_setting('server_encoding') <> 'SQL_ASCII' THEN ${LONGEST_SHOWN}
         WHEN ${begins(name, LONGEST_SHOWN + 1)} THEN ${LONGEST_SHOWN}
         WHEN ${begins(name, LONGEST_SHOWN)} THEN ${LONGEST_SHOWN - 1}
         WHEN ${begins(name, LONGEST_SHOWN - 1)} THEN ${LONGEST_SHOWN - 2}
         ELSE ${LONGEST_SHOWN - 3} END)`;

/** The name of a table, with its schema. */
export const tableOf = (schema: Schema, table: Table): Sql => sql`${identifier(schema.name)}.${identifier(table)}`;

/** Concepts of `workflow_status`, those included that older schemas do not have. */
export function workflowColumns(schema: Schema) {
  const column = columnsOf(schema, 'workflow_status');
  const delayUntil = column('delay_until_epoch_ms');
  const isDebounced = column('is_debounced');
  const deadline = column('workflow_deadline_epoch_ms');
  const id = bytes(sql`workflow_uuid`);
  const version = wholeOrCut(sql`application_version`);
  // Whatever the clock of the process that stamped both: no delay lasts longer from now than it did in all.
  const atMost = sql`${NOW} + ${shownTime(delayUntil)} - ${shownTime(sql`created_at`)}`;
  return {
    id,
    version,
    /** Whether a schedule started it. */
    isScheduled: sql`(left(${id}, 6) = 'sched-' AND ${id} ~ ${SCHEDULED_INSTANT})`,
    /**
     * The version, NULL for a running row with an empty one. Its process could not read its own version, as Go's where
     * the binary is unreadable, and stamps NULL and empty alike.
     */
    versionOrNone: sql`CASE WHEN status = 'PENDING' THEN NULLIF(${version}, '') ELSE ${version} END`,
    name: bytes(sql`name`),
    /** NULL for a function without a class. */
    className: bytes(sql`NULLIF(class_name, '')`),
    /** The name of a configured instance of its class. */
    instance: column('config_name', sql`NULLIF(config_name, '')`),
    /** NULL for a direct start, which Go before 1.0 stamps with an empty name. */
    queue: bytes(sql`NULLIF(queue_name, '')`),
    /** The partition of its queue. The application's own text, such as the name of a customer: compared, and never read. */
    partition: column('queue_partition_key', bytes(sql`queue_partition_key`)),
    owner: column('application_name', OWNER),
    parent: column('parent_workflow_id', bytes(sql`parent_workflow_id`)),
    /** The workflow that it is a fork of. */
    forkedFrom: column('forked_from', bytes(sql`forked_from`)),
    /** Whether it is the child of another workflow. */
    isChild: column('parent_workflow_id', sql`parent_workflow_id IS NOT NULL`, sql`NULL::boolean`),
    delayUntil,
    isDebounced,
    debounceDeadline: column('debounce_deadline_epoch_ms'),
    /** What its inputs are encoded with: see `sdk.ts`. */
    serialization: column('serialization'),
    /** The same where it names a language. An application can have any number of others. */
    namingSerialization: column('serialization', NAMING_SERIALIZATION),
    deadline,
    /** Before this, a delayed row cannot leave its status by itself. Another call can move a debounced one either way. */
    delayedUntil: sql`CASE WHEN status = 'DELAYED' AND NOT ${isDebounced}
              THEN ${shownTime(sql`least(${delayUntil}, ${deadline}, ${atMost})`)} END`,
  };
}

/** Concepts of `operation_outputs` that older schemas do not have. */
export function stepColumns(schema: Schema) {
  const column = columnsOf(schema, 'operation_outputs');
  return {
    /** The workflow that it started, or whose result it got. */
    child: column('child_workflow_id'),
    startedAt: column('started_at_epoch_ms'),
    completedAt: column('completed_at_epoch_ms'),
  };
}

/** Concepts of `application_versions`, those included that older schemas do not have. */
export function registrationColumns(schema: Schema) {
  const column = columnsOf(schema, 'application_versions');
  return {
    version: wholeOrCut(sql`version_name`),
    owner: column('application_name', OWNER),
    createdAt: column('created_at'),
  };
}

/** Concepts of `queues`, those included that older schemas do not have. */
export function queueColumns(schema: Schema) {
  const column = columnsOf(schema, 'queues');
  const ofPartition = column('partition_concurrency');
  const partitionPeriod = column('partition_rate_limit_period_sec');
  const others = sql`coalesce(${ofPartition}, ${column('partition_worker_concurrency')}, ${partitionPeriod}) IS NOT NULL`;
  // SDKs that write limits of partitions set this as well, for older ones: those have one limit, for all or for each.
  const isForEach = sql`(${column('partition_queue')} AND NOT ${others})`;
  return {
    name: bytes(sql`name`),
    owner: column('application_name', OWNER),
    /** How many workflows can run from all of it. */
    concurrency: sql`CASE WHEN concurrency >= 0 AND NOT ${isForEach} THEN concurrency END`,
    /** How many can run from each of its partitions. */
    partitionConcurrency: sql`CASE WHEN NOT ${isForEach} THEN ${ofPartition} WHEN concurrency >= 0 THEN concurrency END`,
    /** How many can run from it, or from one of its partitions, in each process: the lower limit. */
    workerConcurrency: sql`least(${column('worker_concurrency')}, ${column('partition_worker_concurrency')})`,
    /** The longer period of its rate limits, in seconds. */
    ratePeriod: sql`greatest(rate_limit_period_sec, ${partitionPeriod})`,
  };
}

/** Returns a function from a column to its expression, or to what stands in where this schema does not have it. */
function columnsOf<T extends Table>(schema: Schema, table: T) {
  const standIns: Readonly<Record<string, Sql>> = COLUMNS[table].standIns;
  type Name = keyof (typeof COLUMNS)[T]['standIns'] & string;
  return (name: Name, expression = identifier(name), standIn = standIns[name]): Sql =>
    standIn === undefined || schema.tables[table]?.includes(name) ? expression : standIn;
}
