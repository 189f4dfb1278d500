import type { RecordedCall } from '../source/definition.ts';
import type { ChangedFile } from './changed-file.ts';
import type { Definition } from './definitions.ts';
import type { Effect } from './effects.ts';
import { type Entry, lastPart } from './recorded-list.ts';

/**
 * Returns the change behind a patch, as lines of code, where that is mechanical: it puts or removes one call, which is a
 * statement on a line of its own, and nothing else of the call's gap. The lines are untrusted.
 */
export function suggestionFor(effects: readonly Effect[], before: Definition, after: Definition): string | undefined {
  const [effect, ...others] = effects;
  if (effect === undefined || others.length > 0 || effect.patch !== undefined || effect.meetsWait) return undefined;
  const { removed, inserted, kind } = effect;
  if (kind === 'step-before' && inserted.length === 1) return around(inserted[0], after.file, 'text', after);
  const isRemoval = kind === 'step-removed' && removed.length === 1 && inserted.length === 0;
  return isRemoval ? around(removed[0], before.file, 'oldText', before) : undefined;
}

function around(
  entry: Entry | undefined,
  file: ChangedFile,
  of: 'text' | 'oldText',
  { source }: Definition,
): string | undefined {
  if (entry === undefined || source === undefined || entry.call.guards.length > 0) return undefined;
  // A wait has two rows, and the other one is there for something else.
  if (entry.isLate || entry.isTimer || hasCompany(entry, source.calls)) return undefined;
  const text = file[of] ?? '';
  // A file can import it under another name.
  if (!text.includes('DBOS.')) return undefined;
  const lines = text.split(/\r?\n/);
  const language = (of === 'text' ? file.after : file.before)?.language;
  const line = lines[entry.call.line - 1];
  // A call that another function of the file makes has that function's surroundings.
  const isInside = entry.call.line > source.line && entry.call.line <= source.endLine;
  if (line === undefined || language === undefined || !isInside || line.length > MOST_CHARACTERS) return undefined;
  const statement = line.trim();
  if (!isWholeCall(statement) || /[([,]$/.test(lines[entry.call.line - 2]?.trimEnd() ?? '')) return undefined;
  const indent = line.slice(0, line.length - line.trimStart().length);
  const name = patchName(of === 'text' ? 'add' : 'remove', entry.name ?? '');
  if (name === undefined) return undefined;
  return language === 'python'
    ? pythonPatch(indent, statement, name, { isNew: of === 'text', isAsync: isAsync(lines, source) })
    : javaScriptPatch(indent, statement, name, of === 'text');
}

const MOST_CHARACTERS = 200;

/** Whether another call stands on the line: it would be put behind the patch, too. */
function hasCompany({ call }: Entry, calls: readonly RecordedCall[]): boolean {
  return calls.filter(({ line }) => line === call.line).length > 1;
}

function javaScriptPatch(indent: string, statement: string, name: string, isNew: boolean): string {
  const condition = isNew ? `await DBOS.patch('${name}')` : `!(await DBOS.patch('${name}'))`;
  return [`${indent}if (${condition}) {`, `${indent}  ${statement}`, `${indent}}`].join('\n');
}

function pythonPatch(
  indent: string,
  statement: string,
  name: string,
  { isNew, isAsync }: { readonly isNew: boolean; readonly isAsync: boolean },
): string {
  const call = isAsync ? `await DBOS.patch_async("${name}")` : `DBOS.patch("${name}")`;
  return [`${indent}if ${isNew ? call : `not ${call}`}:`, `${indent}    ${statement}`].join('\n');
}

function isAsync(lines: readonly string[], { nameLine }: { readonly nameLine: number }): boolean {
  return (lines[nameLine - 1] ?? '').trimStart().startsWith('async ');
}

/** `add-sendReceipt`; undefined where the name has characters that would need quoting. */
function patchName(verb: string, name: string): string | undefined {
  const last = lastPart(name);
  return /^[\w$]{1,60}$/.test(last) ? `${verb}-${last}` : undefined;
}

/** Whether a line is one call from its first character to its last, and assigns nothing. */
function isWholeCall(statement: string): boolean {
  const start = /^(await\s+)?[\w$]+(\s*\.\s*[\w$]+)*\s*\(/.exec(statement)?.[0];
  if (start === undefined) return false;
  let depth = 1;
  let quote: string | undefined;
  for (let at = start.length; at < statement.length; at++) {
    const character = statement.charAt(at);
    if (quote !== undefined) {
      if (character === '\\') at++;
      else if (character === quote) quote = undefined;
    } else if ('\'"`'.includes(character)) quote = character;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character) && --depth === 0) return /^;?$/.test(statement.slice(at + 1).trim());
  }
  return false;
}
