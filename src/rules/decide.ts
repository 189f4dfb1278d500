import type { GateConfig } from '../config.ts';
import type { Forecast } from '../forecast/forecast.ts';
import { soonestEndInMs } from '../forecast/soonest-end.ts';
import { pauseAfterPoll } from '../hold/pace.ts';
import type { GateState, PollTime } from '../hold/state.ts';
import { KEPT_VERSION_GRACE_MS } from './8-kept-versions.ts';
import type { Evaluation } from './evaluate.ts';
import { type Blocker, verdictOf } from './index.ts';
import { foremost, type Verdict } from './verdict.ts';

/** What to do after a poll: end with a verdict, or poll again after a pause (in milliseconds). */
export type Decision = { readonly verdict: Verdict } | { readonly pauseMs: number };

/** How long `wait` with `fail-fast` gives a target to stop being the latest version. In milliseconds. */
const ONLY_LIVE_MS = 120_000;

/** How long the poll at the deadline of a hold can take, and its retry. In milliseconds. */
const LAST_POLL_MS = 5000;
const SECOND_TRY_MS = 2000;

/**
 * Decides whether the gate continues to hold. Pure.
 *
 * - `drained` ends every mode, and so does `no-target`. `preflight` ends with its first poll.
 * - `check` and `report` end as soon as no target is idle, or when the settle windows of the idle ones have passed. Where
 *   only writers are left that were collected in them, they get the same time once more to end.
 * - `wait` ends early only where waiting cannot help. It polls once more at its deadline, and lets a settle window
 *   finish that is open then.
 */
export function decide(config: GateConfig, evaluation: Evaluation, forecast: Forecast, time: PollTime): Decision {
  if (evaluation.provisional) return { pauseMs: 0 };
  // No version is judged: what blocks the whole gate is in the way of any run.
  if (config.mode === 'preflight') return { verdict: preflightVerdict(evaluation) };
  if (evaluation.drained) return { verdict: 'drained' };
  if (evaluation.hasNoTarget) return decideNoTarget(config, evaluation, time);

  const verdict = foremost(blockersOf(evaluation).map(verdictOf)) ?? 'in-flight';
  if (verdict === 'error') return { verdict };
  if (verdict === 'unknown-version' && !mayStillAppear(config, evaluation, time)) return { verdict };
  const early = verdict === 'unknown-version' ? undefined : failedFast(config, evaluation, forecast, time);
  if (early !== undefined) return { verdict: early };

  const windowsEnd = settleEnd(config, evaluation);
  const settledAt = isOutlasted(config, evaluation, windowsEnd, time) ? windowsEnd + config.settleMs : windowsEnd;
  const settling = settledAt !== undefined && time.began < settledAt;
  const { durationMs, observedAt } = evaluation.snapshot;
  const endInMs = allIdle(evaluation) ? overdueMs(windowsEnd, time) : soonestEndInMs(forecast.total, observedAt);
  const pauseMs = pauseAfterPoll(config, { durationMs, settledAt, endInMs }, time);
  const untilSettledMs = settling ? Math.min(pauseMs, Math.max(1, settledAt - time.ended)) : undefined;
  if (config.mode !== 'wait') return untilSettledMs === undefined ? { verdict } : { pauseMs: untilSettledMs };

  const deadlineInMs = config.timeoutMs - time.ended;
  if (deadlineInMs > 0) return { pauseMs: Math.min(pauseMs, deadlineInMs) };
  const mayFinish = allIdle(evaluation) && (settledAt ?? 0) <= config.timeoutMs + LAST_POLL_MS + config.settleMs;
  if (untilSettledMs !== undefined && mayFinish) return { pauseMs: untilSettledMs };
  return { verdict: verdict === 'unknown-version' ? verdict : 'timed-out' };
}

function preflightVerdict({ gate, snapshot }: Evaluation): Verdict {
  const isReadable = snapshot.access === undefined || snapshot.access.problems.length === 0;
  return isReadable ? (foremost(gate.map(verdictOf)) ?? 'no-target') : 'error';
}

