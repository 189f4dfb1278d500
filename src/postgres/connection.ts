import { Socket } from 'node:net';
import type { QueryResult } from 'pg';
import Client from 'pg/lib/client.js';
import type { z } from 'zod';
import type { Statement } from '../dbos/sql.ts';
import { codeOf } from '../errors.ts';
import { LONGEST_TIMER_MS, systemClock } from '../time.ts';
import { requireChannelBinding } from './channel-binding.ts';
import type { DatabaseConfig } from './database-config.ts';
import { patchDriver } from './driver-patches.ts';
import { type TlsAttempt, tlsAttempts } from './tls.ts';
import { isHandshakeFailure, isRefusedCertificate, NO_TLS, TLS_REQUIRED } from './tls-errors.ts';

/** Longer than the 15 seconds after which PgBouncer tries a login at the server again, and says how it went. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** How long the server has to answer a farewell: a job that is cancelled has to end within two seconds. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How much longer than the server's own timeout the gate waits for an answer before it gives the network up. */
const NETWORK_GRACE_MS = 10_000;

/** What the driver would read by itself, and make startup parameters of, which transaction poolers refuse. */
const DRIVER_VARIABLES = ['PGOPTIONS', 'PGREPLICATION', 'PGCLIENT_ENCODING', 'PGBINARY'];

/** A server may ask for more rounds of SCRAM than the driver's own limit of 100,000; each costs the client time. */
const MOST_SCRAM_ITERATIONS = 1_000_000;

patchDriver();
// glibc asks each name server twice for five seconds, and nothing can call a lookup off: a job that is cancelled
// then would linger. What the user has set stays.
process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:2';

/** One connection to the database. */
export interface Connection {
  /** Several statements without parameters, in one round trip. */
  run(statements: string): Promise<void>;
  /** The rows of a statement, each checked against a schema; of the last one, where several have no parameters. */
  rows<T>(statement: Statement, row: z.ZodType<T>): Promise<readonly T[]>;
  close(): Promise<void>;
}

/**
 * Connects in the first of the ways that `sslmode` allows and the server takes.
 *
 * @param signal Cuts the connection when it aborts, whatever the network does; a connection that is being made too.
 * @throws what the driver throws for the way tried whose failure tells most.
 */
export async function connect(
  config: DatabaseConfig,
  pollTimeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const failures: { readonly tls: TlsAttempt; readonly error: unknown }[] = [];
  for (const tls of tlsAttempts(config)) {
    try {
      return await connectOnce(config, tls, pollTimeoutMs, signal);
    } catch (error) {
      if (signal.aborted || !anotherWayMayWork(error)) throw error;
      failures.push({ tls, error });
    }
  }
  // That a server refuses plain text, or has no TLS, says least: it is why the other way was tried.
  const telling = failures.filter(({ error }) => !hasNoTls(error));
  const failure = telling.find(({ tls }) => tls !== false) ?? telling[0] ?? failures[0];
  throw failure?.error ?? new Error('no way to connect');
}

/**
 * As in libpq: no TLS at the server, a failed handshake, or a refusal by pg_hba.conf (or by PgBouncer, of plain text)
 * lets the next way be tried. Nothing else does: a password that was refused once is not sent again in plain text.
 */
function anotherWayMayWork(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return (
    hasNoTls(error) ||
    code === '28000' ||
    (code === '08P01' && error instanceof Error && error.message === TLS_REQUIRED) ||
    (isHandshakeFailure(code) && !isRefusedCertificate(code))
  );
}

function hasNoTls(error: unknown): boolean {
  return error instanceof Error && error.message === NO_TLS;
}

async function connectOnce(
  config: DatabaseConfig,
  ssl: TlsAttempt,
  pollTimeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  for (const name of DRIVER_VARIABLES) delete process.env[name];
  const socket = new Socket();
  const giveUp = () => socket.destroy();
  let refusal: Error | undefined;
  const client = new Client({
    host: config.host,
    port: config.port,
    user: config.user,
    ...(config.password !== undefined && { password: config.password }),
    database: config.database,
    ssl,
    sslnegotiation: config.directTls && ssl !== false ? 'direct' : 'postgres',
    stream: () => socket,
    enableChannelBinding: config.requireChannelBinding,
    // The only startup parameter: transaction poolers refuse the others.
    application_name: 'dbos-drain-gate',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: Math.min(pollTimeoutMs + NETWORK_GRACE_MS, LONGEST_TIMER_MS),
    ...{ scramMaxIterations: MOST_SCRAM_ITERATIONS },
  });
  // A connection that breaks while idle must not end the process: the next statement fails, and says why.
  let brokenBy: unknown;
  client.on('error', (error) => {
    brokenBy ??= error;
  });
  const answered = <T>(query: Promise<T>) =>
    query.catch((error: unknown) => {
      throw brokenBy ?? error;
    });
  if (config.requireChannelBinding) {
    requireChannelBinding(client, (error) => {
      refusal = error;
      giveUp();
    });
  }
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    if (refusal !== undefined) throw refusal;
  } catch (error) {
    giveUp();
    throw refusal ?? error;
  }
  return {
    async run(statements) {
      await answered(client.query(statements));
    },
    async rows(statement, row) {
      // The driver's types leave out that several statements have several results.
      const result: QueryResult | QueryResult[] = await answered(
        client.query(statement.text, [...statement.values]),
      );
      const last = Array.isArray(result) ? result.at(-1) : result;
      return row.array().parse(last?.rows);
    },
    async close() {
      const patience = new AbortController();
      const ended = client.end().catch(() => undefined);
      await Promise.race([ended, systemClock.pause(CLOSE_TIMEOUT_MS, patience.signal)]);
      patience.abort();
      giveUp();
    },
  };
}
