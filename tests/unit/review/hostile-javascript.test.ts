// @module-tag exhaustive
import { parser } from '@lezer/javascript';
import { describe, expect, test } from 'vitest';
import { readJavaScript } from '../../../src/review/source/javascript/index.ts';
import { repaired } from '../../../src/review/source/javascript/repair.ts';
import { MOST_ERRORS } from '../../../src/review/source/repair.ts';
import {
  limitsFrom,
  MOST_BRACKETS,
  MOST_CHARACTERS,
  MOST_PARSING_BYTES,
  MOST_PARSING_MS,
  parseSource,
} from '../../../src/review/source/syntax.ts';
import { hostileTexts } from '../../review/hostile-javascript.ts';

describe('the reader of JavaScript ends, and says what it could not read, with', () => {
  test.each(hostileTexts(80))('%s', (_name, text) => {
    const { workflows, functions } = readJavaScript(text, 'hostile.tsx');
    for (const { calls, notFollowed } of [...workflows, ...functions]) {
      expect(calls.length).toBeLessThanOrEqual(3000);
      expect(notFollowed.length).toBeLessThanOrEqual(50);
    }
  });
});

test('calls that double are cut, and said', () => {
  const [, text = ''] = hostileTexts(60).find(([name]) => name === 'functions that call two') ?? [];
  const file = readJavaScript(text, 'doubling.ts');
  expect(file.functions[0]?.calls.length).toBeLessThanOrEqual(3000);
  expect(file.functions[0]?.notFollowed.map(({ why }) => why)).toContain('unreadable');
  expect(file.functions.at(-1)?.calls.length).toBe(1);
});

test.each([
  ['time', MOST_PARSING_MS / 2, 0],
  ['memory', 0, MOST_PARSING_BYTES / 2],
])('a parser that takes too much %s stops, and what it read stays', (_what, millis, bytes) => {
  let looks = 0;
  const text = `f();\n${'g();\n'.repeat(5000)}`;
  const meter = { millis: () => millis * looks++, bytes: () => bytes * looks++ };
  const tree = parseSource(parser, text, { within: limitsFrom(meter) });
  expect(tree.isCut).toBe(true);
  expect(tree.unreadable.length).toBeGreaterThan(0);
  expect(tree.unreadable[0]).toBeLessThan(text.length);
  expect(tree.root.children.length).toBeGreaterThan(100);
  expect(tree.root.children.length).toBeLessThan(5000);
});

test('brackets that are deeper than code is are not parsed', () => {
  const tree = parseSource(parser, `f(); ${'['.repeat(10_000)}`);
  expect(tree.unreadable[0]).toBe(5 + MOST_BRACKETS);
});

test('of a text with many errors, the first ones are repaired', () => {
  const text = 'let a!: T;\n'.repeat(MOST_ERRORS + 2);
  const tree = parseSource(parser.configure({ dialect: 'ts' }), text);
  expect(repaired(tree, text, true)?.match(/!/g)).toHaveLength(2);
});

test('a huge file is read to a limit', () => {
  const tree = parseSource(parser, `f();${' '.repeat(MOST_CHARACTERS)}g();`);
  expect(tree.root.children).toHaveLength(1);
  expect(tree.unreadable).toEqual([MOST_CHARACTERS]);
});
