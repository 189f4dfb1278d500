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
    advice: msg`Check the host in \`database-url\`; a name inside a private network needs a runner inside it.`,
  }),
  'connection-refused': transient({
    what: 'Nothing accepts connections at this host and port',
    matches: ['ECONNREFUSED'],
    advice: msg`Check host and port in \`database-url\`, and that the database is running.`,
  }),
  'socket-missing': transient({
    what: 'The socket of the server is not there',
    matches: ['ENOENT'],
    advice: msg`Check the host in \`database-url\`, which names a folder here, and that the database is running.`,
  }),
  'socket-denied': {
    what: 'The socket of the server may not be used',
    matches: ['EACCES', 'EPERM', 'EINVAL', 'ENAMETOOLONG'],
    advice: msg`Let the runner's user enter the folder that \`database-url\` names as its host; its path has 90 characters at most.`,
  },
  'connect-timeout': transient({
    what: 'The server did not answer in time',
    matches: ({ code, message }) =>
      ['ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'EAGAIN', 'ERR_SOCKET_CONNECTION_TIMEOUT'].includes(code) ||
      message === CONNECT_OVERDUE,
    advice: msg`Most often a firewall or a private network that this runner is not in: allow the runner's address, or use a runner inside the network.`,
  }),
  'network-unreachable': transient({
    what: 'There is no way from this runner to the network of the server',
    matches: ['ENETUNREACH', 'ENETDOWN', 'ENONET', 'EADDRNOTAVAIL'],
    advice: msg`Is the host an IPv6 address only? GitHub's runners have no IPv6: use a pooler or a proxy with IPv4, or a runner of your own.`,
  }),
  'answer-too-long': transient({
    what: 'The answer to the poll is longer than 256 MiB',
    overLimit: true,
    matches: ({ message }) => message === ANSWER_TOO_LONG,
    advice: ({ schema }) => [
      ...trusted(
        'Names of applications or ids of workflows are too long, or there are far too many. This shows the longest: ',
      ),
      {
        command: `SELECT max(octet_length(application_name)), max(octet_length(workflow_uuid)), count(DISTINCT application_version) FROM ${quoteIdentifier(schema)}.workflow_status;`,
      },
    ],
  }),
  'not-postgres': transient({
    what: 'What answers does not speak the protocol of Postgres',
    matches: ({ code, message }) =>
      (code === PROTOCOL_ERROR && !UNKNOWN_LOGIN.test(message)) ||
      /^received (invalid response|unexpected)|error establishing an SSL connection/i.test(message),
    advice: msg`Check host and port in \`database-url\`: another service may listen there.`,
  }),
  'login-unsupported': {
    what: 'The server asks for a way to log in that the gate does not have',
    matches: ({ message }) => UNKNOWN_LOGIN.test(message),
    advice: msg`It logs in with a password or a client certificate; GSSAPI, SSPI and OAuth are not for it. Let pg_hba.conf ask its role for one of those.`,
  },
  'channel-not-bound': {
    what: 'The server does not do the channel binding that `channel_binding=require` asks for',
    matches: ({ message }) => message === UNBOUND,
    advice: msg`It takes TLS, SCRAM passwords, and no pooler or proxy in between that ends TLS. If that is how it has to be, leave \`channel_binding\` out and use \`sslmode=verify-full\`.`,
  },
  'poll-unanswered': transient({
    what: 'The database went silent in the middle of a poll',
    overLimit: true,
    matches: ({ message }) => message === 'Query read timeout',
    advice: msg`The network in between may be broken: not even the end of \`poll-timeout\` was answered.`,
  }),
  'poll-overdue': {
    what: 'The time ran out while a poll was under way',
    // Not transient: the hold has no time left to poll again.
    matches: ({ message }) => message === POLL_OVERDUE,
    advice: msg`The hold has to end with its \`timeout\`, and the database had not answered by then. Raise \`timeout\`, or find out what slows the database or the network down.`,
  },
  ...POOLER_FAILURES,
  'connection-lost': transient({
    what: 'The connection broke off',
    matches: isLoss,
    advice: msg`The server may have been restarted, or an administrator or something in between may have ended the connection during a poll.`,
  }),
  ...TLS_FAILURES,
  ...PASSWORD_FAILURES,
  'user-refused': {
    what: 'The server does not let this user in',
    matches: ({ code, message }) =>
      code === '28000' || (code === '08P01' && [TLS_REQUIRED, '"trust" authentication failed'].includes(message)),
    advice: ({ tlsMode }) =>
      msg`There is no such role, or pg_hba.conf has no entry for this user, database and address${trusted(
        tlsMode === 'disable' ? ' without TLS' : '',
      )}, or asks for a client certificate. Check the user in \`database-url\`, and the TLS settings that the server asks for.`,
  },
  'database-missing': {
    what: 'There is no such database on this server',
    matches: (failure) =>
      ['3D000', '57P04'].includes(failure.code) ||
      fromPgBouncer(failure, /^(database ".*" (does not exist|is disabled)|no such database)/s),
    advice: msg`Check the database in \`database-url\`. DBOS keeps its tables in the system database, which older SDKs name after the application with \`_dbos_sys\` at the end.`,
  },
  'no-connection-left': transient({
    what: 'The server has no connection left',
    matches: (failure) =>
      failure.code === '53300' ||
      fromPgBouncer(failure, /^(no more connections allowed|sorry, too many clients)/) ||
      isSaidByPooler(failure, /max\w* clients?\b|too many clients|check(ed)? ?out|failed to acquire permit/i),
    advice: msg`The gate needs one: raise max_connections, the limit of the role or the size of the pool; use a pooler in transaction mode (Supabase's has port 6543); or run the gate when fewer are taken.`,
  }),
  'starting-or-stopping': transient({
    what: 'The database is starting up or shutting down',
    matches: ['57P03'],
    advice: msg`If it stays so, find out why at the server.`,
  }),
  'out-of-resources': transient({
    what: 'The server has run short of a resource',
    overLimit: true,
    matches: ({ code }) => /^(53|58)\w{3}$/.test(code),
    advice: ({ message }) => msg`It says: ${message}. Memory or disk may be exhausted.`,
  }),
  'row-security': {
    what: 'Row security would hide rows from the role of the gate',
    matches: ({ code, routine }) => code === '42501' && routine === 'check_enable_rls',
    advice: ({ user }) =>
      msg`Counts would be too small. Give the role ${user} BYPASSRLS, or remove the policies for it.`,
  },
  'connect-not-granted': {
    what: 'The role of the gate may not connect to this database',
    matches: ({ code, routine }) => code === '42501' && routine === 'CheckMyDatabase',
    // Both names have proved right: the role has logged in, and the database is there.
    advice: ({ database, user }) => [
      ...trusted('As its owner, run: '),
      { command: `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};` },
    ],
  },
  'privilege-missing': {
    what: 'The role of the gate lacks a privilege',
    matches: ['42501'],
    advice: ({ user, schema }) =>
      msg`Grant ${user} USAGE on the schema ${schema} and SELECT on what docs/grants.sql names.`,
  },
  'poll-stopped': transient({
    what: 'The server stopped the poll',
    overLimit: true,
    matches: ['57014'],
    advice: ({ message }) =>
      msg`It says: ${message}. If the poll took longer than \`poll-timeout\`, raise that, or find out what slows the database down. Otherwise an administrator, or a watchdog for long statements, cancelled it. Before Postgres 13, a \`statement_timeout\` of the gate's role can also end a wait for a lock.`,
  }),
  'lock-timeout': transient({
    what: 'A lock on the tables of DBOS blocked the poll for longer than `poll-timeout`',
    matches: ['55P03'],
    advice: ({ schema }) =>
      msg`A migration or maintenance may be running: pg_locks names who holds the lock on ${`${schema}.workflow_status`}. Raise \`poll-timeout\` if it has to be so.`,
  }),
  'tables-changed': brief({
    what: 'The tables changed under the poll',
    matches: ['42P01', '42703', '3F000'],
    advice: ({ message }) => msg`A migration may be running. The database says: ${message}.`,
  }),
  'pooler-ended': transient({
    what: 'The pooler in front of the database ended the connection',
    matches: ['08P01'],
    advice: ({ message }) =>
      msg`It says: ${message}. Check the pooler's log, and that it knows this user and database.`,
  }),
  'character-unknown': brief({
    what: 'The encoding of the database lacks a character of a name, or has an invalid one',
    matches: ['22P05', '22021'],
    advice: ({ message }) =>
      msg`It says: ${message}. Check \`retire-version\`, \`keep-version\`, \`application\`, \`ignore-workflows\` and \`schema\` for characters that the database cannot have stored.`,
  }),
  'request-refused': brief({
    what: 'The server refused what the gate asked for',
    matches: ({ code }) => /^(0A|22|28|3D|42)\w{3}$/.test(code),
    advice: ({ message }) => msg`It says: ${message}. Please report it to the dbos-drain-gate project if it stays so.`,
  }),
  'server-error': transient({
    what: 'The database answered with an error',
    matches: ({ code }) => isSqlState(code),
    advice: ({ message }) => msg`It says: ${message}. If it stays so, look at the log of the server.`,
  }),
} satisfies Readonly<Record<string, FailureKind>>;

const KINDS: readonly FailureKind[] = Object.values(FAILURES);

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
  const kind = KINDS.find(({ matches }) =>
    typeof matches === 'function' ? matches(failure, config) : matches.includes(failure.code),
  );
  if (kind === undefined) return error instanceof Error ? error : new Error('something that is no error was thrown');
  const code = failure.code === '' ? '' : ` (${failure.code})`;
  const message = connectedBefore ? failure.message : withoutPartsOf(config, failure.message);
  const at = connectedBefore ? msg` It was ${config.host}, port ${trusted(String(config.port))}.` : [];
  const advice = typeof kind.advice === 'function' ? kind.advice({ ...config, ...failure, message }) : kind.advice;
  const sentence = msg`${trusted(`${kind.what}${code}.`)}${at} ${advice}`;
  const { patience, overLimit = false } = kind;
  return patience === undefined
    ? new ReportableError(sentence, { cause: error })
    : new TransientError(sentence, connectedBefore, { cause: error, overLimit, brief: patience === 'brief' });
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
