import { acceptedReasons } from '../accept.ts';
import type { SourceFile } from '../definition.ts';
import { instancesIn } from '../instances.ts';
import type { Body } from '../recording.ts';
import { recorder } from '../recording.ts';
import { linesOf, type SyntaxNode, type SyntaxTree } from '../syntax.ts';
import { readBody } from './body.ts';
import { isDecoratorsOnly } from './classes.ts';
import { sourceContext } from './context.ts';
import { readDefinitions } from './definitions.ts';
import { parseJavaScript } from './grammar.ts';
import { instanceOf } from './instances.ts';

/** Returns what a file in TypeScript or JavaScript says about workflows. */
export function readJavaScript(text: string, path: string): SourceFile {
  const tree = withoutKnownErrors(parseJavaScript(text, path));
  const context = sourceContext(tree);
  const lineAt = linesOf(text);
  const bodies = new Map<SyntaxNode, Body<SyntaxNode>>();
  const bodyOf = (node: SyntaxNode) => {
    const body = bodies.get(node) ?? readBody(context, lineAt, node);
    bodies.set(node, body);
    return body;
  };
  const definitions = readDefinitions({ context, lineAt, record: recorder(bodyOf) });
  const accepted = acceptedReasons(tree.comments);
  const instances = instancesIn(tree, (node) => instanceOf(tree, node));
  return {
    language: 'javascript',
    ...definitions,
    instances,
    accepted,
    hasErrors: tree.unreadable.length > 0,
    isCut: tree.isCut,
  };
}

/** TypeScript allows decorators before `export class`. The grammar finds an error there, and the decorators. */
function withoutKnownErrors(tree: SyntaxTree): SyntaxTree {
  const known = new Set(
    tree.root.children
      .filter(isDecoratorsOnly)
      .flatMap(({ children }) => children.filter(({ name }) => name === '⚠').map(({ from }) => from)),
  );
  return { ...tree, unreadable: tree.unreadable.filter((at) => !known.has(at)) };
}
