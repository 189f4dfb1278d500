import { acceptedReason } from '../accept.ts';
import { type Comment, firstFrom, type SyntaxNode, type SyntaxTree } from '../syntax.ts';

/**
 * Returns the reason of a comment that accepts what a review finds in a definition: in it, on the line above, or behind
 * its last statement, where its indentation says that it belongs to the body.
 */
export function acceptedIn(
  tree: SyntaxTree,
  whole: SyntaxNode,
  lineOf: (offset: number) => number,
): string | undefined {
  const column = columnOf(tree, whole.from);
  const line = lineOf(whole.from);
  const at = firstFrom(tree.comments, whole.from);
  const above = tree.comments[at - 1];
  const belonging: Comment[] = [];
  if (above !== undefined && lineOf(above.from) === line - 1 && columnOf(tree, above.from) <= column)
    belonging.push(above);
  let end = whole.to;
  for (let index = at; index < tree.comments.length; index += 1) {
    const comment = tree.comments[index];
    if (comment === undefined) break;
    const isInside = comment.from < whole.to;
    const isBehind = tree.text.slice(end, comment.from).trim() === '' && columnOf(tree, comment.from) > column;
    if (!isInside && !isBehind) break;
    belonging.push(comment);
    if (!isInside) end = comment.to;
  }
  return acceptedReason(belonging);
}

function columnOf(tree: SyntaxTree, offset: number): number {
  return offset - (tree.text.lastIndexOf('\n', offset - 1) + 1);
}
