/**
 * What a run has started and must end. Whatever is started through it is released by {@link releaseAll}, even
 * what is still starting then; after that, nothing more is started.
 */
export class Belongings {
  readonly #releases: (() => Promise<unknown>)[] = [];
  #closed = false;

  /** @throws what `start` throws, and when everything has been released already */
  async own<T>(start: () => T | Promise<T>, release: (owned: T) => Promise<unknown>): Promise<T> {
    if (this.#closed) throw new Error('This run is over.');
    const starting = Promise.resolve(start());
    this.#releases.unshift(async () => release(await starting));
    return starting;
  }

  /** Releases the newest first. What never started, or does not end in order, keeps nothing else from its end. */
  async releaseAll(): Promise<void> {
    this.#closed = true;
    for (const release of this.#releases.splice(0)) await release().catch(() => {});
  }
}
