import { styleText } from 'node:util';

/** How the demo speaks to whoever watches it: plain text in a file, with a little weight in a terminal. */
export const narration = {
  heading(text: string): void {
    console.log(`\n${styleText('bold', text)}`);
  },
  line(text: string): void {
    console.log(`  ${text}`);
  },
  /** A line of the job's log: set apart from what the demo says itself. */
  jobLog(text: string): void {
    for (const line of text.split('\n')) console.log(`  ${styleText('dim', '│')} ${line}`);
  },
  table(rows: readonly (readonly [string, string])[]): void {
    const width = Math.max(...rows.map(([name]) => name.length));
    for (const [name, value] of rows) narration.line(`${name.padEnd(width)}  ${value}`);
  },
};
