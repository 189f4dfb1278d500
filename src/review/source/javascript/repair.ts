import { MOST_AROUND, type Repair, type Rule, repairOf, repairsOf, withRepairs } from '../repair.ts';
import { type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';

const STRING = /'[^'\n]*'|"[^"\n]*"/.source;
const TYPES = /(?:[^<>{}]|<[^<>{}]*>|\{[^{}]*\})*/.source;

const RULES: readonly Rule[] = [
  // `catch (error: unknown)`
  { before: /(?<=\bcatch\s*\(\s*[^()]*)$/, at: /^:\s*(?:any|unknown)(?=\s*\))/ },
  // `let release!: () => void`
  { before: /(?<=[\w$]\s*)$/, at: /^!(?=\s*:)/ },
  // `export { type Row }`, `export type * from './rows'`
  { before: /(?<=\bexport\s+|[{,]\s*)type\s+$/, at: /^(?=[\w$*])/ },
  // `(row): row is Row => …`, `(row): asserts row is Row => …`
  { before: /[\w$]+\s+$/, at: /^is\b/ },
  { before: /\basserts\s+$/, at: /^[\w$]+\s+is\b/ },
  // `typeof import('./rows')`, `declare module './rows'`
  { before: /(?<=\btypeof\s+)$/, at: new RegExp(`^import\\s*\\(\\s*(?:${STRING})\\s*\\)`), by: 'X' },
  { before: /(?<=\bmodule\s+)$/, at: new RegExp(`^(?:${STRING})`), by: 'X' },
  // `import rows from './rows.json' with { type: 'json' }`
  { before: /(?<=['"]\s*)$/, at: /^with\s*\{[^{}]*\}/ },
  // `async <Row extends object>(row: Row) => …`
  { before: /(?<=\basync\s*)<(?:[^<>()]|<[^<>()]*>)*$/, at: /^>(?=\s*\()/ },
  // `class Rows { read?(): void }`, `[first: Row, second?: Row]`, `[Row, Row?]`, `abstract new () => Row`
  { before: /\?\s*$/, at: /^(?=[(<])/ },
  { before: /(?<=[[,]\s*[\w$.]+\s*)$/, at: /^\?(?=\s*[:,\]])/ },
  { before: /\babstract\s+$/, at: /^(?=new\b)/ },
  // `class Failed extends Tagged('Failed')<{ row: Row; cause: unknown }>() {}`, `<Table<Row> rows={rows} />`
  {
    before: new RegExp(`(?<=\\bextends\\s[^;{}<>]*)<\\s*\\{${TYPES}$`),
    at: new RegExp(`^${TYPES}\\}\\s*>(?=\\s*\\()`),
  },
  { before: /(?<=<[\w$.]+)$/, at: /^<[^<>]*>/ },
  // `[rows[0], rows[1]] = [rows[1], rows[0]]`
  { before: /(?<=\]\s*)$/, at: /^=(?![=>])/, by: '+' },
];

/**
 * Returns a text that the grammar reads better than the one that it has parsed; undefined where nothing in that is known.
 * In TypeScript, it can take a long call with type arguments for two comparisons, without an error: of `run<Row>(…)` it
 * makes `(run < Row) > (…)`.
 */
export function repaired(tree: SyntaxTree, parsed: string, isTypeScript: boolean): string | undefined {
  const errors: SyntaxNode[] = [];
  const smaller = new Set<number>();
  const greater: SyntaxNode[] = [];
  const visit = (node: SyntaxNode): void => {
    if (node.name === '⚠') errors.push(node);
    const sign = node.name === 'CompareOp' || node.name === 'BitOp' ? textOf(tree, node) : '';
    if (sign === '<') smaller.add(node.from);
    if (/^>+$/.test(sign)) greater.push(node);
    for (const child of node.children) visit(child);
  };
  visit(tree.root);
  const repairs = repairsOf(errors, (error) => commentInMarkup(error, parsed) ?? repairOf(error, parsed, RULES));
  const ofCalls = isTypeScript ? greater.flatMap((node) => typeArguments(parsed, node, smaller)) : [];
  return withRepairs(parsed, [...repairs, ...ofCalls]);
}

/** In `<p>{…}</p>`, braces with nothing but a comment. */
function commentInMarkup({ from, parent }: SyntaxNode, parsed: string): Repair | undefined {
  if (parent?.name !== 'JSXEscape' || !/^\{\s*\/\*[\s\S]*\*\/\s*\}$/.test(parsed.slice(parent.from, from + 1)))
    return undefined;
  return { from: parent.from, to: from + 1, by: ' ' };
}

const OPENING = '<[{';
const CLOSING = '>]}';

/** Finds the `<` of `run<Row>(…)`: TypeScript takes what can be type arguments of a call for just that. */
function typeArguments(parsed: string, { from, to }: SyntaxNode, smaller: ReadonlySet<number>): readonly Repair[] {
  if (!/^\s*\(/.test(parsed.slice(to, to + MOST_AROUND))) return [];
  const open: string[] = [];
  for (let at = to - 1; at >= Math.max(0, from - MOST_AROUND); at -= 1) {
    const sign = parsed.charAt(at);
    if (CLOSING.includes(sign)) open.push(sign);
    else if (OPENING.includes(sign)) {
      if (open.pop() !== CLOSING[OPENING.indexOf(sign)]) return [];
      if (open.length > 0) continue;
      const isTypes = smaller.has(at) && !/&&|\|\||^\s*$/.test(parsed.slice(at + 1, from));
      return isTypes ? [{ from: at, to, by: ' ' }] : [];
    } else if (!(open.includes('}') ? IN_OBJECT_TYPE : IN_TYPE).test(sign)) return [];
  }
  return [];
}

const IN_TYPE = /[\w$.,\s|&'"]/;
const IN_OBJECT_TYPE = /[\w$.,\s|&'":;?]/;
