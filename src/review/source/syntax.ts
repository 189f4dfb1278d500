import { getHeapStatistics } from 'node:v8';
import type { Parser, Tree } from '@lezer/common';

/** A node of the grammar. Comments are no nodes: `SyntaxTree.comments` has them. */
export interface SyntaxNode {
  /** Its name in the grammar: `CallExpression`, `VariableName`, `(`. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly parent: SyntaxNode | undefined;
  readonly children: readonly SyntaxNode[];
}

/** A comment, with its delimiters. */
export interface Comment {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The text of a file and its nodes. Nothing in it is deeper than `MOST_DEPTH`, so recursion over it is safe. */
export interface SyntaxTree {
  readonly text: string;
  readonly root: SyntaxNode;
  /** In the order of the text. */
  readonly comments: readonly Comment[];
  /** Where the grammar does not know the text, or the file is deeper or longer than what is read. */
  readonly unreadable: readonly number[];
  /** A limit of this file ended the reading, or left a part out. */
  readonly isCut: boolean;
}

/** Levels that are read. Code that people write has a few dozen, long chains of calls some hundreds. */
export const MOST_DEPTH = 800;
/** Brackets in one another that are parsed at all. */
export const MOST_BRACKETS = 2500;
/** Nodes that are read of a file: about 2 MB of code. */
export const MOST_NODES = 1_000_000;
/** Characters that are read of a file. What people write has a tenth of it. */
export const MOST_CHARACTERS = 4_000_000;
/** Time of the processor for one file. Code of 1 MB takes two seconds, text that is made to be slow takes hours. */
export const MOST_PARSING_MS = 5000;
/** Memory that the parser may add for one file. */
export const MOST_PARSING_BYTES = 1_000_000_000;
/** Places that are noted as unreadable in a file. */
const MOST_UNREADABLE = 1000;

/** What the process has used so far. */
export interface Meter {
  millis(): number;
  bytes(): number;
}

interface GrowingNode {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly parent: GrowingNode | undefined;
  readonly children: GrowingNode[];
}

/** What a file may use: another parse of it goes on with what is left. */
export interface ParsingLimits {
  readonly meter: Meter;
  readonly mostMillis: number;
  readonly mostBytes: number;
}

/** Returns the limits of a file whose parsing starts now. */
export function limitsFrom(meter: Meter = PROCESS): ParsingLimits {
  return { meter, mostMillis: meter.millis() + MOST_PARSING_MS, mostBytes: meter.bytes() + MOST_PARSING_BYTES };
}

interface ParseOptions {
  readonly within?: ParsingLimits;
  /** A text of the same length that the grammar sees instead. */
  readonly parsed?: string;
}

/** Parses a text and copies its tree, without recursion: the depth is the author's. It never throws. */
export function parseSource(
  parser: Parser,
  text: string,
  { within = limitsFrom(), parsed: seen = text }: ParseOptions = {},
): SyntaxTree {
  const root: GrowingNode = { name: 'Script', from: 0, to: text.length, parent: undefined, children: [] };
  const comments: Comment[] = [];
  const unreadable: number[] = [];
  let isCut = false;
  let open = root;
  let depth = 0;
  let count = 0;
  const note = (at: number) => {
    if (unreadable.length < MOST_UNREADABLE) unreadable.push(at);
    return false;
  };
  const cut = (at: number) => {
    isCut = true;
    return note(at);
  };
  const parsed = parseWithin(parser, seen, within);
  if (parsed.stoppedAt !== null) cut(parsed.stoppedAt);
  parsed.tree.iterate({
    enter: ({ type, from, to }) => {
      if (type.isTop) return true;
      if (type.isError) note(from);
      // The grammar flags errors as skipped, too.
      if (type.isSkipped && !type.isError) {
        comments.push({ from, to, text: text.slice(from, to) });
        return false;
      }
      count += 1;
      if (count > MOST_NODES || depth >= MOST_DEPTH) return cut(from);
      const node = { name: type.name, from, to, parent: open, children: [] };
      open.children.push(node);
      open = node;
      depth += 1;
      return true;
    },
    // Called only for nodes whose `enter` did not return false.
    leave: ({ type }) => {
      if (type.isTop) return;
      open = open.parent ?? root;
      depth -= 1;
    },
  });
  return { text, root, comments, unreadable, isCut };
}

/** Parses a text as far as the time allows. */
function parseWithin(
  parser: Parser,
  text: string,
  { meter, mostMillis, mostBytes }: ParsingLimits,
): { tree: Tree; stoppedAt: number | null } {
  const parse = parser.startParse(text);
  const readable = readableUntil(text);
  if (readable < text.length) parse.stopAt(readable);
  let isLate = false;
  for (let count = 1; ; count += 1) {
    const tree = parse.advance();
    if (tree !== null) return { tree, stoppedAt: parse.stoppedAt };
    if (isLate || count % TOKENS_BETWEEN_LOOKS !== 0) continue;
    if (meter.millis() <= mostMillis && meter.bytes() <= mostBytes) continue;
    isLate = true;
    parse.stopAt(parse.parsedPos);
  }
}

/**
 * Returns how far a text is parsed. The parser copies its stack wherever brackets can mean two things, so that deep ones
 * would take all memory. Brackets in strings count, too: code never has so many more that open than that close.
 */
function readableUntil(text: string): number {
  const end = Math.min(text.length, MOST_CHARACTERS);
  let depth = 0;
  for (let at = 0; at < end; at += 1) {
    const character = text.charCodeAt(at);
    if (OPENING.has(character)) depth += 1;
    else if (CLOSING.has(character) && depth > 0) depth -= 1;
    if (depth > MOST_BRACKETS) return at;
  }
  return end;
}

const codesOf = (characters: string) => new Set(Array.from(characters, (each) => each.charCodeAt(0)));
const OPENING: ReadonlySet<number> = codesOf('([{');
const CLOSING: ReadonlySet<number> = codesOf(')]}');

const PROCESS: Meter = {
  // Not of the clock: other processes do not make a file longer.
  millis: () => process.cpuUsage().user / 1000,
  bytes: () => getHeapStatistics().used_heap_size,
};

/** How often the meter is read. */
const TOKENS_BETWEEN_LOOKS = 512;

/** Returns the text of a node. */
export function textOf(tree: SyntaxTree, node: SyntaxNode): string {
  return tree.text.slice(node.from, node.to);
}

/** Returns the first child with one of these names. */
export function childOf(node: SyntaxNode, ...names: readonly string[]): SyntaxNode | undefined {
  return node.children.find(({ name }) => names.includes(name));
}

/** Returns the children with one of these names. */
export function childrenOf(node: SyntaxNode, ...names: readonly string[]): readonly SyntaxNode[] {
  return node.children.filter(({ name }) => names.includes(name));
}

/** Returns the node before this one in its parent. */
export function previousOf(node: SyntaxNode): SyntaxNode | undefined {
  const siblings = node.parent?.children ?? [];
  const at = firstFrom(siblings, node.from);
  return siblings[siblings[at] === node ? at - 1 : siblings.indexOf(node) - 1];
}

/** Returns a function that gives the line of an offset, from 1. */
export function linesOf(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Returns the comments in a node, and those on the lines above it that hold nothing else. */
export function commentsOf(tree: SyntaxTree, node: SyntaxNode): readonly Comment[] {
  const { comments, text } = tree;
  const first = firstFrom(comments, node.from);
  const inside: Comment[] = [];
  for (let at = first; at < comments.length && (comments[at]?.from ?? 0) <= node.to; at += 1) {
    const comment = comments[at];
    if (comment !== undefined) inside.push(comment);
  }
  const above: Comment[] = [];
  let until = node.from;
  for (let at = first - 1; at >= 0; at -= 1) {
    const comment = comments[at];
    if (comment === undefined || !isNextLine(text.slice(comment.to, until)) || !isAlone(text, comment.from)) break;
    above.unshift(comment);
    until = comment.from;
  }
  return [...above, ...inside];
}

/** Returns the index of the first item at or after an offset. The items are in the order of the text. */
export function firstFrom(items: readonly { readonly from: number }[], offset: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.from ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isNextLine(between: string): boolean {
  return between.trim() === '' && between.split('\n').length <= 2;
}

function isAlone(text: string, from: number): boolean {
  return text.slice(text.lastIndexOf('\n', from - 1) + 1, from).trim() === '';
}
