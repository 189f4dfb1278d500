import { z } from 'zod';
import { sql, text as textParameter } from '../../postgres/sql.ts';
import { shownName } from '../columns.ts';
import { list, rows, type Section, type SnapshotQuery, statusCounts, text } from './section.ts';

/** Applications that own an in-flight row, a recently created row, or a registration. */
export const owners = list(z.string());

export function ownersSection(): Section {
  const column = sql`(SELECT coalesce(json_agg(application), '[]') FROM (
     SELECT application FROM tally WHERE application IS NOT NULL
     UNION SELECT application FROM created WHERE application IS NOT NULL
     UNION SELECT application FROM every_registration WHERE application IS NOT NULL
     ORDER BY 1) o)`;
  return { column };
}

/** The configured application owns an in-flight row or a registration. True when none is configured. */
export const applicationSeen = z.boolean();

export function applicationSeenSection({ gate }: SnapshotQuery): Section {
  if (gate.application === undefined) return { column: sql`true` };
  const isIts = sql`application = ${textParameter(gate.application)}`;
  const column = sql`(EXISTS (SELECT FROM tally WHERE ${isIts}) OR EXISTS (SELECT FROM every_registration WHERE ${isIts}))`;
  return { column };
}

/** An application that owns a registration, or an in-flight row that is not ignored: the configured one and the others. */
const application = z.object({
  name: z.string(),
  /** When its first and its newest version registered, in epoch milliseconds: no promotion changes that. Null: none has. */
  firstRegistered: z.number().nullable(),
  newestRegistered: z.number().nullable(),
  /** By version, the most first; ignored names aside. */
  inFlight: list(z.object({ version: text, ...statusCounts })),
});
export type Application = Readonly<z.output<typeof application>>;

export const applications = list(application);

export function applicationsSection(): Section {
  const registered = sql`(SELECT application, min(registered_at) AS first, max(registered_at) AS newest
              FROM every_registration WHERE application IS NOT NULL GROUP BY application)`;
  const working = sql`(SELECT application, json_agg(json_build_object('version', version, 'pending', pending,
                   'enqueued', enqueued, 'delayed', delayed) ORDER BY total DESC, version) AS versions
              FROM (SELECT application, ${shownName(sql`version`)} AS version, sum(pending) AS pending,
                           sum(enqueued) AS enqueued, sum(delayed) AS delayed, sum(total) AS total
                      FROM tally WHERE application IS NOT NULL AND NOT ignored GROUP BY application, tally.version) v
             GROUP BY application)`;
  const column = rows(sql`
     SELECT coalesce(r.application, w.application) AS name, r.first AS "firstRegistered", r.newest AS "newestRegistered",
            coalesce(w.versions, '[]') AS "inFlight"
       FROM ${registered} r FULL JOIN ${working} w ON w.application = r.application ORDER BY 1`);
  return { column };
}
