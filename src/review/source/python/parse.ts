import { parser } from '@lezer/python';
import { MOST_REPAIRS, type Rule, repairOf, repairsOf, withRepairs } from '../repair.ts';
import { childOf, limitsFrom, parseSource, type SyntaxNode, type SyntaxTree } from '../syntax.ts';

/** Places that are noted as unreadable in a file. */
const MOST_UNREADABLE = 20;

const BYTE_ORDER_MARK = '\ufeff';

/**
 * Parses Python. The grammar finds an error in a bare `yield`, in `with (a as b, c):` and in `case A():`, but loses nothing
 * there: these are no errors of the text.
 */
export function parsePython(text: string): SyntaxTree {
  // Python skips them, and the grammar does not. The lines stay what they are.
  const read = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).replaceAll('\f', '');
  const within = limitsFrom();
  let tree = withoutKnown(parseSource(parser, read, { within }));
  let parsed: string | undefined = read;
  for (let count = 0; count < MOST_REPAIRS && tree.unreadable.length > 0 && !tree.isCut; count += 1) {
    const seen: string = parsed;
    parsed = withRepairs(
      seen,
      repairsOf(errorsIn(tree.root), (error) => repairOf(error, seen, RULES)),
    );
    if (parsed === undefined) break;
    const better = withoutKnown(parseSource(parser, read, { within, parsed }));
    if (better.isCut || better.unreadable.length > tree.unreadable.length) break;
    tree = better;
  }
  return { ...tree, unreadable: tree.unreadable.slice(0, MOST_UNREADABLE) };
}

const RULES: readonly Rule[] = [
  // `with connected() as (reader, writer):`
  { before: /(?<=\bas\s+)$/, at: /^\((?:[^()]|\([^()]*\))*\)(?=\s*[:,)])/, by: '_' },
  // `match first, second:`
  { before: /(?<=\bmatch\s[^\n]*)$/, at: /^,/, by: '|' },
  // `case (Paid(), Card()):`
  { before: /(?<=\bcase\b[^\n]*[\w.])\($/, at: /^\)/, by: '_' },
  // `@handlers['first'].on`
  { before: /(?<=@[^\n]*)$/, at: /^\[[^\]\n]*\]/ },
];

function withoutKnown(tree: SyntaxTree): SyntaxTree {
  const errors = errorsIn(tree.root);
  const places = new Set(errors.map(({ from }) => from));
  const unknown = errors.filter((error) => !isKnown(error)).map(({ from }) => from);
  const tooDeep = tree.unreadable.filter((offset) => !places.has(offset));
  return { ...tree, unreadable: [...unknown, ...tooDeep] };
}

function errorsIn(root: SyntaxNode): readonly SyntaxNode[] {
  const nodes = [root];
  // The list grows while it is read.
  for (const node of nodes) for (const child of node.children) nodes.push(child);
  return nodes.filter(({ name }) => name === '⚠').toSorted((a, b) => a.from - b.from);
}

function isKnown({ parent }: SyntaxNode): boolean {
  if (parent?.name === 'YieldStatement' || parent?.name === 'YieldExpression') return parent.children.length === 2;
  if (parent?.name === 'PatternArgList') return parent.children.length === 2;
  if (parent?.name === 'LiteralPattern')
    return parent.parent?.name === 'PatternArgList' && parent.children.length === 1;
  const isInBrackets = parent?.name === 'ParenthesizedExpression' || parent?.name === 'TupleExpression';
  const statement = isInBrackets ? parent.parent : parent;
  return statement?.name === 'WithStatement' && childOf(statement, 'Body') !== undefined;
}
