// @module-tag exhaustive
import { describe, expect, test } from 'vitest';
import { readPython } from '../../../src/review/source/python/index.ts';

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join('\n');
const MANY = 1_500;

/** Shapes that would end in a stack that overflows, or in work that doubles with each line. */
const SHAPES: Readonly<Record<string, string>> = {
  'open brackets': '('.repeat(4 * MANY),
  'brackets that close': `x = ${'('.repeat(MANY)}f()${')'.repeat(MANY)}`,
  'calls of calls': `x = f${'(a)'.repeat(MANY)}`,
  'members of members': `x = f${'.a'.repeat(MANY)}()`,
  'lambdas in lambdas': `def f(): g(${'lambda: '.repeat(MANY)}h())`,
  'comprehensions in comprehensions': `x = ${'['.repeat(MANY)}a() ${'for a in b]'.repeat(MANY)}`,
  'definitions in definitions': lines(500, (at) => `${' '.repeat(at)}def f${at}():`),
  'a long chain of conditions': `def f():\n  if a: pass\n${lines(MANY, (at) => `  elif DBOS.patch("${at}"): DBOS.sleep(1)`)}`,
  'early returns behind patches': `def f():\n${lines(MANY, (at) => `  if DBOS.patch("${at}"): return`)}`,
  'one name bound to itself': `x = 1\n${lines(MANY, () => 'x = x')}\nx()`,
  'names behind names': `${lines(12_000, (at) => `x${at} = x${at + 1}`)}\nx0()`,
  'names in a circle': `a = b\nb = c\nc = a\n${lines(MANY, () => 'a()')}`,
  'a function that calls the next': `${lines(MANY, (at) => `def f${at}(): f${at + 1}()`)}`,
  'a function that calls the next twice': `def f0(): DBOS.sleep(1)\n${lines(60, (at) => `def f${at + 1}(): f${at}(); f${at}()`)}`,
  'functions that all call all': lines(40, (at) => `def f${at}():\n${lines(40, (other) => `  f${other}()`)}`),
  'a lambda that passes itself': 'def f():\n  g = lambda: h(g)\n  g()',
  'classes with each other as bases': `${lines(MANY, (at) => `class A${at}(A${at + 1}, A${at + 2}): pass`)}\nA0.x()`,
  'a class that is its own base': 'class A(A): pass\nA().x()',
  'decorators on decorators': `def d(f): return f\n${lines(MANY, () => '@d')}\ndef f(): pass`,
  'a decorator that decorates itself': '@d\ndef d(f): return d(f)',
  'conditions that ask one often': `def f():\n  a0 = DBOS.patch("x")\n${lines(8, (at) => `  a${at + 1} = ${Array(700).fill(`a${at}`).join(' and ')}`)}\n  if a8: DBOS.sleep(1)`,
  'a variable that is written again and again': `def f():\n  a = False\n${lines(MANY, (at) => `  if b${at}: a = a or c\n  else: a |= c`)}\n  if a: DBOS.sleep(1)`,
  'a text of zeros': '\0'.repeat(MANY),
  'half of a string': `x = "${'\\'.repeat(MANY)}`,
  'format strings in format strings': `x = ${'f"{'.repeat(MANY)}`,
  'a surrogate alone': 'x = "\ud800"\ndef f\ud800(): pass',
  nothing: '',
};

describe('hostile Python', () => {
  test.each(Object.entries(SHAPES))('is read to its end: %s', (_shape, text) => {
    const workflow = '\n\n\n@DBOS.workflow()\ndef last(): DBOS.sleep(1)\n';
    for (const ending of ['', workflow]) {
      const file = readPython(`from dbos import DBOS\n${text}${ending}`);
      const calls = [...file.workflows, ...file.functions].flatMap((one) => one.calls);
      expect(calls.length).toBeLessThan(400_000);
      expect(calls.every(({ guards }) => guards.length <= 100)).toBe(true);
    }
  });

  test('what is too deep is noted', () => {
    const text = `from dbos import DBOS\n@DBOS.workflow()\ndef f():\n  ${'g('.repeat(1_000)}DBOS.sleep(1)${')'.repeat(1_000)}\n  DBOS.recv()\n`;
    const [f] = readPython(text).workflows;
    expect(f?.calls.map(({ name }) => name)).toEqual(['DBOS.recv']);
    expect(f?.notFollowed.map(({ why }) => why)).toContain('unreadable');
  });

  test('what follows broken text is found, and the break is noted', () => {
    const text = 'from dbos import DBOS\ndef broken(:\n  )\n\n@DBOS.workflow()\ndef f(): DBOS.sleep(1)\n';
    const file = readPython(text);
    expect(file.hasErrors).toBe(true);
    expect(file.notFollowed).toContainEqual({ line: 2, why: 'unreadable' });
    expect(file.workflows.map(({ workflow }) => workflow.name)).toEqual(['f']);
  });

  test('names that the text has as in an object of JavaScript are names like others', () => {
    const text = 'from dbos import DBOS\n@DBOS.workflow()\ndef __proto__(constructor): constructor(); toString()\n';
    expect(readPython(text).workflows.map(({ workflow }) => workflow.name)).toEqual(['__proto__']);
  });
});
