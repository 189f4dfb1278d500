import { quoteIdentifier } from '../dbos/sql.ts';
import { codeOf, ReportableError, TransientError } from '../errors.ts';
import { type Message, msg, trusted } from '../message.ts';
import { UNBOUND } from './channel-binding.ts';
import type { DatabaseConfig } from './database-config.ts';
import { PROTOCOL_ERROR } from './driver-patches.ts';
import {
  isHandshakeFailure,
  isRefusedCertificate,
  NO_TLS,
  OUT_OF_DATE,
  TLS_REQUIRED,
  UNTRUSTED,
} from './tls-errors.ts';

/** What the driver, the network or the server said. */
interface Failure {
  /** An SQLSTATE, a code of Node's, or nothing. */
  readonly code: string;
  readonly message: string;
}

/** A way for a poll to fail: what happened, and what a person can do about it. */
interface FailureKind {
  /** What happened: the text that `docs/troubleshooting.md` has a heading for. */
  readonly what: string;
  /** It may pass by itself, so that a hold goes on. */
  readonly transient: boolean;
  /** The poll was stopped for how long it took, or for what it took: one that asks for less may not be. */
  readonly overLimit?: true;
  matches(failure: Failure, config: DatabaseConfig): boolean;
  /** The likely cause and the fix. What the server was given is quoted only once it has let the gate in. */
  advice(config: DatabaseConfig, failure: Failure): Message;
}

/** The message of the driver's error when a connection takes too long to make. */
export const CONNECT_OVERDUE = 'timeout expired';

/** The message of the error that ends a poll when the hold has no time left for it. */
export const POLL_OVERDUE = 'The poll is overdue';

const codes =
  (...known: readonly string[]) =>
  ({ code }: Failure) =>
    known.includes(code);

/** The driver's words for what it cannot answer. */
const UNKNOWN_LOGIN = /^Unknown authenticationOk message type|^SASL: Only mechanism/;

/** PgBouncer answers with 08P01 whatever happened, what the server said at its login included: its words tell. */
const fromPooler = ({ code, message }: Failure, words: RegExp) => code === '08P01' && words.test(message);

/**
 * Every way to fail that the gate knows, the first that matches wins. SQLSTATEs are those of PostgreSQL's appendix A,
 * PgBouncer's words those of its release 1.18.
 */
