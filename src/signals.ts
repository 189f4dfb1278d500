const NAMES = ['SIGINT', 'SIGTERM'] as const;

/**
 * Returns a signal that aborts at the first SIGINT or SIGTERM, with its name as the reason: GitHub's runner sends SIGINT,
 * and SIGTERM 7.5 s later, and Kubernetes sends SIGTERM. A second one ends the process at once.
 */
export function cancelledBySignal(): AbortSignal {
  const controller = new AbortController();
  const abort = (name: NodeJS.Signals) => {
    for (const each of NAMES) process.removeListener(each, abort);
    controller.abort(name);
  };
  for (const name of NAMES) process.on(name, abort);
  return controller.signal;
}
