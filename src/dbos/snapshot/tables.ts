import { z } from 'zod';
import { literal, quoteIdentifier, sql } from '../../postgres/sql.ts';
import { shownTime, tableOf } from '../columns.ts';
import { bigintText } from '../schema.ts';
import { SERVER } from '../server.ts';
import { optional, type Section, type SnapshotQuery } from './section.ts';

/** The number in `dbos_migrations`; undefined without such a table. */
export const migration = optional(bigintText);

export function migrationSection({ schema }: Pick<SnapshotQuery, 'schema'>): Section {
  if (schema.tables.dbos_migrations === undefined) return { column: sql`NULL::text` };
  return { column: sql`(SELECT max(version)::text FROM ${tableOf(schema, 'dbos_migrations')})` };
}

/** The creation of the newest workflow, of whatever application. Undefined: there is none. */
export const newestCreatedAt = optional(bigintText);

export function newestCreationSection({ schema }: SnapshotQuery): Section {
  const created = sql`newest_created AS (SELECT max(created_at) AS at FROM ${tableOf(schema, 'workflow_status')})`;
  return { ctes: [created], column: sql`(SELECT ${shownTime(sql`at`)} FROM newest_created)::text` };
}

/** The newest write that an index shows. Undefined: the tables hold nothing. */
export const newestWriteAt = optional(bigintText);

export function newestWriteSection(): Section {
  const newest = sql`greatest((SELECT at FROM newest_created), (SELECT max(updated_at) FROM tally))`;
  return { column: sql`(SELECT ${shownTime(sql`at`)} FROM (SELECT ${newest} AS at OFFSET 0) n)::text` };
}

/** The file of `workflow_status`: another one than at the probe means that the table was rewritten in between. */
export const file = z.string().nullable();

export function fileSection({ schema }: Pick<SnapshotQuery, 'schema'>): Section {
  const table = literal(`${quoteIdentifier(schema.name)}.workflow_status`);
  return { column: sql`pg_relation_filenode(${table}::regclass)::text` };
}

/** The server of the snapshot: a pooler can split one transaction. */
export const serverSection = (): Section => ({ column: SERVER });

/** The `system_identifier`, which a cluster keeps for ever. Null where the role cannot read it. */
export const cluster = z.string().nullable();

export function clusterSection({ schema }: SnapshotQuery): Section {
  if (!schema.identifiesCluster) return { column: sql`NULL::text` };
  return { column: sql`(SELECT system_identifier::text FROM pg_control_system())` };
}
