import { z } from 'zod';
import { sql, text } from '../../postgres/sql.ts';
import { list, type Section, type SnapshotQuery } from './section.ts';

/** Applications that own an in-flight row, a recently created row, or a registration; at most 20 of them. */
export const owners = list(z.string());

export function ownersSection(): Section {
  const column = sql`(SELECT coalesce(json_agg(application), '[]') FROM (
     SELECT application FROM tally WHERE application IS NOT NULL
     UNION SELECT application FROM created WHERE application IS NOT NULL
     UNION SELECT application FROM every_registration WHERE application IS NOT NULL
     ORDER BY 1 LIMIT 20) o)`;
  return { column };
}

/** The configured application owns an in-flight row or a registration. True when none is configured. */
export const applicationSeen = z.boolean();

export function applicationSeenSection({ gate }: SnapshotQuery): Section {
  if (gate.application === undefined) return { column: sql`true` };
  const isIts = sql`application = ${text(gate.application)}`;
  return {
    column: sql`(EXISTS (SELECT FROM tally WHERE ${isIts}) OR EXISTS (SELECT FROM every_registration WHERE ${isIts}))`,
  };
}
