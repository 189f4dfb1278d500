import { z } from 'zod';
import { type ReportedFailure, reportedFailure } from '../errors.ts';
import { trusted } from '../message.ts';
import { identifier, join, literal, type Statement, sql, statement } from '../postgres/sql.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import {
  deniedTables,
  filteredTables,
  incompleteTables,
  missingGrants,
  queueGrants,
  unreachableTables,
} from './access.ts';
import { neededColumns, registrationColumns, TABLES, tableOf } from './columns.ts';
import { missingPrivileges, type ProbeRow, type Schema, schemaOf } from './schema.ts';
import type { DatabaseFacts } from './snapshot/index.ts';
import { list } from './snapshot/section.ts';
import { migration, migrationSection } from './snapshot/tables.ts';

/*
 * What a preflight reads besides the poll: what its role may do. Where another mode stops at the first thing that is
 * missing, a preflight reads whatever can be read without it, and reports all that is wrong at once.
 */

/** What the gate's role may do here, and what is in the way of reading. */
export interface Access {
  readonly role: string;
  /** The connection uses TLS. */
  readonly encrypted: boolean;
  readonly superuser: boolean;
  /** DBOS's tables that the role can write, of those that the gate reads. */
  readonly writable: readonly string[];
  /** How many columns the role lacks, by table. */
  readonly denied: ReturnType<typeof missingPrivileges>;
  /** What the owner has to run, as SQL. */
  readonly grants: readonly string[];
  /** The same for what only makes reports better. */
  readonly optionalGrants: readonly string[];
  /** What keeps the tables from being read. */
  readonly problems: readonly ReportedFailure[];
  /** The owners of registrations, where these alone could be read. */
  readonly owners: readonly string[];
  /** The number in `dbos_migrations`, where it alone could be read. */
  readonly migration: number | undefined;
}

/** The row that `accessQuery` returns. */
export const accessRow = z.object({
  superuser: z.boolean(),
  writable: list(z.string()),
  owners: list(z.string()),
  migration,
});

/** Catalogs that every role can read, and the two small tables. Where the poll reads those, this statement does not. */
export function accessQuery(schema: Schema, isPolled: boolean): Statement {
  const { owner } = registrationColumns(schema);
  const hasOwners = !isPolled && schema.tables.application_versions?.includes('application_name');
  const owners = hasOwners
    ? sql`(SELECT coalesce(json_agg(DISTINCT ${owner}) FILTER (WHERE ${owner} IS NOT NULL), '[]')
            FROM ${tableOf(schema, 'application_versions')})`
    : sql`'[]'::json`;
  const { column: number } = isPolled ? { column: sql`NULL::text` } : migrationSection({ schema });
  return statement(sql`
SELECT coalesce((SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user), false) AS superuser,
       (SELECT coalesce(json_agg(c.relname ORDER BY c.relname), '[]')
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ${literal(schema.name)} AND c.relkind = 'r' AND c.relname IN (${join(TABLES.map(literal), ', ')})
           AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                OR has_any_column_privilege(c.oid, 'INSERT, UPDATE'))) AS writable,
       ${owners} AS ${identifier('owners')}, ${number} AS ${identifier('migration')}`);
}

/** What a preflight can read with this probe. */
export interface Readable {
  readonly problems: readonly ReportedFailure[];
  /** The schema without what the role may not read. SQL stands in for optional columns. */
  readonly schema: Schema;
  /** That is enough for the statement of the poll. */
  readonly isPolled: boolean;
}

/**
 * What the poll of a preflight cannot do without. The system columns have no stand-in. Without the owners of rows, what
 * is counted would be of all applications.
 */
const NEEDED_TOO = {
  workflow_status: ['application_name', 'ctid'],
  application_versions: ['application_name', 'xmin'],
  operation_outputs: [],
} as const;

const BELOW = trusted('Run the missing grants of this report as the owner of the tables.');

/** Returns what a preflight can read, and what is in the way. */
export function readableIn(probe: ProbeRow, config: DatabaseConfig): Readable {
  const unreachable = unreachableTables(probe, config, BELOW);
  const denied = unreachable === undefined ? deniedTables(probe, config, BELOW) : undefined;
  // In these two states the poll's statement fails, however old the schema is.
  const unusable = [incompleteTables(probe, config), filteredTables(probe, config)];
  const errors = [unreachable, denied, ...unusable].filter((each) => each !== undefined);
  const readable = (name: string) => {
    const table = probe.tables[name];
    // A view runs code of whoever made it, and a foreign table another server's: neither is DBOS's.
    const isOrdinary = table?.kind === 'r' && !table.filtered;
    return probe.schema_usable && isOrdinary ? table.readable : [];
  };
  const has = (table: (typeof TABLES)[number], names: readonly string[]) =>
    names.every((name) => readable(table).includes(name));
  const tables = Object.fromEntries(
    TABLES.filter((table) => has(table, neededColumns(table))).flatMap((table) => {
      const found = probe.tables[table];
      return found === undefined ? [] : [[table, { ...found, columns: [...readable(table)] }]];
    }),
  );
  const isWhole = (table: keyof typeof NEEDED_TOO) => {
    const { columns = [] } = probe.tables[table] ?? {};
    const needed = [...neededColumns(table), ...NEEDED_TOO[table]];
    return has(
      table,
      needed.filter((name) => columns.includes(name)),
    );
  };
  return {
    problems: errors.map(reportedFailure),
    schema: schemaOf(config.schema, { ...probe, tables }),
    isPolled:
      unreachable === undefined &&
      unusable.every((each) => each === undefined) &&
      isWhole('workflow_status') &&
      isWhole('application_versions') &&
      isWhole('operation_outputs'),
  };
}

/** Puts together what a preflight knows of its role. */
export function accessOf(
  probe: ProbeRow,
  config: DatabaseConfig,
  { problems }: Readable,
  row: z.output<typeof accessRow>,
  encrypted: boolean,
): Access {
  return {
    ...row,
    role: probe.role,
    encrypted,
    denied: missingPrivileges(probe),
    grants: missingGrants(probe, config),
    optionalGrants: queueGrants(probe, config),
    problems,
  };
}

/** The facts without those that follow from a problem that is reported anyway, such as columns of a missing table. */
export function factsBeside({ problems, migration: number }: Access, facts: DatabaseFacts): DatabaseFacts {
  const hidden = problems.some(({ kind }) => UNREACHABLE.has(kind)) ? { relationKind: 'r', missingColumns: [] } : {};
  return { ...facts, ...hidden, migration: facts.migration ?? number };
}

/** Ids of `unreachableTables`. */
const UNREACHABLE: ReadonlySet<string> = new Set(['schema-missing', 'tables-missing', 'not-a-table']);
