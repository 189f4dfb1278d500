import { codeOf, isSqlState, ReportableError, TransientError } from '../errors.ts';
import { type Message, msg, trusted } from '../message.ts';
import { ANSWER_TOO_LONG, PROTOCOL_ERROR, UNBOUND } from './driver-patches.ts';
import { PASSWORD_FAILURES, PASSWORD_FILE_UNUSABLE } from './password-errors.ts';
import { fromPgBouncer, isSaidByPooler, POOLER_FAILURES } from './pooler-errors.ts';
import { quoteIdentifier } from './sql.ts';
import { TLS_FAILURES, TLS_REQUIRED } from './tls-errors.ts';
import type { DatabaseConfig } from './url.ts';

/** The error of the driver, the network or the server. */
export interface Failure {
  /** An SQLSTATE, a code of Node's, or empty. */
  readonly code: string;
  /** A server writes its own in the language of its `lc_messages`. Drivers and poolers write English. */
  readonly message: string;
  /** The function of the server's source that raised it, in every language; empty where no server did. */
  readonly routine: string;
}

/** One way for a poll to fail: what happened, and what a person can do about it. */
export interface FailureKind {
  /** What happened: the text that `docs/troubleshooting.md` has a heading for. */
  readonly what: string;
  /**
   * How long polls are retried. `full`: for as long as the gate has patience. `brief`: for a minute of nothing but such
   * failures. Absent: not at all, since it is known to stay.
   */
  readonly patience?: 'full' | 'brief';
  /** The poll was stopped for the time or the resources that it took. One that asks for less can succeed. */
  readonly overLimit?: true;
  /** The codes that mean it, or a test for it. */
  readonly matches: readonly string[] | ((failure: Failure, config: DatabaseConfig) => boolean);
  /** The likely cause and the fix. It quotes parts of the URL only after the server has accepted them. */
  readonly advice: Message | ((facts: DatabaseConfig & Failure) => Message);
}

/** Returns a kind that can pass by itself, so a hold continues. */
const transient = (kind: FailureKind) => ({ ...kind, patience: 'full' as const });

/** Returns a kind that most often stays, but can also pass within seconds. */
const brief = (kind: FailureKind) => ({ ...kind, patience: 'brief' as const });

/** The message of the driver's error when connecting takes too long. */
export const CONNECT_OVERDUE = 'timeout expired';

/** The message of the error that ends a poll when the hold has no time left for it. */
export const POLL_OVERDUE = 'The poll is overdue';

/** The driver's messages for login methods that it does not have. */
const UNKNOWN_LOGIN = /^Unknown authenticationOk message type|^SASL: Only mechanism/;

/**
 * Every known way to fail. The first match wins, and an SQLSTATE that no other kind knows is retried. Sources:
 * PostgreSQL's appendix A for SQLSTATEs, and its source for the names of functions.
 */
