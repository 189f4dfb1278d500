import { durationText } from '../duration.ts';
import { ReportableError, TransientError } from '../errors.ts';
import { counted, own, say } from '../sentence.ts';
import type { GateConfig } from './config.ts';
import { afterFailedRoll, nothingFollowed } from './course.ts';
import { decide, lookBudgetMs } from './decide.ts';
import { type Forecast, forecastOf, forecastRequest } from './forecast.ts';
import { firstRequest, type Judgement, judge } from './judge.ts';
import { afterGap, type LookTime, nothingSeen } from './memory.ts';
import type { Observer } from './observation.ts';
import { type Outage, pauseAfterFailure } from './outage.ts';
import { isSettled } from './targets.ts';
import type { Verdict } from './verdict.ts';

/** The gate's own clock: monotonic, in milliseconds from any beginning. */
export interface Clock {
  now(): number;
  /** Resolves after so many milliseconds; at once when the signal aborts. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export interface HoldParts {
  readonly observer: Observer;
  readonly clock: Clock;
  /** Aborts when the job is cancelled. */
  readonly signal: AbortSignal;
  /** Called after each look but the provisional ones. */
  readonly onLook: (look: Look) => void;
  /** Called after each look that failed, when another one will be tried. */
  readonly onFailedLook: (failed: FailedLook) => void;
}

export interface Look {
  /** The verdict follows from this look; otherwise the gate looks again. */
  readonly decides: boolean;
  readonly judgement: Judgement;
  readonly forecast: Forecast;
  readonly time: LookTime;
}

/** A look that failed, and is taken again after a pause (in milliseconds). */
export interface FailedLook {
  readonly outage: Outage;
  readonly time: LookTime;
  readonly pauseMs: number;
}

export interface Outcome {
  readonly verdict: Verdict;
  /** The deciding look; absent when the job was cancelled before the first one that could decide. */
  readonly last: Look | undefined;
  readonly waitedMs: number;
}

/**
 * Looks, judges and pauses until there is a verdict. A look that failed for a reason that may pass is evidence of
 * nothing: it is taken again, and what was clean before it has to be clean anew.
 *
 * @throws what the observer throws, when waiting mends nothing or no look has succeeded for too long.
 */
export async function hold(config: GateConfig, parts: HoldParts): Promise<Outcome> {
  const { observer, clock, signal, onLook, onFailedLook } = parts;
  const beginning = clock.now();
  const elapsed = () => clock.now() - beginning;
  const outcome = (verdict: Verdict): Outcome => ({ verdict, last, waitedMs: elapsed() });
  let memory = nothingSeen;
  let rules = firstRequest(config, memory);
  let course = nothingFollowed;
  let last: Look | undefined;
  let lastSuccess: number | undefined;
  let firstFailure: number | undefined;
  let outage: Outage | undefined;
  for (;;) {
    const began = elapsed();
    const budgetMs = lookBudgetMs(config, memory, began);
    const request = {
      ...rules,
      ...forecastRequest(course, {
        began,
        budgetMs,
        lookTimeoutMs: config.lookTimeoutMs,
        isSettled: isSettled(config, memory),
      }),
    };
    const looking = orTransientError(observer.look(request, budgetMs));
    const seen = await unlessAborted(looking, signal);
    if (seen === undefined) return outcome('cancelled');
    const time = { began, ended: elapsed() };
    let pauseMs: number | undefined;
    if (seen instanceof TransientError) {
      const { sentence: failure, reached } = seen;
      firstFailure ??= began;
      outage = { lastSuccess, firstFailure, failures: (outage?.failures ?? 0) + 1, failure, reached };
      memory = afterGap(memory);
      // What breaks a connection once is no roll; what fails again and again may be.
      const mayBeTheRoll = seen.askedTooMuch || outage.failures > 1;
      if (request.roll && mayBeTheRoll) course = afterFailedRoll(course, time.ended);
      pauseMs = pauseAfterFailure(config, outage, time.ended);
      if (pauseMs === undefined) throw gaveUp(outage, time.ended);
      onFailedLook({ outage, time, pauseMs });
    } else {
      outage = undefined;
      lastSuccess = time.ended;
      const judgement = judge(config, memory, seen, time);
      memory = judgement.memory;
      rules = judgement.next;
      const forecast = forecastOf(config, course, judgement, time);
      course = forecast.course;
      const decision = decide(config, judgement, forecast, time);
      if (!judgement.provisional) {
        last = { judgement, forecast, time, decides: 'verdict' in decision };
        onLook(last);
      }
      if ('verdict' in decision) return outcome(decision.verdict);
      pauseMs = decision.pauseMs;
    }
    await clock.pause(pauseMs, signal);
    if (signal.aborted) return outcome('cancelled');
  }
}

async function orTransientError<T>(look: Promise<T>): Promise<T | TransientError> {
  return look.catch((error: unknown) => {
    if (error instanceof TransientError) return error;
    throw error;
  });
}

function gaveUp({ failure, failures, lastSuccess }: Outage, now: number): ReportableError {
  const looks = say`${counted(failures, 'look')} failed${own(failures === 1 ? '' : ' in a row')}`;
  const before =
    lastSuccess === undefined
      ? say`None has succeeded in ${own(durationText(now))}.`
      : say`The last look that succeeded was ${own(durationText(now - lastSuccess))} before.`;
  return new ReportableError(say`${failure} ${looks}, and the gate gave up. ${before}`);
}

/** The promise's value, or undefined as soon as the signal aborts; what the promise does then is nobody's concern. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) {
    promise.catch(() => undefined);
    return undefined;
  }
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const abort = () => resolve(undefined);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    promise.catch(() => undefined);
  }
}
