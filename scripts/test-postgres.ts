import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordMajors } from './ran.ts';

/*
 * Runs the tests of the rules, the guards, the writers and the documented roles on other majors of Postgres: those that
 * the command line names, or all. When all have passed, `tests/ran.json` records it for docs/reference.md.
 */

const MAJORS = ['12', '13', '14', '15', '16', '17', '18'];

/** Files of `tests/database`. What tests an SDK, or the gate's own arithmetic, gives the same answer on each major. */
const FILES = [
  'appearing-work',
  'applications',
  'collations',
  'connections',
  'copies',
  'database-role',
  'encodings',
  'evidence',
  'guest',
  'half-migrated',
  'keep-latest',
  'live',
  'lock-wait',
  'plans',
  'privileges',
  'servers',
  'settings',
  'trust',
  'unversioned',
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command with its output on the screen. Returns its exit code. */
function run(command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): number {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  return status ?? 1;
}

// Vitest runs the files that it finds: one that has another name now would be left out without a word.
const files = FILES.map((file) => `tests/database/${file}.test.ts`);
const gone = files.filter((file) => !existsSync(path.join(root, file)));
if (gone.length > 0) throw new Error(`There is no file ${gone.join(', ')}.`);

const named = process.argv.slice(2);
const unknown = named.find((major) => !MAJORS.includes(major));
if (unknown !== undefined) {
  console.error(`${unknown} is not a major of Postgres that the tests have. They have ${MAJORS.join(', ')}.`);
  process.exit(2);
}
process.exitCode = run('node', ['scripts/install-test-packages.mjs', 'tests/sdks', 'tests/postgres']);
if (process.exitCode === 0) {
  for (const major of named.length > 0 ? named : MAJORS) {
    console.log(`\nPostgres ${major}`);
    const status = run('npx', ['vitest', 'run', '--project', 'database', ...files], { TEST_POSTGRES: major });
    process.exitCode ||= status;
  }
  if (process.exitCode === 0 && named.length === 0) recordMajors(MAJORS);
}
