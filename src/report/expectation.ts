import type { KnownWait } from '../forecast/drain-forecast.ts';
import { type Message, msg, number, trusted } from '../message.ts';
import { momentText, spanText } from '../time.ts';
import type { Subject } from './diagnosis.ts';

/* What happens to the work in flight of one target if nobody acts. */

/** `15 of 16 finish by about 21:34:49 UTC; 1 sleeps until 23:34 UTC.` */
export function expectation(
  { target, drain, now }: Subject,
  waits: readonly KnownWait[],
  last: number | undefined,
  all = target.inFlight,
): Message {
  const waiting = Math.min(all, Math.max(waits.length, last === undefined ? 0 : 1));
  const still = Math.min(all - waiting, all === target.inFlight ? drain.states.stuck : 0);
  const rest = all - waiting - still;
  const parts: string[] =
    still > 0 ? [`${number(still)} ${still === 1 ? 'stays' : 'stay'} in flight until somebody acts`] : [];
  if (rest > 0 && !drain.standsStill) {
    const share = rest === all ? (all === 1 ? 'it' : allOf(all)) : `${number(rest)} of ${number(all)}`;
    const { moving } = drain;
    const them = rest === 1 ? 'its process still runs' : 'their processes still run';
    parts.push(
      moving === undefined
        ? drain.quietMs === undefined
          ? `${share} can still finish, with no estimate`
          : `${share} can finish only if ${them}`
        : `${share} ${rest === 1 ? 'finishes' : 'finish'} by about ${momentText(now + moving.leftMs, now)}`,
    );
  }
  if (last !== undefined && waiting > 0) {
    const verb = waits.length === 0 ? 'is delayed' : verbOf(waits.slice(0, waiting));
    parts.push(
      `${all === 1 ? 'it' : number(waiting)} ${verb} until ${momentText(last, now)}${waiting > 1 ? ' (the last)' : ''}`,
    );
  }
  const text = parts.join('; ');
  return trusted(text === '' ? 'nothing is known to finish by itself.' : `${text}.`);
}

/** `both`, or `all 3`. */
export function allOf(count: number): string {
  return count === 2 ? 'both' : `all ${number(count)}`;
}

/** `3 of 16`, or `3` for all. */
export function shareOf(count: number, all: number): string {
  return count === all ? number(count) : `${number(count)} of ${number(all)}`;
}

/** `sleeps`, `are delayed`: what those do that wait for a known time. */
export function verbOf(waits: readonly Pick<KnownWait, 'because'>[]): string {
  const isOne = waits.length === 1;
  const reasons = new Set(waits.map(({ because }) => because));
  if (reasons.size > 1) return 'sleep or are delayed';
  return reasons.has('sleeping') ? (isOne ? 'sleeps' : 'sleep') : isOne ? 'is delayed' : 'are delayed';
}

/** What becomes of those that are stuck, and of the others. */
export function stuckExpectation(subject: Subject, count: number): Message {
  const rest = subject.target.inFlight - count;
  const stay =
    count === 1
      ? 'the stuck workflow stays in flight until somebody acts.'
      : `the ${number(count)} stuck workflows stay in flight until somebody acts.`;
  if (rest === 0) return trusted(stay);
  const { moving, standsStill, waits, quietMs } = subject.drain;
  if (quietMs !== undefined) return msg`${trusted(stay)} Nothing else has moved for ${trusted(spanText(quietMs))}.`;
  if (standsStill) return msg`${trusted(stay)} Nothing else has finished recently.`;
  if (moving === undefined && waits.length === 0)
    return trusted(`${stay} The other ${rest === 1 ? 'one' : number(rest)} can still finish.`);
  return msg`${trusted(stay)} Of the others, ${expectation(subject, waits, waits[0]?.until, rest)}`;
}
