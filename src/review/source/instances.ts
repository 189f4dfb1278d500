import type { Instance } from './definition.ts';
import type { SyntaxNode, SyntaxTree } from './syntax.ts';

/** Instances of a file that are told. */
const MOST_INSTANCES = 1000;

/** Returns the instances that a file makes, in the order of the text, by what one node says. */
export function instancesIn(
  { root }: SyntaxTree,
  instanceOf: (node: SyntaxNode) => Instance | undefined,
): readonly Instance[] {
  const instances: Instance[] = [];
  const visit = (node: SyntaxNode): void => {
    const instance = instanceOf(node);
    if (instance !== undefined && instances.length < MOST_INSTANCES) instances.push(instance);
    for (const child of node.children) visit(child);
  };
  visit(root);
  return instances;
}
