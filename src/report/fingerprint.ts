import type { Poll } from '../hold/hold.ts';
import { blockersOfAll } from '../rules/decide.ts';

/* Polls are compared as lists of what deserves a line in the log, and not as text, since names can be long. */

/** How a hold goes, what blocks, and which targets are idle: equal at two polls that differ in counts at most. */
export function courseOf({ evaluation, forecast }: Poll): readonly unknown[] {
  const { trend, withoutProcess, quietMs } = forecast.total;
  return [
    trend === 'not-converging',
    trend === 'stalled',
    withoutProcess.length,
    quietMs !== undefined,
    ...blockersOfAll(evaluation).map(({ kind }) => kind),
    ...evaluation.targets.flatMap(({ version, settledForMs, drained, blockers }) => [
      ...[version, settledForMs !== undefined, drained],
      ...blockers.map(({ kind }) => kind),
    ]),
  ];
}

/** What the poll counted. */
export function countsOf({ evaluation, forecast }: Poll): readonly unknown[] {
  return [
    forecast.total.states.stuck,
    evaluation.unversioned,
    ...evaluation.targets.flatMap((each) => [each.pending, each.enqueued, each.delayed, each.unknownStatus]),
  ];
}

export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
