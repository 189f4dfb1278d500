import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { freePort } from './postgres/free-port.ts';
import { guard } from './postgres/guardian.ts';
import { createServerFolder, dataFolder } from './postgres/server-folder.ts';
import { postgresUser, type RunAs } from './postgres/unprivileged-user.ts';
import type { SharedServer } from './shared-server.ts';

/** A real PgBouncer in front of a test server, in transaction mode, gone with the test that started it. */
export interface PgBouncer {
  /** The URL of a database of the server, through the pooler. */
  through(url: string): string;
  /** Answers of the admin console, `SHOW SERVERS` and the like. */
  console(command: string): Promise<Record<string, unknown>[]>;
  /** The end of what it has logged. */
  log(): string;
  /** Stops at once: clients lose their connections. */
  stop(): Promise<void>;
  /** Starts again, on the same port. */
  start(): Promise<void>;
}

export interface PgBouncerOptions {
  readonly program: string;
  readonly server: SharedServer;
  /** Settings of `pgbouncer.ini`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const HOST = '127.0.0.1';
const LOG_TAIL_CHARACTERS = 20_000;

/**
 * Starts a PgBouncer on a free port. Clients authenticate to it, and it to the server, with the password of the
 * server's user and SCRAM, as in production. Its folder is one of a server's, so that the same guardian stops
 * it and removes the folder however this process ends.
 *
 * @throws when it does not start, with what it logged
 */
export async function startPgBouncer({ program, server, settings = {} }: PgBouncerOptions): Promise<PgBouncer> {
  // It refuses to run as root for the reason that Postgres does.
  const runAs = postgresUser();
  const folder = createServerFolder(runAs.uid !== undefined);
  const guardian = guard(folder);
  const port = await freePort(HOST);
  const config = writeConfig(dataFolder(folder), runAs, server, { ...settings, listen_port: port });
  const through = (url: string) => Object.assign(new URL(url), { hostname: HOST, port: String(port) }).href;
  const consoleUrl = through(`postgresql://${server.user}:${server.password}@host/pgbouncer`);
  let running: Running | undefined;

  const start = async () => {
    running = await run(program, config, runAs);
  };
  const stop = async () => {
    const child = running?.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    // No gentler signal means "at once" in every release, and clients cannot tell: they get no farewell from any.
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(async () => {
    await stop();
    await guardian.release();
  });
  await start();
  return {
    through,
    console: (command) => ask(consoleUrl, command),
    log: () => running?.log() ?? '',
    stop,
    start,
  };
}

/** Named as a server names its own, for the guardian: it stops the process whose id it finds in `postmaster.pid`. */
function writeConfig(
  data: string,
  { uid, gid }: RunAs,
  server: PgBouncerOptions['server'],
  settings: Readonly<Record<string, string | number>>,
): string {
  const config = path.join(data, 'pgbouncer.ini');
  const users = path.join(data, 'users.txt');
  mkdirSync(data, { mode: 0o700 });
  const all = {
    listen_addr: HOST,
    // Its path may get too long.
    unix_socket_dir: '',
    pidfile: path.join(data, 'postmaster.pid'),
    auth_type: 'scram-sha-256',
    auth_file: users,
    admin_users: server.user,
    pool_mode: 'transaction',
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const databases = `* = host=${server.host} port=${server.port}`;
  writeFileSync(config, ['[databases]', databases, '[pgbouncer]', ...lines, ''].join('\n'), { mode: 0o600 });
  writeFileSync(users, `"${server.user}" "${server.password}"\n`, { mode: 0o600 });
  if (uid !== undefined && gid !== undefined) {
    for (const each of [data, config, users]) chownSync(each, uid, gid);
  }
  return config;
}

interface Running {
  readonly child: ChildProcessByStdio<null, null, Readable>;
  readonly log: () => string;
}

/** As with the server, Ctrl-C in a terminal must not reach it, and `PG*` variables neither. */
async function run(program: string, config: string, runAs: RunAs): Promise<Running> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PG/i.test(name)));
  const child = spawn(program, [config], {
    ...runAs,
    cwd: path.dirname(config),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  let tail = '';
  child.stderr.setEncoding('utf8');
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  child.stderr.on('data', (text: string) => {
    tail = (tail + text).slice(-LOG_TAIL_CHARACTERS);
    if (tail.includes('process up: ')) resolve();
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(`PgBouncer did not start:\n${tail}`)));
  await ready;
  return { child, log: () => tail };
}

/** Without parameters, since the console knows the simple protocol only. */
async function ask(url: string, command: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(command)).rows;
  } finally {
    await client.end();
  }
}
