import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase } from '../support/databases.ts';
import { processStart } from '../support/postgres/process-identity.ts';
import { createServerFolder, sweepDeadServers } from '../support/postgres/server-folder.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

const START_TIMEOUT_MS = 30_000;

async function startForTest(options?: Parameters<typeof startPostgres>[0]): Promise<PostgresServer> {
  const server = await startPostgres(options);
  onTestFinished(() => server.stop());
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows[0] ?? [];
  } finally {
    await client.end();
  }
}

/** Starts a process that starts a server and keeps running. The process reports the server in one line. */
async function startInOtherProcess(): Promise<{
  owner: ChildProcess;
  server: Pick<PostgresServer, 'folder' | 'pids'>;
}> {
  const helper = new URL('../support/postgres.ts', import.meta.url).href;
  const program = `
    const { startPostgres } = await import(${JSON.stringify(helper)});
    const { folder, pids } = await startPostgres();
    process.stdout.write(JSON.stringify({ folder, pids }) + '\\n');
    process.stdin.resume();`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [line] = await once(owner.stdout.setEncoding('utf8'), 'data');
  return { owner, server: JSON.parse(String(line)) };
}

async function killed(owner: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(owner, 'exit');
  owner.kill(signal);
  expect(await exit).toEqual([null, signal]);
}

describe('the embedded server', { timeout: START_TIMEOUT_MS }, () => {
  test('uses UTF8 and the locale C, and requires a password', async () => {
    const server = await startForTest({ settings: { application_name: 'drained' } });
    const url = await server.createDatabase('zoë "1"');
    const sql = `SELECT current_database(), current_setting('server_encoding'), datcollate,
                        current_setting('unix_socket_directories'), current_setting('application_name')
                   FROM pg_database WHERE datname = current_database()`;
    expect(await query(url, sql)).toEqual(['zoë "1"', 'UTF8', 'C', '', 'drained']);
    expect(await createDatabase(server.url(), 'other')).toBe(server.url('other'));
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  test('leaves no process and no folder behind when it is stopped', async () => {
    const server = await startForTest();
    await server.stop();
    expect(existsSync(server.folder)).toBe(false);
    expect([server.pids.server, server.pids.guardian].map(processStart)).toEqual([undefined, undefined]);
  });

  test('reports the server’s own error when it does not start', async () => {
    const start = startPostgres({ settings: { no_such_setting: 'on' } });
    await expect(start).rejects.toThrow(/unrecognized configuration parameter "no_such_setting"/);
  });

  test.each(['SIGKILL', 'SIGINT'] as const)('stops when %s stops its owner', async (signal) => {
    const { owner, server } = await startInOtherProcess();
    await killed(owner, signal);
    await expect.poll(() => existsSync(server.folder), { timeout: START_TIMEOUT_MS }).toBe(false);
    expect(processStart(server.pids.server)).toBeUndefined();
  });

  test('is removed by the next start when its owner and its guardian were killed', async () => {
    const { owner, server } = await startInOtherProcess();
    process.kill(server.pids.guardian, 'SIGKILL');
    await killed(owner, 'SIGKILL');
    expect(processStart(server.pids.server)).toBeDefined();

    await startForTest();

    expect(processStart(server.pids.server)).toBeUndefined();
    expect(existsSync(server.folder)).toBe(false);
  });
});

describe('the sweep', () => {
  test('keeps the folder of a running owner', async () => {
    const folder = createServerFolder(false);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await sweepDeadServers();
    expect(existsSync(folder)).toBe(true);
  });

  test('removes a folder whose owner’s pid was reused by a process with another start time', async () => {
    const folder = createServerFolder(false);
    rmSync(folder, { recursive: true });
    const start = processStart(process.pid) ?? Number.NaN;
    const ofPredecessor = folder.replace(`-${process.pid}-${start}-`, `-${process.pid}-${start - 1}-`);
    expect(ofPredecessor).not.toBe(folder);
    mkdirSync(path.join(ofPredecessor, 'data'), { recursive: true });
    await sweepDeadServers();
    expect(existsSync(ofPredecessor)).toBe(false);
  });
});
