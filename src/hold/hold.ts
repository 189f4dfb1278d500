import { unlessAborted } from '../async.ts';
import type { GateConfig } from '../config.ts';
import type { RuleRequest, Snapshot, SnapshotReader, SnapshotRequest } from '../dbos/snapshot/index.ts';
import { codeOf, isSqlState, ReportableError, TransientError } from '../errors.ts';
import { type Forecast, forecastOf, forecastRequest } from '../forecast/forecast.ts';
import { type DrainHistory, emptyHistory, withScanPostponed } from '../forecast/history.ts';
import { counted, msg, trusted } from '../message.ts';
import { type Decision, decide, pollBudgetMs } from '../rules/decide.ts';
import { type Evaluation, evaluate, firstRequest } from '../rules/evaluate.ts';
import { isSettled } from '../rules/targets.ts';
import type { Verdict } from '../rules/verdict.ts';
import { type Clock, spanText } from '../time.ts';
import { type Outage, pauseAfterFailure } from './outage.ts';
import { type GateState, initialState, type PollTime, withWindowsReset } from './state.ts';

export interface HoldParts {
  readonly reader: SnapshotReader;
  readonly clock: Clock;
  /** Aborts when the job is cancelled. */
  readonly signal: AbortSignal;
  /** Called after each poll except provisional ones. */
  readonly onPoll: (poll: Poll) => void;
  /** Called after each poll that failed and will be retried. */
  readonly onFailedPoll: (failed: FailedPoll) => void;
}

/** A poll that succeeded, and what it means. */
export interface Poll {
  /** The verdict follows from this poll. Otherwise the gate polls again. */
  readonly decides: boolean;
  /** The verdict that follows from it. */
  readonly verdict?: Verdict | undefined;
  readonly evaluation: Evaluation;
  readonly forecast: Forecast;
  readonly time: PollTime;
}

/** A poll that failed. It is retried after a pause, in milliseconds. */
export interface FailedPoll {
  readonly outage: Outage;
  readonly time: PollTime;
  readonly pauseMs: number;
}

/** How a hold ended, and what there was on the way. */
export interface HoldResult {
  readonly verdict: Verdict;
  /** What ended the hold without an answer; undefined where a poll or a cancellation did. */
  readonly error: unknown;
  /** The first poll that could decide; undefined when there was none. */
  readonly first: Poll | undefined;
  /** The deciding poll, or the last one before an error or a cancellation. */
  readonly last: Poll | undefined;
  readonly waitedMs: number;
  /** Polls that succeeded, except provisional ones. */
  readonly polls: number;
  /** Polls that failed and were retried. */
  readonly failedPolls: number;
}

/** What a hold carries from one poll to the next. Times are in milliseconds since it started. */
interface Progress extends Pick<HoldResult, 'first' | 'last' | 'polls' | 'failedPolls'> {
  readonly state: GateState;
  readonly rules: RuleRequest;
  readonly history: DrainHistory;
  readonly lastSuccess: number | undefined;
  readonly firstFailure: number | undefined;
  readonly outage: Outage | undefined;
  /** Provisional polls in a row. */
  readonly provisional: number;
}

/** Each provisional poll asks the next one for evidence that no earlier one has brought. There are few kinds of it. */
const MOST_PROVISIONAL = 20;

/**
 * Polls, evaluates and pauses until there is a verdict. A poll that failed for a transient reason is evidence of
 * nothing: it is retried, and whatever was idle has to be idle for a whole settle window again.
 *
 * @returns the verdict `error`, with the error, when retrying cannot help or no poll has succeeded for too long.
 */
export async function hold(config: GateConfig, parts: HoldParts): Promise<HoldResult> {
  const { clock, signal } = parts;
  const start = clock.now();
  const elapsed = () => clock.now() - start;
  let progress = initialProgress(config);
  const result = (verdict: Verdict, error?: unknown): HoldResult => {
    const { first, last, polls, failedPolls } = progress;
    return { verdict, error, first, last, polls, failedPolls, waitedMs: elapsed() };
  };
  try {
    for (;;) {
      const polled = await pollOnce(config, progress, parts, elapsed);
      if (polled === undefined) return result('cancelled');
      progress = polled.progress;
      if ('verdict' in polled.decision) return result(polled.decision.verdict);
      await clock.pause(polled.decision.pauseMs, signal);
      if (signal.aborted) return result('cancelled');
    }
  } catch (error) {
    return result('error', error);
  }
}

function initialProgress(config: GateConfig): Progress {
  return {
    state: initialState,
    rules: firstRequest(config, initialState),
    history: emptyHistory,
    lastSuccess: undefined,
    firstFailure: undefined,
    outage: undefined,
    provisional: 0,
    first: undefined,
    last: undefined,
    polls: 0,
    failedPolls: 0,
  };
}

