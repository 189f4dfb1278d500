import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Closeness, closeNamesAmong, isUnfilled } from '../../src/rules/close-names.ts';

const closenessOf = (name: string, known: string) => closeNamesAmong([known])(name).get(known);

/** Written like this, the linter sees no template. */
const DOLLAR = '$';
const SHA = 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334';
const SHA256 = `${SHA}${'0123456789abcdef01234567'}`;
const MD5 = SHA.slice(0, 32);

test.each<[string, string, Closeness]>([
  // What the operator typed, what is known, how close that is.
  ['"1.0.0"', '1.0.0', 'spelling'],
  ["'1.0.0'", '1.0.0', 'spelling'],
  ['“1.0.0”', '1.0.0', 'spelling'],
  ['‘1.0.0’', '1.0.0', 'spelling'],
  ['`1.0.0`', '1.0.0', 'spelling'],
  ['＂1.0.0＂', '1.0.0', 'spelling'],
  ['1.0.0\u200b', '1.0.0', 'spelling'],
  ['\u200b1.0.0', '1.0.0', 'spelling'],
  ['\ufeff1.0.0', '1.0.0', 'spelling'],
  ['1.\u00ad0.0', '1.0.0', 'spelling'],
  ['1.0.0\u00a0', '1.0.0', 'spelling'],
  ['1.0.0\u2060', '1.0.0', 'spelling'],
  ['1.0.0\ufe0f', '1.0.0', 'spelling'],
  ['\u202e1.0.0\u202c', '1.0.0', 'spelling'],
  ['1.0. 0', '1.0.0', 'spelling'],
  ['1.0.0\r\n', '1.0.0', 'spelling'],
  ['1.0.0\\n', '1.0.0', 'spelling'],
  ['\\n1.0.0', '1.0.0', 'spelling'],
  ['\u001b[32m1.0.0\u001b[0m', '1.0.0', 'spelling'],
  ['１.０.０', '1.0.0', 'spelling'],
  ['１．０．０', '1.0.0', 'spelling'],
  ['RELEASE', 'release', 'spelling'],
  ['1.0.0‑rc1', '1.0.0-rc1', 'spelling'],
  ['1.0.0–rc1', '1.0.0-rc1', 'spelling'],
  ['e\u0301t\u00e9', '\u00e9te\u0301', 'spelling'],
  ['1.0.0', '"1.0.0"', 'spelling'],
  ['1.0.0', '1.0.0 ', 'spelling'],

  ['v1.0.0', '1.0.0', 'v'],
  ['V1.0.0', '1.0.0', 'v'],
  ['"v1.0.0"', '1.0.0', 'v'],
  ['1.0.0', 'v1.0.0', 'v'],

  ['a1b2c3d', SHA, 'hash'],
  ['A1B2C3D', SHA, 'hash'],
  ['a1b2c3d4e5f6', SHA256, 'hash'],
  ['a1b2c3d', MD5, 'hash'],
  ['sha-a1b2c3d', SHA, 'hash'],
  ['sha256:a1b2c3d4e5f6', SHA256, 'hash'],
  [SHA, 'a1b2c3d', 'hash'],

  ['- 1.0.0', '1.0.0', 'part'],
  ['-1.0.0', '1.0.0', 'part'],
  ['* 1.0.0', '1.0.0', 'part'],
  ['1.0.0.', '1.0.0', 'part'],
  ['1.0.0,', '1.0.0', 'part'],
  ['1.0.0, 0.9.0', '1.0.0', 'part'],
  ['1.0.0, 0.9.0', '0.9.0', 'part'],
  ['1.0.0;0.9.0', '0.9.0', 'part'],
  ['1.0.0 0.9.0', '0.9.0', 'part'],
  ['1.0.0\u00a00.9.0', '0.9.0', 'part'],
  ['1.0.0\\n0.9.0', '0.9.0', 'part'],
  ['1.0.0|0.9.0', '0.9.0', 'part'],
  ['"1.0.0" "0.9.0"', '1.0.0', 'part'],
  ["['1.0.0']", '1.0.0', 'part'],
  ['["1.0.0", "0.9.0"', '1.0.0', 'part'],
  ['{"version":"1.0.0"}', '1.0.0', 'part'],
  ['refs/tags/1.0.0', '1.0.0', 'part'],
  ['refs/tags/v1.0.0', '1.0.0', 'part'],
  ['refs/tags/1.0.0', 'v1.0.0', 'part'],
  ['1.0.0 # old', '1.0.0', 'part'],
  ['1.0.0 // old', '1.0.0', 'part'],
  ['# 1.0.0', '1.0.0', 'part'],
  ['version=1.0.0', '1.0.0', 'part'],
  ['version: 1.0.0', '1.0.0', 'part'],
  ['shop@1.0.0', '1.0.0', 'part'],
  ['ghcr.io/acme/shop:1.0.0', '1.0.0', 'part'],
  ['=1.0.0', '1.0.0', 'part'],
  ['~1.0.0', '1.0.0', 'part'],
  ['1.0.0%0A', '1.0.0', 'part'],
  ['refs/tags/1.\u200b0.0', '1.0.0', 'part'],
  [`sha256:${SHA256}`, SHA256, 'hash'],
  ['refs/heads/feature/blue', 'feature/blue', 'part'],
  ['the summer  release, again', 'summer release', 'part'],
])('%j is a mistake where %j is known', (name, known, closeness) => {
  expect(closenessOf(name, known)).toBe(closeness);
});

