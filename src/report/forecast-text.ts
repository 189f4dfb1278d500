import { durationInput, durationText, momentText } from '../duration.ts';
import type { BeyondTimeout } from '../gate/beyond-timeout.ts';
import type { Bound } from '../gate/bound.ts';
import { HOSTED_JOB_LIMIT_MS } from '../gate/config.ts';
import type { StartedRoots } from '../gate/course.ts';
import type { DrainForecast } from '../gate/drain-forecast.ts';
import type { Rate } from '../gate/estimate.ts';
import { counted, joined, namesOf, number, own, type Sentence, say } from '../sentence.ts';
import type { Result } from './result.ts';
import { workflowNamed } from './situation-text.ts';

/** So many workflows are named where a few will do. */
const NAMED = 3;

/** `12 ended and 2 new per minute`: short, for a line of the log. */
export function forecastParts(forecast: DrainForecast, now: number): readonly string[] {
  const { trend, rate, left, notBefore, states, lifeless } = forecast;
  if (trend === 'clean') return [];
  const ended = rate === undefined ? 0 : rate.completedPerMinute;
  const arrived = rate === undefined ? 0 : rate.arrivedPerMinute;
  return [
    ...(ended > 0 || arrived > 0
      ? [`${perMinute(ended)} ended${arrived > 0 ? ` and ${perMinute(arrived)} new` : ''} per minute`]
      : []),
    ...(trend === 'not-converging' ? ['not converging'] : []),
    ...(trend === 'stalled' ? ['nothing has ended of late'] : []),
    ...whenText(left, notBefore, now),
    ...(states.stuck > 0 ? [`${number(states.stuck)} stuck`] : []),
    ...(lifeless.length > 0 ? ['no sign of a process'] : []),
  ];
}

/** The estimate, or the bound where there is none. */
function whenText(
  left: DrainForecast['left'],
  notBefore: number | undefined,
  now: number,
): readonly string[] {
  if (left !== undefined) return [leftText(left)];
  return notBefore !== undefined && notBefore > now ? [`not before ${momentText(notBefore, now)}`] : [];
}

/** `about 12m to go (8m to 20m)`. */
function leftText({ leftMs, fromMs, toMs }: NonNullable<DrainForecast['left']>): string {
  const [left, from, to] = [leftMs, fromMs, toMs].map((each) => durationText(rounded(each)));
  return `about ${left} to go${from === to ? '' : ` (${from} to ${to})`}`;
}

/** An estimate has no seconds beyond some minutes, and no minutes beyond some hours. */
function rounded(milliseconds: number): number {
  const unit = milliseconds < 300_000 ? 5000 : milliseconds < 4 * 3_600_000 ? 60_000 : 600_000;
  return Math.max(unit, Math.round(milliseconds / unit) * unit);
}

function perMinute(rate: number): string {
  return rate >= 10 || rate === 0 ? number(Math.round(rate)) : String(Number(rate.toPrecision(2)));
}

/**
 * Where a drain is going, in sentences. None where nothing is in flight.
 *
 * @param isHold It was watched for long enough that the want of an estimate has to be explained.
 */
export function describeForecast(
  forecast: DrainForecast,
  startedRoots: readonly StartedRoots[],
  now: number,
  isHold: boolean,
): readonly Sentence[] {
  const { trend, rate, states, left } = forecast;
  if (trend === 'clean') return [];
  return [
    ...(rate === undefined ? [] : [paceSentence(rate)]),
    ...(isHold ? estimateSentence(forecast) : []),
    ...outlook(forecast, startedRoots, now).map(({ sentence }) => sentence),
    ...(states.stuck > 0 ? [stuckSentence(states.stuck, left !== undefined)] : []),
    ...(states.unread > 0
      ? [say`What each waits for was read of the oldest, and not of ${counted(states.unread, 'other')}.`]
      : []),
  ];
}

/** What a person has to know while it drains, each with a key that stays the same as long as it holds. */
export function outlook(
  { trend, arrived, hasTraffic, bounds, notBefore, lifeless }: DrainForecast,
  startedRoots: readonly StartedRoots[],
  now: number,
): readonly { readonly key: string; readonly sentence: Sentence }[] {
  const arriving =
    trend === 'not-converging'
      ? [{ key: 'not converging', sentence: notConverging(arrived, startedRoots) }]
      : hasTraffic
        ? [{ key: 'arriving', sentence: stillArriving(arrived.roots, startedRoots) }]
        : [];
  const bound =
    notBefore !== undefined && notBefore > now
      ? [{ key: 'bound', sentence: boundSentence(notBefore, bounds[0], now) }]
      : [];
  return [
    ...arriving,
    ...bound,
    ...(lifeless.length > 0 ? [{ key: 'lifeless', sentence: noProcess(lifeless) }] : []),
  ];
}

function noProcess(versions: readonly string[]): Sentence {
  return say`No process of ${namesOf(versions)} seems to run: queued work is not taken, and nothing of it has changed for \`stuck-after\`. Start a process of that version, or cancel or fork what is left.`;
}

function paceSentence({ completedPerMinute, arrivedPerMinute, overMs }: Rate): Sentence {
  if (completedPerMinute === 0 && arrivedPerMinute === 0) {
    return say`Nothing has ended or arrived over the last ${own(durationText(overMs))}.`;
  }
  return say`${own(perMinute(completedPerMinute))} ended and ${own(perMinute(arrivedPerMinute))} arrived per minute, over the last ${own(durationText(overMs))}.`;
}

