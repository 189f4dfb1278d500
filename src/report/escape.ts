import type { Quoted, Sentence, Typed } from '../sentence.ts';

/** Text written by others is cut to so many characters where it is shown; ids in commands never are. */
const SHOWN_CHARACTERS = 120;
/** Statements and commands are shown whole: a name in them has 63 bytes at most. */
const TYPED_CHARACTERS = 1000;

/**
 * Characters that act on a terminal or a reader instead of being read: control characters, what reverses the
 * writing direction, what has no width, line separators, tags, and halves of surrogate pairs.
 */
const ACTING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu;

/** Text written by others, for one line of plain text: whatever could act is shown as an escape instead. */
export function visible(text: string, maximum = SHOWN_CHARACTERS): string {
  const characters = [...text.slice(0, maximum * 2 + 2)];
  const cut = characters.length > maximum || text.length > maximum * 2 + 2;
  const shown = characters.slice(0, maximum).join('').replace(ACTING, escapeOf);
  // Older workflow commands (`##[…]`) are recognised anywhere in a line.
  return shown.replaceAll('##[', '\\u{23}#[') + (cut ? '…' : '');
}

/** A sentence for the log and for annotations: what it quotes stands in quotation marks. */
export function plain(sentence: Sentence): string {
  return sentence.map((part) => (typeof part === 'string' ? part : quoted(part))).join('');
}

/** `"name"`, made harmless. */
export function quotedName(name: string): string {
  return `"${visible(name).replaceAll('"', '\\"')}"`;
}

/** A sentence for Markdown: what it quotes becomes inert code; backticks of our own stay what they are. */
export function markdown(sentence: Sentence): string {
  return sentence
    .map((part) => (typeof part === 'string' ? part.replaceAll('<', '&lt;') : codeOf(part)))
    .join('');
}

/**
 * Text written by others as inline code. Character references in place of everything that is no letter, digit,
 * dash or blank leave Markdown, HTML, tables, links, mentions and references nothing to work on.
 */
export function code(text: string, maximum?: number): string {
  const shown = visible(text, maximum);
  const inert = shown.replace(/[^\p{L}\p{N}\p{M} -]/gu, (character) => `&#${character.codePointAt(0)};`);
  return `<code>${inert}</code>`;
}

/** A fenced block, with a fence longer than any in the text. */
export function codeBlock(language: string, lines: readonly string[]): string {
  const text = lines.join('\n');
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** `'text'`, for a POSIX shell; undefined when a person could not see what it does, or it could not be typed. */
export function shellQuoted(text: string): string | undefined {
  if (text.length > 1000 || visible(text, 1000) !== text) return undefined;
  return /^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `'text'`, as an SQL literal; undefined when a person could not see what it says. */
export function sqlLiteral(text: string): string | undefined {
  if (text.length > 1000 || visible(text, 1000) !== text) return undefined;
  return text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}

function quoted(part: Quoted | Typed): string {
  return 'quoted' in part ? quotedName(part.quoted) : visible(part.typed, TYPED_CHARACTERS);
}

function codeOf(part: Quoted | Typed): string {
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
