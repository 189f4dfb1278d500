import { unlessAborted } from '../async.ts';
import type { Message } from '../message.ts';
import { isSameList } from '../report/fingerprint.ts';
import type { RunContext } from '../run-context.ts';
import type { Clock } from '../time.ts';
import { type Check, RENEWED } from './check.ts';
import { type CheckProblem, problemOf, takenByOthers, takenByOtherTargets } from './check-problems.ts';
import type { CheckSubject, ChecksApi, ExistingCheck } from './checks-api.ts';
import { EXTERNAL_ID } from './subject.ts';

/** The shortest time between two updates during a hold. In milliseconds. */
export const UPDATE_EVERY_MS = 15_000;
/** The release of a hold waits for GitHub at most this long. In milliseconds. */
export const FINAL_MS = 3000;
/** A request during a hold is given up after this long. In milliseconds. */
const REQUEST_MS = 10_000;
const RETRY_MS = 250;
/** GitHub ends a check run after 14 days in progress; a day before that, another one takes its place. In milliseconds. */
const RENEW_AFTER_MS = 13 * 24 * 60 * 60 * 1000;

export interface PublisherParts {
  /** Loads the API: an HTTP client is not loaded without need. */
  readonly load: () => Promise<ChecksApi>;
  readonly clock: Clock;
  /** The wall clock, in epoch milliseconds. */
  readonly today: () => number;
  readonly context: Pick<RunContext, 'withoutSecrets'>;
  /** Called with what trying again does not mend, as soon as it is known. */
  readonly warn: (problem: Message) => void;
}

/** Publishes one check run. It never throws. */
export interface CheckPublisher {
  /**
   * Publishes the check where it is time to. Returns at once, whatever GitHub does.
   *
   * @param courseOf What has to change before there is anything new to publish.
   */
  offer(courseOf: () => readonly unknown[], checkOf: () => Check): void;
  /** Publishes the last check, and returns what is wrong with it. It takes three seconds at most. */
  finish(check: Check): Promise<readonly CheckProblem[]>;
  /** Whether requests are left that nobody waits for. */
  isLeftBehind(): boolean;
}

export function checkPublisher(subject: CheckSubject, parts: PublisherParts): CheckPublisher {
  const { clock, warn } = parts;
  const put = writer(subject, parts);
  const ended = new AbortController();
  let problem: CheckProblem | undefined;
  let sending: Promise<void> | undefined;
  let published: readonly unknown[] | undefined;
  /** No update during the hold before this. */
  let dueAt = Number.NEGATIVE_INFINITY;
  /** GitHub wants no request before this. */
  let retryAt = Number.NEGATIVE_INFINITY;
  let leftBehind = false;

  /** Publishes a check once. */
  const send = async (check: Check, signal: AbortSignal): Promise<void> => {
    try {
      await put(check, signal);
      problem = undefined;
    } catch (error) {
      problem = problemOf(error, subject, parts.context);
      retryAt = clock.now() + problem.retryAfterMs;
    }
  };
  const sendDuringHold = async (course: readonly unknown[], check: Check): Promise<void> => {
    await clock.withTimeout(REQUEST_MS, (overdue) => send(check, AbortSignal.any([overdue, ended.signal])));
    if (problem === undefined) published = course;
    else if (!problem.isTransient) warn(problem.explanation);
    sending = undefined;
  };
  const sendLast = async (check: Check, deadline: number, signal: AbortSignal): Promise<void> => {
    await sending;
    // What GitHub has refused for good is not asked for again.
    for (;;) {
      if (problem !== undefined && !problem.isTransient) return;
      if (problem !== undefined && retryAt > deadline) return;
      if (problem !== undefined) await clock.pause(Math.max(RETRY_MS, retryAt - clock.now()), signal);
      await send(check, signal);
      if (problem === undefined || signal.aborted) return;
    }
  };

  return {
    offer(courseOf, checkOf) {
      const isRefused = problem !== undefined && !problem.isTransient;
      if (sending !== undefined || isRefused || clock.now() < Math.max(dueAt, retryAt)) return;
      try {
        const course = courseOf();
        if (published !== undefined && isSameList(course, published)) return;
        dueAt = clock.now() + UPDATE_EVERY_MS;
        sending = sendDuringHold(course, checkOf());
      } catch {
        // The hold continues, whatever is wrong here. The last check says so.
      }
    },
    async finish(check) {
      await clock.withTimeout(FINAL_MS, async (overdue) => {
        const last = sendLast(check, clock.now() + FINAL_MS, overdue).then(() => true);
        leftBehind = (await unlessAborted(last, overdue)) === undefined;
      });
      ended.abort();
      if (leftBehind) problem ??= problemOf(undefined, subject, parts.context);
      return problem === undefined ? [] : [problem];
    },
    isLeftBehind: () => leftBehind,
  };
}

/** Returns a function that creates or updates the check run. */
function writer(subject: CheckSubject, { load, today }: PublisherParts) {
  let api: ChecksApi | undefined;
  /** Undefined where it has to be looked for: after a request that failed, it can be there or not. */
  let current: ExistingCheck | 'none' | undefined;
  return async (check: Check, signal: AbortSignal): Promise<void> => {
    api ??= await load();
    const found = current ?? ownOf(await api.list(subject, signal), subject);
    current = undefined;
    if (found !== 'none' && !found.isCompleted && today() - (found.startedAt ?? today()) < RENEW_AFTER_MS) {
      await api.update(found.id, check, signal);
      current = { ...found, isCompleted: check.status === 'completed' };
      return;
    }
    if (found !== 'none' && !found.isCompleted) await api.update(found.id, RENEWED, signal);
    // A completed check run cannot be opened again: a newer one of its name takes its place.
    current = await api.create(subject, check, signal);
  };
}

/**
 * The newest check run with these targets; `none` where there is no check run of that name.
 *
 * @throws CheckProblem where the name is taken.
 */
function ownOf(all: readonly ExistingCheck[], subject: CheckSubject): ExistingCheck | 'none' {
  const own = all.filter(({ externalId }) => externalId === subject.externalId).toSorted((a, b) => b.id - a.id)[0];
  if (own !== undefined) return own;
  if (all.length === 0) return 'none';
  const isOfGate = all.every(({ externalId }) => externalId?.startsWith(EXTERNAL_ID));
  throw isOfGate ? takenByOtherTargets(subject) : takenByOthers(subject);
}
