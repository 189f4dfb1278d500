import { unlessAborted } from '../async.ts';
import type { Message } from '../message.ts';
import { isSameList } from '../report/fingerprint.ts';
import type { RunContext } from '../run-context.ts';
import type { Clock } from '../time.ts';
import type { Check } from './check.ts';
import { type CheckProblem, problemOf } from './check-problems.ts';
import type { CheckSubject } from './checks-api.ts';
import { checkWriter, type WriterParts } from './writer.ts';

/** The shortest time between two updates during a hold. In milliseconds. */
export const UPDATE_EVERY_MS = 15_000;
/** The release of a hold waits for GitHub at most this long. In milliseconds. */
export const FINAL_MS = 3000;
/** A request during a hold is given up after this long. In milliseconds. */
const REQUEST_MS = 10_000;
/** When a hold ends, a request that is under way is given up after this long. In milliseconds. */
const UNDER_WAY_MS = 1000;
const RETRY_MS = 250;

export interface PublisherParts extends WriterParts {
  readonly clock: Clock;
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
  /**
   * Publishes the last check, and returns what is wrong with it. It takes three seconds at most: what hangs by then is
   * left behind, and would keep the process alive.
   */
  finish(check: Check): Promise<readonly CheckProblem[]>;
}

export function checkPublisher(subject: CheckSubject, parts: PublisherParts): CheckPublisher {
  const { clock, warn } = parts;
  const put = checkWriter(subject, parts);
  const ended = new AbortController();
  let problem: CheckProblem | undefined;
  let sending: Promise<void> | undefined;
  let published: readonly unknown[] | undefined;
  /** No update during the hold before this. */
  let dueAt = Number.NEGATIVE_INFINITY;
  /** GitHub wants no request before this. */
  let retryAt = Number.NEGATIVE_INFINITY;

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
    const underWay = sending;
    if (underWay !== undefined) await clock.withTimeout(UNDER_WAY_MS, (late) => unlessAborted(underWay, late));
    ended.abort();
    await underWay;
    // The token is refused for good. Of a text that is refused, the last one can be another.
    if (problem !== undefined && !problem.isTransient && problem.id !== 'check-refused') return;
    do {
      if (problem?.isTransient) {
        if (retryAt > deadline) return;
        await clock.pause(Math.max(RETRY_MS, retryAt - clock.now()), signal);
      }
      await send(check, signal);
    } while (problem?.isTransient && !signal.aborted);
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
      const isDone = await clock.withTimeout(FINAL_MS, (overdue) => {
        const last = sendLast(check, clock.now() + FINAL_MS, overdue).then(() => true);
        return unlessAborted(last, overdue);
      });
      if (isDone === undefined) problem ??= problemOf(undefined, subject, parts.context);
      return problem === undefined ? [] : [problem];
    },
  };
}
