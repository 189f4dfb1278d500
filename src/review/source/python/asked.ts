import type { Test } from '../guards.ts';
import type { History } from '../history.ts';
import type { SyntaxNode } from '../syntax.ts';
import type { Depth, Variable } from '../variables.ts';
import type { Binding } from './scope.ts';

/** What conditions and variables of a file say, as far as that was asked. */
export interface Asked {
  readonly tests: Map<SyntaxNode, Test>;
  /** Undefined for a variable that nothing certain can be said of. */
  readonly variables: Map<readonly Binding[], Variable | undefined>;
  readonly depth: Depth;
  /** What has written variables and members, by the places that do. */
  readonly histories: Map<object, History>;
}

export function newAsked(): Asked {
  return { tests: new Map(), variables: new Map(), depth: { count: 0 }, histories: new Map() };
}
