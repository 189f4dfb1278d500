import { createHash } from 'node:crypto';
import type { Choice } from './guards.ts';
import type { SyntaxNode, SyntaxTree } from './syntax.ts';

/** How a node counts in a fingerprint. */
export type Part =
  /** By its name and its children. */
  | 'whole'
  /** By its children only: parentheses around one expression. */
  | 'children'
  /** Not at all: types, punctuation, the inside of a step. */
  | 'nothing'
  /** As this text and without its children: a name, the value of a string. */
  | { readonly text: string };

/**
 * Returns a text that is the same for the same code: structure and names, without layout, comments, and whatever
 * `partOf` leaves out. Its depth is that of the tree, which is bounded.
 */
export function canonical(node: SyntaxNode, partOf: (node: SyntaxNode) => Part): string {
  const out: string[] = [];
  write(node, partOf, out);
  return out.join('');
}

function write(node: SyntaxNode, partOf: (node: SyntaxNode) => Part, out: string[]): void {
  const part = partOf(node);
  if (part === 'nothing') return;
  if (typeof part === 'object') {
    out.push('(', node.name, ' ', JSON.stringify(part.text), ')');
    return;
  }
  if (part === 'whole') out.push('(', node.name);
  for (const child of node.children) write(child, partOf, out);
  if (part === 'whole') out.push(')');
}

/** Characters of conditions, and of what `try` holds, that are compared. */
const MOST_OF_CONDITION = 5000;

/**
 * Returns the choice that these parts of a statement make: by their text to the letter, and by what has written before what
 * they read. Where a variable has another value, the same text is another condition.
 */
export function choiceOf(
  { text }: SyntaxTree,
  nodes: readonly SyntaxNode[],
  before: (nodes: readonly SyntaxNode[]) => readonly string[] = () => [],
): Choice {
  const length = nodes.reduce((sum, { from, to }) => sum + to - from, 0);
  const at = `${nodes[0]?.from ?? ''}-${nodes.at(-1)?.to ?? ''}`;
  if (length > MOST_OF_CONDITION) return { condition: '', text: '', at };
  const own = digest(nodes.map(({ from, to }) => text.slice(from, to)));
  const written = before(nodes);
  return { condition: written.length === 0 ? own : digest([own, ...written]), text: own, at };
}

/** Returns a short name for texts: that of a body and those of the functions that it calls. */
export function digest(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('base64url');
}
