import { type GateConfig, HOSTED_JOB_LIMIT_MS } from '../config.ts';
import { fullName } from '../dbos/workflow-name.ts';
import type { DrainForecast } from '../forecast/drain-forecast.ts';
import type { EarliestEnd, PastDeadline } from '../forecast/earliest-end.ts';
import type { NewTopLevel } from '../forecast/history.ts';
import type { Rate } from '../forecast/rate.ts';
import { counted, joined, type Message, msg, namesOf, number, trusted } from '../message.ts';
import { durationInput, durationText, momentText, spanText } from '../time.ts';
import { cancelOrFork, workflowNamed } from './activity-text.ts';

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

/** What the diagnosis does not say of a drain; none where nothing is in flight. */
export function describeForecast(forecast: DrainForecast, newTopLevel: readonly NewTopLevel[]): readonly Message[] {
  const { trend, rate, states } = forecast;
  if (trend === 'idle') return [];
  return [
    ...(rate === undefined ? [] : [paceSentence(rate)]),
    ...outlook(forecast, newTopLevel).map(({ message }) => message),
    ...(states.notScanned > 0
      ? [msg`Details cover the oldest workflows, and not ${counted(states.notScanned, 'other')}.`]
      : []),
  ];
}

/** What the log says once. Each key stays the same for as long as its message holds. */
export type Explanations = readonly { readonly key: string; readonly message: Message }[];

/** What still arrives. */
export function outlook(
  { trend, arrived, hasTraffic }: Pick<DrainForecast, 'trend' | 'arrived' | 'hasTraffic'>,
  newTopLevel: readonly NewTopLevel[],
): Explanations {
  if (trend === 'not-converging') return [{ key: 'not converging', message: notConverging(arrived, newTopLevel) }];
  if (!hasTraffic) return [];
  const message = msg`${createdRoots(arrived.roots, newTopLevel)}: some traffic still reaches this version.`;
  return [{ key: 'arriving', message }];
}

function paceSentence({ completedPerMinute: ended, arrivedPerMinute: arrived, overMs }: Rate): Message {
  const isQuiet = ended === 0 && arrived === 0;
  const pace = `${perMinute(ended)} finished and ${perMinute(arrived)} arrived per minute,`;
  return trusted(`${isQuiet ? 'Nothing has finished or arrived' : pace} over the last ${spanText(overMs)}.`);
}

function notConverging(
  { total, roots, children }: DrainForecast['arrived'],
  newTopLevel: readonly NewTopLevel[],
): Message {
  const reasons: Message[] = [trusted('Not draining: new work arrives as fast as work finishes.')];
  if (roots > 0) reasons.push(msg`${createdRoots(roots, newTopLevel)}: traffic has not moved off.`);
  if (children > 0) {
    const were = trusted(wasOrWere(children));
    reasons.push(
      msg`${counted(children, 'child workflow')} ${were} started by other workflows. That stops when those finish.`,
    );
  }
  if (roots + children === 0) {
    reasons.push(
      msg`${counted(total, 'workflow')} arrived since the gate started${rootNames(newTopLevel)}. Is traffic still sent here? This schema does not show which of them other workflows started.`,
    );
  }
  return joined(reasons);
}

function createdRoots(roots: number, newTopLevel: readonly NewTopLevel[]): Message {
  return msg`${counted(roots, 'workflow')} without a parent ${trusted(wasOrWere(roots))} created since the gate started${rootNames(newTopLevel)}`;
}

function wasOrWere(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function rootNames(roots: readonly NewTopLevel[]): Message {
  const names = [...new Set(roots.map((each) => fullName(each) ?? '(no name)'))];
  return names.length > 0 ? msg`, most often ${namesOf(names, names.length, NAMED)}` : trusted('');
}

function stateOf({ because }: EarliestEnd): string {
  return because === 'sleeping' ? 'asleep' : 'delayed';
}

/**
 * Why `wait` ended with `cannot-drain`: which workflows outlast the timeout, until when, and what helps.
 *
 * @param stuck How many workflows are stuck. With any, no timeout is long enough.
 * @param canFork Whether a version stays that can run forks.
 */
export function describeCannotDrain(
  beyond: PastDeadline,
  now: number,
  config: RunLimit,
  stuck: number,
  canFork: boolean,
): Message {
  // `"order-7" ("checkout") is asleep until 14:05 UTC`.
  const named = beyond.earliestEnds
    .slice(0, NAMED)
    .map((end) => msg`${workflowNamed(end)} is ${trusted(`${stateOf(end)} until ${momentText(end.until, now)}`)}`);
  const more = trusted(beyond.earliestEnds.length > named.length ? ' and others' : '');
  const who =
    named.length > 0
      ? msg`${joined(named, ', ')}${more}`
      : trusted(`there are workflows that are delayed until ${momentText(beyond.notBefore, now)}`);
  const timeout = neededTimeout(beyond, config);
  const isOneStuck = stuck === 1;
  const reaching =
    stuck > 0
      ? msg`A longer \`timeout\` does not help: ${counted(stuck, 'workflow')} ${trusted(isOneStuck ? 'is' : 'are')} stuck.`
      : timeout === null
        ? beyondEveryRun(config)
        : msg`To wait for the last of them, set \`timeout\` to more than ${trusted(timeout)}.`;
  const isCareful = canFork && stuck > 0;
  const sooner = isCareful
    ? 'cancel them, or fork those that no process still works on'
    : cancelOrFork(canFork, 'them');
  return msg`The timeout is at ${trusted(momentText(beyond.deadline, now))}, and ${who}. ${reaching} To drain sooner, ${trusted(sooner)}. \`fail-fast: false\` waits anyway.`;
}

type RunLimit = Pick<GateConfig, 'longestRunMs'>;

function beyondEveryRun({ longestRunMs }: RunLimit): Message {
  return longestRunMs === HOSTED_JOB_LIMIT_MS
    ? msg`No job on GitHub's runners lasts that long: run the gate again later, or on a schedule with mode \`report\`.`
    : msg`No \`timeout\` is that long: run the gate again later.`;
}

/** The `timeout` that reaches the last of what outlasts it; null where no run lasts that long. */
export function neededTimeout({ neededMs }: Pick<PastDeadline, 'neededMs'>, { longestRunMs }: RunLimit): string | null {
  return neededMs <= longestRunMs ? durationInput(neededMs) : null;
}
