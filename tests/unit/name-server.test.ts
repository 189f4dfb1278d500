import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { requireNameServer } from '../../src/github/name-server.ts';
import { nameServer } from '../support/name-server.ts';

vi.mock('node:fs', { spy: true });

beforeEach(() => {
  for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name, '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.mocked(readFileSync).mockReset();
});

// What is not answered at once is given up.
const asked = (hostname: string) => requireNameServer(hostname, AbortSignal.abort());

test('asks a name server for a name, and nothing for an address', async () => {
  await expect(asked('api.github.invalid')).rejects.toThrow('No name server answers.');
  await asked('127.0.0.1');
  await asked('[::1]');
});

test('asks nothing where a proxy looks names up', async () => {
  vi.stubEnv('https_proxy', 'http://proxy.internal:3128');
  await asked('api.github.invalid');
});

test('asks nothing for a name that stands in the file of the system', async () => {
  vi.mocked(readFileSync).mockReturnValue('127.0.0.1 localhost\r\n10.0.0.7\tghes  GHES.internal # of ops.internal\r\n');
  await asked('ghes');
  await asked('ghes.internal');
  for (const other of ['ops.internal', 'internal']) {
    await expect(asked(other)).rejects.toThrow('No name server answers.');
  }
  vi.mocked(readFileSync).mockImplementation(() => {
    throw new Error('ENOENT');
  });
  await expect(asked('ghes')).rejects.toThrow('No name server answers.');
});

test('waits for the name server after one that is silent, as the system does', async () => {
  const [silent, other] = await Promise.all([nameServer(true), nameServer(false)]);
  const before = dns.getServers();
  onTestFinished(() => askServers(before));
  askServers([silent, other]);
  await requireNameServer('api.github.invalid', new AbortController().signal);
});

function askServers(servers: readonly string[]): void {
  dns.setServers(servers);
  // What was imported by name is that of the servers before.
  syncBuiltinESMExports();
}
