/** Why a run is to end before its time: a signal, or nobody reads what it prints any more. */
export type Interruption = NodeJS.Signals | 'EPIPE';

/**
 * Resolves at the first interruption. From the call on, none of them ends the process by itself: whoever waits
 * for it cleans up first.
 */
export function interruption(): Promise<Interruption> {
  const { promise, resolve } = Promise.withResolvers<Interruption>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, resolve);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => resolve('EPIPE'));
  return promise;
}

/** Ends the process as the interruption would have ended it, so that shells and npm see what happened. */
export function endBy(interruption: Interruption): void {
  if (interruption === 'EPIPE') process.exit(1);
  process.removeAllListeners(interruption);
  process.kill(process.pid, interruption);
}
