/** Why a run is to end before its time: a signal, or nobody reads what it prints any more. */
export type Interruption = NodeJS.Signals | 'EPIPE';

const ORPHAN_CHECK_MS = 500;

/**
 * Resolves at the first interruption. From the call on, none of them ends the process by itself: whoever waits
 * for it cleans up first.
 */
export function interruption(): Promise<Interruption> {
  const { promise, resolve } = Promise.withResolvers<Interruption>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => resolve('EPIPE'));
  if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(() => resolve('SIGHUP'));
  return promise;
}

/**
 * npm hands SIGTERM on to the shell of the script only, which dies of it and tells nobody. No event says that a
 * parent is gone: hence the poll from time to time.
 */
function whenOrphaned(act: () => void): void {
  const parent = process.ppid;
  const poll = () => {
    if (process.ppid !== parent) act();
  };
  setInterval(poll, ORPHAN_CHECK_MS).unref();
}

/** Ends the process as the interruption would have ended it, so that shells and npm see what happened. */
export function endBy(interruption: Interruption): void {
  if (interruption === 'EPIPE') process.exit(1);
  process.removeAllListeners(interruption);
  process.kill(process.pid, interruption);
}