/** With `latest`, `wait` gives the new version two minutes to appear: its launch makes the one before a target. */
function decideNoTarget(config: GateConfig, evaluation: Evaluation, time: PollTime): Decision {
  const awaitsLaunch = config.mode === 'wait' && config.targets.kind === 'all-but-latest';
  const graceEnds = awaitsLaunch ? Math.min(KEPT_VERSION_GRACE_MS, config.timeoutMs) : 0;
  const leftMs = graceEnds - time.ended;
  if (leftMs <= 0) return { verdict: 'no-target' };
  const { durationMs } = evaluation.snapshot;
  const pauseMs = pauseAfterPoll(config, { durationMs, settledAt: undefined, endInMs: undefined }, time);
  return { pauseMs: Math.min(pauseMs, leftMs) };
}

/**
 * How long a poll that starts now can take, in milliseconds. `wait` ends with its timeout, or with the settle window
 * that is open then, whatever the database does. In `check` and `report` the poll's own timeouts are the limit.
 */
export function pollBudgetMs(config: GateConfig, { windows }: GateState, now: number): number {
  if (config.mode !== 'wait') return Number.POSITIVE_INFINITY;
  const ends = [...windows.values()].map(({ openedAt }) => openedAt + config.settleMs);
  const end = ends.reduce((a, b) => Math.max(a, b), config.timeoutMs);
  const latest = Math.min(end, config.timeoutMs + config.settleMs);
  return Math.max(SECOND_TRY_MS, latest + LAST_POLL_MS - now);
}

/** Every blocker that stands now. Those that belong to no target come first. */
export function blockersOf(evaluation: Evaluation): readonly Blocker[] {
  return [...blockersOfAll(evaluation), ...evaluation.targets.flatMap(({ blockers }) => blockers)];
}

/** The blockers that belong to no target: those on the whole gate, and those found where there is no target. */
export function blockersOfAll({ gate, noTargets }: Pick<Evaluation, 'gate' | 'noTargets'>): readonly Blocker[] {
  return [...gate, ...(noTargets?.blockers ?? [])];
}

/** The verdict of a hold with `fail-fast` that cannot succeed; undefined while it can. */
function failedFast(
  config: GateConfig,
  evaluation: Evaluation,
  forecast: Forecast,
  time: PollTime,
): Verdict | undefined {
  if (config.mode !== 'wait' || !config.failFast) return undefined;
  if (forecast.pastDeadline !== undefined) return 'cannot-drain';
  const since = evaluation.state.onlyLiveSince;
  return since !== undefined && time.ended - since >= ONLY_LIVE_MS ? 'still-live' : undefined;
}

/** A kept version can be one that is just starting. A target that was never seen is a typo. */
function mayStillAppear(config: GateConfig, evaluation: Evaluation, time: PollTime): boolean {
  const targetsKnown = evaluation.targets.every(({ known }) => known);
  return config.mode === 'wait' && targetsKnown && time.ended < KEPT_VERSION_GRACE_MS;
}

/**
 * When the settle windows that are open now will have passed, in milliseconds since the gate started; undefined when
 * none is open. `check` and `report` wait only for those that their first poll opened.
 */
function settleEnd(config: GateConfig, evaluation: Evaluation): number | undefined {
  const { firstPollEnded, windows } = evaluation.state;
  if (evaluation.gate.length > 0 || windows.size === 0 || firstPollEnded === undefined) return undefined;
  const openings = config.mode === 'wait' ? [...windows.values()].map(({ openedAt }) => openedAt) : [];
  return openings.reduce((a, b) => Math.max(a, b), firstPollEnded) + config.settleMs;
}

/**
 * Whether only writers are left in `check` or `report` when the settle windows have passed. One that was collected late in
 * a window can outlast it, however short its transaction is.
 */
function isOutlasted(
  { mode }: GateConfig,
  evaluation: Evaluation,
  windowsEnd: number | undefined,
  { began }: PollTime,
): windowsEnd is number {
  if (mode === 'wait' || windowsEnd === undefined || began < windowsEnd) return false;
  const blockers = blockersOf(evaluation);
  return blockers.length > 0 && blockers.every(({ kind }) => kind === 'open-transaction');
}

/** How long the settle window has passed: transactions that write are still open, and nobody knows for how long. */
function overdueMs(settledAt: number | undefined, { ended }: PollTime): number | undefined {
  return settledAt === undefined || ended < settledAt ? undefined : ended - settledAt;
}

function allIdle({ gate, noTargets, targets }: Evaluation): boolean {
  const all = noTargets === undefined ? targets : [noTargets];
  return gate.length === 0 && all.every(({ settledForMs }) => settledForMs !== undefined);
}
