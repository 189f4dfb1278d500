import type { GateConfig } from '../config.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { FailedPoll, Poll } from '../hold/hold.ts';
import { type Outage, patienceLeftMs } from '../hold/outage.ts';
import { msg, namesOf, number, trusted } from '../message.ts';
import type { Evaluation } from '../rules/evaluate.ts';
import type { Verdict } from '../rules/verdict.ts';
import { describeCounts, type StatusCounts, summed } from '../status-counts.ts';
import { durationText, spanText } from '../time.ts';
import { inFlightOnAll } from './blocking.ts';
import type { Diagnoses, Diagnosis } from './diagnosis.ts';
import { ratePart } from './forecast-text.ts';
import { namesOfVersions, plain, quotedName, versionName } from './text.ts';
import { allUnknown, reasonsOf } from './unknown-names.ts';

/* The lines of the log that begin with the time since the gate started. */

/** What the line of a poll compares with the line before. */
export interface Counted {
  readonly inFlight: number;
}

/**
 * `[    2m] 312 in flight (-9): 12 pending, 300 enqueued; 108 finished/min; slow: about 14m left (14m to 17m); 28m until
 * timeout`.
 */
export function pollLine(
  config: GateConfig,
  { evaluation, forecast, time, decides, verdict }: Poll,
  diagnoses: Diagnoses,
  before: Counted | undefined,
): string {
  const diagnosis = diagnoses.worst;
  const { targets, index, drained } = evaluation;
  const isShown = index !== undefined && !allUnknown(evaluation);
  const settling = settlePart(config, evaluation);
  const isSettling = settling !== '' && evaluation.targets.every(({ blockers }) => blockers.length === 0);
  const brief = isSettling ? '' : (diagnosis?.brief ?? '');
  const parts = [
    isShown ? countPart(inFlightOnAll(targets), summed(targets), drained ? undefined : before) : '',
    index === undefined ? 'nothing could be counted' : '',
    ...reasonsOf(evaluation, brief === '' ? undefined : diagnoses),
    pacePart(forecast.total, diagnosis),
    brief,
    isShown ? versionsPart(targets) : '',
    brief !== '' && saysIdle(diagnosis) ? '' : settling,
    config.mode === 'wait' ? (decides ? endPart(verdict) : timeLeft(config, time.ended)) : '',
  ];
  return `${stamp(time.ended)} ${parts.filter((part) => part !== '').join('; ')}`;
}

/** What is said of the pace in the diagnosis is not said twice. */
function pacePart(forecast: DrainForecast, diagnosis: Diagnosis | undefined): string {
  const { quietMs, standsStill, trend } = forecast;
  // The rate is of the time before.
  if (quietMs === undefined) return standsStill || trend === 'waiting' ? '' : ratePart(forecast);
  const isSaid = diagnosis !== undefined && ['moving', 'stuck', 'stalled'].includes(diagnosis.cause);
  return isSaid ? '' : `nothing has moved for ${spanText(quietMs)}`;
}

/** Why `wait` ends before its timeout, where waiting cannot help. */
function endPart(verdict: Verdict | undefined): string {
  const isEarly = verdict === 'cannot-drain' || verdict === 'still-live';
  return isEarly ? plain(trusted('stopping before the timeout (`fail-fast`)')) : '';
}

/** Its brief text says that the version is idle. */
function saysIdle(diagnosis: Diagnosis | undefined): boolean {
  return diagnosis?.cause === 'settling' || diagnosis?.cause === 'open-transaction';
}

function countPart(inFlight: number, counts: StatusCounts, before: Counted | undefined): string {
  const change = inFlight - (before?.inFlight ?? inFlight);
  const text = change === 0 ? 'no change' : `${change > 0 ? '+' : '-'}${number(Math.abs(change))}`;
  const changed = before === undefined ? '' : ` (${text})`;
  return `${number(inFlight)} in flight${changed}${statusesPart(inFlight, counts)}`;
}

/** What is in flight by status, where that says more than the count: pending is the usual one. */
function statusesPart(inFlight: number, counts: StatusCounts): string {
  if (inFlight === 0 || counts.pending === inFlight) return '';
  const [only] = (['enqueued', 'delayed'] as const).filter((status) => counts[status] === inFlight);
  return only === undefined ? `: ${describeCounts(counts)}` : `, all ${only}`;
}

