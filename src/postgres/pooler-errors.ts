import { msg } from '../message.ts';
import type { Failure, FailureKind } from './errors.ts';

/*
 * How poolers fail, in messages that are English whatever the server's language. Sources: PgBouncer 1.18 and 1.25, and
 * the published sources and manuals of Supabase's Supavisor and Neon's proxy.
 */

/** PgBouncer uses 08P01 for everything, errors of the server at its login included. Only the message differs. */
export const fromPgBouncer = ({ code, message }: Failure, words: RegExp): boolean =>
  code === '08P01' && words.test(message);

/** Supavisor and Neon's proxy use XX000 (internal error) for everything, and Neon's some of class 08 as well. */
export const isSaidByPooler = ({ code, message }: Failure, words: RegExp): boolean =>
  ['XX000', '08000', '08006'].includes(code) && words.test(message);

/** The ways to fail that only managed poolers have, in the order in which they are tried. */
export const POOLER_FAILURES = {
  'tenant-unknown': {
    what: 'The pooler does not know this user or its project',
    matches: (failure) =>
      isSaidByPooler(failure, /tenant.*not found|endpoint could not be found|endpoint ID is not specified/is),
    advice: msg`Copy the connection string from the provider again. Supabase's pooler expects the user role.project on the project's own host. Neon reads the endpoint from the host name, and only with TLS.`,
  },
  'switched-off': {
    what: 'The provider has turned the database off',
    matches: (failure) => isSaidByPooler(failure, /exceeded the .*quota|endpoint (has been|is) disabled/is),
    advice: ({ message }) =>
      msg`It says: ${message}. Raise the limit or change the plan, or turn the database on again. Then run the gate again.`,
  },
  'pooler-cut-off': {
    what: 'The pooler cannot reach its database',
    patience: 'full',
    matches: (failure) =>
      isSaidByPooler(
        failure,
        /DbHandler|db_termination|to database closed|circuit ?breaker|compute node|control plane/i,
      ),
    advice: ({ message }) =>
      msg`It says: ${message}. A database that restarts or wakes up is available within a minute. If it persists, check the provider's dashboard and status page.`,
  },
} satisfies Readonly<Record<string, FailureKind>>;
