import { type Blocker, verdictOf } from './blocker.ts';
import type { GateConfig } from './config.ts';
import type { Forecast } from './forecast.ts';
import type { Judgement } from './judge.ts';
import type { LookTime, Memory } from './memory.ts';
import { KEPT_VERSION_GRACE_MS } from './targets.ts';
import { foremost, type Verdict } from './verdict.ts';

/** What to do after a look: end with a verdict, or look again after a pause (in milliseconds). */
export type Decision = { readonly verdict: Verdict } | { readonly pauseMs: number };

/** The gate takes at most a twentieth of one backend's time. */
const PAUSE_PER_LOOK = 20;

/** With `fail-fast`, `wait` gives a target that is still the latest so long to be replaced. In milliseconds. */
const ONLY_LATEST_MS = 120_000;

/** How long the look at the deadline of a hold may take, and the second try after it. In milliseconds. */
const LAST_LOOK_MS = 5000;
const SECOND_TRY_MS = 2000;

/**
 * Whether the gate holds on. Pure.
 *
 * - `drained` ends every mode.
 * - `check` and `report` end as soon as no target is clean, or when the settle window of the clean ones is over.
 * - `wait` ends early only for what waiting cannot mend (with `fail-fast`: within its timeout). It looks once more at its
 *   deadline; a settle window that is running then may finish.
 */
export function decide(
  config: GateConfig,
  judgement: Judgement,
  forecast: Forecast,
  time: LookTime,
): Decision {
  if (judgement.provisional) return { pauseMs: 0 };
  if (judgement.drained) return { verdict: 'drained' };

  const verdict = foremost(blockersOf(judgement).map(verdictOf)) ?? 'in-flight';
  if (verdict === 'error') return { verdict };
  if (verdict === 'unknown-version' && !mayStillAppear(config, judgement, time)) return { verdict };
  const early = verdict === 'unknown-version' ? undefined : failedFast(config, judgement, forecast, time);
  if (early !== undefined) return { verdict: early };

  const settledAt = settleEnd(config, judgement);
  const settling = settledAt !== undefined && time.began < settledAt;
  const pauseMs = Math.max(config.pollIntervalMs, PAUSE_PER_LOOK * judgement.observation.lookMs);
  const nextLookMs = settling ? Math.min(pauseMs, Math.max(1, settledAt - time.ended)) : pauseMs;
  if (config.mode !== 'wait') return settling ? { pauseMs: nextLookMs } : { verdict };

  const deadlineInMs = config.timeoutMs - time.ended;
  if (deadlineInMs > 0) return { pauseMs: Math.min(nextLookMs, deadlineInMs) };
  const running = settling && settledAt <= config.timeoutMs + LAST_LOOK_MS + config.settleMs;
  if (running && allClean(judgement)) return { pauseMs: nextLookMs };
  return { verdict: verdict === 'unknown-version' ? verdict : 'timed-out' };
}

/**
 * How long a look that begins now may take, in milliseconds: `wait` ends with its timeout, or with the settle window
 * that runs then, whatever the database does. In `check` and `report` the look's own timeouts are the limit.
 */
export function lookBudgetMs(config: GateConfig, { windows }: Memory, now: number): number {
  if (config.mode !== 'wait') return Number.POSITIVE_INFINITY;
  const ends = [...windows.values()].map(({ openedAt }) => openedAt + config.settleMs);
  const end = ends.reduce((a, b) => Math.max(a, b), config.timeoutMs);
  const latest = Math.min(end, config.timeoutMs + config.settleMs);
  return Math.max(SECOND_TRY_MS, latest + LAST_LOOK_MS - now);
}

/** Every blocker that stands, those of no target in particular first. */
export function blockersOf(judgement: Judgement): readonly Blocker[] {
  return [...blockersOfAll(judgement), ...judgement.targets.flatMap(({ blockers }) => blockers)];
}

/** The blockers of no target in particular: the whole gate's, and those that stand where there is no target. */
export function blockersOfAll({ gate, nobody }: Pick<Judgement, 'gate' | 'nobody'>): readonly Blocker[] {
  return [...gate, ...(nobody?.blockers ?? [])];
}

/** With `fail-fast`: why the hold cannot succeed, when that is certain, or as good as certain. */
function failedFast(
  config: GateConfig,
  judgement: Judgement,
  forecast: Forecast,
  time: LookTime,
): Verdict | undefined {
  if (config.mode !== 'wait' || !config.failFast) return undefined;
  if (forecast.beyondTimeout !== undefined) return 'cannot-drain';
  const since = judgement.memory.onlyLatestSince;
  return since !== undefined && time.ended - since >= ONLY_LATEST_MS ? 'still-latest' : undefined;
}

/** A kept version may be one that is just being launched. A target that was never seen is a typo. */
function mayStillAppear(config: GateConfig, judgement: Judgement, time: LookTime): boolean {
  const targetsKnown = judgement.targets.every(({ known, judged }) => known || !judged);
  return config.mode === 'wait' && targetsKnown && time.ended < KEPT_VERSION_GRACE_MS;
}

/**
 * When the settle windows that are open now will have run, in milliseconds since the gate began; undefined when
 * none is. `check` and `report` wait for those alone that their first look opened.
 */
function settleEnd(config: GateConfig, judgement: Judgement): number | undefined {
  const { firstLookEnded, windows } = judgement.memory;
  if (judgement.gate.length > 0 || windows.size === 0 || firstLookEnded === undefined) return undefined;
  const openings = config.mode === 'wait' ? [...windows.values()].map(({ openedAt }) => openedAt) : [];
  return openings.reduce((a, b) => Math.max(a, b), firstLookEnded) + config.settleMs;
}

function allClean({ gate, nobody, targets }: Judgement): boolean {
  const all = nobody === undefined ? targets.filter(({ judged }) => judged) : [nobody];
  return gate.length === 0 && all.every(({ settledForMs }) => settledForMs !== undefined);
}
