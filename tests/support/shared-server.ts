import type { TestProject } from 'vitest/node';
import { type PostgresServer, startPostgres } from './postgres.ts';

/** Where the server is that test files share: plain data, since each file runs in a process of its own. */
export type SharedServer = Pick<PostgresServer, 'host' | 'port' | 'user' | 'password'>;

/** No checkpoint by the clock, and no autovacuum worker for each of hundreds of databases. */
const SETTINGS = { checkpoint_timeout: '1d', max_wal_size: '1GB', autovacuum: 'off' };

declare module 'vitest' {
  interface ProvidedContext {
    readonly sharedServer: SharedServer;
  }
}

/**
 * Starts the shared server before the first test of the projects `database` and `action`, and returns the function
 * that stops it. Vitest sets up one project after the other: the second finds the server of the first.
 */
export async function setup({ vitest }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const root = vitest.getRootProject();
  if ('sharedServer' in root.getProvidedContext()) return undefined;
  const { host, port, user, password, stop } = await startPostgres({ settings: SETTINGS });
  root.provide('sharedServer', { host, port, user, password });
  return stop;
}
