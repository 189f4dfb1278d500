import { afterEach, expect, test, vi } from 'vitest';
import { requireNameServer } from '../../src/github/name-server.ts';

afterEach(() => void vi.unstubAllEnvs());

// What is not answered at once is given up.
const asked = (hostname: string) => requireNameServer(hostname, AbortSignal.abort());

test('asks a name server for a name, and nothing for an address', async () => {
  for (const name of ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name, '');
  await expect(asked('api.github.invalid')).rejects.toThrow('No name server answers.');
  await asked('127.0.0.1');
  await asked('[::1]');
});

test('asks nothing where a proxy looks names up', async () => {
  vi.stubEnv('https_proxy', 'http://proxy.internal:3128');
  await asked('api.github.invalid');
});
