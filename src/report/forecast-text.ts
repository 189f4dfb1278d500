import { HOSTED_JOB_LIMIT_MS } from '../config.ts';
import { fullName } from '../dbos/workflow-name.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { EarliestEnd, PastDeadline } from '../forecast/earliest-end.ts';
import type { NewTopLevel } from '../forecast/history.ts';
import type { Rate } from '../forecast/rate.ts';
import { counted, joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import { durationInput, durationText, momentText } from '../time.ts';
import { DEFAULT_EXECUTOR, workflowNamed } from './activity-text.ts';
import { versionName } from './text.ts';

/** A few workflows stand for all: this many are named. */
const NAMED = 3;

/** The pace, for a line of the log: `12 finished/min, 2 new/min`. Empty without a rate. */
export function ratePart({ trend, rate }: Pick<DrainForecast, 'trend' | 'rate'>): string {
  const finished = rate?.completedPerMinute ?? 0;
  const arrived = rate?.arrivedPerMinute ?? 0;
  if (trend === 'idle' || (finished === 0 && arrived === 0)) return '';
  return `${perMinute(finished)} finished/min${arrived > 0 ? `, ${perMinute(arrived)} new/min` : ''}`;
}

/** `about 12m left (8m to 20m)`. */
export function leftText({ leftMs, fromMs, toMs }: NonNullable<DrainForecast['left']>): string {
  const [left, from, to] = [leftMs, fromMs, toMs].map((each) => durationText(rounded(each)));
  return `about ${left} left${from === to ? '' : ` (${from} to ${to})`}`;
}

/** Rounds an estimate: to five seconds, from five minutes on to minutes, and from four hours on to ten minutes. */
function rounded(milliseconds: number): number {
  const unit = milliseconds < 300_000 ? 5000 : milliseconds < 4 * 3_600_000 ? 60_000 : 600_000;
  return Math.max(unit, Math.round(milliseconds / unit) * unit);
}

function perMinute(rate: number): string {
  return rate >= 10 || rate === 0 ? number(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}

/** The forecast in sentences; none where nothing is in flight. In a hold they explain the lack of an estimate. */
export function describeForecast(
  forecast: DrainForecast,
  newTopLevel: readonly NewTopLevel[],
  now: number,
  isHold: boolean,
): readonly Message[] {
  const { trend, rate, states, left } = forecast;
  if (trend === 'idle') return [];
  return [
    ...(rate === undefined ? [] : [paceSentence(rate)]),
    ...(isHold ? estimateSentence(forecast) : []),
    ...outlook(forecast, newTopLevel, now).map(({ message }) => message),
    ...(states.stuck > 0 ? [stuckSentence(states.stuck, left !== undefined)] : []),
    ...(states.notScanned > 0
      ? [msg`What each waits for was read of the oldest, and not of ${counted(states.notScanned, 'other')}.`]
      : []),
  ];
}

/** What the log says once. Each key stays the same for as long as its message holds. */
export type Explanations = readonly { readonly key: string; readonly message: Message }[];

/** What a person has to know while it drains. */
export function outlook(
  { trend, arrived, hasTraffic, earliestEnds, notBefore, withoutProcess, lostExecutors }: DrainForecast,
  newTopLevel: readonly NewTopLevel[],
  now: number,
): Explanations {
  const messages = {
    'not converging': trend === 'not-converging' ? notConverging(arrived, newTopLevel) : undefined,
    arriving:
      trend !== 'not-converging' && hasTraffic
        ? msg`${createdRoots(arrived.roots, newTopLevel)}: some traffic still comes here.`
        : undefined,
    bound: notBefore !== undefined && notBefore > now ? earliestEndMessage(notBefore, earliestEnds[0], now) : undefined,
    withoutProcess:
      withoutProcess.length > 0
        ? msg`No process of ${namesOf(withoutProcess.map(versionName))} seems to run: queued work is not taken, and nothing of it has changed for \`stuck-after\`. Start a process of that version${withExecutor(lostExecutors)}, or cancel or fork what is left.`
        : undefined,
  };
  return Object.entries(messages).flatMap(([key, message]) => (message === undefined ? [] : { key, message }));
}

/** Without DBOS Conductor, a process recovers what runs on its version and under its executor id only. */
function withExecutor(executors: readonly string[]): Message {
  const [first] = executors;
  if (first === undefined) return trusted('');
  const ids =
    executors.length === 1
      ? msg`with the executor id ${first}${trusted(first === DEFAULT_EXECUTOR ? ', the default' : '')}`
      : msg`with each of the executor ids ${namesOf(executors)}`;
  return msg` ${ids} (another id recovers what ran there with DBOS Conductor only)`;
}

function paceSentence({ completedPerMinute: ended, arrivedPerMinute: arrived, overMs }: Rate): Message {
  const isQuiet = ended === 0 && arrived === 0;
  const pace = `${perMinute(ended)} ended and ${perMinute(arrived)} arrived per minute,`;
  return trusted(`${isQuiet ? 'Nothing has ended or arrived' : pace} over the last ${durationText(overMs)}.`);
}

/** How many are stuck, and whether an estimate covers the others only. */
export function stuckSentence(stuck: number, hasEstimate: boolean): Message {
  return msg`${counted(stuck, 'workflow')} ${trusted(stuck === 1 ? 'is' : 'are')} stuck: no progress for \`stuck-after\`, and no known time at which they go on${trusted(hasEstimate ? '; the estimate leaves them out' : '')}.`;
}

function estimateSentence({ trend, left, series }: DrainForecast): readonly Message[] {
  if (left !== undefined) return [msg`Estimate: ${trusted(leftText(left))}.`];
  if (trend === 'too-early') return [trusted('Too little has ended for an estimate.')];
  if (trend !== 'stalled') return [];
  const since = series.endedAtMs === undefined ? 'since the gate began' : 'recently';
  return [trusted(`Nothing has ended ${since}, so there is no estimate.`)];
}

function notConverging(
  { total, roots, children }: DrainForecast['arrived'],
  newTopLevel: readonly NewTopLevel[],
): Message {
  const reasons: Message[] = [trusted('The drain is not converging: as much arrives as ends.')];
  if (roots > 0) reasons.push(msg`${createdRoots(roots, newTopLevel)}: traffic has not moved off.`);
  if (children > 0) {
    const were = trusted(wasOrWere(children));
    reasons.push(
      msg`${counted(children, 'child workflow')} ${were} started by others; that ends with those that start them.`,
    );
  }
  if (roots + children === 0) {
    reasons.push(
      msg`${counted(total, 'workflow')} arrived since the gate began${rootNames(newTopLevel)}. Is traffic still sent here? This schema does not tell which of them other workflows started.`,
    );
  }
  return joined(reasons);
}

function createdRoots(roots: number, newTopLevel: readonly NewTopLevel[]): Message {
  return msg`${counted(roots, 'workflow')} without a parent ${trusted(wasOrWere(roots))} created since the gate began${rootNames(newTopLevel)}`;
}

function wasOrWere(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function rootNames(roots: readonly NewTopLevel[]): Message {
  const names = [...new Set(roots.map((each) => fullName(each) ?? '(no name)'))];
  return names.length > 0 ? msg`, most often ${namesOf(names, names.length, NAMED)}` : trusted('');
}

function earliestEndMessage(notBefore: number, latest: EarliestEnd | undefined, now: number): Message {
  const when = `Drained at ${momentText(notBefore, now)} at the earliest, in ${durationText(notBefore - now)}`;
  if (latest?.until !== notBefore) return trusted(`${when}.`);
  return msg`${trusted(when)}: ${workflowNamed(latest)} is ${trusted(stateOf(latest))} until then.`;
}

function stateOf({ because }: EarliestEnd): string {
  return because === 'sleeping' ? 'asleep' : 'delayed';
}

/** Why `wait` ended with `cannot-drain`: which workflows outlast the timeout, until when, and what helps. */
export function describeCannotDrain(beyond: PastDeadline, now: number): Message {
  // `"order-7" ("checkout") is asleep until 14:05 UTC`.
  const named = beyond.earliestEnds
    .slice(0, NAMED)
    .map((end) => msg`${workflowNamed(end)} is ${trusted(`${stateOf(end)} until ${momentText(end.until, now)}`)}`);
  const more = trusted(beyond.earliestEnds.length > named.length ? ' and others' : '');
  const who =
    named.length > 0
      ? msg`${joined(named, ', ')}${more}`
      : trusted(`there are workflows that are delayed until ${momentText(beyond.notBefore, now)}`);
  const reaching =
    beyond.neededMs <= HOSTED_JOB_LIMIT_MS
      ? msg`It takes a \`timeout\` of ${trusted(durationInput(beyond.neededMs))} to reach the last of them, and more for what they do then.`
      : msg`The last of them is out of reach of a job on GitHub's runners, which ends after six hours: run the gate on a schedule, in mode \`report\`.`;
  return msg`The timeout is at ${trusted(momentText(beyond.deadline, now))}, and ${who}. ${reaching} To be quicker, cancel or fork them. \`ignore-workflows\` names workflows that may be stranded, and \`fail-fast: false\` holds all the same.`;
}
