import type { Guard, NotFollowed, RecordedKind } from '../definition.ts';
import type { SyntaxNode } from '../syntax.ts';
import { isConcurrent } from './awaits.ts';
import { type BodyReader, type Found, started } from './body.ts';
import { type Entity, resolve } from './entities.ts';
import { calleeOf, memberName, unwrap } from './grammar.ts';
import { decorationOf, type Naming, nameOfEntity, registeredName, text } from './naming.ts';
import { HANDLE_METHODS } from './sdk.ts';

/** Returns what it records to call something. */
export function recordEntity(
  reader: BodyReader,
  at: SyntaxNode,
  entity: Entity,
  guards: readonly Guard[],
): readonly Found[] {
  switch (entity.kind) {
    case 'function':
      return recordFunction(reader, at, entity.node, guards);
    case 'registered': {
      const naming = registeredName(reader.context, entity.call);
      return entity.as === 'step' ? recorded(reader, at, 'step', naming, guards) : child(reader, at, naming, guards);
    }
    case 'bound':
      return recordEntity(reader, at, entity.of, guards);
    case 'starter':
    case 'start':
      // Only the start is recorded here, the result where somebody waits for it.
      return recorded(reader, at, 'child', startedName(reader, entity.of), guards);
    case 'handle-member': {
      const name = HANDLE_METHODS.get(entity.name);
      return name === undefined ? [] : recorded(reader, at, 'other', text(name), guards);
    }
    case 'foreign':
      return recordForeign(reader, at, entity, guards);
    case 'unknown':
      return recordUnknown(reader, at, entity.name, guards);
    default:
      return [];
  }
}

function recordFunction(
  reader: BodyReader,
  at: SyntaxNode,
  node: SyntaxNode,
  guards: readonly Guard[],
): readonly Found[] {
  const decoration = decorationOf(reader.context, node);
  if (decoration?.as === 'step') return recorded(reader, at, 'step', decoration.naming, guards);
  if (decoration?.as === 'workflow') return child(reader, at, decoration.naming, guards);
  const naming = nameOfEntity(reader.context, { kind: 'function', node });
  const name = naming.kind === 'text' && naming.name !== '' ? naming.name : undefined;
  return started(reader, at, guards, [{ follow: node, name, line: lineOf(reader, at), guards }]);
}

function startedName(reader: BodyReader, target: Entity): Naming {
  if (target.kind !== 'unknown') return nameOfEntity(reader.context, target);
  return target.name === undefined ? { kind: 'computed' } : { kind: 'foreign', name: target.name };
}

function recordForeign(
  reader: BodyReader,
  at: SyntaxNode,
  { from, path }: Extract<Entity, { readonly kind: 'foreign' }>,
  guards: readonly Guard[],
): readonly Found[] {
  const name = path.split('.').at(-1) ?? '';
  // Modules of Node know nothing of DBOS, and packages have methods like those of the language.
  if (from.startsWith('node:') || (!from.startsWith('.') && looksBuiltin(at, name))) return [];
  const naming: Naming = name === '' || name === 'default' ? nameInText(reader, at) : { kind: 'foreign', name };
  return recorded(reader, at, 'call', naming, guards);
}

/** Something that a parameter or a value has: it may be a step of a class in another file. */
function recordUnknown(
  reader: BodyReader,
  at: SyntaxNode,
  name: string | undefined,
  guards: readonly Guard[],
): readonly Found[] {
  const target = targetOf(at);
  if (target.name === 'super') return [];
  if (target.name !== 'MemberExpression') return missed(reader, at, 'dispatch', name);
  const method = memberName(reader.context.tree, target);
  if (method === undefined) return isOfBuiltin(reader, target) ? [] : missed(reader, at, 'dispatch');
  const ofHandle = HANDLE_METHODS.get(method);
  if (ofHandle !== undefined) return recorded(reader, at, 'other', text(ofHandle), guards);
  return looksBuiltin(at, method) ? [] : recorded(reader, at, 'call', { kind: 'foreign', name: method }, guards);
}

function isOfBuiltin(reader: BodyReader, member: SyntaxNode): boolean {
  const [object] = member.children;
  return object !== undefined && resolve(reader.context, object).kind === 'builtin';
}

/** The local name of what is imported as a whole, or as the default. */
function nameInText(reader: BodyReader, at: SyntaxNode): Naming {
  const target = targetOf(at);
  const name = reader.context.tree.text.slice(target.from, target.to);
  return target.name === 'VariableName' ? { kind: 'foreign', name } : { kind: 'computed' };
}

const BUILTINS = [
  Array,
  String,
  Map,
  Set,
  Promise,
  Date,
  RegExp,
  Number,
  Object,
  Function,
  URL,
  URLSearchParams,
  Error,
];

/** Names of methods of arrays, strings, maps and so on. */
const BUILTIN_METHODS: ReadonlySet<string> = new Set(
  BUILTINS.flatMap((type) => [...Object.getOwnPropertyNames(type.prototype), ...Object.getOwnPropertyNames(type)]),
);

const OF_PROMISES = ['then', 'catch', 'finally'];

/** A call that is named as a method of the language, and not awaited as a step is: `items.map(…)`. */
function looksBuiltin(at: SyntaxNode, name: string): boolean {
  if (OF_PROMISES.includes(name)) return true;
  return BUILTIN_METHODS.has(name) && at.parent?.name !== 'AwaitExpression';
}

/** A workflow that is called: it is started, and its result is awaited. */
function child(reader: BodyReader, at: SyntaxNode, naming: Naming, guards: readonly Guard[]): readonly Found[] {
  return [
    ...recorded(reader, at, 'child', naming, guards),
    ...recorded(reader, at, 'other', text('DBOS.getResult'), guards),
  ];
}

/** Returns a call that is recorded. What another file names is a `call`: only that file knows what it is. */
export function recorded(
  reader: BodyReader,
  at: SyntaxNode,
  kind: RecordedKind,
  naming: Naming,
  guards: readonly Guard[],
): readonly Found[] {
  const place = { line: lineOf(reader, at), guards, ...concurrency(reader, at) };
  if (naming.kind === 'computed') {
    return [{ kind, name: undefined, ...place }, ...missed(reader, at, 'computed-name')];
  }
  return [{ kind: naming.kind === 'foreign' ? 'call' : kind, name: naming.name, ...place }];
}

function concurrency({ context }: BodyReader, at: SyntaxNode): { readonly isConcurrent?: true } {
  return isConcurrent(context.tree, at) ? { isConcurrent: true } : {};
}

function missed(reader: BodyReader, at: SyntaxNode, why: NotFollowed['why'], name?: string): readonly Found[] {
  return [{ miss: { line: lineOf(reader, at), why, ...(name !== undefined && { name }) } }];
}

/** The line of the name that is called: a chain of calls has many lines. */
function lineOf(reader: BodyReader, at: SyntaxNode): number {
  const target = targetOf(at);
  const name = target.name === 'MemberExpression' ? (target.children.at(-1) ?? target) : target;
  return reader.lineAt(name.from);
}

function targetOf(at: SyntaxNode): SyntaxNode {
  const callee = at.name === 'CallExpression' ? calleeOf(at) : undefined;
  return callee === undefined ? at : unwrap(callee);
}
