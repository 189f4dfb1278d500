import type { Guard } from '../definition.ts';
import { CONDITION, LOOP } from '../guards.ts';
import { childOf, type SyntaxNode, textOf } from '../syntax.ts';
import { type BodyReader, type Found, started, visit, visitAll, visitFunction, visitFunctionsIn } from './body.ts';
import { type Entity, resolve } from './entities.ts';
import { type Argument, argumentsOf, calleeOf, isFunctionExpression, memberName, unwrap } from './grammar.ts';
import { configured, functionName, type Naming, text } from './naming.ts';
import { recordEntity, recorded } from './records.ts';
import { DATA_SOURCE, RECORDED, SILENT, WRAPPING } from './sdk.ts';

/** Returns what a call does: its callee and arguments first, since they run first, then what the call records. */
export function visitCall(reader: BodyReader, call: SyntaxNode, around: readonly Guard[]): readonly Found[] {
  const callee = calleeOf(call);
  if (callee === undefined) return visitAll(reader, call.children, around);
  const guards = childOf(call, '?.') === undefined ? around : [...around, CONDITION];
  const target = unwrap(callee);
  const given = argumentsOf(call);
  if (isFunctionExpression(target)) {
    // A function that is called where it stands.
    return [...visitArguments(reader, given, guards, 'loop'), ...visitFunction(reader, target, guards)];
  }
  const entity = resolve(reader.context, callee);
  if (entity.kind === 'dbos-member') return visitDbos(reader, call, entity.name, guards);
  const method = target.name === 'MemberExpression' ? memberName(reader.context.tree, target) : undefined;
  if (method === DATA_SOURCE.register) return [];
  const before = visit(reader, target, guards);
  if (method === DATA_SOURCE.run && entity.kind !== 'function') return [...before, ...visitStep(reader, call, guards)];
  const inside = visitArguments(reader, given, guards, callbackUse(entity, method));
  if (method !== undefined && OF_PROMISES.has(method)) return chained(reader, call, guards, before, inside);
  return [...before, ...inside, ...recordEntity(reader, call, entity, guards)];
}

const OF_PROMISES: ReadonlySet<string> = new Set(['then', 'catch', 'finally']);

/** `a().then(() => b())` runs `b` when `a` has ended, and is awaited as a whole. */
function chained(
  reader: BodyReader,
  call: SyntaxNode,
  guards: readonly Guard[],
  before: readonly Found[],
  inside: readonly Found[],
): readonly Found[] {
  const end: Found = { mark: 'end', of: [call], guards };
  return started(reader, call, guards, [...before, end, { mark: 'wait' }, ...inside, end]);
}

/** `new Promise((resolve) => …)` runs its function, and another class may. */
export function visitNew(reader: BodyReader, made: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const callee = calleeOf(made);
  const isPromise = callee !== undefined && textOf(reader.context.tree, callee) === 'Promise';
  return visitArguments(reader, argumentsOf(made), guards, isPromise ? 'once' : 'loop');
}

/**
 * How often a callee runs the functions that are its arguments: `each` does not wait for one before the next. In a step,
 * nothing of them is the workflow's.
 */
type CallbackUse = 'once' | 'perhaps' | 'loop' | 'each' | 'step';

function callbackUse(entity: Entity, method: string | undefined): CallbackUse {
  if (method === 'then' || method === 'finally') return 'once';
  if (method === 'catch') return 'perhaps';
  if (entity.kind === 'registered' || entity.kind === 'start' || entity.kind === 'starter') return 'step';
  return method !== undefined && FOR_EACH.has(method) ? 'each' : 'loop';
}

const FOR_EACH: ReadonlySet<string> = new Set(['map', 'flatMap', 'forEach', 'from']);

