/**
 * Runs the tests of the rules, the guards, the writers and the documented roles on other majors of Postgres: those that
 * the command line names, or all. It is plain JavaScript, because it has to run on Node 20.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAJORS = ['12', '13', '14', '15', '16', '17', '18'];

/** Files of `tests/database`. What tests an SDK, or the gate's own arithmetic, gives the same answer on each major. */
const FILES = [
  'appearing-work',
  'applications',
  'collations',
  'connections',
  'copies',
  'encodings',
  'evidence',
  'guest',
  'half-migrated',
  'keep-latest',
  'live',
  'lock-wait',
  'plans',
  'privileges',
  'readme-role',
  'servers',
  'settings',
  'trust',
  'unversioned',
];

const root = fileURLToPath(new URL('..', import.meta.url));

/** Runs a command with its output on the screen. Returns its exit code. */
function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
  });
  if (error !== undefined) throw error;
  return status ?? 1;
}

const majors = process.argv.length > 2 ? process.argv.slice(2) : MAJORS;
const unknown = majors.find((major) => !MAJORS.includes(major));
if (unknown !== undefined) {
  console.error(`${unknown} is not a major of Postgres that the tests have. They have ${MAJORS.join(', ')}.`);
  process.exit(2);
}
process.exitCode = run('node', ['scripts/install-test-packages.mjs', 'tests/sdks', 'tests/postgres']);
if (process.exitCode === 0) {
  const files = FILES.map((file) => `tests/database/${file}.test.ts`);
  for (const major of majors) {
    console.log(`\nPostgres ${major}`);
    const status = run('npx', ['vitest', 'run', '--project', 'database', ...files], { TEST_POSTGRES: major });
    process.exitCode ||= status;
  }
  if (process.exitCode === 0 && majors === MAJORS) record();
}

/** Writes when all majors ran, for the README. */
function record() {
  const file = new URL('../tests/ran.json', import.meta.url);
  const today = new Date().toISOString().slice(0, 10);
  const ran = {
    ...JSON.parse(readFileSync(file, 'utf8')),
    postgres: Object.fromEntries(MAJORS.map((major) => [major, today])),
  };
  writeFileSync(file, `${JSON.stringify(ran, undefined, 2)}\n`);
}
