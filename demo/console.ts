import { styleText } from 'node:util';

/** Prints what the demo shows: plain text in a file, with some emphasis in a terminal. */
export const print = {
  heading(text: string): void {
    console.log(`\n${styleText('bold', text)}`);
  },
  line(text: string): void {
    console.log(`  ${text}`);
  },
  /** Prints lines of a job's log, set apart from the demo's own lines. */
  jobLog(text: string): void {
    for (const line of text.split('\n')) console.log(`  ${styleText('dim', '│')} ${line}`);
  },
  table(rows: readonly (readonly [string, string])[]): void {
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, value] of rows) print.line(`${name.padEnd(width)}  ${value}`);
  },
};
