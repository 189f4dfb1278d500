import type { Guard } from '../definition.ts';
import type { Mark, Range } from '../order.ts';
import { type SyntaxNode, textOf } from '../syntax.ts';
import type { SourceContext } from './context.ts';
import { argumentsOf, calleeOf, unwrap } from './grammar.ts';

const OF_PROMISES = ['Promise.all', 'Promise.allSettled', 'Promise.race', 'Promise.any'];
/** They end with the first. */
const OF_FIRST = ['Promise.race', 'Promise.any'];
/** Variables and their values that one `await` is about. */
const MOST_RANGES = 100;

/** Returns the mark behind something that is awaited, or returned. */
export function endOf(context: SourceContext, awaited: SyntaxNode, guards: readonly Guard[]): Mark {
  const ranges: Range[] = [];
  collect(context, awaited, ranges);
  return { mark: 'end', of: ranges, guards };
}

/** Notes what is awaited: a promise that stands there, or the value of a variable. */
function collect(context: SourceContext, awaited: SyntaxNode, ranges: Range[]): void {
  const node = unwrap(awaited);
  if (ranges.length >= MOST_RANGES) return;
  if (node.name === 'VariableName') {
    ranges.push(...valuesOf(context, node));
    return;
  }
  const callee = node.name === 'CallExpression' ? calleeOf(node) : undefined;
  const name = callee === undefined ? '' : textOf(context.tree, callee);
  if (OF_FIRST.includes(name)) return;
  ranges.push({ from: node.from, to: node.to });
  const parts = OF_PROMISES.includes(name) ? argumentsOf(node).map((each) => each.node) : partsOf(node);
  for (const part of parts) collect(context, part, ranges);
}

/** The elements of an array, and the ways of a choice. */
function partsOf({ name, children }: SyntaxNode): readonly SyntaxNode[] {
  const isChoice = name === 'ConditionalExpression' || name === 'BinaryExpression';
  return name === 'ArrayExpression' || isChoice ? children : [];
}

/** Where the text gives a variable its values. */
function valuesOf(context: SourceContext, node: SyntaxNode): readonly Range[] {
  const name = textOf(context.tree, node);
  const binding = context.lookup(node, name);
  if (binding?.kind === 'value' || binding?.kind === 'element') return [binding.init];
  const writes = context.writes(node, name).slice(0, MOST_RANGES);
  return writes.flatMap(({ parent }) => (parent?.name === 'AssignmentExpression' ? [parent] : []));
}
