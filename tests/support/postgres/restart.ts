import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { PostgresServer } from '../postgres.ts';
import { processStart } from './process-identity.ts';
import { dataFolder } from './server-folder.ts';
import { postgresUser } from './unprivileged-user.ts';

const POLL_MS = 20;

/**
 * Stops a server as an administrator does who restarts it: it ends its connections, and what it holds stays.
 *
 * @returns what starts it again on the same port, and resolves when it takes connections
 */
export async function stopForARestart(server: PostgresServer): Promise<() => Promise<void>> {
  const [program = '', ...args] = commandOf(server);
  process.kill(server.pids.server, 'SIGINT');
  // The server is nobody's child here that could be waited for.
  while (processStart(server.pids.server) !== undefined) await delay(POLL_MS);
  return async () => {
    const child = spawn(program, args, {
      ...postgresUser(),
      cwd: server.folder,
      detached: true,
      stdio: 'ignore',
    });
    child.unref();
    while (!(await takesConnections(server))) await delay(POLL_MS);
  };
}

/** The server notes the command that started it: the program, and its arguments in quotation marks. */
function commandOf(server: PostgresServer): readonly string[] {
  const noted = readFileSync(path.join(dataFolder(server.folder), 'postmaster.opts'), 'utf8');
  const [program = ''] = noted.split(' "');
  return [program, ...[...noted.matchAll(/"([^"]*)"/g)].map(([, argument = '']) => argument)];
}

async function takesConnections(server: PostgresServer): Promise<boolean> {
  const client = new pg.Client({ connectionString: server.url() });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
