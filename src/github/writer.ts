import { type Check, RENEWED } from './check.ts';
import { CheckProblem, takenByOthers, takenByOtherTargets } from './check-problems.ts';
import { ApiFailure, type CheckSubject, type ChecksApi, type ExistingCheck } from './checks-api.ts';
import { EXTERNAL_ID } from './subject.ts';

/** GitHub ends a check run after 14 days in progress; a day before that, another one takes its place. In milliseconds. */
const RENEW_AFTER_MS = 13 * 24 * 60 * 60 * 1000;

export interface WriterParts {
  /** Loads the API: an HTTP client is not loaded without need. */
  readonly load: () => Promise<ChecksApi>;
  /** The wall clock, in epoch milliseconds. */
  readonly today: () => number;
}

/**
 * Returns a function that creates or updates the check run. It throws a `CheckProblem` where the name is taken, and what
 * the API throws.
 */
export function checkWriter(subject: CheckSubject, { load, today }: WriterParts) {
  let api: ChecksApi | undefined;
  /** Undefined where it has to be looked for: after a request that failed, it can be there or not. */
  let current: ExistingCheck | undefined;

  /** The check run that counts; undefined where there is none. Older ones that are still in progress are ended. */
  const find = async (checks: ChecksApi, signal: AbortSignal, created: readonly ExistingCheck[] = []) => {
    const listed = await checks.list(subject, signal);
    const newest = newestOf([...listed, ...created], subject);
    for (const { id, externalId, isCompleted } of listed) {
      if (externalId !== subject.externalId || isCompleted || id === newest?.id) continue;
      // Whoever looks next tries again.
      await checks.update(id, RENEWED, signal).catch(() => undefined);
    }
    return newest;
  };

  /** Returns what became of it; undefined where another one has to take its place. */
  const update = async (checks: ChecksApi, found: ExistingCheck | undefined, check: Check, signal: AbortSignal) => {
    if (found === undefined || found.isCompleted) return undefined;
    const isOld = today() - (found.startedAt ?? today()) >= RENEW_AFTER_MS;
    const after = await unlessGone(checks.update(found.id, isOld ? RENEWED : check, signal));
    return isOld || differs(after, check) ? undefined : after;
  };

  /** A completed check run cannot be opened again: a newer one of its name takes its place. */
  const create = async (checks: ChecksApi, check: Check, signal: AbortSignal) => {
    const created = await checks.create(subject, check, signal);
    try {
      // Another run can have created one at the same time.
      return await find(checks, signal, [created]);
    } catch (error) {
      if (error instanceof CheckProblem) throw error;
      return created;
    }
  };

  return async (check: Check, signal: AbortSignal): Promise<void> => {
    api ??= await load();
    const known = current;
    current = undefined;
    current =
      (await update(api, known, check, signal)) ??
      (await update(api, await find(api, signal), check, signal)) ??
      (await create(api, check, signal));
  };
}

/** Whether it is gone, or another run has ended it in the meantime: GitHub then keeps the state that it has. */
function differs(after: ExistingCheck | undefined, { conclusion }: Check): boolean {
  return after === undefined || (after.isCompleted && after.conclusion !== conclusion);
}

/** Returns the answer; undefined where GitHub has no such check run, or refuses to change it. */
async function unlessGone(answer: Promise<ExistingCheck>): Promise<ExistingCheck | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiFailure && (error.status === 404 || error.status === 422)) return undefined;
    throw error;
  }
}

/**
 * Returns the newest check run of a gate, by GitHub's ids, which only grow; undefined where there is no check run of that
 * name. Where two gates with different targets have begun at once, it is that of one of them.
 *
 * @throws CheckProblem where the name is taken.
 */
function newestOf(all: readonly ExistingCheck[], subject: CheckSubject): ExistingCheck | undefined {
  const ofGates = all.filter(({ externalId }) => externalId?.startsWith(EXTERNAL_ID));
  const newest = ofGates.toSorted((a, b) => b.id - a.id)[0];
  if (newest === undefined && all.length > 0) throw takenByOthers(subject);
  if (newest !== undefined && newest.externalId !== subject.externalId) throw takenByOtherTargets(subject);
  return newest;
}