export const FAILURE_KINDS: readonly FailureKind[] = [
  {
    what: 'The host could not be found',
    transient: true,
    matches: codes('ENOTFOUND', 'EAI_AGAIN'),
    advice: () =>
      msg`Check the host in \`database-url\`; a name inside a private network needs a runner inside it.`,
  },
  {
    what: 'Nothing accepts connections at this host and port',
    transient: true,
    matches: codes('ECONNREFUSED'),
    advice: () => msg`Check host and port in \`database-url\`, and that the database is running.`,
  },
  {
    what: 'The socket of the server is not there',
    transient: true,
    matches: codes('ENOENT'),
    advice: () =>
      msg`Check the host in \`database-url\`, which names a folder here, and that the database is running.`,
  },
  {
    what: 'The socket of the server may not be used',
    transient: false,
    matches: codes('EACCES', 'EPERM', 'EINVAL', 'ENAMETOOLONG'),
    advice: () =>
      msg`Let the runner's user enter the folder that \`database-url\` names as its host; its path has 90 characters at most.`,
  },
  {
    what: 'The server did not answer in time',
    transient: true,
    matches: ({ code, message }) =>
      ['ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'EAGAIN'].includes(code) || message === CONNECT_OVERDUE,
    advice: () =>
      msg`Most often a firewall or a private network that this runner is not in: allow the runner's address, or use a runner inside the network.`,
  },
  {
    what: 'There is no way from this runner to the network of the server',
    transient: true,
    matches: codes('ENETUNREACH', 'ENETDOWN', 'EADDRNOTAVAIL'),
    advice: () =>
      msg`Is the host an IPv6 address only? GitHub's runners have no IPv6: use a pooler or a proxy with IPv4, or a runner of your own.`,
  },
  {
    what: 'What answers does not speak the protocol of Postgres',
    transient: true,
    matches: ({ code, message }) =>
      (code === PROTOCOL_ERROR && !UNKNOWN_LOGIN.test(message)) ||
      /^received invalid response|error establishing an SSL connection/.test(message),
    advice: () => msg`Check host and port in \`database-url\`: another service may listen there.`,
  },
  {
    what: 'The server asks for a way to log in that the gate does not have',
    transient: false,
    matches: ({ message }) => UNKNOWN_LOGIN.test(message),
    advice: () =>
      msg`It logs in with a password or a client certificate; GSSAPI, SSPI and OAuth are not for it. Let pg_hba.conf ask its role for one of those.`,
  },
  {
    what: 'The server does not do the channel binding that `channel_binding=require` asks for',
    transient: false,
    matches: ({ message }) => message === UNBOUND,
    advice: () =>
      msg`It takes TLS, SCRAM passwords, and no pooler or proxy in between that ends TLS. If that is how it has to be, leave \`channel_binding\` out and use \`sslmode=verify-full\`.`,
  },
  {
    what: 'The database went silent in the middle of a poll',
    transient: true,
    overLimit: true,
    matches: ({ message }) => message === 'Query read timeout',
    advice: () =>
      msg`The network in between may be broken: not even the end of \`poll-timeout\` was answered.`,
  },
  {
    what: 'The time ran out while a poll was under way',
    // The hold has no time left to poll again.
    transient: false,
    matches: ({ message }) => message === POLL_OVERDUE,
    advice: () =>
      msg`The hold has to end with its \`timeout\`, and the database had not answered by then. Raise \`timeout\`, or find out what slows the database or the network down.`,
  },
  {
    what: 'The connection broke off',
    transient: true,
    matches: ({ code, message }) =>
      ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ERR_STREAM_DESTROYED'].includes(code) ||
      /^ERR_SSL_.*(BAD_RECORD_MAC|UNEXPECTED_EOF)/.test(code) ||
      ['57P01', '57P02', '57P05', '25P03'].includes(code) ||
      (code.startsWith('08') && code.length === 5 && code !== '08P01') ||
      /connection terminated|not queryable/i.test(message),
    advice: () =>
      msg`The server may have been restarted, an administrator may have ended the connection, or something between closes idle ones: then use a shorter \`poll-interval\`.`,
  },
  {
    what: 'The server does not accept TLS',
    transient: false,
    matches: ({ message }) => message === NO_TLS,
    advice: ({ tlsMode }) =>
      msg`\`sslmode=${trusted(tlsMode)}\` insists on it. Turn TLS on at the server; or, in a network that you trust, use \`sslmode=prefer\`.`,
  },
  {
    what: 'The certificate of the server is not signed by a CA that the gate trusts',
    transient: false,
    matches: codes(...UNTRUSTED),
    advice: ({ tlsCa }) =>
      tlsCa === undefined
        ? msg`Pass the certificate of its CA as \`tls-ca\`, or use \`sslmode=require\`, which then verifies nothing.`
        : msg`The CA that was given has not signed it: pass the one that has as \`tls-ca\`. Without any, \`sslmode=require\` verifies nothing.`,
  },
  {
    what: 'The certificate of the server was made for another host name',
    transient: false,
    matches: codes('ERR_TLS_CERT_ALTNAME_INVALID'),
    advice: () =>
      msg`Use the name in the certificate as the host in \`database-url\`; \`sslmode=verify-ca\` does not compare names.`,
  },
  {
    what: 'The certificate of the server is not valid at this time',
    transient: false,
    matches: codes(...OUT_OF_DATE),
    advice: () => msg`Renew it at the server, and check the clock of the runner.`,
  },
  {
    what: 'The server asks for a client certificate',
    transient: false,
    matches: ({ code, message }) =>
      (code === '28000' && /requires a valid client certificate/.test(message)) ||
      /^ERR_SSL_.*CERTIFICATE_REQUIRED$/.test(code),
    advice: () =>
      msg`Put the paths of the certificate and its key into \`database-url\`: \`sslcert\` and \`sslkey\`, and \`sslpassword\` if the key has one; and use an \`sslmode\` with TLS.`,
  },
  {
    what: 'The server does not accept the client certificate',
    transient: false,
    matches: ({ code, message }) =>
      (code === '28000' && /certificate authentication failed/.test(message)) || isRefusedCertificate(code),
    advice: () =>
      msg`It has to be signed by a CA that the server trusts (its \`ssl_ca_file\`), to be valid now, and to be made for this user.`,
  },
  {
    what: 'A certificate or a key of the gate cannot be used',
    transient: false,
    matches: ({ code }) => code.startsWith('ERR_OSSL') || code === 'ERR_CRYPTO_OPERATION_FAILED',
    advice: () =>
      msg`Check that \`tls-ca\`, \`sslcert\` and \`sslkey\` are whole PEM files, that the key is the certificate's own, and that \`sslpassword\` opens it.`,
  },
  {
    what: 'TLS failed',
    transient: false,
    matches: ({ code }) => isHandshakeFailure(code),
    advice: () => msg`Check the TLS settings of both sides, and that this is a Postgres server.`,
  },
  {
    what: 'The server refused the password',
    transient: false,
    matches: (failure, { password }) =>
      (failure.code === '28P01' && password !== undefined) || fromPooler(failure, /authentication failed/),
    advice: () =>
      msg`Check the user and the secret. It may have been rotated, and an IAM token lives for minutes only; a password with special characters must be percent-encoded in a URL, but not in \`database-password\`.`,
  },
  {
    what: 'The server asks for a password, and none was given',
    transient: false,
    matches: ({ code, message }) =>
      code === '28P01' || /password must be a (non-empty )?string/.test(message),
    advice: () => msg`Put it into \`database-url\`, or pass \`database-password\`.`,
  },
  {
    what: 'The exchange of the password went wrong',
    transient: false,
    matches: ({ message }) => message.startsWith('SASL: '),
    advice: (_config, { message }) =>
      msg`The driver says: ${message}. Somebody in between may have changed it, or the server is none of Postgres.`,
  },
  {
    what: 'The server does not let this user in',
    transient: false,
    matches: ({ code, message }) => code === '28000' || (code === '08P01' && message === TLS_REQUIRED),
    advice: ({ tlsMode }) =>
      msg`There is no such role, or pg_hba.conf has no entry for this user, database and address${trusted(
        tlsMode === 'disable' ? ' without TLS' : '',
      )}. Check the user in \`database-url\`, and the TLS settings that the server asks for.`,
  },
  {
    what: 'There is no such database on this server',
    transient: false,
    matches: (failure) =>
      ['3D000', '57P04'].includes(failure.code) ||
      fromPooler(failure, /^(database ".*" (does not exist|is disabled)|no such database)/s),
    advice: () =>
      msg`Check the database in \`database-url\`. DBOS keeps its tables in the system database, which older SDKs name after the application with \`_dbos_sys\` at the end.`,
  },
  {
    what: 'The server has no connection left',
    transient: true,
    matches: (failure) =>
      failure.code === '53300' ||
      fromPooler(failure, /^(no more connections allowed|sorry, too many clients)/),
    advice: () =>
      msg`The gate needs one: raise max_connections or the limit of the role, use a pooler, or run the gate when fewer are taken.`,
  },
  {
    what: 'The database is starting up or shutting down',
    transient: true,
    matches: codes('57P03'),
    advice: () => msg`If it stays so, find out why at the server.`,
  },
  {
    what: 'The server has run short of a resource',
    transient: true,
    overLimit: true,
    matches: ({ code }) => /^(53|58)\w{3}$/.test(code),
    advice: (_config, { message }) => msg`It says: ${message}. Memory or disk may be exhausted.`,
  },
  {
    what: 'Row security would hide rows from the role of the gate',
    transient: false,
    matches: ({ code, message }) => code === '42501' && /row-level security/.test(message),
    advice: ({ user }) =>
      msg`Counts would be too small. Give the role ${user} BYPASSRLS, or remove the policies for it.`,
  },
  {
    what: 'The role of the gate may not connect to this database',
    transient: false,
    matches: ({ code, message }) => code === '42501' && /for database/.test(message),
    // Both names have proved right: the role has logged in, and the database is there.
    advice: ({ database, user }) => [
      ...trusted('As its owner, run: '),
      { typed: `GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)};` },
    ],
  },
  {
    what: 'The role of the gate lacks a privilege',
    transient: false,
    matches: codes('42501'),
    advice: ({ user, schema }) =>
      msg`Grant ${user} USAGE on the schema ${schema} and SELECT on what docs/grants.sql names.`,
  },
  {
    what: 'Somebody cancelled the look at the server',
    transient: true,
    overLimit: true,
    matches: ({ code, message }) => code === '57014' && /user request/.test(message),
    advice: () => msg`An administrator, or a watchdog for long statements, did so.`,
  },
  {
    what: 'The poll took longer than `poll-timeout` and was stopped',
    transient: true,
    overLimit: true,
    matches: codes('57014'),
    advice: () => msg`Raise \`poll-timeout\`, or find out what slows the database down.`,
  },
  {
    what: 'A lock on the tables of DBOS blocked the look for longer than `poll-timeout`',
    transient: true,
    matches: codes('55P03'),
    advice: ({ schema }) =>
      msg`A migration or maintenance may be running: pg_locks names who holds the lock on ${`${schema}.workflow_status`}. Raise \`poll-timeout\` if it has to be so.`,
  },
  {
    what: 'The tables changed under the poll',
    transient: true,
    matches: codes('42P01', '42703', '40001', '40P01', '3F000'),
    advice: (_config, { message }) => msg`A migration may be running. The database says: ${message}.`,
  },
  {
    what: 'The pooler in front of the database ended the connection',
    transient: true,
    matches: codes('08P01'),
    advice: (_config, { message }) =>
      msg`It says: ${message}. Check the pooler's log, and that it knows this user and database.`,
  },
  {
    what: 'The database answered with an error',
    transient: false,
    matches: ({ code }) => /^(?=.*\d)[0-9A-Z]{5}$/.test(code),
    advice: (_config, { message }) => msg`It says: ${message}.`,
  },
];

/**
 * Turns what the driver or the server threw into what a person can act upon: the cause and the fix.
 *
 * Before a server has let the gate in, nothing of `database-url` is shown: a mistyped one can have the password where
 * the host, the user or the database should be.
 *
 * @param reached The server has let the gate in before, with this host, user and database.
 */
export function explainFailure(error: unknown, config: DatabaseConfig, connectedBefore: boolean): Error {
  if (error instanceof ReportableError) return error;
  const failure = failureOf(error);
  const kind = FAILURE_KINDS.find(({ matches }) => matches(failure, config));
  if (kind === undefined) {
    return error instanceof Error ? error : new Error('something that is no error was thrown');
  }
  const code = failure.code === '' ? '' : ` (${failure.code})`;
  const said = connectedBefore ? failure : { ...failure, message: withoutPartsOf(config, failure.message) };
  const at = connectedBefore
    ? msg` It was ${config.host}, port ${trusted(String(config.port))}.`
    : trusted('');
  const sentence = msg`${trusted(`${kind.what}${code}.`)}${at} ${kind.advice(config, said)}`;
  return kind.transient
    ? new TransientError(sentence, connectedBefore, { cause: error, overLimit: kind.overLimit ?? false })
    : new ReportableError(sentence, { cause: error });
}

/** A failure to connect to a name with several addresses is an AggregateError; its parts have the code. */
function failureOf(error: unknown): Failure {
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: '' };
  return { code: codeOf(error) ?? '', message: error.message };
}

/** What a server says may repeat what it was given. */
function withoutPartsOf({ host, user, database }: DatabaseConfig, message: string): string {
  // A server cuts names at 63 bytes.
  const parts = [host, user, database].flatMap((part) => [part, part.slice(0, 63)]);
  parts.sort((a, b) => b.length - a.length);
  return parts.reduce((text, part) => text.replaceAll(part, '…'), message);
}
