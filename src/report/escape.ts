import { quoteLiteral } from '../dbos/sql.ts';
import type { Command, Message, Untrusted } from '../message.ts';

/** Text written by others is shown in so many characters, escapes included; ids in commands are whole or not there. */
const SHOWN_CHARACTERS = 120;
/** Statements and commands are shown whole: a name in them has 63 bytes at most. */
const TYPED_CHARACTERS = 1000;
/** More marks on one letter than any language needs would pile up over the lines around. */
const MARKS_ON_A_LETTER = 4;

/**
 * Characters that act on a terminal or a reader instead of being read, or that cannot be told from others: control
 * characters, what reverses the writing direction, what has no width, blanks other than the space, line separators,
 * tags, halves of surrogate pairs, and code points that no font knows.
 */
const ACTING = /^[[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]--[ ]]$/v;

/** Text written by others, for one line of plain text: whatever could act is shown as an escape instead. */
export function visible(text: string, maximum = SHOWN_CHARACTERS): string {
  let shown = '';
  // A mark that comes first would sit on what we wrote before it.
  let marks = MARKS_ON_A_LETTER;
  for (const character of text) {
    marks = /^\p{M}$/u.test(character) ? marks + 1 : 0;
    // Older workflow commands (`##[…]`) are recognised anywhere in a line.
    const isCommand = character === '[' && shown.endsWith('##');
    const isShown = marks <= MARKS_ON_A_LETTER && !isCommand && !ACTING.test(character);
    const next = isShown ? character : escapeOf(character);
    if (shown.length + next.length > maximum) return `${shown}…`;
    shown += next;
  }
  return shown;
}

/** A sentence for the log and for annotations: what it quotes stands in quotation marks. */
export function plain(sentence: Message): string {
  return sentence.map((part) => (typeof part === 'string' ? part : quoted(part))).join('');
}

/** `"name"`, made harmless. */
export function quotedName(name: string): string {
  return `"${visible(name).replaceAll('"', '\\"')}"`;
}

/** A sentence for Markdown: what it quotes becomes inert code; backticks of our own stay what they are. */
export function markdown(sentence: Message): string {
  return sentence
    .map((part) => (typeof part === 'string' ? part.replaceAll('<', '&lt;') : codeOf(part)))
    .join('');
}

/**
 * Where addresses and bare links would be found, in the text that character references stand for: a comment, which
 * nobody sees, ends the text there.
 */
const LINKED = /(?=@)|(?<=:)(?=\/)|(?<=www)(?=\.)/i;

/**
 * Text written by others as inline code. Character references in place of everything that is no letter, digit,
 * dash or blank leave Markdown, HTML, tables, links, mentions and references nothing to work on.
 */
export function code(text: string, maximum?: number): string {
  const parts = visible(text, maximum)
    .split(LINKED)
    .map((part) => part.replace(/[^\p{L}\p{N}\p{M} -]/gu, (character) => `&#${character.codePointAt(0)};`));
  return `<code>${parts.join('<!-- -->')}</code>`;
}

/** A fenced block, with a fence longer than any in the text. What could act in a line is shown as an escape. */
export function codeBlock(language: string, lines: readonly string[]): string {
  const text = lines.map((line) => visible(line, Number.POSITIVE_INFINITY)).join('\n');
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** `'text'`, for a POSIX shell; undefined when a person could not see what it does, or it could not be typed. */
export function shellQuoted(text: string): string | undefined {
  if (visible(text, 1000) !== text) return undefined;
  return /^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `'text'`, as an SQL literal; undefined when a person could not see what it says. */
export function sqlLiteral(text: string): string | undefined {
  if (visible(text, 1000) !== text) return undefined;
  return quoteLiteral(text);
}

function quoted(part: Untrusted | Command): string {
  return 'quoted' in part ? quotedName(part.quoted) : visible(part.typed, TYPED_CHARACTERS);
}

function codeOf(part: Untrusted | Command): string {
  return 'quoted' in part ? code(part.quoted) : code(part.typed, TYPED_CHARACTERS);
}

function escapeOf(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default:
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  }
}
