import type { Verdict } from '../rules/verdict.ts';

/** Something was refused before the gate connected. */
export const REFUSED = 2;

const OF_VERDICTS: Readonly<Record<Exclude<Verdict, 'cancelled'>, number>> = {
  drained: 0,
  error: 3,
  'in-flight': 10,
  'timed-out': 10,
  'cannot-drain': 11,
  'still-live': 12,
  'unknown-version': 13,
  'no-target': 14,
};

const OF_SIGNALS: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** What an exit code needs to know of a run. `signal` has the name of the signal that ended it as its reason. */
export interface Ending {
  readonly verdict: Verdict;
  readonly mode: string | null;
  readonly blockers: readonly { readonly kind: string }[];
  readonly signal: AbortSignal;
}

/** Returns the exit code: the verdict. For `wait` and `check`, 0 is `drained` and nothing else. */
export function exitCodeOf({ verdict, mode, blockers, signal }: Ending): number {
  // A run without a mode ended at its inputs.
  if (verdict === 'error' && mode === null && blockers.some(({ kind }) => /^input(-|$)/.test(kind))) return REFUSED;
  if (verdict === 'cancelled') return OF_SIGNALS[String(signal.reason)] ?? 1;
  return verdict === 'no-target' && mode === 'preflight' ? 0 : OF_VERDICTS[verdict];
}

/** Every exit code, for help and documentation. */
export const EXIT_CODES: readonly (readonly [code: string, meaning: string])[] = [
  ['0', '`drained`. Of `preflight`: the gate can work here.'],
  ['1', 'The gate crashed. Please report it.'],
  ['2', 'A flag, a variable or a value was refused. The gate has not connected.'],
  ['3', '`error`: the gate could not read the database, or could not trust what it read.'],
  ['10', '`in-flight` or `timed-out`: something still blocks.'],
  ['11', '`cannot-drain`: it certainly cannot drain before the timeout.'],
  ['12', '`still-live`: new work is still sent to a version to retire.'],
  ['13', '`unknown-version`: the database has never seen a version to retire, or to keep.'],
  ['14', '`no-target`: there is nothing to retire.'],
  ['130', 'SIGINT ended the run.'],
  ['143', 'SIGTERM ended the run.'],
];
