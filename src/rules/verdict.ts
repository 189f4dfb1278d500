import type { GateConfig } from '../config.ts';

/** The gate's answers, in order of precedence. */
export const VERDICTS = [
  'error',
  'cancelled',
  'unknown-version',
  'cannot-drain',
  'timed-out',
  'in-flight',
  'still-live',
  'drained',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** When each verdict is given, as the table in the README says. */
export const VERDICT_MEANINGS: Readonly<Record<Verdict, string>> = {
  error: 'The gate could not poll, or could not understand or trust what it saw.',
  cancelled: 'The job was cancelled before there was an answer.',
  'unknown-version':
    'A version to retire, or one to keep, is not known to this system database: most often a typo, or the wrong database.',
  'cannot-drain':
    '`wait` with `fail-fast`: a workflow cannot end before the timeout, because it sleeps or is delayed beyond it.',
  'timed-out': '`wait`: something still blocked when the timeout passed.',
  'in-flight':
    '`check` and `report`: work is in flight, is still starting, or could appear on a version to retire.',
  'still-live':
    'Nothing else blocks, but a version to retire is still the latest, so new work is sent to it. In `wait`: for two minutes, with `fail-fast`.',
  drained: 'Every version to retire was idle for the settle window; or there is nothing to retire.',
};

/** Of several verdicts that apply, the one to give. */
export function foremost(verdicts: readonly Verdict[]): Verdict | undefined {
  return VERDICTS.find((verdict) => verdicts.includes(verdict));
}

/** How the step ends. `warn` passes with a warning, where a plain pass would suggest `drained`. */
export type Conclusion = 'pass' | 'warn' | 'fail';

/** How the step ends with this verdict. */
export function conclusionOf(verdict: Verdict, config: Pick<GateConfig, 'mode' | 'onTimeout'>): Conclusion {
  switch (verdict) {
    case 'drained':
      return 'pass';
    case 'in-flight':
    case 'still-live':
      return config.mode === 'report' ? 'pass' : 'fail';
    case 'timed-out':
    case 'cannot-drain':
      return config.onTimeout === 'warn' ? 'warn' : 'fail';
    case 'unknown-version':
    case 'cancelled':
    case 'error':
      return 'fail';
  }
}
