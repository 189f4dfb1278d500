import { acceptedReason } from '../accept.ts';
import type { ForeignRegistration, NotFollowed, SourceFunction, SourceWorkflow, WorkflowName } from '../definition.ts';
import type { Recording } from '../recording.ts';
import { commentsOf, type SyntaxNode, textOf } from '../syntax.ts';
import { classOwnName } from './classes.ts';
import type { SourceContext } from './context.ts';
import { type Entity, resolve } from './entities.ts';
import { exportedNames } from './exports.ts';
import { ancestor, argumentsOf, isFunction, keyOf, propertyName, unwrap } from './grammar.ts';
import { className, decorationOf, type Naming, registeredClass, registeredName } from './naming.ts';
import { mayRegisterWorkflow, registersWorkflow } from './registering.ts';
import { stepNames } from './steps.ts';

export interface Definitions {
  readonly workflows: readonly SourceWorkflow[];
  readonly functions: readonly SourceFunction[];
  readonly registrations: readonly ForeignRegistration[];
  readonly steps: readonly string[];
  readonly notFollowed: readonly NotFollowed[];
}

export interface DefinitionReader {
  readonly context: SourceContext;
  readonly lineAt: (offset: number) => number;
  readonly record: (node: SyntaxNode) => Recording;
}

/** Finds the workflows of a file, and the functions that another file may register. */
export function readDefinitions(reader: DefinitionReader): Definitions {
  const { context } = reader;
  const functions: SyntaxNode[] = [];
  const calls: SyntaxNode[] = [];
  const found: Found = { workflows: [], registrations: [], notFollowed: [], registered: new Set() };
  const visit = (node: SyntaxNode): void => {
    if (isFunction(node)) functions.push(node);
    if (registersWorkflow(context, node)) calls.push(node);
    else if (mayRegisterWorkflow(context, node)) {
      found.notFollowed.push({ line: reader.lineAt(node.from), why: 'dispatch', name: 'registerWorkflow' });
    }
    for (const child of node.children) visit(child);
  };
  visit(context.tree.root);
  const exported = exportedNames(context.tree);
  const define = (node: SyntaxNode, call?: SyntaxNode) => sourceFunction(reader, exported, node, call);
  for (const method of functions) readDecorated(reader, method, found, define);
  for (const call of calls) readRegistration(reader, call, found, define);
  const candidates = functions.filter(
    (node) => !found.registered.has(node) && isCandidate(node) && decorationOf(context, node) === undefined,
  );
  return {
    ...found,
    steps: stepNames(context, functions),
    functions: candidates
      .map((node) => define(node))
      .filter(({ calls: all, notFollowed }) => all.length + notFollowed.length > 0),
  };
}

interface Found {
  readonly workflows: SourceWorkflow[];
  readonly registrations: ForeignRegistration[];
  readonly notFollowed: NotFollowed[];
  /** Functions that are registered. */
  readonly registered: Set<SyntaxNode>;
}

type Define = (node: SyntaxNode, call?: SyntaxNode) => SourceFunction;

function readDecorated(reader: DefinitionReader, method: SyntaxNode, found: Found, define: Define): void {
  const decoration = decorationOf(reader.context, method);
  const owner = method.parent?.parent;
  if (decoration?.as !== 'workflow' || owner === undefined) return;
  const workflow = workflowName(decoration.naming, className(reader.context, owner));
  const definition = define(method);
  if (workflow === undefined) {
    found.notFollowed.push({ line: definition.nameLine, why: 'computed-name', name: definition.localName });
    return;
  }
  found.registered.add(method);
  found.workflows.push({ ...definition, workflow });
}

function readRegistration(reader: DefinitionReader, call: SyntaxNode, found: Found, define: Define): void {
  const { context, lineAt } = reader;
  const [first] = argumentsOf(call);
  const line = lineAt(call.from);
  const entity: Entity =
    first === undefined || first.isSpread
      ? { kind: 'unknown', name: undefined }
      : resolve(context.raw ?? context, first.node);
  const naming = registeredName(context, call);
  const workflow = workflowName(naming, registeredClass(context, call));
  if (entity.kind === 'foreign') {
    const importedName = entity.path.replace('.prototype.', '.');
    found.registrations.push({ importedName, from: entity.from, line, workflow });
    return;
  }
  if (entity.kind !== 'function') {
    const name = first === undefined ? undefined : textOf(context.tree, first.node);
    found.notFollowed.push({ line, why: 'dispatch', ...(name !== undefined && name.length < 80 && { name }) });
    return;
  }
  const definition = define(entity.node, call);
  if (workflow === undefined) {
    found.notFollowed.push({ line, why: 'computed-name', name: definition.localName });
    return;
  }
  found.registered.add(entity.node);
  found.workflows.push({ ...definition, workflow });
}

