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
  'no-target',
  'drained',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Of several verdicts that apply, the one to give. */
export function foremost(verdicts: readonly Verdict[]): Verdict | undefined {
  return VERDICTS.find((verdict) => verdicts.includes(verdict));
}

/** How the step ends. `warn` passes with a warning, where a plain pass would suggest `drained`. */
export type Conclusion = 'pass' | 'warn' | 'fail';

/** How the step ends with this verdict. */
export function conclusionOf(verdict: Verdict, config: Pick<GateConfig, 'mode' | 'onTimeout' | 'targets'>): Conclusion {
  switch (verdict) {
    case 'drained':
      return 'pass';
    case 'no-target': {
      // With `latest`, nothing says that the new version has launched.
      const isAboutToTearDown = config.mode === 'wait' || config.mode === 'check';
      return isAboutToTearDown && config.targets.kind === 'all-but-latest' ? 'fail' : 'pass';
    }
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
