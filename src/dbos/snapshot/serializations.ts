import { z } from 'zod';
import { sql } from '../../postgres/sql.ts';
import { inApplication } from '../scope.ts';
import { list, type Section, type SnapshotQuery } from './section.ts';

/**
 * The serializations that name the language of an SDK: of the application's work in flight, on any version, and of its
 * newest workflows where a poll reads them.
 */
export const serializations = list(z.string());

export function serializationsSection({ schema, gate, request }: SnapshotQuery): Section {
  const readsNewest = request.newestRoots && schema.tables.application_versions !== undefined;
  const newest = readsNewest ? sql`UNION ALL SELECT serialization FROM newest` : sql``;
  const column = sql`(SELECT coalesce(json_agg(DISTINCT serialization), '[]') FROM (
     SELECT serialization FROM tally WHERE ${inApplication(gate.application, sql`application`)}
     ${newest}) s WHERE serialization IS NOT NULL)`;
  return { column };
}
