import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { repositorySlug } from '../../scripts/repository.ts';
import { RELEASE } from '../../src/embedded.ts';
import { runCommandLine } from '../support/command-line.ts';
import { guardedDatabase } from '../support/guarded-database.ts';
import { postgresUser } from '../support/postgres/unprivileged-user.ts';
import { systemDatabases } from '../support/system-databases.ts';

/* The command line as npm installs it, from the package that would be published. */

const databases = systemDatabases();
const fixed = { 'retire-version': '1.0.0', 'poll-interval': '100ms', settle: '300ms', timeout: '60s' };
function npm(cwd: string, ...args: readonly string[]): string {
  return execFileSync('npm', [...args], { cwd, encoding: 'utf8', shell: process.platform === 'win32' });
}

test('the package is one file, which any user can run where nothing but the temporary folder can be written', async () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-package-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  chmodSync(home, 0o755);
  const database = await guardedDatabase(databases);
  const packed = JSON.parse(npm('.', 'pack', '--json', '--pack-destination', home));
  const [{ filename, files }] = Array.isArray(packed) ? packed : Object.values(packed);
  expect(files.map((file: { path: string }) => file.path).toSorted()).toEqual([
    'LICENSE',
    'README.md',
    'dist/cli/dbos-drain-gate.mjs',
    'dist/cli/licenses.txt',
    'package.json',
  ]);
  const project = path.join(home, 'project');
  mkdirSync(project);
  npm(project, 'install', '--offline', '--no-audit', '--no-fund', path.join(home, filename));
  expect(readdirSync(path.join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
    'dbos-drain-gate',
  ]);

  // Root can write everywhere: an ordinary user runs it.
  const empty = path.join(home, 'empty');
  mkdirSync(empty, { mode: 0o555 });
  const run = runCommandLine({
    program: path.join(project, 'node_modules', '.bin', 'dbos-drain-gate'),
    inputs: { 'database-url': database.gateUrl, ...fixed },
    cwd: empty,
    runAs: postgresUser(),
  });
  await run.until(/\] 1 in flight; /);
  await database.drain();
  const { exitCode, outputs, stderr } = await run.finished;
  expect([exitCode, outputs['drained-versions']]).toEqual([0, '["1.0.0"]']);
  expect(stderr).not.toMatch(/could not be written/);
  expect(readdirSync(empty)).toEqual([]);
});

test('--json prints the report alone, --artifacts names its folder, and no place has the password', async () => {
  const held = await guardedDatabase(databases);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-artifacts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { exitCode, stdout, stderr, summary } = await runCommandLine({
    inputs: { 'database-url': held.gateUrl, ...fixed, mode: 'check' },
    flags: ['--json', `--artifacts=${folder}`],
  }).finished;
  expect(exitCode).toBe(10);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8')));
  const page = `https://github.com/${repositorySlug()}/blob/v${RELEASE}/docs/troubleshooting.md`;
  expect(JSON.parse(stdout).troubleshooting).toBe(page);
  expect(readdirSync(folder).toSorted()).toEqual(['report.json', 'unblock.sh', 'workflows.tsv']);
  expect(readFileSync(path.join(folder, 'unblock.sh'), 'utf8')).toBe(readFileSync('src/unblock/unblock.sh', 'utf8'));
  expect(stderr).toMatch(/^System database: .* \(from `DRAIN_GATE_DATABASE_URL`\)\.$/m);
  const password = new URL(held.gateUrl).password;
  expect(password.length).toBeGreaterThan(5);
  for (const text of [stdout, stderr, summary]) expect(text).not.toContain(password);
});

test('a password in a flag ends it with exit code 2, and is not repeated, and no earlier answer stays', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-artifacts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'report.json'), '{"verdict":"drained"}');
  const { exitCode, stdout, stderr } = await runCommandLine({
    flags: ['--database-url=postgres://gate:s3cret@localhost/shop', `--artifacts=${folder}`],
  }).finished;
  expect(readdirSync(folder)).toEqual([]);
  expect([exitCode, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Error: `--database-url` has a password/);
  expect(stderr).not.toContain('s3cret');
});
