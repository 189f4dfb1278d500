import { number } from '../message.ts';

/** A table without the columns that are empty in every row. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
): string {
  const used = head.map((_, index) => rows.some((row) => row[index] !== ''));
  const line = (cells: readonly string[]) => `| ${cells.filter((_, index) => used[index]).join(' | ')} |`;
  const rule = head.map((_, index) => (right.includes(index) ? '---:' : '---'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** `And 3 more versions.`, or nothing. */
export function more(count: number, noun: string): readonly string[] {
  return count > 0 ? [`And ${number(count)} more ${noun}${count === 1 ? '' : 's'}.`] : [];
}
