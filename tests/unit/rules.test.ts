import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RULES } from '../../src/rules/index.ts';

/* A rule is found by its number: in the folder, in the list and on the page. */

const files = readdirSync('src/rules')
  .filter((file) => /^\d/.test(file))
  .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

test('each rule has one file, numbered from 1 without a gap', () => {
  const numbers = files.map((file) => Number.parseInt(file, 10));
  expect(numbers).toEqual(RULES.map((_, index) => index + 1));
});

test('the list has the rules in the order of their files', async () => {
  const modules: readonly object[] = await Promise.all(
    files.map((file) => import(`../../src/rules/${file}`) as Promise<object>),
  );
  for (const [index, rule] of RULES.entries()) {
    expect(Object.values(modules[index] ?? {}), files[index]).toContain(rule);
  }
});

test('the page on the rule of retirement links each rule to its file', () => {
  const page = readFileSync('docs/rule-of-retirement.md', 'utf8');
  const links = [...page.matchAll(/\[`(?<name>[^`]+)`\]\(\.\.\/src\/rules\/(?<file>[^)]+)\) \*\*(?<number>\d+)\. /g)];
  expect(links.map(({ groups }) => [groups?.['number'], groups?.['name'], groups?.['file']])).toEqual(
    files.map((file) => [String(Number.parseInt(file, 10)), file, file]),
  );
});
