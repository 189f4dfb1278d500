import type { RunContext } from '../../run-context.ts';
import type { Clock } from '../../time.ts';
import { reviewCancelled } from '../problems.ts';
import { type Need, type RequestProblem, requestProblem } from './problems.ts';

/** A request is given up after this long. In milliseconds. */
const REQUEST_MS = 20_000;
/** How often a request is tried. */
const ATTEMPTS = 3;
const RETRY_MS = 500;
/** A limit that lasts longer is not waited for. In milliseconds. */
const LONGEST_WAIT_MS = 60_000;

/** Makes a request, again where that can help. @throws RequestProblem */
export type Ask = <T>(need: Need['permission'], request: (signal: AbortSignal) => Promise<T>) => Promise<T>;

export interface AskParts {
  readonly clock: Clock;
  /** The job was cancelled. */
  readonly cancelled: AbortSignal;
  /** All requests together take too long. */
  readonly overdue: AbortSignal;
  readonly context: Pick<RunContext, 'withoutSecrets'>;
}

export function asker({ clock, cancelled, overdue, context }: AskParts): Ask {
  const over = AbortSignal.any([cancelled, overdue]);
  return async (permission, request) => {
    for (let attempt = 1; ; attempt++) {
      const outcome = await once(request, permission);
      if ('value' in outcome) return outcome.value;
      const { problem } = outcome;
      if (cancelled.aborted) throw reviewCancelled();
      const isLast = attempt === ATTEMPTS || problem.retryAfterMs > LONGEST_WAIT_MS;
      if (!problem.isTransient || isLast || over.aborted) throw problem;
      await clock.pause(Math.max(RETRY_MS, problem.retryAfterMs), over);
      if (cancelled.aborted) throw reviewCancelled();
      if (over.aborted) throw problem;
    }
  };

  async function once<T>(
    request: (signal: AbortSignal) => Promise<T>,
    permission: Need['permission'],
  ): Promise<{ readonly value: T } | { readonly problem: RequestProblem }> {
    try {
      return {
        value: await clock.withTimeout(REQUEST_MS, (late) => request(AbortSignal.any([late, over]))),
      };
    } catch (error) {
      return { problem: requestProblem(error, { permission }, context) };
    }
  }
}