/** How many are stuck, and whether an estimate is about the others. */
export function stuckSentence(stuck: number, hasEstimate: boolean): Sentence {
  return say`${counted(stuck, 'workflow')} ${own(stuck === 1 ? 'is' : 'are')} stuck: no progress for \`stuck-after\`, and no known time at which they go on${own(hasEstimate ? '; the estimate leaves them out' : '')}.`;
}

function estimateSentence({ trend, left, track }: DrainForecast): readonly Sentence[] {
  if (left !== undefined) return [say`Estimate: ${own(leftText(left))}.`];
  switch (trend) {
    case 'too-early':
      return [own('Too little has ended for an estimate.')];
    case 'stalled':
      return [
        track.endedAtMs === undefined
          ? own('Nothing has ended since the gate began, so there is no estimate.')
          : own('Nothing has ended of late, so there is no estimate.'),
      ];
    default:
      return [];
  }
}

function notConverging(
  { total, roots, children }: DrainForecast['arrived'],
  startedRoots: readonly StartedRoots[],
): Sentence {
  const apart: Sentence[] = [
    ...(roots > 0 ? [say`${createdRoots(roots, startedRoots)}: traffic has not moved off.`] : []),
    ...(children > 0
      ? [
          say`${counted(children, 'child workflow')} ${own(wasOrWere(children))} started by others; that ends with those that start them.`,
        ]
      : []),
    ...(roots + children === 0
      ? [
          say`${counted(total, 'workflow')} arrived since the gate began${rootNames(startedRoots)}. Is traffic still sent here? This schema does not tell which of them other workflows started.`,
        ]
      : []),
  ];
  return say`The drain is not converging: as much arrives as ends. ${joined(apart)}`;
}

function stillArriving(roots: number, startedRoots: readonly StartedRoots[]): Sentence {
  return say`${createdRoots(roots, startedRoots)}: some traffic still comes here.`;
}

function createdRoots(roots: number, startedRoots: readonly StartedRoots[]): Sentence {
  return say`${counted(roots, 'workflow')} without a parent ${own(wasOrWere(roots))} created since the gate began${rootNames(startedRoots)}`;
}

function wasOrWere(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function rootNames(roots: readonly StartedRoots[]): Sentence {
  const names = [...new Set(roots.map(({ name }) => name ?? '(no name)'))];
  return names.length > 0 ? say`, most often ${namesOf(names, names.length, NAMED)}` : own('');
}

function boundSentence(notBefore: number, latest: Bound | undefined, now: number): Sentence {
  const who =
    latest?.until === notBefore
      ? say`: ${workflowNamed(latest)} is ${own(stateOf(latest))} until then`
      : own('');
  return say`Drained at ${own(momentText(notBefore, now))} at the earliest, in ${own(durationText(notBefore - now))}${who}.`;
}

/** `"order-7" ("checkout") is asleep until 14:05 UTC`. */
function describeBound(bound: Bound, now: number): Sentence {
  return say`${workflowNamed(bound)} is ${own(`${stateOf(bound)} until ${momentText(bound.until, now)}`)}`;
}

function stateOf({ because }: Bound): string {
  return because === 'sleeping' ? 'asleep' : 'delayed';
}

/** Why `wait` ended with `cannot-drain`: who lasts beyond the timeout, until when, and what would do. */
export function describeCannotDrain(beyond: BeyondTimeout, now: number): Sentence {
  const named = beyond.bounds.slice(0, NAMED).map((bound) => describeBound(bound, now));
  const more = beyond.bounds.length > named.length ? own(' and others') : own('');
  const who =
    named.length > 0
      ? say`${joined(named, ', ')}${more}`
      : own(`there are workflows that are delayed until ${momentText(beyond.notBefore, now)}`);
  return say`The timeout is at ${own(momentText(beyond.deadline, now))}, and ${who}. ${reaching(beyond)} To be quicker, cancel or fork them. \`ignore-workflows\` names workflows that may be stranded, and \`fail-fast: false\` holds all the same.`;
}

/** How to wait for long enough. */
function reaching({ neededMs }: BeyondTimeout): Sentence {
  return neededMs <= HOSTED_JOB_LIMIT_MS
    ? say`It takes a \`timeout\` of ${own(durationInput(neededMs))} to reach the last of them, and more for what they do then.`
    : say`The last of them is out of reach of a job on GitHub's runners, which ends after six hours: run the gate on a schedule, in mode \`report\`.`;
}

/** Whether the hold has ended because work on this version certainly outlasts the timeout. */
export function outlasts(result: Result, version: string): boolean {
  const deadline = beyondTimeoutOf(result)?.deadline;
  const notBefore = result.last?.forecast.targets.get(version)?.notBefore;
  return deadline !== undefined && notBefore !== undefined && notBefore > deadline;
}

/** What a run that ended with `cannot-drain` found to last beyond its timeout. */
export function beyondTimeoutOf({ last, verdict }: Result): BeyondTimeout | undefined {
  return verdict === 'cannot-drain' ? last?.forecast.beyondTimeout : undefined;
}

/** The same in a sentence. */
export function whyItCannotDrain(result: Result): Sentence | undefined {
  const beyond = beyondTimeoutOf(result);
  return beyond && describeCannotDrain(beyond, result.last?.judgement.observation.observedAt ?? 0);
}