test.each([
  ['20261101', '202611010930'],
  ['202611010930', '20261101'],
  ['1.0.1', '1.0.0'],
  ['1.0.0-rc1', '1.0.0'],
  ['1.0.0', '1.0.0-rc1'],
  ['1.0.0+build', '1.0.0'],
  ['1.0.0_build', '1.0.0'],
  ['2.0', '2.0.1'],
  ['2.0.1', '2.0'],
  ['11.0.0', '1.0.0'],
  ['1.0.0', '1.0.00'],
  ['v10', 'v1'],
  ['blue', 'green'],
  ['blue-green', 'blue'],
  ['a1b2c3', SHA],
  ['b1b2c3d', SHA],
  ['a1b2c3d', `${SHA}00`],
  ['a1b2c3d', 'a1b2c3d4e5f6'],
  ['1.0.0', ''],
  ['1.0.0, 0.9.0', ''],
  ['1.0.0, 0.9.0', ','],
  ['1.0.0, 0.9.0', ' '],
  ['1.0.0', '1.0.0'],
])('%j is no mistake where %j is known', (name, known) => {
  expect(closenessOf(name, known)).toBeUndefined();
});

describe('a name that nobody filled in', () => {
  test.each([
    ...[
      'undefined',
      'Undefined',
      'null',
      'NULL',
      'None',
      'none',
      'NaN',
      'nil',
      '[object Object]',
      '<nil>',
      '<no value>',
    ],
    ...['v-undefined', '1.0.0-undefined', 'shop@null', '"undefined"', 'undefined\n'],
    ...['vundefined', 'null,', '- undefined', 'undefined-1.0.0', '1.0.0-undefined;', 'refs/tags/null', 'vNone'],
    ...['1.0.0-None', '1.0.0-NaN', 'None-1.0.0', '1.0.0-None\n', 'shop:<nil>-linux', 'v[object Object]-1'],
    ...[
      `${DOLLAR}{VERSION}`,
      `${DOLLAR}{{ github.sha }}`,
      `${DOLLAR}{{ needs.build.outputs.version }}`,
      '$VERSION',
      '$version',
      'v$VERSION',
    ],
    ...['$(git rev-parse HEAD)', '{{ .Values.version }}', '%VERSION%', `1.0.0-${DOLLAR}{SHA}`],
    ...['', ' ', '\u200b', '""', '-', '- ', ',', '#'],
  ])('%j', (name) => {
    expect(isUnfilled(name)).toBe(true);
  });

  test.each([
    ...['1.0.0', 'undefinedbehaviour', 'nullable', 'nonesuch', 'canonical', 'nano', 'banana', 'us$1', '100%', '🚀'],
    ...['1.0.0%0A', 'blue', '$1', 'annihilate', 'é'],
    ...['fix-null-crash', 'fix-undefined-behaviour', 'feat/none-check', 'feat/None-check', 'release-nan', 'nil-guard'],
  ])('is not %j', (name) => {
    expect(isUnfilled(name)).toBe(false);
  });
});

test('folds each name once, however many are known and asked for', () => {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  onTestFinished(() => normalize.mockRestore());
  const closeNames = closeNamesAmong(['1.0.0', '1.1.0', '1.2.0', '1.3.0']);
  closeNames('v1.0.0');
  const forOne = normalize.mock.calls.length;
  for (const name of ['v1.1.0', 'v1.2.0', 'v1.3.0']) closeNames(name);
  // Four known names and four that ask: each costs the same.
  expect(normalize.mock.calls.length).toBe((forOne / 5) * 8);
});

// A pattern that backtracks would take longer than the test may.
test('comes to an end for names of 16,000 characters', () => {
  for (const piece of ['x', 'a', '.', '-', '$', '"', '\\', ' ', '\u200b', '🚀', 'a.', '1.0.0,']) {
    const name = piece.repeat(16_000 / piece.length);
    isUnfilled(name);
    for (const known of [name, `${name}y`, `${name}.`, name.slice(1), name.slice(8_000), piece]) {
      closenessOf(name, known);
      closenessOf(known, name);
    }
  }
});
