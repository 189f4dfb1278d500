import { z } from 'zod';
import type { DatabaseFacts } from './snapshot/index.ts';

/** Columns of `workflow_status` that the rules cannot do without. All are there from TypeScript SDK 3.0 on. */
const NEEDED_COLUMNS = [
  'workflow_uuid',
  'status',
  'name',
  'class_name',
  'queue_name',
  'executor_id',
  'application_version',
  'created_at',
  'updated_at',
  'started_at_epoch_ms',
] as const;

/** Columns that newer schemas add; the poll leaves out what an older one does not have. */
const OPTIONAL_COLUMNS = [
  'application_name',
  'parent_workflow_id',
  'delay_until_epoch_ms',
  'workflow_deadline_epoch_ms',
  'is_debounced',
  'debounce_deadline_epoch_ms',
] as const;

/** `bigint` arrives as text: epoch milliseconds are safe integers, which `z.int()` insists on. */
export const bigintText = z.string().transform(Number).pipe(z.int());

const columnList = z.array(z.string());

/** The row that `probeQuery` returns. */
export const probeRow = z.object({
  observed_at: bigintText,
  role: z.string(),
  server_version: z.string(),
  standby: z.boolean(),
  schema_exists: z.boolean(),
  schema_usable: z.boolean(),
  schemas_with_tables: columnList,
  relation_kind: z.string().nullable(),
  file: z.string().nullable(),
  table_id: z.string().nullable(),
  logical_subscriber: z.boolean(),
  row_security_active: z.boolean(),
  plain_status_index: z.boolean(),
  failed_index: z.boolean(),
  tables: z.record(
    z.string(),
    z.object({ kind: z.string(), columns: columnList, readable: columnList, filtered: z.boolean() }),
  ),
});
export type ProbeRow = z.infer<typeof probeRow>;

/** What this database's schema offers, probed and never assumed: SDKs and ages differ. */
export interface Schema {
  readonly name: string;
  /** `workflow_status.application_name`, from shared migration 100 on. */
  readonly hasOwners: boolean;
  readonly hasParents: boolean;
  readonly hasDelays: boolean;
  readonly hasDeadlines: boolean;
  /** Debounced workflows are delayed ones whose delay each further call moves: TypeScript SDK 5. */
  readonly hasDebounces: boolean;
  readonly hasStepTimes: boolean;
  readonly hasMigrations: boolean;
  /** The columns of `queues` that tell the limits; absent where the table is not there or may not be read. */
  readonly queues: QueueColumns | undefined;
  /** Absent: no `application_versions` table. */
  readonly registrations: { readonly hasOwners: boolean; readonly hasCreation: boolean } | undefined;
  /** An index on all statuses: gone since TypeScript SDK 4.20. */
  readonly hasPlainStatusIndex: boolean;
  /** The partial index on failed statuses that took its place. */
  readonly hasFailedIndex: boolean;
}

/** What `queues` has besides names, concurrency limits and the periods of rate limits. */
interface QueueColumns {
  readonly hasOwners: boolean;
  readonly hasPartitions: boolean;
  readonly hasPartitionRates: boolean;
}

/** A table or column that the role may not read. */
export interface MissingPrivilege {
  readonly table: string;
  readonly columns: readonly string[];
}

/** Reads the probe: which columns and tables the queries can use. */
export function schemaOf(name: string, probe: ProbeRow): Schema {
  const status = probe.tables['workflow_status']?.columns ?? [];
  const versions = probe.tables['application_versions']?.columns;
  return {
    name,
    hasOwners: status.includes('application_name'),
    hasParents: status.includes('parent_workflow_id'),
    hasDelays: status.includes('delay_until_epoch_ms'),
    hasDeadlines: status.includes('workflow_deadline_epoch_ms'),
    hasDebounces: status.includes('is_debounced') && status.includes('debounce_deadline_epoch_ms'),
    hasStepTimes: probe.tables['operation_outputs']?.columns.includes('completed_at_epoch_ms') ?? false,
    hasMigrations: probe.tables['dbos_migrations'] !== undefined,
    queues: readableQueues(probe),
    registrations: versions && {
      hasOwners: versions.includes('application_name'),
      hasCreation: versions.includes('created_at'),
    },
    hasPlainStatusIndex: probe.plain_status_index,
    hasFailedIndex: probe.failed_index,
  };
}

/** Limits of queues are told where they can be read, and nothing rests on them: a role need not read the table. */
function readableQueues(probe: ProbeRow): Schema['queues'] {
  const { columns = [], readable = [], kind, filtered } = probe.tables['queues'] ?? {};
  const limits = ['concurrency', 'rate_limit_period_sec'];
  // Another table could have that name, in a schema that DBOS shares with others.
  const isDbos = ['name', ...limits].every((column) => columns.includes(column));
  const partitions = ['partition_queue', 'partition_rate_limit_period_sec'];
  const named = ['name', ...limits, ...partitions, 'application_name'];
  const isReadable = named.every((column) => readable.includes(column) || !columns.includes(column));
  if (kind !== 'r' || filtered || !isDbos || !isReadable) return undefined;
  return {
    hasOwners: columns.includes('application_name'),
    hasPartitions: columns.includes('partition_queue'),
    hasPartitionRates: columns.includes('partition_rate_limit_period_sec'),
  };
}

/** Facts about the database that the rules judge. */
export function factsOf(probe: ProbeRow, migration: number | undefined): DatabaseFacts {
  const columns = probe.tables['workflow_status']?.columns ?? [];
  return {
    serverVersion: /^[\d.]+/.exec(probe.server_version)?.[0] ?? 'unknown',
    standby: probe.standby,
    logicalSubscriber: probe.logical_subscriber,
    relationKind: probe.relation_kind ?? '',
    tableId: probe.table_id ?? '',
    rowSecurityActive: probe.row_security_active,
    missingColumns: NEEDED_COLUMNS.filter((column) => !columns.includes(column)),
    migration,
  };
}

/** What the role lacks to read what the queries name: all of it is in `docs/grants.sql`. */
export function missingPrivileges(probe: ProbeRow): readonly MissingPrivilege[] {
  const wanted: Record<string, readonly string[]> = {
    workflow_status: [...NEEDED_COLUMNS, ...OPTIONAL_COLUMNS, 'ctid'],
    operation_outputs: [
      'workflow_uuid',
      'function_id',
      'function_name',
      'started_at_epoch_ms',
      'completed_at_epoch_ms',
    ],
    application_versions: ['version_name', 'version_timestamp', 'created_at', 'application_name', 'xmin'],
    dbos_migrations: ['version'],
  };
  return Object.entries(wanted)
    .map(([table, names]) => {
      const { columns = [], readable = [] } = probe.tables[table] ?? {};
      return { table, columns: names.filter((name) => columns.includes(name) && !readable.includes(name)) };
    })
    .filter(({ columns }) => columns.length > 0);
}
