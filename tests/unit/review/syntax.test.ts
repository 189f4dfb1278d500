import { parser as javascript } from '@lezer/javascript';
import { parser as python } from '@lezer/python';
import { describe, expect, test } from 'vitest';
import { acceptedReason } from '../../../src/review/source/accept.ts';
import { canonical, digest, type Part } from '../../../src/review/source/fingerprint.ts';
import { and, CONDITION, not, or, patchTest } from '../../../src/review/source/guards.ts';
import { linesOf, MOST_DEPTH, parseSource, type SyntaxNode, textOf } from '../../../src/review/source/syntax.ts';

const deepest = (node: SyntaxNode): number => 1 + Math.max(0, ...node.children.map(deepest));

describe('the tree of a file', () => {
  test('has nodes without comments, and the comments apart', () => {
    const tree = parseSource(javascript, 'f(1); // one\n/* two */ g();\n');
    expect(tree.root.children.map(({ name }) => name)).toEqual(['ExpressionStatement', 'ExpressionStatement']);
    expect(tree.root.children.map((node) => textOf(tree, node))).toEqual(['f(1);', 'g();']);
    expect(tree.comments.map(({ text }) => text)).toEqual(['// one', '/* two */']);
    expect(tree.unreadable).toEqual([]);
    const snake = parseSource(python, 'f(1)  # one\n');
    expect(snake.comments.map(({ text }) => text)).toEqual(['# one']);
  });

  test.each([
    ['javascript', javascript, '('],
    ['javascript', javascript, '{'],
    ['javascript', javascript, '!'],
    ['javascript', javascript, 'f(()=>'],
    ['javascript', javascript, '`${'],
    ['python', python, '('],
    ['python', python, 'not '],
    ['python', python, 'lambda:'],
  ] as const)('in %s ends at a depth that recursion survives: %#', (_language, parser, part) => {
    const tree = parseSource(parser, part.repeat(5_000));
    expect(deepest(tree.root)).toBeLessThanOrEqual(MOST_DEPTH + 1);
    expect(tree.unreadable.length).toBeGreaterThan(0);
  });

  test('gives the line of an offset', () => {
    const lineAt = linesOf('a\nbc\n\nd');
    expect([0, 1, 2, 3, 4, 5, 6].map(lineAt)).toEqual([1, 1, 2, 2, 2, 3, 4]);
  });
});

describe('a comment', () => {
  const reason = (...texts: string[]) => acceptedReason(texts.map((text) => ({ from: 0, to: 0, text })));
  test.each([
    ['// drain-gate: accept we drained it', 'we drained it'],
    ['# drain-gate: accept: nobody runs it ', 'nobody runs it'],
    ['/* drain-gate: accept old */', 'old'],
    ['/**\n * Checks out.\n * drain-gate:accept old\n */', 'old'],
    ['// drain-gate: accept', ''],
    ['// drain-gate: accepted', undefined],
    ['// see drain-gate: accept', undefined],
  ])('%j accepts with %j', (text, expected) => {
    expect(reason('// other', text)).toBe(expected);
  });
});

test('a condition says which calls a patch decides about', () => {
  const patch = patchTest('x');
  const taken = { kind: 'patch', patch: 'x', isTaken: true };
  const untaken = { ...taken, isTaken: false };
  const other = { whenTrue: [CONDITION], whenFalse: [CONDITION] };
  expect(not(patch)).toEqual({ whenTrue: [untaken], whenFalse: [taken] });
  expect(and(patch, other)).toEqual({ whenTrue: [taken, CONDITION], whenFalse: [CONDITION] });
  expect(or(not(patch), other)).toEqual({ whenTrue: [CONDITION], whenFalse: [taken, CONDITION] });
});

test('a fingerprint is the same for the same code, whatever its layout', () => {
  const partOf = (node: SyntaxNode): Part =>
    node.name === ';' ? 'nothing' : node.name === 'VariableName' ? { text: 'name' } : 'whole';
  const of = (text: string) => digest([canonical(parseSource(javascript, text).root, partOf)]);
  expect(of('f( 1 ) // one')).toBe(of('f(1);'));
  expect(of('f(1)')).not.toBe(of('f(-1)'));
});
