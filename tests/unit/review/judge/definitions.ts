import type { ChangedFile } from '../../../../src/review/judge/changed-file.ts';
import type {
  Guard,
  RecordedCall,
  RecordedKind,
  SourceFile,
  SourceFunction,
  SourceWorkflow,
} from '../../../../src/review/source/definition.ts';

const KINDS: ReadonlyMap<string, RecordedKind> = new Map([
  ['DBOS.sleep', 'sleep'],
  ['DBOS.recv', 'receive'],
  ['DBOS.getEvent', 'event'],
]);

/**
 * A call from a few words, the last of which is its name: `reserve`, `if reserve`, `for reserve`, `+x reserve` behind the
 * taken patch x, `-x reserve` behind the other branch, `patch x`, `deprecate x`, `other reserve` of another file, and
 * `computed` without a name.
 */
export function call(words: string, index: number): RecordedCall {
  const all = words.split(' ');
  const name = all.at(-1) ?? '';
  const before = all.slice(0, -1);
  const guards = before.flatMap((word): readonly Guard[] => {
    if (word === 'if') return [{ kind: 'condition' }];
    if (word === 'for') return [{ kind: 'loop' }];
    if (/^[+-]/.test(word)) return [{ kind: 'patch', patch: word.slice(1), isTaken: word.startsWith('+') }];
    return [];
  });
  const rest = { line: 10 + index, guards };
  if (name === 'computed') return { kind: 'step', name: undefined, ...rest };
  if (before.includes('patch')) return { kind: 'patch', name: `DBOS.patch-${name}`, ...rest };
  if (before.includes('deprecate')) return { kind: 'deprecated-patch', name: `DBOS.patch-${name}`, ...rest };
  if (before.includes('other')) return { kind: 'call', name, ...rest };
  return { kind: KINDS.get(name) ?? 'step', name, ...rest };
}

export function sourceFunction(
  localName: string,
  calls: readonly string[],
  rest: Partial<SourceFunction> = {},
): SourceFunction {
  return {
    localName,
    line: 8,
    endLine: 40,
    nameLine: 9,
    fingerprint: JSON.stringify(calls),
    calls: calls.map(call),
    notFollowed: [],
    accepted: undefined,
    ...rest,
  };
}

export function sourceWorkflow(
  name: string,
  calls: readonly string[],
  rest: Partial<SourceWorkflow> = {},
): SourceWorkflow {
  return { ...sourceFunction(name, calls), workflow: { name, className: null }, ...rest };
}

export function sourceFile(rest: Partial<SourceFile> = {}): SourceFile {
  return {
    language: 'javascript',
    workflows: [],
    functions: [],
    registrations: [],
    steps: [],
    instances: [],
    notFollowed: [],
    accepted: [],
    hasErrors: false,
    isCut: false,
    ...rest,
  };
}

export function changedFile(
  before: Partial<SourceFile> | undefined,
  after: Partial<SourceFile> | undefined,
  rest: Partial<ChangedFile> = {},
): ChangedFile {
  return {
    path: 'src/orders.ts',
    oldPath: 'src/orders.ts',
    application: undefined,
    before: before && sourceFile(before),
    after: after && sourceFile(after),
    oldText: undefined,
    text: undefined,
    ...rest,
  };
}