/** A name that another file says is that file's: the registration there is matched as probable. */
function workflowName(name: Naming, owner: Naming | null): WorkflowName | undefined {
  if (name.kind === 'computed' || owner?.kind === 'computed') return undefined;
  return { name: name.name, className: owner === null || owner.name === '' ? null : owner.name };
}

/** Functions at the top of a file and methods of its classes: other files can have them. */
function isCandidate(node: SyntaxNode): boolean {
  if (ancestor(node, isFunction) !== undefined || node.name === 'Property') return false;
  if (node.name === 'MethodDeclaration' || node.name === 'FunctionDeclaration') return true;
  return nameNode(node)?.parent?.name !== 'Property' && nameNode(node) !== undefined;
}

function sourceFunction(
  { context, lineAt, record }: DefinitionReader,
  exported: ReadonlyMap<string, string>,
  node: SyntaxNode,
  call: SyntaxNode | undefined,
): SourceFunction {
  // What is defined where it is registered has the name of the result.
  const isInline = call !== undefined && ancestor(node, (up) => up === call) !== undefined;
  const at = isInline ? call : node;
  const region = definitionOf(at);
  const name = nameNode(at);
  const places = call === undefined || isInline ? [region] : [region, definitionOf(call)];
  return {
    localName: localName(context, at, exported),
    line: lineAt(region.from),
    endLine: lineAt(Math.max(region.from, region.to - 1)),
    nameLine: lineAt((name ?? at).from),
    accepted: acceptedReason(places.flatMap((place) => commentsOf(context.tree, place))),
    ...record(node),
  };
}

/** Returns the statement, the member of a class or the property of an object that holds a node. */
function definitionOf(node: SyntaxNode): SyntaxNode {
  let whole = node;
  while (whole.parent !== undefined && !HOLDERS.has(whole.parent.name)) whole = whole.parent;
  return whole;
}

const HOLDERS: ReadonlySet<string> = new Set(['Script', 'Block', 'ClassBody', 'ObjectExpression', 'SwitchBody']);

/** Returns the node of the name by which the file knows a function, or the result of a call. */
function nameNode(node: SyntaxNode): SyntaxNode | undefined {
  if (node.name === 'MethodDeclaration' || node.name === 'Property') return keyOf(node);
  if (node.name === 'FunctionDeclaration') return node.children.find(({ name }) => name === 'VariableDefinition');
  let value = node;
  while (value.parent !== undefined && unwrap(value.parent) === node) value = value.parent;
  const { parent } = value;
  if (parent === undefined) return undefined;
  if (parent.name === 'Property' || parent.name === 'PropertyDeclaration') return keyOf(parent);
  const at = parent.children.indexOf(value);
  if (parent.children[at - 1]?.name !== 'Equals') return undefined;
  if (parent.name === 'AssignmentExpression') return parent.children[0];
  return parent.children.slice(0, at).findLast(({ name }) => name === 'VariableDefinition');
}

function localName(context: SourceContext, node: SyntaxNode, exported: ReadonlyMap<string, string>): string {
  const { tree } = context;
  const name = nameNode(node);
  if (name === undefined) return definitionOf(node).name === 'ExportDeclaration' ? 'default' : '';
  const member = name.parent;
  const owner = member?.parent?.name === 'ClassBody' ? member.parent.parent : undefined;
  const own = member !== undefined && owner !== undefined ? propertyName(tree, member) : textOf(tree, name);
  if (owner === undefined) {
    // `module.exports.checkOut = …`
    const written = (own ?? '').replace(/^(module\.)?exports\./, '').replace('.prototype.', '.');
    return exported.get(written) ?? written;
  }
  const ofClass = classOwnName(context, owner) ?? 'default';
  return `${exported.get(ofClass) ?? ofClass}.${own ?? ''}`;
}
