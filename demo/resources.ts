/**
 * Starts something that `resources` will stop, even if it is still starting by then.
 *
 * @throws ReferenceError after the disposal of `resources`, without starting it: an interrupted demo starts nothing
 */
export async function start<T>(
  resources: AsyncDisposableStack,
  begin: () => T | Promise<T>,
  stop: (started: T) => Promise<unknown>,
): Promise<T> {
  let starting: Promise<T> | undefined;
  resources.defer(async () => {
    if (starting !== undefined) await stop(await starting);
  });
  starting = Promise.resolve(begin());
  return starting;
}
