import { z } from 'zod';
import { count, message, name, statusCounts, text } from './schema-parts.ts';

/** What a preflight checks, in the order in which it is shown. */
export const CHECKS = ['database', 'tls', 'privileges', 'server', 'schema', 'applications', 'versions'] as const;

/** What a check found. `unknown`: something before it was in the way. */
export const CHECK_STATES = ['ok', 'warning', 'problem', 'unknown'] as const;

const sql = z.array(z.string());

/** What a preflight found. */
export const found = z.object({
  checks: z.array(
    z.object({
      check: z.enum(CHECKS).describe('Stable, for programs'),
      state: z.enum(CHECK_STATES).describe('`unknown`: something else has to be mended first'),
      message: message.describe('For people; may change'),
    }),
  ),
  role: text.describe('The role of the connection. Null before a server has answered'),
  grants: sql.describe('What the owner of the tables has to run, as SQL'),
  optionalGrants: sql.describe('The same for what no rule needs'),
  applications: z.array(name).describe('The owners of rows and registrations'),
  versions: z.array(
    z.object({
      version: text.describe('Null for work without a version'),
      application: text,
      registered: z.boolean(),
      latest: z.boolean().describe('The latest version of its application'),
      receivesWork: z
        .boolean()
        .nullable()
        .describe(
          'It is not the latest, and its newest workflows show that it still receives work. Null where nobody can tell',
        ),
      ...statusCounts,
      ignored: count,
    }),
  ),
  next: z
    .object({
      job: z.string().nullable().describe('YAML of a job; null on the command line'),
      command: z.string().describe('The same for a shell'),
    })
    .nullable()
    .describe('What to use next, with what this database needs. Null while something is in the way'),
});