/** One poll, and what to do after it; undefined when the job was cancelled meanwhile. */
async function pollOnce(
  config: GateConfig,
  progress: Progress,
  { reader, clock, signal, onPoll, onFailedPoll }: HoldParts,
  elapsed: () => number,
): Promise<{ readonly progress: Progress; readonly decision: Decision } | undefined> {
  const began = elapsed();
  const budgetMs = pollBudgetMs(config, progress.state, began);
  const { pollTimeoutMs } = config;
  const opportunity = { began, budgetMs, pollTimeoutMs, isSettled: isSettled(config, progress.state) };
  const request = { ...progress.rules, ...forecastRequest(progress.history, opportunity) };
  const reading = clock.withTimeout(budgetMs, (overdue) => reader.read(request, overdue));
  const snapshot = await unlessAborted(orTransientError(reading), signal);
  if (snapshot === undefined) return undefined;
  const time = { began, ended: elapsed() };
  if (snapshot instanceof TransientError) {
    const { next, failed } = afterFailure(config, progress, snapshot, time, request);
    onFailedPoll(failed);
    return { progress: next, decision: failed };
  }
  const { next, poll, decision } = afterSnapshot(config, progress, snapshot, time);
  if (poll !== undefined) onPoll(poll);
  return { progress: next, decision };
}

/** A provisional poll decides nothing, and is reported nowhere. */
function afterSnapshot(config: GateConfig, before: Progress, snapshot: Snapshot, time: PollTime) {
  const evaluation = evaluate(config, before.state, snapshot, time);
  const forecast = forecastOf(config, before.history, evaluation, time);
  const decision = decide(config, evaluation, forecast, time);
  const poll: Poll | undefined = evaluation.provisional
    ? undefined
    : { evaluation, forecast, time, decides: 'verdict' in decision, ...decision };
  const next: Progress = {
    ...before,
    state: evaluation.state,
    rules: evaluation.next,
    history: forecast.history,
    lastSuccess: time.ended,
    outage: undefined,
    provisional: poll === undefined ? before.provisional + 1 : 0,
    first: before.first ?? poll,
    last: poll ?? before.last,
    polls: before.polls + (poll === undefined ? 0 : 1),
  };
  // They follow each other without a pause, beyond the timeout too.
  if (next.provisional > MOST_PROVISIONAL) throw new Error('polls that never bring what was asked for');
  return { next, poll, decision };
}

/** @throws ReportableError when the gate gives up. */
function afterFailure(
  config: GateConfig,
  before: Progress,
  error: TransientError,
  time: PollTime,
  { detailScan }: SnapshotRequest,
): { readonly next: Progress; readonly failed: FailedPoll } {
  const { explanation: failure, connectedBefore, overLimit, brief } = error;
  const outage: Outage = {
    lastSuccess: before.lastSuccess,
    firstFailure: before.firstFailure ?? time.began,
    failures: (before.outage?.failures ?? 0) + 1,
    failure,
    failureId: error.id,
    connectedBefore,
    briefSince: brief ? (before.outage?.briefSince ?? time.began) : undefined,
    // Only an answer of the server shows that it worked until then.
    costMs: overLimit && isSqlState(codeOf(error.cause)) ? time.ended - time.began : 0,
  };
  const pauseMs = pauseAfterFailure(config, outage, time.ended);
  if (pauseMs === undefined) throw gaveUp(outage, time.ended);
  // A detail scan does not break a connection once. What fails again and again may be the scan's fault.
  const mayBeTheScan = detailScan && (overLimit || outage.failures > 1);
  const next: Progress = {
    ...before,
    state: withWindowsReset(before.state),
    history: mayBeTheScan ? withScanPostponed(before.history, time.ended) : before.history,
    firstFailure: outage.firstFailure,
    outage,
    failedPolls: before.failedPolls + 1,
  };
  return { next, failed: { outage, time, pauseMs } };
}

async function orTransientError<T>(poll: Promise<T>): Promise<T | TransientError> {
  return poll.catch((error: unknown) => {
    if (error instanceof TransientError) return error;
    throw error;
  });
}

function gaveUp({ failure, failureId: id, failures, lastSuccess }: Outage, now: number): ReportableError {
  const polls = counted(failures, 'poll');
  const before =
    lastSuccess === undefined
      ? msg`No poll succeeded within ${trusted(spanText(now))}.`
      : msg`The last successful poll was ${trusted(spanText(now - lastSuccess))} earlier.`;
  return new ReportableError(
    msg`${failure} Giving up after ${polls} that failed${trusted(failures === 1 ? '' : ' in a row')}. ${before}`,
    { id },
  );
}
