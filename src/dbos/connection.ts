import { Socket } from 'node:net';
import Client from 'pg/lib/client.js';
import type { z } from 'zod';
import { LONGEST_TIMER_MS, systemClock } from '../clock.ts';
import { codeOf } from '../errors.ts';
import { requireChannelBinding } from './channel-binding.ts';
import type { DatabaseConfig } from './database-config.ts';
import { guardDriver } from './driver-guards.ts';
import type { Statement } from './queries.ts';
import { type TlsAttempt, tlsAttempts } from './tls.ts';

/** Longer than the 15 seconds after which PgBouncer tries a login at the server again, and says how it went. */
export const CONNECT_TIMEOUT_MS = 20_000;
/** How long the server has to answer a farewell: a job that is cancelled has to end within two seconds. */
const CLOSE_TIMEOUT_MS = 1_000;
/** How much longer than the server's own timeout the gate waits for an answer before it gives the network up. */
const NETWORK_GRACE_MS = 10_000;

/** What the driver would read by itself, and make startup parameters of, which transaction poolers refuse. */
const DRIVER_VARIABLES = ['PGOPTIONS', 'PGREPLICATION', 'PGCLIENT_ENCODING', 'PGSSLNEGOTIATION', 'PGBINARY'];

/** A server may ask for more rounds of SCRAM than the driver's own limit of 100,000; each costs the client time. */
const MOST_SCRAM_ITERATIONS = 1_000_000;

guardDriver();
// glibc asks each name server twice for five seconds, and nothing can call a lookup off: a job that is cancelled
// then would linger. What the user has set stays.
process.env['RES_OPTIONS'] ??= 'timeout:2 attempts:2';

/** One connection to the database. */
export interface Connection {
  /** Several statements without parameters, in one round trip. */
  run(statements: string): Promise<void>;
  /** The rows of one statement, each checked against a schema. */
  rows<T>(statement: Statement, row: z.ZodType<T>): Promise<readonly T[]>;
  close(): Promise<void>;
}

/**
 * Connects in the first of the ways that `sslmode` allows and the server takes.
 *
 * @param signal Cuts the connection when it aborts, whatever the network does; a connection that is being made too.
 * @throws what the driver throws for the last way tried.
 */
export async function connect(
  config: DatabaseConfig,
  lookTimeoutMs: number,
  signal: AbortSignal,
): Promise<Connection> {
  const attempts = tlsAttempts(config);
  for (const [index, tls] of attempts.entries()) {
    try {
      return await connectOnce(config, tls, lookTimeoutMs, signal);
    } catch (error) {
      if (signal.aborted || index === attempts.length - 1 || !anotherWayMayWork(error)) throw error;
    }
  }
  throw new Error('no way to connect');
}

/** As in libpq: no TLS at the server, a failed handshake, or a refusal by pg_hba.conf lets the next way be tried. */
function anotherWayMayWork(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  const message = error instanceof Error ? error.message : '';
  return (
    message === 'The server does not support SSL connections' ||
    code === '28000' ||
    /^(EPROTO$|ERR_SSL|ERR_TLS)/.test(code)
  );
}

async function connectOnce(
  config: DatabaseConfig,
  ssl: TlsAttempt,
  lookTimeoutMs: number,
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
    stream: () => socket,
    enableChannelBinding: config.requireChannelBinding,
    // The only startup parameter: transaction poolers refuse the others.
    application_name: 'dbos-drain-gate',
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: Math.min(lookTimeoutMs + NETWORK_GRACE_MS, LONGEST_TIMER_MS),
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
  } catch (error) {
    giveUp();
    throw refusal ?? error;
  }
  return {
    async run(statements) {
      await answered(client.query(statements));
    },
    async rows(statement, row) {
      const result = await answered(client.query(statement.text, [...statement.values]));
      return row.array().parse(result.rows);
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
