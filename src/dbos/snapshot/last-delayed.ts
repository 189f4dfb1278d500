import { z } from 'zod';
import { sql } from '../../postgres/sql.ts';
import { shownName } from '../columns.ts';
import { isCounted } from './in-flight.ts';
import { rows, type Section, type SnapshotQuery, text } from './section.ts';

/** How many of the workflows that are delayed longest a poll reads. */
export const LAST_DELAYED_LIMIT = 20;

/** A delayed workflow. */
export const delayedWorkflow = z.object({
  id: z.string(),
  version: z.string(),
  name: text,
  /** As `VersionInFlight.delayedUntil`. */
  until: z.int(),
});
export type DelayedWorkflow = Readonly<z.output<typeof delayedWorkflow>>;

/** The delayed workflows that start last, the very last first. */
export function lastDelayedSection(query: SnapshotQuery): Section {
  const column = rows(sql`
     SELECT workflow_uuid AS id, version, ${shownName(sql`name`)} AS name, delayed_until AS until
       FROM in_flight WHERE delayed_until IS NOT NULL AND NOT ignored AND version <> '' AND ${isCounted(query)}
      ORDER BY delayed_until DESC, workflow_uuid LIMIT ${LAST_DELAYED_LIMIT}`);
  return { column };
}
