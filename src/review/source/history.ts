import { digest } from './fingerprint.ts';
import { firstFrom, type SyntaxNode, type SyntaxTree } from './syntax.ts';

/** Characters of an assignment that are compared. */
const MOST_OF_ASSIGNMENT = 5000;
/** Patterns between a name and the assignment that it stands in. */
const MOST_PATTERNS = 4;

/** Names what has written something before an offset; empty where nothing has. */
export type History = (offset: number) => string;

/** Returns the history of something: its names are the same for the same assignments, to the letter. */
export function historyOf(
  { text }: SyntaxTree,
  writes: readonly SyntaxNode[],
  isAssignment: (node: SyntaxNode) => boolean,
): History {
  let last = '';
  const names = writes.map((write) => {
    const { from, to } = assignmentOf(write, isAssignment);
    last = digest([last, text.slice(from, Math.min(to, from + MOST_OF_ASSIGNMENT))]);
    return last;
  });
  return (offset) => names[firstFrom(writes, offset) - 1] ?? '';
}

function assignmentOf(write: SyntaxNode, isAssignment: (node: SyntaxNode) => boolean): SyntaxNode {
  let node = write;
  for (let count = 0; count < MOST_PATTERNS && !isAssignment(node) && node.parent !== undefined; count += 1) {
    node = node.parent;
  }
  return isAssignment(node) ? node : write;
}

/** What a language says about the names that conditions read. */
export interface Reading {
  readonly tree: SyntaxTree;
  readonly isFunction: (node: SyntaxNode) => boolean;
  /** The history of what a node reads: a variable, or a property; undefined where it reads none that is written. */
  readonly historyAt: (node: SyntaxNode) => History | undefined;
}

/** Returns what has written what these nodes read, before them. */
export function writtenBefore({ isFunction, historyAt }: Reading, nodes: readonly SyntaxNode[]): readonly string[] {
  const [first] = nodes;
  const names = new Set<string>();
  const visit = (node: SyntaxNode): void => {
    const name = historyAt(node)?.(first?.from ?? 0) ?? '';
    if (name !== '') names.add(name);
    if (!isFunction(node)) for (const child of node.children) visit(child);
  };
  nodes.forEach(visit);
  return [...names];
}
