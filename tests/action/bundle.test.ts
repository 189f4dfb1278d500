import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runAction } from '../support/runner.ts';
import { systemDatabases } from '../support/system-databases.ts';

const databases = systemDatabases();

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/**
 * The modules of the runtime that a file of the bundle itself loads. The main one also has a wrapper for each module that
 * other files load: nothing in it calls those.
 */
function loaded(bundle: string): ReadonlySet<string> {
  const wrappers = [
    ...bundle.matchAll(
      /^\/\*{3}\/ (\d+):\n\/\*{3}\/ \(\(module\) => \{\n\nmodule\.exports = \w+\(import\.meta\.url\)\("([^"]+)"\);/gm,
    ),
  ];
  const uncalled = wrappers.filter(([, id]) => !bundle.includes(`__nccwpck_require__(${id})`));
  const rest = uncalled.reduce((text, [wrapper]) => text.replace(wrapper, ''), bundle);
  const others = /(?:\brequire|createRequire\(import\.meta\.url\)|\bimport)\("([^"]+)"\)|^import .* from "([^"]+)";$/gm;
  return new Set([...rest.matchAll(others)].map(([, required, imported]) => required ?? imported ?? ''));
}

describe.each(['dist/index.js', 'dist/cli/dbos-drain-gate.mjs'])('the bundle %s', (file) => {
  // Types in comments are imported as modules are.
  const bundle = read(file).replace(/^ *\*.*$/gm, '');
  const modules = loaded(bundle);
  test('needs nothing but Node’s own modules', () => {
    expect(modules).toContain('net');
    expect([...modules].filter((name) => !isBuiltin(name))).toEqual([]);
  });

  test('has no HTTP client', () => {
    const clients = ['http', 'https', 'http2', 'undici', 'dgram'].flatMap((name) => [name, `node:${name}`]);
    expect(clients.filter((name) => modules.has(name))).toEqual([]);
    expect(bundle).not.toMatch(/\bfetch\(|\bWebSocket\(/);
  });

  test('carries unblock.sh', () => {
    expect(bundle).toContain(JSON.stringify(read('src/unblock/unblock.sh')).slice(0, 2000));
  });
});

test('the client of GitHub’s API is in files of its own, which the bundle loads when asked for a check run', () => {
  const chunks = readdirSync('dist').filter((name) => /^\d+\.index\.js$/.test(name));
  expect(chunks.some((name) => read(`dist/${name}`).includes('/check-runs/{check_run_id}'))).toBe(true);
  expect(read('dist/index.js')).not.toContain('/check-runs/');
  expect(read('dist/cli/dbos-drain-gate.mjs')).not.toContain('/check-runs/');
});

test('a run without a check run loads none of these files', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-bundle-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, 'dist'));
  for (const file of ['action.yml', 'dist/index.js', 'dist/package.json']) copyFileSync(file, path.join(folder, file));
  const inputs = { 'database-url': await databases.createUrl(), 'retire-version': '1', mode: 'check', settle: '0s' };
  const without = await runAction({ action: folder, inputs: { ...inputs, 'on-unknown': 'pass' } }).finished;
  expect([without.stderr, without.outputs['verdict']]).toEqual(['', 'drained']);
});

describe('the bundle of the review', () => {
  const bundle = read('dist/review/index.js').replace(/^ *\*.*$/gm, '');

  test('needs nothing but Node’s own modules', () => {
    expect([...loaded(bundle)].filter((name) => !isBuiltin(name))).toEqual([]);
  });

  test('has the client of GitHub’s API in files of its own: writing an inventory loads none', () => {
    expect(bundle).not.toMatch(/\/repos\/\{owner\}|\bfetch\(|\bWebSocket\(/);
    const chunks = readdirSync('dist/review').filter((name) => /^\d+\.index\.js$/.test(name));
    expect(chunks.some((name) => read(`dist/review/${name}`).includes('/pulls/{pull_number}/files'))).toBe(true);
  });

  test('is not in that of the gate', () => {
    for (const file of ['dist/index.js', 'dist/cli/dbos-drain-gate.mjs']) {
      expect(read(file)).not.toMatch(/lib\/review\/|@lezer|picomatch/);
    }
  });
});

test.each([
  ['dist', ['@actions/core', '@octokit/core', 'pg', 'undici', 'zod']],
  ['dist/cli', ['commander', 'pg', 'zod']],
  ['dist/review', ['@lezer/common', '@lezer/javascript', '@lezer/python', '@octokit/core', 'pg', 'picomatch', 'zod']],
])('%s has the licenses of all that is bundled there', (folder, packages) => {
  const names = read(`${folder}/licenses.txt`).split('\n');
  expect(packages.filter((name) => !names.includes(name))).toEqual([]);
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
