import { type Message, number } from '../message.ts';
import { withInputsNamed } from '../naming.ts';
import { COMMAND_CHARACTERS, versionName, visible } from './text.ts';

/** A message in Markdown. Untrusted parts become inert code; backticks in trusted text keep their meaning. */
export function markdown(message: Message): string {
  return message
    .map((part) => {
      if (typeof part === 'string') return withInputsNamed(part).replaceAll('<', '&lt;');
      return 'untrusted' in part ? code(part.untrusted) : code(part.command, COMMAND_CHARACTERS);
    })
    .join('');
}

/** Where GitHub would find links in what character references stand for. An invisible comment ends the text there. */
const LINKED = /(?=@)|(?<=:)(?=\/)|(?<=www)(?=\.)/i;

/** Untrusted text as inline code: character references leave no Markdown, HTML, mention or link to be found in it. */
export function code(text: string, maximum?: number): string {
  const parts = visible(text, maximum)
    .split(LINKED)
    .map((part) => part.replace(/[^\p{L}\p{N}\p{M} -]/gu, (character) => `&#${character.codePointAt(0)};`));
  return `<code>${parts.join('<!-- -->')}</code>`;
}

/** A fenced block, with a fence longer than any in the text. Characters that could act are shown as escapes, but the tabs of `tsv`. */
export function codeBlock(
  language: 'sh' | 'sql' | 'text' | 'tsv' | 'yaml' | 'ts' | 'python',
  lines: readonly string[],
): string {
  const whole = (text: string) => visible(text, Number.POSITIVE_INFINITY);
  const text = lines
    .map((line) => (language === 'tsv' ? line.split('\t').map(whole).join('\t') : whole(line)))
    .join('\n');
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** A name that some rows lack: that of a workflow in older ones. */
export function nameOf(name: string | null, without = '(no name)'): string {
  return name === null ? without : code(name);
}

/** What stands for the version of what runs without one. */
export const NO_VERSION = `*${versionName(null)}*`;

export function quoteBlock(message: Message): string {
  return markdown(message).replace(/^/gm, '> ');
}

/** A table of these columns, by their heads, without those that are empty in every row. Numbers stand on the right. */
export function table<Row>(
  rows: readonly Row[],
  columns: Readonly<Record<string, (row: Row) => string | number>>,
): string {
  const used = Object.entries(columns)
    .map(([head, cellOf]) => ({ head, cells: rows.map(cellOf) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const textOf = (cell: string | number = '') => (typeof cell === 'number' ? number(cell) : cell);
  const line = (cells: readonly (string | number | undefined)[]) => `| ${cells.map(textOf).join(' | ')} |`;
  return [
    line(used.map(({ head }) => head)),
    line(used.map(({ cells }) => (typeof cells[0] === 'number' ? '---:' : '---'))),
    ...rows.map((_, row) => line(used.map(({ cells }) => cells[row]))),
  ].join('\n');
}

/** `And 3 more versions.`, or nothing. */
export function more(count: number, noun: string): string {
  return count > 0 ? `And ${number(count)} more ${noun}${count === 1 ? '' : 's'}.` : '';
}

/** Paragraphs and other blocks in their order, but for empty ones. */
export function blocks(...texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}
