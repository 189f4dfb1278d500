import { z } from 'zod';
import { type Statement, sql, statement } from '../postgres/sql.ts';

/** What tells the server that answered from others. */
export const server = z.object({
  /** When it was started, in microseconds since the epoch. */
  startedAt: z.string(),
  standby: z.boolean(),
});
export type Server = Readonly<z.output<typeof server>>;

/** The server that answers, as JSON. */
export const SERVER = sql`json_build_object(
         'startedAt', ((extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint)::text, 'standby', pg_is_in_recovery())`;

/** The rows of a statement as JSON in one row, with the server that answers. It has the statement's parameters. */
export function withServer({ text, values }: Statement): Statement {
  const { text: answerer } = statement(SERVER);
  return {
    text: `SELECT ${answerer} AS server, (SELECT coalesce(json_agg(r), '[]') FROM (${text}) r) AS rows`,
    values,
  };
}

/** The row that such a statement returns. */
export const rowsWithServer = <T extends z.ZodType>(row: T) => z.object({ server, rows: z.array(row) });

export const isSameServer = (a: Server, b: Server): boolean => a.startedAt === b.startedAt && a.standby === b.standby;