export const FAILURES = {
  'password-file-unusable': PASSWORD_FILE_UNUSABLE,
  'host-not-found': transient({
    what: 'The host could not be found',
    matches: ({ code }) => code === 'ENOTFOUND' || code.startsWith('EAI_'),
    advice: msg`Check the host in \`database-url\`. Only a machine in a private network can look up a name of that network.`,
  }),
  'connection-refused': transient({
    what: 'Nothing accepts connections at this host and port',
    matches: ['ECONNREFUSED'],
    advice: msg`Check host and port in \`database-url\`, and that the database is running.`,
  }),
  'socket-missing': transient({
    what: "The server's socket does not exist",
    matches: ['ENOENT'],
    advice: msg`The host in \`database-url\` is a folder: check its path, and that the database is running.`,
  }),
  'socket-denied': {
    what: "The user that runs the gate is not allowed to use the server's socket",
    matches: ['EACCES', 'EPERM', 'EINVAL', 'ENAMETOOLONG'],
    advice: msg`Give the user that runs the gate access to the folder in \`database-url\`. Its path can have at most 90 characters.`,
  },
  'connect-timeout': transient({
    what: 'The server did not answer in time',
    matches: ({ code, message }) =>
      ['ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'EAGAIN', 'ERR_SOCKET_CONNECTION_TIMEOUT'].includes(code) ||
      message === CONNECT_OVERDUE,
    advice: msg`The likely cause is a firewall, or a private network that the gate's machine is not part of. Allow its address, or run the gate in that network.`,
  }),
  'network-unreachable': transient({
    what: "The gate cannot reach the server's network",
    matches: ['ENETUNREACH', 'ENETDOWN', 'ENONET', 'EADDRNOTAVAIL'],
    advice: msg`Does the host have an IPv6 address only? Many machines have no IPv6, GitHub's runners among them. Use a pooler or a proxy with IPv4, or run the gate elsewhere.`,
  }),
  'answer-too-long': transient({
    what: 'The result of the poll is larger than 256 MiB',
    overLimit: true,
    matches: ({ message }) => message === ANSWER_TOO_LONG,
    advice: ({ schema }) => [
      ...trusted(
        'Application names or workflow ids are very long, or there are very many of them. This query shows the longest: ',
      ),
      {
        command: `SELECT max(octet_length(application_name)), max(octet_length(workflow_uuid)), count(DISTINCT application_version) FROM ${quoteIdentifier(schema)}.workflow_status;`,
      },
    ],
  }),
  'not-postgres': transient({
    what: 'The server that answered is not PostgreSQL',
    matches: ({ code, message }) =>
      (code === PROTOCOL_ERROR && !UNKNOWN_LOGIN.test(message)) ||
      /^received (invalid response|unexpected)|error establishing an SSL connection/i.test(message),
    advice: msg`Check the host and port in \`database-url\`. Another service could be listening there.`,
  }),
  'login-unsupported': {
    what: 'The server requires an unsupported authentication method',
    matches: ({ message }) => UNKNOWN_LOGIN.test(message),
    advice: msg`GSSAPI, SSPI and OAuth are not supported. Allow the gate\'s role a password or a client certificate in pg_hba.conf.`,
  },
  'channel-not-bound': {
    what: 'The server does not support channel binding, which `channel_binding=require` requires',
    matches: ({ message }) => message === UNBOUND,
    advice: msg`It needs TLS, SCRAM passwords, and no pooler or proxy that ends TLS. If you cannot change that, remove \`channel_binding\` and use \`sslmode=verify-full\`.`,
  },
  'poll-unanswered': transient({
    what: 'The database stopped responding during a poll',
    overLimit: true,
    matches: ({ message }) => message === 'Query read timeout',
    advice: msg`The network may be broken: the server did not even report that \`poll-timeout\` had passed.`,
  }),
  'poll-overdue': {
    what: 'Timed out during a poll',
    // Not transient: the hold has no time left to poll again.
    matches: ({ message }) => message === POLL_OVERDUE,
    advice: msg`The \`timeout\` passed before the database answered. Raise \`timeout\`, or find out why the database or the network is slow.`,
  },
  ...POOLER_FAILURES,
  'connection-lost': transient({
    what: 'Connection lost',
    matches: isLoss,
    advice: msg`The server was restarted, or an administrator, a proxy or a firewall closed the connection during a poll.`,
  }),
  ...TLS_FAILURES,
  ...PASSWORD_FAILURES,
  'user-refused': {
    what: 'The server rejected this user',
    matches: ({ code, message }) =>
      code === '28000' || (code === '08P01' && [TLS_REQUIRED, '"trust" authentication failed'].includes(message)),
    advice: ({ tlsMode }) =>
      msg`The role does not exist, or pg_hba.conf has no entry for this user, database and address${trusted(
        tlsMode === 'disable' ? ' without TLS' : '',
      )}, or requires a client certificate. Check the user in \`database-url\`, and the TLS settings that the server requires.`,
  },
  'database-missing': {
    what: 'This server has no such database',
    matches: (failure) =>
      ['3D000', '57P04'].includes(failure.code) ||
      fromPgBouncer(failure, /^(database ".*" (does not exist|is disabled)|no such database)/s),
    advice: msg`Check the database in \`database-url\`. It must be DBOS's system database. Older SDKs name it after the application, with \`_dbos_sys\` at the end.`,
  },
  'no-connection-left': transient({
    what: 'Too many connections',
    matches: (failure) =>
      failure.code === '53300' ||
      fromPgBouncer(failure, /^(no more connections allowed|sorry, too many clients)/) ||
      isSaidByPooler(failure, /max\w* clients?\b|too many clients|check(ed)? ?out|failed to acquire permit/i),
    advice: msg`The gate needs one. Raise max_connections, the role's connection limit or the pool size, or use a pooler in transaction mode (Supabase's listens on port 6543).`,
  }),
  'starting-or-stopping': transient({
    what: 'The database is starting up or shutting down',
    matches: ['57P03'],
    advice: msg`If it persists, check the server.`,
  }),
  'out-of-resources': transient({
    what: 'The server is out of resources',
    overLimit: true,
    matches: ({ code }) => /^(53|58)\w{3}$/.test(code),
    advice: ({ message }) => msg`It says: ${message}. It may be out of memory or disk space.`,
  }),
  'row-security': {
    what: "Row security would hide rows from the gate's role",
    matches: ({ code, routine }) => code === '42501' && routine === 'check_enable_rls',
    advice: ({ user }) => msg`The counts would be too low. Give the role ${user} BYPASSRLS, or remove its policies.`,
  },
  'connect-not-granted': {
    what: "The gate's role has no CONNECT privilege for this database",
    matches: ({ code, routine }) => code === '42501' && routine === 'CheckMyDatabase',
    // Both names have proved right: the role has logged in, and the database is there.
    advice: ({ database, user }) => [
      ...trusted('As its owner, run: '),
      { command: `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};` },
    ],
  },
  'privilege-missing': {
    what: "The gate's role is missing a privilege",
    matches: ['42501'],
    advice: ({ user, schema }) =>
      msg`Grant ${user} USAGE on the schema ${schema} and SELECT on the tables in docs/grants.sql.`,
  },
  'poll-stopped': transient({
    what: 'The server stopped the poll',
    overLimit: true,
    matches: ['57014'],
    advice: ({ message }) =>
      msg`It says: ${message}. If the poll took longer than \`poll-timeout\`, raise it, or find out why the database is slow. Otherwise an administrator or a watchdog cancelled the query. Before Postgres 13, a \`statement_timeout\` of the gate's role can also end a wait for a lock.`,
  }),
  'lock-timeout': transient({
    what: "A lock on DBOS's tables blocked the poll for longer than `poll-timeout`",
    matches: ['55P03'],
    advice: ({ schema }) =>
      msg`A migration or maintenance may be running. pg_locks shows which session holds the lock on ${`${schema}.workflow_status`}. If the lock is expected, raise \`poll-timeout\`.`,
  }),
  'tables-changed': brief({
    what: 'The tables changed during the poll',
    matches: ['42P01', '42703', '3F000'],
    advice: ({ message }) => msg`A migration may be running. The database says: ${message}.`,
  }),
  'pooler-ended': transient({
    what: 'The pooler closed the connection',
    matches: ['08P01'],
    advice: ({ message }) =>
      msg`It says: ${message}. Check the pooler's log, and whether it knows this user and database.`,
  }),
  'character-unknown': brief({
    what: "The database's encoding does not have a character of a name, or a name has an invalid one",
    matches: ['22P05', '22021'],
    advice: ({ message }) =>
      msg`It says: ${message}. Check \`retire-version\`, \`keep-version\`, \`application\`, \`ignore-workflows\` and \`schema\` for characters that the database cannot store.`,
  }),
  'request-refused': brief({
    what: 'The server rejected the query',
    matches: ({ code }) => /^(0A|22|28|3D|42)\w{3}$/.test(code),
    advice: ({ message }) => msg`It says: ${message}. If it persists, please report it to the dbos-drain-gate project.`,
  }),
  'server-error': transient({
    what: 'The database returned an error',
    matches: ({ code }) => isSqlState(code),
    advice: ({ message }) => msg`It says: ${message}. If it persists, check the server's log.`,
  }),
} satisfies Readonly<Record<string, FailureKind>>;

const KINDS: readonly (readonly [id: string, FailureKind])[] = Object.entries(FAILURES);

/**
 * Returns an error that a person can act on, with the cause and the fix. An unknown error stays as it is.
 *
 * Nothing of `database-url` is shown before a server has let the gate in. A mistyped URL can have the password in place
 * of the host, the user or the database.
 *
 * @param connectedBefore The server has let the gate in before, with this host, user and database.
 */
export function explainFailure(error: unknown, config: DatabaseConfig, connectedBefore: boolean): Error {
  if (error instanceof ReportableError) return error;
  const failure = failureOf(error);
  const found = KINDS.find(([, { matches }]) =>
    typeof matches === 'function' ? matches(failure, config) : matches.includes(failure.code),
  );
  if (found === undefined) return error instanceof Error ? error : new Error('a value that is not an error was thrown');
  const [id, kind] = found;
  const code = failure.code === '' ? '' : ` (${failure.code})`;
  const message = connectedBefore ? failure.message : withoutPartsOf(config, failure.message);
  const at = connectedBefore ? msg` It was ${config.host}, port ${trusted(String(config.port))}.` : [];
  const advice = typeof kind.advice === 'function' ? kind.advice({ ...config, ...failure, message }) : kind.advice;
  const sentence = msg`${trusted(`${kind.what}${code}.`)}${at} ${advice}`;
  const { patience, overLimit = false } = kind;
  return patience === undefined
    ? new ReportableError(sentence, { id, cause: error })
    : new TransientError(sentence, connectedBefore, { id, cause: error, overLimit, brief: patience === 'brief' });
}

/** Whether the connection broke off, or the server ended it. */
export const isConnectionLost = (error: unknown): boolean => isLoss(failureOf(error));

function isLoss({ code, message }: Failure): boolean {
  return (
    ['ECONNRESET', 'ECONNABORTED', 'ENETRESET', 'ENOTCONN', 'ESHUTDOWN', 'EPIPE'].includes(code) ||
    /^ERR_(STREAM|SOCKET)_/.test(code) ||
    /^ERR_SSL_.*(BAD_RECORD_MAC|UNEXPECTED_EOF)/.test(code) ||
    ['57P01', '57P02', '57P05', '25P03'].includes(code) ||
    (code.startsWith('08') && isSqlState(code) && code !== '08P01') ||
    /connection terminated|not queryable/i.test(message)
  );
}

/** Returns what tells kinds of failures apart. A failure to connect to several addresses is of the kind of its first. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: '', routine: '' };
  const routine = 'routine' in error && typeof error.routine === 'string' ? error.routine : '';
  return { code: codeOf(error) ?? '', message: error.message, routine };
}

/** A server's message can repeat parts of the URL. */
function withoutPartsOf({ host, user, database }: DatabaseConfig, message: string): string {
  // A server cuts names at 63 bytes.
  const parts = [host, user, database].flatMap((part) => [part, part.slice(0, 63)]);
  parts.sort((a, b) => b.length - a.length);
  return parts.reduce((text, part) => text.replaceAll(part, '…'), message);
}
