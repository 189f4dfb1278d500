import { z } from 'zod';
import { type Sql, type Statement, sql, statement } from '../../postgres/sql.ts';
import { KNOWN_STATUSES, shownName, tableOf, workflowColumns } from '../columns.ts';
import { inApplication, isSelected } from '../scope.ts';
import { rows, type Section, type SnapshotQuery, text, type VersionSelection } from './section.ts';

/** Rows in a status that the gate does not know. */
export const unknownStatus = z.object({ version: text, status: text, count: z.int() });
export type UnknownStatus = Readonly<z.output<typeof unknownStatus>>;

/** Which rows are looked through. */
export interface StatusQuery extends Pick<SnapshotQuery, 'schema'> {
  readonly gate: Pick<SnapshotQuery['gate'], 'application'>;
  readonly request: { readonly selection: VersionSelection };
}

/**
 * The distinct statuses, found by skipping from one to the next in the plain status index. The unknown ones come first,
 * and their rows by the index: joined the other way, all of the history is read. NULL without that index.
 */
export function unknownStatusesSection(query: StatusQuery): Section {
  if (!query.schema.hasPlainStatusIndex) return { column: sql`NULL::json` };
  const table = tableOf(query.schema, 'workflow_status');
  const everyStatus = sql`every_status AS (
  (SELECT status FROM ${table} WHERE status IS NOT NULL ORDER BY status LIMIT 1)
  UNION ALL
  SELECT (SELECT w.status FROM ${table} w WHERE w.status > e.status ORDER BY w.status LIMIT 1)
    FROM every_status e WHERE e.status IS NOT NULL
)`;
  const column = rows(sql`
     SELECT f.* FROM (SELECT status FROM every_status WHERE status NOT IN (${KNOWN_STATUSES}) OFFSET 0) e
      CROSS JOIN LATERAL (${countsBy(query, sql`w.status = e.status`)}) f
     UNION ALL
     ${countsBy(query, sql`w.status IS NULL`)}`);
  return { ctes: [everyStatus], column };
}

/** Counts the same rows without an index on all statuses: a full scan. */
export function statusScanQuery(query: StatusQuery): Statement {
  return statement(countsBy(query, sql`(w.status IS NULL OR w.status NOT IN (${KNOWN_STATUSES}))`));
}

function countsBy({ schema, gate, request }: StatusQuery, isUnknown: Sql): Sql {
  const { version, owner } = workflowColumns(schema);
  return sql`SELECT ${version} AS version, ${shownName(sql`w.status`)} AS status, count(*)::int AS count
         FROM ${tableOf(schema, 'workflow_status')} w
        WHERE ${isUnknown} AND ${inApplication(gate.application, owner)}
          AND (${version} IS NULL OR ${isSelected(request.selection, version)})
        GROUP BY 1, 2`;
}
