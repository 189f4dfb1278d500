import { Socket } from 'node:net';
import type { ClientConfig, QueryResult } from 'pg';
import Client from 'pg/lib/client.js';
import type { z } from 'zod';
import { unlessAborted } from '../async.ts';
import { LONGEST_TIMER_MS } from '../time.ts';
import { patchDriver, requireChannelBinding } from './driver-patches.ts';
import { failureOf, isConnectionLost } from './errors.ts';
import type { Statement } from './sql.ts';
import { type TlsAttempt, tlsAttempts } from './tls.ts';
import { isHandshakeFailure, isRefusedCertificate, NO_TLS, TLS_REQUIRED } from './tls-errors.ts';
import type { DatabaseConfig } from './url.ts';

/** Longer than the 15 seconds after which PgBouncer retries a login at the server and reports how it went. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** How long the server has to answer when the connection closes. A cancelled job has to finish within 2 seconds. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How long a connection is idle before TCP asks for a sign of life. */
const KEEP_ALIVE_MS = 30_000;
/** How much longer than the server's own timeout the gate waits for an answer over the network. */
const NETWORK_GRACE_MS = 10_000;

patchDriver();
// glibc asks each name server twice for five seconds, and nothing can cancel a lookup. A job that is cancelled
// meanwhile would linger. A value that the user has set stays.
process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2';
// The driver would turn these variables into startup parameters, which transaction poolers refuse.
for (const name of ['PGOPTIONS', 'PGREPLICATION', 'PGCLIENT_ENCODING', 'PGBINARY']) delete process.env[name];

export interface Connection {
  /** It uses TLS. */
  readonly encrypted: boolean;
  /** Runs statements without parameters, in one round trip. */
  run(statements: string): Promise<void>;
  /** Returns the rows of a statement, or of the last query of several statements without parameters, each checked. */
  rows<T>(statement: Statement, row: z.ZodType<T>): Promise<readonly T[]>;
  /**
   * Whether a statement failed with this error because the connection broke while it was idle: before the statement, or
   * unnoticed until then. Outside of transactions nobody has answered anything, so another connection loses nothing.
   */
  brokeIdle(error: unknown): boolean;
  /** Closes the connection within a second, whatever the network does. */
  close(): Promise<void>;
}

/**
 * Connects in the first way that `sslmode` allows and the server accepts.
 *
 * @param signal Cuts the connection when it aborts, whatever the network does, also while it is being made.
 * @throws the driver's error for the way whose failure explains most.
 */
export async function connect(config: DatabaseConfig, pollTimeoutMs: number, signal: AbortSignal): Promise<Connection> {
  const failures: { readonly tls: TlsAttempt; readonly error: unknown }[] = [];
  for (const tls of tlsAttempts(config)) {
    let isPasswordAsked = false;
    const password = () => {
      isPasswordAsked = true;
      return config.password ?? '';
    };
    try {
      return await connectOnce({ ...config, password }, tls, pollTimeoutMs, signal);
    } catch (error) {
      // A password that was sent once is not sent again, in plain text.
      if (signal.aborted || isPasswordAsked || !anotherWayMayWork(error)) throw error;
      failures.push({ tls, error });
    }
  }
  // A server that has no TLS, or refuses plain text, explains least: that is why the other way was tried.
  const telling = failures.filter(({ error }) => !hasNoTls(error));
  const failure = telling.find(({ tls }) => tls !== false) ?? telling[0] ?? failures[0];
  throw failure?.error ?? new Error('no way to connect');
}

/**
 * Whether to try the next way, as libpq does: after a server without TLS, a failed handshake, or a refusal by
 * pg_hba.conf (or by PgBouncer, of plain text).
 */
function anotherWayMayWork(error: unknown): boolean {
  const { code, message } = failureOf(error);
  const isPlainTextRefused = code === '08P01' && message === TLS_REQUIRED;
  if (hasNoTls(error) || code === '28000' || isPlainTextRefused) return true;
  return isHandshakeFailure(code) && !isRefusedCertificate(code);
}

const hasNoTls = (error: unknown) => error instanceof Error && error.message === NO_TLS;

/** A function for the password, even for none: otherwise the driver reads PGPASSWORD and libpq's password file itself. */
type Login = Omit<DatabaseConfig, 'password'> & { readonly password: () => string };

async function connectOnce(config: Login, ssl: TlsAttempt, pollTimeoutMs: number, signal: AbortSignal) {
  const { host, port, user, password, database } = config;
  const socket = new Socket();
  const options: ClientConfig & { scramMaxIterations: number } = {
    ...{ host, port, user, password, database, ssl },
    // Otherwise the driver reads PGSSLNEGOTIATION.
    sslnegotiation: 'postgres',
    stream: () => socket,
    enableChannelBinding: config.requireChannelBinding,
    // The only startup parameter: transaction poolers refuse the others.
    application_name: 'dbos-drain-gate',
    keepAlive: true,
    // NATs and load balancers forget connections that are idle for minutes. Some then swallow what is sent.
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: Math.min(pollTimeoutMs + NETWORK_GRACE_MS, LONGEST_TIMER_MS),
    // A server can ask for more rounds than the driver's own limit of 100,000. Each costs the client time.
    scramMaxIterations: 1_000_000,
  };
  const client = new Client(options);
  if (config.requireChannelBinding) requireChannelBinding(client, socket);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  const connection = connectionOf(client, socket, ssl !== false);
  try {
    await client.connect();
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connectionOf(client: InstanceType<typeof Client>, socket: Socket, encrypted: boolean): Connection {
  // A connection that breaks while idle must not end the process. The next statement fails with this error.
  let brokenBy: unknown;
  let brokeIdle = false;
  let isAsking = false;
  client.on('error', (error) => {
    brokenBy ??= error;
    brokeIdle ||= !isAsking;
  });
  const answered = async <T>(query: Promise<T>) => {
    isAsking = true;
    try {
      return await query;
    } catch (error) {
      throw brokenBy ?? error;
    } finally {
      isAsking = false;
    }
  };
  return {
    encrypted,
    brokeIdle: (error) => brokeIdle || (client.getTransactionStatus() === 'I' && isConnectionLost(error)),
    async run(statements) {
      await answered(client.query(statements));
    },
    async rows(statement, row) {
      // The driver's types omit that several statements have several results.
      const result: QueryResult | QueryResult[] = await answered(client.query(statement.text, [...statement.values]));
      return row.array().parse([result].flat().findLast(({ command }) => command === 'SELECT')?.rows);
    },
    async close() {
      const ended = client.end().catch(() => undefined);
      await unlessAborted(ended, AbortSignal.timeout(CLOSE_TIMEOUT_MS));
      socket.destroy();
    },
  };
}
