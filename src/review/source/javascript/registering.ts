import { type SyntaxNode, textOf } from '../syntax.ts';
import type { SourceContext } from './context.ts';
import { resolve } from './entities.ts';
import { argumentsOf, calleeOf, memberName, unwrap } from './grammar.ts';
import { REGISTERING } from './sdk.ts';

/** Whether an expression registers a workflow. */
export function registersWorkflow(context: SourceContext, call: SyntaxNode): boolean {
  const callee = call.name === 'CallExpression' ? calleeOf(call) : undefined;
  const entity = callee === undefined ? undefined : resolve(context, callee);
  return entity?.kind === 'dbos-member' && REGISTERING.get(entity.name) === 'workflow';
}

/** Whether an expression calls something of another file that is named as if it registered a workflow. */
export function mayRegisterWorkflow(context: SourceContext, call: SyntaxNode): boolean {
  const callee = call.name === 'CallExpression' ? calleeOf(call) : undefined;
  if (callee === undefined || argumentsOf(call).length === 0) return false;
  const target = unwrap(callee);
  const name = target.name === 'MemberExpression' ? memberName(context.tree, target) : textOf(context.tree, target);
  if (name === undefined || !/^registerWorkflow(?!s)/.test(name)) return false;
  const { kind } = resolve(context, callee);
  return kind === 'unknown' || kind === 'foreign';
}
