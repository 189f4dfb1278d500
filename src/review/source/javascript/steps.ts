import type { SyntaxNode } from '../syntax.ts';
import type { SourceContext } from './context.ts';
import { resolve } from './entities.ts';
import { decorationOf, type Naming, registeredName } from './naming.ts';

/** Returns the names of the steps that a file registers: by decorators, and by calls. */
export function stepNames(context: SourceContext, functions: readonly SyntaxNode[]): readonly string[] {
  const names = new Set<string>();
  const add = (naming: Naming | undefined) => {
    if (naming !== undefined && naming.kind !== 'computed' && naming.name !== '') names.add(naming.name);
  };
  for (const method of functions) {
    const decoration = decorationOf(context, method);
    if (decoration?.as === 'step') add(decoration.naming);
  }
  const visit = (node: SyntaxNode): void => {
    const entity = node.name === 'CallExpression' ? resolve(context, node) : undefined;
    if (entity?.kind === 'registered' && entity.as === 'step') add(registeredName(context, entity.call));
    for (const child of node.children) visit(child);
  };
  visit(context.tree.root);
  return [...names];
}
