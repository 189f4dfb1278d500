import { counted, msg, trusted } from '../message.ts';
import { describeCounts, type StatusCounts, total } from '../status-counts.ts';
import type { Rule } from './rule.ts';
import { countsOn } from './snapshot-index.ts';
import { agreeing, them } from './wording.ts';

/** Workflows of the target are in flight. */
export interface InFlight extends StatusCounts {
  readonly kind: 'in-flight';
}

/** Rule 2: nothing is in flight on a target, ignored names aside. */
export const inFlight: Rule<InFlight> = {
  checkTarget(version, { index }) {
    const blocker: InFlight = { kind: 'in-flight', ...countsOn(index, version) };
    return total(blocker) > 0 ? [blocker] : [];
  },

  blockers: {
    'in-flight': {
      verdict: 'in-flight',
      shortName: null,
      explain(blocker, { isPastDeadline, canFork }) {
        const count = total(blocker);
        const it = them(count);
        const remedy = isPastDeadline
          ? trusted(`Cancel${canFork ? ' or fork' : ''} the workflows that will not finish before the timeout.`)
          : msg`Wait for ${it}, or cancel ${it}.${canFork ? msg` Fork ${it} only if no process still works on ${it}.` : []}`;
        return msg`${counted(count, 'workflow')} ${agreeing(count, 'is', 'are')} still in flight (${trusted(
          describeCounts(blocker),
        )}). ${remedy} To accept losing ${agreeing(count, 'it, list its name', 'some, list their names')} in \`ignore-workflows\`.`;
      },
    },
  },
};
