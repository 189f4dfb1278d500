import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { node24 } from './runner/node24.ts';

const run = promisify(execFile);

/**
 * Runs the command `dbos` of the newest SDK, and resolves with what it printed.
 *
 * @throws when it fails, with what it printed
 */
export async function dbosCommand(...args: readonly string[]): Promise<string> {
  const sdk = createRequire(import.meta.url).resolve('@dbos-inc/dbos-sdk');
  const program = path.join(path.dirname(sdk), 'cli/cli.js');
  // It reads `DBOS_*` and `PG*` variables, and a test runner's `NODE_OPTIONS` would reach it.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(DBOS|PG|NODE_OPTIONS)/i.test(name));
  const { stdout, stderr } = await run(node24(), [program, ...args], { env: Object.fromEntries(inherited) });
  return stdout + stderr;
}
