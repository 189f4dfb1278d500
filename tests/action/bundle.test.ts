import { readFileSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { describe, expect, test } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

describe.each(['dist/index.js', 'dist/cli/dbos-drain-gate.mjs'])('the bundle %s', (file) => {
  // Types in comments are imported as modules are.
  const bundle = read(file).replace(/^ *\*.*$/gm, '');
  /** The modules that the bundle loads at run time, by any kind of import. */
  const fromTheRuntime = new Set(
    [
      ...bundle.matchAll(
        /(?:\brequire|createRequire\(import\.meta\.url\)|\bimport)\("([^"]+)"\)|^import .* from "([^"]+)";$/gm,
      ),
    ].map(([, required, imported]) => required ?? imported ?? ''),
  );

  test('needs nothing but Node’s own modules', () => {
    expect(fromTheRuntime).toContain('net');
    expect([...fromTheRuntime].filter((name) => !isBuiltin(name))).toEqual([]);
  });

  test('has no HTTP client', () => {
    const clients = ['http', 'https', 'http2', 'undici', 'dgram'].flatMap((name) => [name, `node:${name}`]);
    expect(clients.filter((name) => fromTheRuntime.has(name))).toEqual([]);
    expect(bundle).not.toMatch(/\bfetch\(|\bWebSocket\(/);
  });

  test('carries unblock.sh', () => {
    expect(bundle).toContain(JSON.stringify(read('src/unblock/unblock.sh')).slice(0, 2000));
  });
});

test('unblock.sh is next to the bundle, unchanged', () => {
  expect(read('dist/unblock.sh')).toBe(read('src/unblock/unblock.sh'));
});

test('the command line has none of what only the action needs, and can be run as it is', () => {
  const bundle = read('dist/cli/dbos-drain-gate.mjs');
  expect(bundle).toMatch(/^#!\/usr\/bin\/env node\n/);
  expect(bundle).not.toMatch(/GITHUB_OUTPUT|GITHUB_STEP_SUMMARY|add-mask/);
  // An older Node has to read the file to say that it is too old: 18 does not know this flag of regular expressions.
  expect(bundle).not.toMatch(/\/v[;.,)]/);
  expect(statSync(new URL('../../dist/cli/dbos-drain-gate.mjs', import.meta.url)).mode & 0o111).not.toBe(0);
});
