import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, test } from 'vitest';

const bundle = readFileSync(new URL('../../dist/index.js', import.meta.url), 'utf8');

/** What the bundle takes from the runtime, in whatever way that is written. */
const fromTheRuntime = new Set(
  [
    ...bundle.matchAll(
      /(?:\brequire|createRequire\(import\.meta\.url\)|\bimport)\("([^"]+)"\)|^import .* from "([^"]+)";$/gm,
    ),
  ].map(([, required, imported]) => required ?? imported ?? ''),
);

test('the bundle holds all that it needs but the runtime', () => {
  expect(fromTheRuntime).toContain('net');
  expect([...fromTheRuntime].filter((name) => !isBuiltin(name))).toEqual([]);
});

test('the script that a run leaves stands next to the bundle, as it is', () => {
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
