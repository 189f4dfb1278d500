import type { SyntaxNode } from '../syntax.ts';
import type { PythonClass, PythonFunction, Scope } from './scope.ts';

/** What DBOS makes of a function. */
export type Role =
  | { readonly is: 'plain' }
  /** The name is undefined where the text does not say it. */
  | { readonly is: 'workflow' | 'step'; readonly name: string | undefined }
  /** A decorator called `transaction`, of an object from another file. */
  | { readonly is: 'perhaps-step'; readonly name: string | undefined };

export const PLAIN: Role = { is: 'plain' };

/** The name that a decorator gives: that of the function, one that stands there, or one that the text does not say. */
export type GivenName =
  | { readonly is: 'own' }
  | { readonly is: 'text'; readonly text: string }
  | { readonly is: 'computed' };

/** What an expression stands for, as far as the file says it. */
export type Value =
  /** The class `DBOS`, or an instance of it. */
  | { readonly kind: 'dbos' }
  /** A method of it: `sleep`. */
  | { readonly kind: 'api'; readonly name: string }
  /** Another name of the package, and what is called on it: `Queue`, `Debouncer.create`. */
  | { readonly kind: 'sdk'; readonly name: string }
  | { readonly kind: 'queue' | 'handle' | 'datasource' | 'reservation' }
  | { readonly kind: 'debouncer'; readonly of: Value }
  /** A method of one of those. */
  | { readonly kind: 'method'; readonly of: Value; readonly name: string }
  /** What gives a function its role. */
  | { readonly kind: 'decorator'; readonly role: 'workflow' | 'step' | 'perhaps-step'; readonly name: GivenName }
  | { readonly kind: 'function'; readonly function: PythonFunction; readonly role: Role }
  | { readonly kind: 'lambda'; readonly node: SyntaxNode; readonly scope: Scope }
  | { readonly kind: 'class' | 'instance'; readonly class: PythonClass }
  /** `super()` in a method of the class. */
  | { readonly kind: 'parent'; readonly class: PythonClass }
  | { readonly kind: 'list'; readonly of: Value }
  | { readonly kind: 'module'; readonly path: string }
  /** Something that another file defines. Without `from`: a member of something that the text does not tell. */
  | { readonly kind: 'foreign'; readonly name: string; readonly from: string | undefined }
  /** Something of Python itself, a literal, or what comes of them. */
  | { readonly kind: 'python'; readonly name: string }
  /** A choice at run time: `handlers[key]`, `getattr(…)`, one of two functions. */
  | { readonly kind: 'computed' }
  | { readonly kind: 'none' | 'unknown' };

export const UNKNOWN: Value = { kind: 'unknown' };
export const COMPUTED: Value = { kind: 'computed' };
export const PYTHON: Value = { kind: 'python', name: '' };
