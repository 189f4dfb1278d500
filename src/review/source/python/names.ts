import { childOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';

/** The value of a string without placeholders; undefined for a node that is no such string. */
export function stringValue(tree: SyntaxTree, node: SyntaxNode): string | undefined {
  switch (node.name) {
    case 'String':
      return unquoted(textOf(tree, node));
    case 'FormatString':
      return childOf(node, 'FormatReplacement') === undefined ? unquoted(textOf(tree, node)) : undefined;
    case 'ContinuedString': {
      const parts = node.children.map((part) => stringValue(tree, part));
      return parts.includes(undefined) ? undefined : parts.join('');
    }
    case 'ParenthesizedExpression': {
      const inner = node.children[1];
      return inner === undefined ? undefined : stringValue(tree, inner);
    }
    default:
      return undefined;
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['\n', ''],
]);
const HEXADECIMAL: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** Returns the value of a string by its text: prefix, quotes, content, quotes. Octal and named escapes stay as they are. */
function unquoted(text: string): string {
  const start = Math.max(0, firstQuote(text));
  const prefix = text.slice(0, start).toLowerCase();
  const quote = text.slice(start, start + 1);
  const width = text.slice(start, start + 3) === quote.repeat(3) && text.length >= start + 6 ? 3 : 1;
  const content = text.slice(start + width, text.length - width);
  return prefix.includes('r') ? content : unescaped(content);
}

function firstQuote(text: string): number {
  const places = [text.indexOf("'"), text.indexOf('"')].filter((place) => place !== -1);
  return places.length === 0 ? -1 : Math.min(...places);
}

function unescaped(content: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = content.indexOf('\\'); at !== -1; at = content.indexOf('\\', from)) {
    parts.push(content.slice(from, at));
    const letter = content[at + 1] ?? '';
    const digits = HEXADECIMAL.get(letter) ?? 0;
    const code = Number(`0x${content.slice(at + 2, at + 2 + digits)}`);
    const isCode = digits > 0 && Number.isInteger(code) && code <= 0x10ffff;
    parts.push(isCode ? String.fromCodePoint(code) : (ESCAPES.get(letter) ?? `\\${letter}`));
    from = at + 2 + (isCode ? digits : 0);
  }
  parts.push(content.slice(from));
  return parts.join('');
}

/** What an argument list passes. A starred argument hides where those behind it go. */
export interface Arguments {
  readonly positional: readonly SyntaxNode[];
  readonly named: ReadonlyMap<string, SyntaxNode>;
  /** It has `*rest` or `**rest`. */
  readonly isSpread: boolean;
}

export const NO_ARGUMENTS: Arguments = { positional: [], named: new Map(), isSpread: false };

/** Returns the arguments of an `ArgList`. */
export function argumentsOf(tree: SyntaxTree, list: SyntaxNode | undefined): Arguments {
  if (list === undefined) return NO_ARGUMENTS;
  const positional: SyntaxNode[] = [];
  const named = new Map<string, SyntaxNode>();
  let isSpread = false;
  for (const part of partsOf(list)) {
    const [first, second] = part;
    const last = part.at(-1);
    if (first === undefined || last === undefined) continue;
    if (first.name === '*' || first.name === '**') isSpread = true;
    else if (second?.name === 'AssignOp') named.set(textOf(tree, first), last);
    else if (!isSpread) positional.push(first);
  }
  return { positional, named, isSpread };
}

/** Returns the children of a list in brackets, parted at its commas. */
export function partsOf(list: SyntaxNode): readonly (readonly SyntaxNode[])[] {
  const parts: SyntaxNode[][] = [[]];
  for (const child of list.children) {
    if (child.name === ',') parts.push([]);
    else if (!BRACKETS.has(child.name)) parts.at(-1)?.push(child);
  }
  return parts;
}

const BRACKETS = new Set(['(', ')', '[', ']', '{', '}']);

/** Returns the value of an entry of a dictionary literal, or of a call such as `StepOptions(name="x")`. */
export function entryOf(tree: SyntaxTree, node: SyntaxNode, key: string): SyntaxNode | undefined {
  if (node.name === 'CallExpression') return argumentsOf(tree, childOf(node, 'ArgList')).named.get(key);
  const parts = node.name === 'DictionaryExpression' ? partsOf(node) : [];
  const entry = parts.find(([first]) => first !== undefined && stringValue(tree, first) === key);
  return entry?.[2];
}
