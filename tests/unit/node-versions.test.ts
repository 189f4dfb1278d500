import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { isInRange, partsOf } from '../support/node-ranges.ts';

/* Three numbers: what the action runs on, what the command line needs, and what developing here needs. */

const { engines, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
const contributing = readFileSync('CONTRIBUTING.md', 'utf8');
const matrix: readonly (string | number)[] = parse(readFileSync('.github/workflows/ci.yml', 'utf8')).jobs.test.strategy
  .matrix.node;

/** What is installed, but for packages of other platforms. npm warns (EBADENGINE) where Node is outside of `engines`. */
const installed = ['package-lock.json', ...globSync('tests/*/package-lock.json')].flatMap((file) => {
  const lock: { packages: Record<string, Locked> } = JSON.parse(readFileSync(file, 'utf8'));
  return Object.entries(lock.packages).filter(([, { optional }]) => optional !== true);
});

interface Locked {
  readonly optional?: boolean;
  readonly engines?: { readonly node?: string };
}

function warnsOn(version: string): readonly string[] {
  return installed.filter(([, entry]) => !isInRange(partsOf(version), entry.engines?.node ?? '*')).map(([at]) => at);
}

describe('developing here', () => {
  const oldest = String(matrix[0]);

  test.each(matrix.map(String))('gives no warning on Node %s, which CI tests', (version) => {
    expect(warnsOn(version)).toEqual([]);
  });

  test('gives one on the minor version before the oldest', () => {
    const [major = 0, minor = 0] = partsOf(oldest);
    expect(warnsOn(`${major}.${minor - 1}`)).not.toEqual([]);
  });

  test('needs what CONTRIBUTING.md and the check of the machine say', () => {
    expect(contributing).toContain(`They need only Node ${oldest} or newer`);
    expect(readFileSync('scripts/check-machine.mjs', 'utf8')).toContain(`const OLDEST_NODE = '${oldest}';`);
  });
});

test('the command line needs no newer Node than CI tests', () => {
  expect(isInRange(partsOf(String(matrix[0])), engines.node)).toBe(true);
  expect(isInRange([22, 11], engines.node)).toBe(false);
});

test("the action's Node is the one that developers get, and that the scripts run on", () => {
  const { runs } = parse(readFileSync('action.yml', 'utf8'));
  const major = readFileSync('.node-version', 'utf8').trim();
  expect(runs.using).toBe(`node${major}`);
  expect(partsOf(devDependencies.node)[0]).toBe(Number(major));
});

test.each([
  ['22.12', '>=22.12.0', true],
  ['22.11', '>=22.12.0', false],
  ['23', '^22.12.0 || ^24.0.0 || >=26.0.0', false],
  ['22.13', '^22.12.0 || ^24.0.0 || >=26.0.0', true],
  ['9', '>= 10.x', false],
  ['24', '10.x', false],
  ['24', '*', true],
])('Node %s in %s: %s', (version, range, expected) => {
  expect(isInRange(partsOf(version), range)).toBe(expected);
});
