import { z } from 'zod';
import { type Sql, sql } from '../../postgres/sql.ts';
import { registrationColumns, tableOf } from '../columns.ts';
import type { Schema } from '../schema.ts';
import { inApplication } from '../scope.ts';
import { list, optional, rows, type Section, type SnapshotQuery, text } from './section.ts';

/** A row of `application_versions`. */
const registration = z.object({
  version: z.string(),
  application: text,
  /** DBOS calls the version with the greatest timestamp the latest. */
  timestamp: z.number(),
  /** When it was made, by the clock of the process that made it. No promotion changes that, and no rename. */
  registeredAt: z.number(),
  /** It was written again after its creation, so somebody else may have given it its owner. */
  rewritten: z.boolean(),
});
export type Registration = Readonly<z.output<typeof registration>>;

/**
 * Every registration of the application, without a limit: any of them can be a target, and can say how the SDK of its
 * version behaves. Undefined: this schema has no `application_versions` (SDKs before TS 4.10).
 */
export const registrations = optional(list(registration));

/** Registrations of the same application that came later. */
const LATER = sql`WINDOW later AS (PARTITION BY application ORDER BY created_at, version_timestamp
                        ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)`;

/**
 * Whether somebody other than the process that made a registration may have given it its owner: it was promoted, or
 * written again after a later version had registered. `rename-application` does so, and so does a process of a newer
 * SDK that runs the same version. `xmin` shows it, the transaction that wrote the row; the promotion of a later version
 * hides it. True where the schema does not show the creation.
 */
const REWRITTEN = sql`(version_timestamp IS DISTINCT FROM created_at
          OR coalesce(age(xmin) <= max(age(xmin)) OVER later, false)
          OR coalesce(bool_or(version_timestamp IS DISTINCT FROM created_at) OVER later, false))`;

export function registrationsSection({ schema, gate }: SnapshotQuery): Section {
  const every = sql`every_registration AS (
  SELECT version, application, version_timestamp, coalesce(created_at, version_timestamp) AS registered_at,
         ${REWRITTEN} AS rewritten FROM (${registrationRows(schema)}) v ${LATER}
)`;
  const registered = sql`registered AS (
  SELECT * FROM every_registration WHERE ${inApplication(gate.application, sql`application`)}
)`;
  const all =
    rows(sql`SELECT version, application, version_timestamp AS timestamp, registered_at AS "registeredAt", rewritten
                    FROM registered`);
  return {
    ctes: [every, registered],
    column: schema.tables.application_versions ? all : sql`NULL::json`,
  };
}

function registrationRows(schema: Schema): Sql {
  if (schema.tables.application_versions === undefined) {
    return sql`SELECT NULL::text AS version, NULL::text AS application, NULL::bigint AS version_timestamp,
            NULL::xid AS xmin, NULL::bigint AS created_at WHERE false`;
  }
  const { version, owner, createdAt } = registrationColumns(schema);
  return sql`SELECT ${version} AS version, ${owner} AS application, version_timestamp, xmin, ${createdAt} AS created_at
            FROM ${tableOf(schema, 'application_versions')}`;
}
