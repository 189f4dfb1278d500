import { childOf, type SyntaxNode, type SyntaxTree, textOf } from '../syntax.ts';
import { keyOf, memberName, propertyName } from './grammar.ts';

/** Returns the names under which a file exports what it declares, by its own name, where the two differ. */
export function exportedNames(tree: SyntaxTree): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const statement of tree.root.children) {
    if (statement.name === 'ExportDeclaration') readExport(tree, statement, names);
    const assignment =
      statement.name === 'ExpressionStatement' ? childOf(statement, 'AssignmentExpression') : undefined;
    if (assignment !== undefined) readCommonJs(tree, assignment, names);
  }
  return names;
}

function readExport(tree: SyntaxTree, statement: SyntaxNode, names: Map<string, string>): void {
  const group = childOf(statement, 'ExportGroup');
  if (group !== undefined && childOf(statement, 'from') === undefined) {
    group.children.forEach((child, index) => {
      const [as, name] = group.children.slice(index + 1);
      if (child.name === 'VariableName' && as?.name === 'as' && name !== undefined) {
        names.set(textOf(tree, child), textOf(tree, name));
      }
    });
  }
  if (childOf(statement, 'default') === undefined) return;
  const declared = childOf(statement, 'FunctionDeclaration', 'ClassDeclaration');
  const name = declared === undefined ? childOf(statement, 'VariableName') : childOf(declared, 'VariableDefinition');
  if (name !== undefined) names.set(textOf(tree, name), 'default');
}

/** `module.exports = { checkOut: fn }`, `exports.checkOut = fn` */
function readCommonJs(tree: SyntaxTree, assignment: SyntaxNode, names: Map<string, string>): void {
  const [target, , value] = assignment.children;
  if (target?.name !== 'MemberExpression' || value === undefined) return;
  const written = textOf(tree, target);
  if (value.name === 'VariableName' && /^(module\.)?exports\./.test(written)) {
    names.set(textOf(tree, value), memberName(tree, target) ?? '');
  }
  if (written !== 'module.exports' || value.name !== 'ObjectExpression') return;
  for (const property of value.children) {
    const local = property.children.at(-1);
    const key = property.name === 'Property' && keyOf(property) !== local ? propertyName(tree, property) : undefined;
    if (local?.name === 'VariableName' && key !== undefined) names.set(textOf(tree, local), key);
  }
}