/** With several targets: how many are idle, and which of the others hold the most. */
function versionsPart(targets: Evaluation['targets']): string {
  if (targets.length === 0) return 'nothing to retire so far';
  if (targets.length < 2) return '';
  const blocked = targets.filter(({ settledForMs }) => settledForMs === undefined);
  const busy = blocked.filter(({ inFlight }) => inFlight > 0);
  const most = busy
    .toSorted((a, b) => b.inFlight - a.inFlight)
    .slice(0, 3)
    .map((target) => `${quotedName(versionName(target.version))} ${number(target.inFlight)}`);
  const rest = busy.length - most.length;
  const listed = most.length > 0 ? `; in flight: ${most.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}` : '';
  return `${targets.length - blocked.length} of ${targets.length} versions idle${listed}`;
}

function settlePart({ settleMs }: GateConfig, evaluation: Evaluation): string {
  if (evaluation.drained) return 'drained';
  const settledForMs = settledFor(evaluation);
  if (settledForMs === undefined) return '';
  const leftMs = settleMs - settledForMs;
  return leftMs > 0 ? `idle, settling for ${spanText(leftMs)}` : 'idle';
}

/** How long everything has been idle, in milliseconds; undefined while something is not. */
function settledFor({ gate, noTargets, targets }: Evaluation): number | undefined {
  const all = noTargets === undefined ? targets : [noTargets];
  const settled = all.map(({ settledForMs }) => settledForMs).filter((ms) => ms !== undefined);
  if (gate.length > 0 || settled.length < all.length) return undefined;
  return settled.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
}

function timeLeft(config: GateConfig, elapsedMs: number): string {
  const leftMs = config.timeoutMs - elapsedMs;
  return leftMs > 0 ? `${spanText(leftMs)} until timeout` : 'the timeout has passed';
}

/** After an outage, the line of the recovery says so. */
export function otherServerLine({ time }: Poll): string {
  return `${stamp(time.ended)} Another server answered, after a restart or a failover. The settle window starts over.`;
}

export function lockWaitLine({ time, evaluation }: Poll): string {
  return `${stamp(time.ended)} The poll waited ${spanText(evaluation.snapshot.lockWaitMs)} for a lock on the DBOS tables. Most often a migration or maintenance holds it.`;
}

export function replacementLine({ time, evaluation }: Poll): string {
  const names = namesOf(evaluation.state.kept ?? []);
  const retired = namesOfVersions(evaluation.targets);
  return `${stamp(time.ended)} ${plain(msg`The latest version is now ${names}, which registered after the gate started. It stays; to retire: ${retired}.`)}`;
}

/** Why a poll failed: in full, unless the one before failed in the same way. */
export function failureLine(
  config: GateConfig,
  { outage, time, pauseMs }: FailedPoll,
  before: Outage | undefined,
  more: (heading: string) => string | undefined,
): string {
  const same = before !== undefined && plain(before.failure) === plain(outage.failure);
  const what = same
    ? `Poll failed again (${outage.failures} in a row, same error).`
    : `Poll failed. ${plain(outage.failure)}`;
  const leftMs = patienceLeftMs(config, outage, time.ended);
  const left = leftMs > 0 ? `giving up in ${spanText(leftMs)}` : 'for the last time';
  const pointed = same ? undefined : more(outage.failureId);
  return `${stamp(time.ended)} ${what} Retrying in ${spanText(pauseMs)}, ${left}.${pointed === undefined ? '' : ` ${pointed}`}`;
}

export function recoveryLine({ failures, lastSuccess = 0 }: Outage, { time }: Poll): string {
  const polls = failures === 1 ? 'one failed poll' : `${failures} failed polls`;
  return `${stamp(time.ended)} The database is back after ${polls} (${spanText(time.ended - lastSuccess)}). The settle window starts over.`;
}

/** `[  1m 5s]`: the time since the gate started. */
function stamp(elapsedMs: number): string {
  return `[${durationText(Math.floor(elapsedMs / 1000) * 1000).padStart(6)}]`;
}
