import { type OwnWork, ownWorkOf } from '../dbos/own-workflows.ts';
import { fullName, type WorkflowName } from '../dbos/workflow-name.ts';
import { type Message, namesOf, trusted } from '../message.ts';
import { withInputsNamed } from '../naming.ts';
import { quoteLiteral } from '../postgres/sql.ts';

/** The most characters that one untrusted name takes up, escapes included. */
const SHOWN_CHARACTERS = 120;
/** Commands are shown whole: a name in them has 63 bytes at most. */
export const COMMAND_CHARACTERS = 1000;
/** No language needs more marks on one letter. More of them would pile up over the lines around. */
const MARKS_ON_A_LETTER = 4;

/**
 * Characters that act on a terminal or a reader, or that look like others: control characters, what reverses the
 * writing direction, what has no width, blanks other than the space, line separators, tags, halves of surrogate pairs,
 * and code points that no font has.
 */
const ACTING = /^(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]$/u;

const SHORT_ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Untrusted text for one line of plain text. Every character that could act is shown as an escape. */
export function visible(text: string, maximum = SHOWN_CHARACTERS): string {
  let shown = '';
  // A mark at the start would sit on the trusted text before it.
  let marks = MARKS_ON_A_LETTER;
  let hashes = 0;
  for (const character of text) {
    marks = /^\p{M}$/u.test(character) ? marks + 1 : 0;
    // The runner finds older workflow commands (`##[…]`) anywhere in a line.
    const isCommand = character === '[' && hashes >= 2;
    hashes = character === '#' ? hashes + 1 : 0;
    const isShown = marks <= MARKS_ON_A_LETTER && !isCommand && !ACTING.test(character);
    const next = isShown ? character : (SHORT_ESCAPES[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`);
    if (shown.length + next.length > maximum) return `${shown}…`;
    shown += next;
  }
  return shown;
}

/** A message for the log and for annotations. Untrusted parts stand in quotation marks. */
export function plain(message: Message): string {
  return message
    .map((part) => {
      if (typeof part === 'string') return withInputsNamed(part);
      return 'untrusted' in part ? quotedName(part.untrusted) : visible(part.command, COMMAND_CHARACTERS);
    })
    .join('');
}

/** `"name"`, made harmless. */
export function quotedName(name: string): string {
  return `"${visible(name).replaceAll('"', '\\"')}"`;
}

/** `'text'` for a POSIX shell; undefined when a person could not see what it does, or it could not be typed. */
export function shellQuoted(text: string): string | undefined {
  if (visible(text, COMMAND_CHARACTERS) !== text) return undefined;
  return /^[A-Za-z0-9_][A-Za-z0-9_.:/@-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `'text'` as an SQL literal; undefined when a person could not see what it says. */
export function sqlLiteral(text: string): string | undefined {
  return visible(text, COMMAND_CHARACTERS) === text ? quoteLiteral(text) : undefined;
}

/** `PostgreSQL 18.4, DBOS migration 123`. */
export function describeServer(serverVersion: string, migration: number | null): Message {
  const dbos = migration === null ? '' : `, DBOS migration ${migration}`;
  return trusted(`PostgreSQL ${serverVersion}${dbos}`);
}

/** The name of a workflow of the report, as `fullName` writes it: null without one. */
export function workflowName({ workflow, ...rest }: Omit<WorkflowName, 'name'> & { readonly workflow: string | null }) {
  return fullName({ ...rest, name: workflow });
}

const OWN_WORK: Readonly<Record<OwnWork, string>> = {
  debouncer: "DBOS's own: a debouncer",
  step: "DBOS's own: a step called outside a workflow",
  message: "DBOS's own: a message sent outside a workflow",
};

/** What a workflow of DBOS's own is for: a list of one text, or of none for a workflow of the application. */
export function ownWorkNote(workflow: Pick<WorkflowName, 'name' | 'className'>): readonly string[] {
  const own = ownWorkOf(workflow);
  return own === undefined ? [] : [OWN_WORK[own]];
}

/** A version as it is shown; what runs without one has no name. */
export function versionName(version: string | null): string {
  return version ?? '(no version)';
}

/** Names these versions, a few of many. */
export function namesOfVersions(versions: readonly { readonly version: string | null }[]): Message {
  return namesOf(versions.map(({ version }) => versionName(version)));
}
