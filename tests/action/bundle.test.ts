import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, test } from 'vitest';

const bundle = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');

/** The modules that the bundle loads at run time, by any kind of import. */
const fromTheRuntime = new Set(
  [
    ...bundle.matchAll(
      /(?:\brequire|createRequire\(import\.meta\.url\)|\bimport)\("([^"]+)"\)|^import .* from "([^"]+)";$/gm,
    ),
  ].map(([, required, imported]) => required ?? imported ?? ''),
);

test('the bundle needs nothing but Node’s own modules', () => {
  expect(fromTheRuntime).toContain('net');
  expect([...fromTheRuntime].filter((name) => !isBuiltin(name))).toEqual([]);
});

test('unblock.sh is next to the bundle, unchanged', () => {
  const [built, source] = ['dist/unblock.sh', 'src/unblock/unblock.sh'].map((file) =>
    readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'),
  );
  expect(built).toBe(source);
});

test('the bundle has no HTTP client', () => {
  const clients = ['http', 'https', 'http2', 'undici', 'dgram'].flatMap((name) => [name, `node:${name}`]);
  expect(clients.filter((name) => fromTheRuntime.has(name))).toEqual([]);
  expect(bundle).not.toMatch(/\bfetch\(|\bWebSocket\(/);
});
