import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { callsTo } from '../tests/support/remote-calls.ts';
import type { ShopCalls } from './shop/calls.ts';

/** The shop in its own process, which exits with this one at the latest. */
export interface Shop extends Omit<ShopCalls, 'close'> {
  /** Shuts the process down cleanly. The caller makes sure that nothing is in flight on it. */
  tearDown(): Promise<void>;
  kill(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./shop/shop.ts', import.meta.url));

/** Starts the process, which writes its log to `logFile`. It takes no orders until `open`. */
export function startShop(logFile: string): Shop {
  const log = openSync(logFile, 'w');
  const child = fork(PROGRAM, { execArgv: [], env: environment(), stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const exited = once(child, 'exit');
  exited.catch(() => {});
  const calls = callsTo<ShopCalls>(child, () => '');
  return Object.assign(calls, {
    tearDown: async () => {
      await calls.close();
      child.disconnect();
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  });
}

/** Returns the environment without variables that would configure DBOS, Postgres or Node: `open` configures the shop. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(DBOS|PG|NODE_OPTIONS)/i.test(key)));
}
