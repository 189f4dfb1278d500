/** Why a run stops early: a signal, or nobody reads its output any more. */
export type Interruption = NodeJS.Signals | 'EPIPE';

const ORPHAN_CHECK_MS = 500;

/**
 * Resolves at the first interruption. From this call on, an interruption does not stop the process by itself, so that
 * the caller can clean up first.
 */
export function interruption(): Promise<Interruption> {
  const { promise, resolve } = Promise.withResolvers<Interruption>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => resolve('EPIPE'));
  if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(() => resolve('SIGHUP'));
  return promise;
}

/**
 * Calls `act` when the parent process is gone. npm passes SIGTERM only to the shell of the script, which exits without
 * passing it on. No event reports that, so the parent's id is polled.
 */
function whenOrphaned(act: () => void): void {
  const parent = process.ppid;
  const poll = () => {
    if (process.ppid !== parent) act();
  };
  setInterval(poll, ORPHAN_CHECK_MS).unref();
}

/** Exits the process as the interruption would have, so that shells and npm see the cause. */
export function exitBy(interruption: Interruption): void {
  if (interruption === 'EPIPE') process.exit(1);
  process.removeAllListeners(interruption);
  process.kill(process.pid, interruption);
}
