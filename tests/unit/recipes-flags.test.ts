import { describe, expect, test } from 'vitest';
import { flagGroups } from '../../src/command-line/flags.ts';
import { recipes } from '../recipes/recipe.ts';

/* The command line as recipes call it: by npx, by docker compose, or as the arguments of a container. */

const names = flagGroups().flatMap(({ flags }) => flags.map(({ name }) => name));

/** The calls in a text, each as the flags that it names. */
function callsIn(text: string): readonly (readonly string[])[] {
  const typed = text.replaceAll('\\\n', ' ').match(/(?:dbos-drain-gate@1|\bgate) (?:wait|check|preflight)\b.*/g) ?? [];
  const listed = text.match(/- (?:wait|check|preflight)\n(?: +- .*\n)*/g) ?? [];
  return [...typed, ...listed].map((call) => Array.from(call.matchAll(/--([a-z][a-z-]*)/g), ([, flag = '']) => flag));
}

const calls = recipes().flatMap(({ name, blocks }) =>
  blocks.flatMap(({ text }) => callsIn(text).map((flags) => ({ name, flags }))),
);

describe('the command line in a recipe', () => {
  test('is found where it is typed, and where a container has it as arguments', () => {
    expect(callsIn('npx dbos-drain-gate@1 wait --timeout 5m \\\n  --json\n')).toEqual([['timeout', 'json']]);
    expect(callsIn('args:\n  - check\n  - --settle=0s\n  - "--details={{ .a }}"\nenv: a\n')).toEqual([
      ['settle', 'details'],
    ]);
    expect(new Set(calls.map(({ name }) => name))).toEqual(new Set(['gitlab', 'kubernetes-job', 'single-host']));
  });

  test.each(calls)('has flags that exist, in $name: $flags', ({ flags }) => {
    expect(flags.filter((flag) => !names.includes(flag))).toEqual([]);
  });
});
