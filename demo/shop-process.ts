import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { callsTo } from '../tests/support/remote-calls.ts';
import type { ShopCalls } from './shop/calls.ts';

/** The shop in a process of its own, which ends with this one at the latest. */
export interface Shop extends Omit<ShopCalls, 'close'> {
  /** Ends the process in order: nothing may be in flight on it. */
  tearDown(): Promise<void>;
  kill(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./shop/shop.ts', import.meta.url));

/** Starts the process, which writes its own log into a file. It takes no orders before it is opened. */
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

/** The shop is configured by what it is told, not by what the shell of whoever polls on happens to hold. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(DBOS|PG|NODE_OPTIONS)/i.test(key)),
  );
}
