import { z } from 'zod';
import { type Sql, sql } from '../../postgres/sql.ts';
import { registrationColumns, tableOf } from '../columns.ts';
import type { Schema } from '../schema.ts';
import { inApplication, resembles } from '../scope.ts';
import { list, optional, rows, type Section, type SnapshotQuery, text } from './section.ts';

/** How many idle registered versions a poll reads, the newest. */
export const REGISTRATION_LIMIT = 100;

/** A row of `application_versions`. */
const registration = z.object({
  version: z.string(),
  application: text,
  /** DBOS calls the version with the greatest timestamp the latest. */
  timestamp: z.number(),
  /** It was written again after its creation, so somebody else may have given it its owner. */
  rewritten: z.boolean(),
});
export type Registration = Readonly<z.output<typeof registration>>;

/** Registrations of the application. Undefined: this schema has no `application_versions` (SDKs before TS 4.10). */
export const registrations = optional(
  z.object({
    /** The newest ones, those of versions in flight, and those that resemble a version named in the request. */
    versions: list(registration),
    total: z.int(),
  }),
);

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

export function registrationsSection({ schema, gate, request }: SnapshotQuery): Section {
  const every = sql`every_registration AS (
  SELECT version, application, version_timestamp, ${REWRITTEN} AS rewritten FROM (${registrationRows(schema)}) v ${LATER}
)`;
  const registered = sql`registered AS (
  SELECT * FROM every_registration WHERE ${inApplication(gate.application, sql`application`)}
)`;
  const { selection } = request;
  const named = [...('only' in selection ? selection.only : selection.except), ...request.registrationsOf];
  const shown = rows(sql`
     SELECT version, application, version_timestamp AS timestamp, rewritten FROM registered
      WHERE version IN (SELECT version FROM selected) OR ${resembles(sql`version`, named)}
         OR version IN (SELECT version FROM registered ORDER BY version_timestamp DESC LIMIT ${REGISTRATION_LIMIT})`);
  return {
    ctes: [every, registered],
    column: schema.tables.application_versions
      ? sql`json_build_object('versions', ${shown}, 'total', (SELECT count(*) FROM registered))`
      : sql`NULL::json`,
  };
}

function registrationRows(schema: Schema): Sql {
  if (schema.tables.application_versions === undefined) {
    return sql`SELECT NULL::text AS version, NULL::text AS application, NULL::bigint AS version_timestamp,
            NULL::xid AS xmin, NULL::bigint AS created_at WHERE false`;
  }
  const { owner, createdAt } = registrationColumns(schema);
  return sql`SELECT version_name AS version, ${owner} AS application, version_timestamp, xmin, ${createdAt} AS created_at
            FROM ${tableOf(schema, 'application_versions')}`;
}
