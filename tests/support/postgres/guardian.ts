import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { removeServer } from './server-folder.ts';

/** The process that outlives the owner of a server for as long as it takes to clean up after it. */
export interface Guardian {
  readonly pid: number;
  /** Stops the server and removes its folder, and waits for both. */
  release(): Promise<void>;
}

/**
 * Ties a server to this process without touching its signal handlers: a child of its own session waits for
 * the end of a pipe that only this process holds open. However this process ends (return, exit, Ctrl-C,
 * SIGKILL), the pipe closes, and the child stops the server and removes the folder. Should the child be
 * killed as well, the next start sweeps.
 */
export function guard(folder: string): Guardian {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: tmpdir(),
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  child.stdin.on('error', () => {});
  if (child.pid === undefined) throw new Error(`Cannot start ${process.execPath}.`);
  child.unref();
  unrefPipe(child);
  return {
    pid: child.pid,
    release: async () => {
      child.ref();
      child.stdin.end();
      await ended;
      await removeServer(folder);
    },
  };
}

/** A pipe to a child keeps the process alive; Node types it as a stream without `unref`. */
function unrefPipe(child: ChildProcess): void {
  const pipe = child.stdin;
  if (pipe !== null && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref();
}

if (import.meta.main) {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error('usage: guardian.ts <folder of the server>');
  process.stdin.resume();
  await once(process.stdin, 'close');
  await removeServer(folder);
}