function visitArguments(
  reader: BodyReader,
  given: readonly Argument[],
  guards: readonly Guard[],
  use: CallbackUse,
): readonly Found[] {
  const isRepeated = use === 'loop' || use === 'each';
  const inside = isRepeated ? [...guards, LOOP] : use === 'perhaps' ? [...guards, CONDITION] : guards;
  const together = use === 'each' ? inside : guards;
  return given.flatMap(({ node }) => {
    const value = unwrap(node);
    if (isFunctionExpression(value)) {
      if (use !== 'step') return visitFunction(reader, value, inside, together);
      reader.insides.add(value);
      return [];
    }
    const before = visit(reader, node, guards);
    if (use === 'step') return before;
    return [
      ...before,
      ...visitFunctionsIn(reader, value, inside, together),
      ...visitCallback(reader, value, inside, together),
    ];
  });
}

/** `items.map(reserve)` */
function visitCallback(
  reader: BodyReader,
  node: SyntaxNode,
  guards: readonly Guard[],
  together: readonly Guard[],
): readonly Found[] {
  if (node.name !== 'VariableName' && node.name !== 'MemberExpression') return [];
  const entity = resolve(reader.context, node);
  const runs = entity.kind === 'function' || entity.kind === 'registered' || entity.kind === 'bound';
  return runs ? started(reader, node, together, recordEntity(reader, node, entity, guards)) : [];
}

/** Returns what a call of a method of `DBOS` does. */
function visitDbos(reader: BodyReader, call: SyntaxNode, method: string, guards: readonly Guard[]): readonly Found[] {
  const given = argumentsOf(call);
  if (method === 'runStep') return visitStep(reader, call, guards);
  if (method === 'registerWorkflow' || method === 'registerStep') return [];
  if (WRAPPING.includes(method)) return visitArguments(reader, given, guards, 'once');
  const before = given.flatMap(({ node }) => visit(reader, node, guards));
  return [...before, ...recordDbos(reader, call, method, guards)];
}

function recordDbos(reader: BodyReader, call: SyntaxNode, method: string, guards: readonly Guard[]): readonly Found[] {
  const [first] = argumentsOf(call);
  if (method === 'patch' || method === 'deprecatePatch') {
    const value = first === undefined ? undefined : resolve(reader.context, first.node);
    const naming: Naming = value?.kind === 'string' ? text(`DBOS.patch-${value.value}`) : { kind: 'computed' };
    return recorded(reader, call, method === 'patch' ? 'patch' : 'deprecated-patch', naming, guards);
  }
  if (method === 'enqueueWorkflowWithOptions' || method === 'enqueueWorkflowWithOptionsPortable') {
    const naming = configured(reader.context, call, 0, 'workflowName', { kind: 'computed' });
    return recorded(reader, call, 'child', naming, guards);
  }
  // What `startWorkflow` returns is called, and that is recorded.
  if (method === 'startWorkflow' || SILENT.has(method)) return [];
  const known = RECORDED.get(method);
  // A method of a later release is recorded, if at all, under its own name.
  if (known === undefined) return recorded(reader, call, 'call', text(method), guards);
  // A stream is recorded value by value.
  const around = method === 'readStream' ? [...guards, LOOP] : guards;
  return isNoSleep(reader, call, known.name) ? [] : recorded(reader, call, known.kind, text(known.name), around);
}

/** A sleep of zero is not recorded. The timers of `recv` and `getEvent` are the judge's to know. */
function isNoSleep(reader: BodyReader, call: SyntaxNode, name: string): boolean {
  const [duration] = argumentsOf(call);
  const value = duration?.node.name === 'Number' ? textOf(reader.context.tree, duration.node) : undefined;
  return name === 'DBOS.sleep' && value !== undefined && Number(value) === 0;
}

/** `DBOS.runStep(fn, { name })`, `dataSource.runTransaction(fn, { name })`: what is in `fn` is not the workflow's. */
function visitStep(reader: BodyReader, call: SyntaxNode, guards: readonly Guard[]): readonly Found[] {
  const [inside, ...rest] = argumentsOf(call);
  if (inside !== undefined) reader.insides.add(inside.node);
  const isKnown = inside !== undefined && !inside.isSpread;
  const own: Naming = isKnown ? functionName(reader.context, inside.node) : { kind: 'computed' };
  return [
    ...rest.flatMap(({ node }) => visit(reader, node, guards)),
    ...recorded(reader, call, 'step', configured(reader.context, call, 1, 'name', own), guards),
  ];
}
