import { z } from 'zod';
import { ReportableError, TransientError } from '../errors.ts';
import { joined, type Message, msg, namesOf, trusted } from '../message.ts';
import { alone } from '../postgres/guards.ts';
import { quoteIdentifier, type Statement } from '../postgres/sql.ts';
import type { DatabaseConfig } from '../postgres/url.ts';
import { neededColumns, TABLES } from './columns.ts';
import { deniedQueueColumns, missingPrivileges, type ProbeRow, type TableColumns } from './schema.ts';

/** Which product answers. Asked before anything that only Postgres understands. */
export const productQuery: Statement = { text: alone('SELECT pg_catalog.version() AS version'), values: [] };
export const productRow = z.object({ version: z.string() });

/** CockroachDB speaks Postgres's protocol, but does not have all that the rules rest on. */
export function unsupportedProduct(version: string): ReportableError | undefined {
  if (!version.startsWith('CockroachDB')) return undefined;
  return new ReportableError(
    msg`This is CockroachDB. CockroachDB is not supported: its pg_locks does not show open writing transactions, and its row_security setting has no effect. So the gate cannot rule out work that is about to appear.`,
    { id: 'cockroachdb' },
  );
}

/** The answers of one poll came from more than one server, again and again: the writers of one, and the rows of another. */
export function splitAnswers(): ReportableError {
  return new ReportableError(
    msg`Several servers answered one poll, three times in a row. A pooler or proxy sends some statements to the primary and others to a standby. So the gate cannot rule out work that is about to appear. Point \`database-url\` at the primary, or at a port of the pooler that does not split reads from writes.`,
    { id: 'several-servers' },
  );
}

/** Why the gate does not believe a standby. */
export const STANDBY = msg`This server is a standby. It lags behind its primary and can miss work that has just started. Point \`database-url\` at the primary.`;

/** For some seconds of a failover, an address can lead to a standby. One that still does after a minute is wrong. */
export const standbyAnswered = (): TransientError => new TransientError(STANDBY, true, { id: 'standby', brief: true });

/** No schema, no tables in it, or no privilege to read them: found in the catalogs before anything is read. */
export function unreachableTables(
  probe: ProbeRow,
  config: DatabaseConfig,
  remedy = asOwner(missingGrants(probe, config)),
): ReportableError | undefined {
  const elsewhere = probe.schemas_with_tables.filter((name) => name !== config.schema);
  const schemas = trusted(elsewhere.length === 1 ? 'schema' : 'schemas');
  const hint =
    elsewhere.length > 0
      ? msg` There is a workflow_status table in the ${schemas} ${namesOf(elsewhere)}: is it the right one? Then set \`schema\`.`
      : trusted(
          ' Is this the system database of the application? Older SDKs name it after the application with `_dbos_sys` at the end.',
        );
  if (!probe.schema_exists) {
    return new ReportableError(msg`The database ${config.database} has no schema ${config.schema}.${hint}`, {
      id: 'schema-missing',
    });
  }
  if (!probe.schema_usable) {
    return new ReportableError(
      msg`The role ${probe.role} is not allowed to use the schema ${config.schema}. ${remedy}`,
      { id: 'schema-not-granted' },
    );
  }
  const ownsVersions = probe.tables['workflow_status']?.columns.includes('application_name');
  const needed = ['workflow_status', 'operation_outputs', ...(ownsVersions ? ['application_versions'] : [])];
  const odd = Object.keys(probe.tables).filter(
    (table) => !['workflow_status', 'queues'].includes(table) && probe.tables[table]?.kind !== 'r',
  );
  if (odd.length > 0) {
    return new ReportableError(
      msg`${namesOf(odd)} in the schema ${config.schema} ${trusted(odd.length === 1 ? 'is not an ordinary table' : 'are not ordinary tables')}, so it might not show what DBOS uses. Point \`database-url\` and \`schema\` at the system database itself.`,
      { id: 'not-a-table' },
    );
  }
  const missing = needed.filter((table) => probe.tables[table] === undefined);
  if (missing.length > 0) {
    return new ReportableError(
      msg`The schema ${config.schema} of the database ${config.database} has no DBOS tables (${namesOf(missing)} missing).${hint}`,
      { id: 'tables-missing' },
    );
  }
  return undefined;
}

/** The tables are there, but the role may not read all that the poll names. */
export function deniedTables(
  probe: ProbeRow,
  config: DatabaseConfig,
  remedy = asOwner(missingGrants(probe, config)),
): ReportableError | undefined {
  const missing = missingPrivileges(probe);
  if (missing.length === 0) return undefined;
  const lacking = missing.map(({ table, columns }) => `${table} (${columns.join(', ')})`);
  return new ReportableError(
    msg`The role ${probe.role} is not allowed to read ${namesOf(lacking)} in the schema ${config.schema}. ${remedy}`,
    { id: 'tables-not-granted' },
  );
}

/** Tables that are read besides `workflow_status`, of which rule 9 tells the same. Those of queues need not be readable. */
const BESIDE = TABLES.filter((table) => table !== 'workflow_status' && table !== 'queues');

/** Ordinary tables lack columns that the poll names: for good, where no migration is running. */
export function incompleteTables(probe: ProbeRow, { schema }: DatabaseConfig): ReportableError | undefined {
  const lacking = BESIDE.flatMap((table) => {
    const { kind, columns = [] } = probe.tables[table] ?? {};
    const missing = neededColumns(table).filter((column) => !columns.includes(column));
    return kind === 'r' && missing.length > 0 ? [`${table} (${missing.join(', ')})`] : [];
  });
  if (lacking.length === 0) return undefined;
  return new ReportableError(
    msg`The gate needs columns that the schema ${schema} does not have: ${namesOf(lacking)}. Are they DBOS's own tables, from an SDK version that the README supports? If a migration is running, run this again when it has finished.`,
    { id: 'columns-missing' },
  );
}

/** Row security hides rows of ordinary tables, so that the poll cannot read them. */
export function filteredTables(probe: ProbeRow, { schema }: DatabaseConfig): ReportableError | undefined {
  const filtered = BESIDE.filter((table) => probe.tables[table]?.kind === 'r' && probe.tables[table].filtered);
  if (filtered.length === 0) return undefined;
  return new ReportableError(
    msg`Row security would hide rows from the gate's role ${probe.role}, in the schema ${schema}: of ${namesOf(filtered)}. Give the role BYPASSRLS, or remove the policies.`,
    { id: 'row-security' },
  );
}

/** Returns the statements that let the role read what it may not read yet, and no more than that. */
export function missingGrants(probe: ProbeRow, { schema }: DatabaseConfig): readonly string[] {
  const usage = `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${quoteIdentifier(probe.role)};`;
  const isUsable = probe.schema_usable || !probe.schema_exists;
  return [
    ...(isUsable ? [] : [usage]),
    ...missingPrivileges(probe).map((denied) => grantOf(denied, schema, probe.role)),
  ];
}

/** Returns the statement that lets the role read the limits of queues, which no rule needs; none where it can. */
export function queueGrants(probe: ProbeRow, { schema }: DatabaseConfig): readonly string[] {
  return deniedQueueColumns(probe).map((denied) => grantOf(denied, schema, probe.role));
}

function grantOf({ table, columns }: TableColumns, schema: string, role: string): string {
  return `GRANT SELECT (${columns.join(', ')}) ON ${quoteIdentifier(schema)}.${table} TO ${quoteIdentifier(role)};`;
}

function asOwner(statements: readonly string[]): Message {
  return joined([trusted('As the owner, run:'), ...statements.map((command) => [{ command }])], '\n');
}
