/** Ends the process once its log is written. A connection that nobody answers, or that is kept open, would keep it alive. */
export function exitOnceWritten(): void {
  process.stdout.write('', () => process.exit());
}
