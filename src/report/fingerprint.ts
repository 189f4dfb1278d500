import type { Poll } from '../hold/hold.ts';
import { blockersOfAll } from '../rules/decide.ts';

/** Two polls between which nothing happened that deserves a line have the same. It is a list, since names can be long. */
export function fingerprintOf({ evaluation, forecast }: Poll): readonly unknown[] {
  const { trend, states, withoutProcess } = forecast.total;
  return [
    trend === 'not-converging',
    trend === 'stalled',
    states.stuck,
    withoutProcess.length,
    ...blockersOfAll(evaluation).map(({ kind }) => kind),
    evaluation.unversioned,
    ...evaluation.targets.flatMap(({ version, pending, enqueued, delayed, unknownStatus, ...target }) => [
      ...[version, pending, enqueued, delayed, unknownStatus],
      target.settledForMs !== undefined,
      target.drained,
      ...target.blockers.map(({ kind }) => kind),
    ]),
  ];
}

export function isSameFingerprint(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
