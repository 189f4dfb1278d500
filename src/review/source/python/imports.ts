import { type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { partsOf } from './names.ts';

/** A name that an import binds. */
export interface ImportedName {
  readonly kind: 'import';
  readonly local: string;
  /** The module as the text has it: `shop.orders`, `.orders`. */
  readonly from: string;
  /** The name in the module; undefined for the module itself. */
  readonly name: string | undefined;
}

/** Returns the names that an import statement binds. A star is a name, too: it binds what this file does not show. */
export function importedNames(tree: SyntaxTree, node: SyntaxNode): readonly ImportedName[] {
  const { children } = node;
  const isFrom = children[0]?.name === 'from';
  const start = children.findIndex(({ name }) => name === 'import');
  if (start === -1) return [];
  const from = textOfAll(tree, children.slice(1, start));
  return partsOf({ ...node, children: children.slice(start + 1) }).flatMap((part): ImportedName[] => {
    const at = part.findIndex(({ name }) => name === 'as');
    const path = textOfAll(tree, at === -1 ? part : part.slice(0, at));
    const alias = at === -1 ? undefined : textOfAll(tree, part.slice(at + 1));
    if (path === '') return [];
    if (isFrom) return [{ kind: 'import', local: alias ?? path, from, name: path }];
    // `import a.b` binds `a`, and `import a.b as c` the inner module.
    const [first = path] = path.split('.');
    return [{ kind: 'import', local: alias ?? first, from: alias === undefined ? first : path, name: undefined }];
  });
}

function textOfAll(tree: SyntaxTree, nodes: readonly SyntaxNode[]): string {
  return nodes.map((node) => textOf(tree, node)).join('');
}
