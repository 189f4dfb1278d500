import type { GateConfig } from './config.ts';

/** The gate's answers, the one that takes precedence first. */
export const VERDICTS = [
  'error',
  'cancelled',
  'unknown-version',
  'timed-out',
  'in-flight',
  'still-latest',
  'drained',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Of several answers that hold at once, the one to give. */
export function foremost(verdicts: readonly Verdict[]): Verdict | undefined {
  return VERDICTS.find((verdict) => verdicts.includes(verdict));
}

/** How the step ends: `warn` passes, but with a warning where a pass alone would look like "drained". */
export type StepResult = 'pass' | 'warn' | 'fail';

/** Whether the step passes with this verdict, as the contract has it. */
export function stepResult(verdict: Verdict, config: Pick<GateConfig, 'mode' | 'onTimeout'>): StepResult {
  switch (verdict) {
    case 'drained':
      return 'pass';
    case 'in-flight':
    case 'still-latest':
      return config.mode === 'report' ? 'pass' : 'fail';
    case 'timed-out':
      return config.onTimeout === 'warn' ? 'warn' : 'fail';
    case 'unknown-version':
    case 'cancelled':
    case 'error':
      return 'fail';
  }
}
