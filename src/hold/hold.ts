import { unlessAborted } from '../async.ts';
import type { GateConfig } from '../config.ts';
import type { SnapshotReader } from '../dbos/snapshot/index.ts';
import { ReportableError, TransientError } from '../errors.ts';
import { type Forecast, forecastOf, forecastRequest } from '../forecast/forecast.ts';
import { emptyHistory, withScanPostponed } from '../forecast/history.ts';
import { counted, msg, trusted } from '../message.ts';
import { decide, pollBudgetMs } from '../rules/decide.ts';
import { type Evaluation, evaluate, firstRequest } from '../rules/evaluate.ts';
import { isSettled } from '../rules/targets.ts';
import type { Verdict } from '../rules/verdict.ts';
import { type Clock, durationText } from '../time.ts';
import { type Outage, pauseAfterFailure } from './outage.ts';
import { initialState, type PollTime, withWindowsReset } from './state.ts';

export interface HoldParts {
  readonly reader: SnapshotReader;
  readonly clock: Clock;
  /** Aborts when the job is cancelled. */
  readonly signal: AbortSignal;
  /** Called after each poll but the provisional ones. */
  readonly onPoll: (poll: Poll) => void;
  /** Called after each poll that failed, when another one will be tried. */
  readonly onFailedPoll: (failed: FailedPoll) => void;
}

export interface Poll {
  /** The verdict follows from this poll; otherwise the gate polls again. */
  readonly decides: boolean;
  readonly evaluation: Evaluation;
  readonly forecast: Forecast;
  readonly time: PollTime;
}

/** A poll that failed, and is taken again after a pause (in milliseconds). */
export interface FailedPoll {
  readonly outage: Outage;
  readonly time: PollTime;
  readonly pauseMs: number;
}

export interface HoldResult {
  readonly verdict: Verdict;
  /** The deciding poll; absent when the job was cancelled before the first one that could decide. */
  readonly last: Poll | undefined;
  readonly waitedMs: number;
}

/**
 * Polls, judges and pauses until there is a verdict. A poll that failed for a reason that may pass is evidence of
 * nothing: it is taken again, and what was idle before it has to be idle anew.
 *
 * @throws what the observer throws, when waiting mends nothing or no poll has succeeded for too long.
 */
export async function hold(config: GateConfig, parts: HoldParts): Promise<HoldResult> {
  const { reader, clock, signal, onPoll, onFailedPoll } = parts;
  const beginning = clock.now();
  const elapsed = () => clock.now() - beginning;
  const outcome = (verdict: Verdict): HoldResult => ({ verdict, last, waitedMs: elapsed() });
  let state = initialState;
  let rules = firstRequest(config, state);
  let history = emptyHistory;
  let last: Poll | undefined;
  let lastSuccess: number | undefined;
  let firstFailure: number | undefined;
  let outage: Outage | undefined;
  for (;;) {
    const began = elapsed();
    const budgetMs = pollBudgetMs(config, state, began);
    const request = {
      ...rules,
      ...forecastRequest(history, {
        began,
        budgetMs,
        pollTimeoutMs: config.pollTimeoutMs,
        isSettled: isSettled(config, state),
      }),
    };
    const looking = orTransientError(reader.poll(request, budgetMs));
    const seen = await unlessAborted(looking, signal);
    if (seen === undefined) return outcome('cancelled');
    const time = { began, ended: elapsed() };
    let pauseMs: number | undefined;
    if (seen instanceof TransientError) {
      const { sentence: failure, connectedBefore } = seen;
      firstFailure ??= began;
      outage = { lastSuccess, firstFailure, failures: (outage?.failures ?? 0) + 1, failure, connectedBefore };
      state = withWindowsReset(state);
      // What breaks a connection once is no roll; what fails again and again may be.
      const mayBeTheDetailScan = seen.overLimit || outage.failures > 1;
      if (request.detailScan && mayBeTheDetailScan) history = withScanPostponed(history, time.ended);
      pauseMs = pauseAfterFailure(config, outage, time.ended);
      if (pauseMs === undefined) throw gaveUp(outage, time.ended);
      onFailedPoll({ outage, time, pauseMs });
    } else {
      outage = undefined;
      lastSuccess = time.ended;
      const evaluation = evaluate(config, state, seen, time);
      state = evaluation.state;
      rules = evaluation.next;
      const forecast = forecastOf(config, history, evaluation, time);
      history = forecast.history;
      const decision = decide(config, evaluation, forecast, time);
      if (!evaluation.provisional) {
        last = { evaluation, forecast, time, decides: 'verdict' in decision };
        onPoll(last);
      }
      if ('verdict' in decision) return outcome(decision.verdict);
      pauseMs = decision.pauseMs;
    }
    await clock.pause(pauseMs, signal);
    if (signal.aborted) return outcome('cancelled');
  }
}

async function orTransientError<T>(poll: Promise<T>): Promise<T | TransientError> {
  return poll.catch((error: unknown) => {
    if (error instanceof TransientError) return error;
    throw error;
  });
}

function gaveUp({ failure, failures, lastSuccess }: Outage, now: number): ReportableError {
  const polls = msg`${counted(failures, 'poll')} failed${trusted(failures === 1 ? '' : ' in a row')}`;
  const before =
    lastSuccess === undefined
      ? msg`None has succeeded in ${trusted(durationText(now))}.`
      : msg`The last poll that succeeded was ${trusted(durationText(now - lastSuccess))} before.`;
  return new ReportableError(msg`${failure} ${polls}, and the gate gave up. ${before}`);
}
