/**
 * Installs the packages that only the tests and the demo use, unless they are installed already. They have their own
 * folders and lock files: the SDK releases do not resolve next to the test runner, and the renderers are large.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folders that the command line names, or those that `npm test` needs. */
const FOLDERS = process.argv.length > 2 ? process.argv.slice(2) : ['tests/sdks', 'tests/rendering', 'tests/mermaid'];

/**
 * Returns whether everything in the folder's lock file is installed. npm writes `node_modules/.package-lock.json` when
 * it has finished. That file is the lock file without the entry for the project itself.
 */
function isInstalled(folder) {
  const wanted = packagesIn(folder, 'package-lock.json');
  const installed = packagesIn(folder, 'node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  delete wanted[''];
  const isForThisMachine = ({ os, cpu }) => os?.includes(process.platform) && cpu?.includes(process.arch);
  const isRequiredHere = ([, entry]) => entry.optional !== true || isForThisMachine(entry);
  return Object.entries(wanted)
    .filter(isRequiredHere)
    .every(([path, entry]) => installed[path]?.integrity === entry.integrity);
}

function packagesIn(folder, file) {
  try {
    return JSON.parse(readFileSync(new URL(`../${folder}/${file}`, import.meta.url), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** @throws when npm cannot be started */
function install(folder) {
  console.log(`Installing the packages of the tests in ${folder}.`);
  // The scripts of Postgres make links. Elsewhere the only one, of protobufjs, prints a notice about versions.
  const scripts = folder === 'tests/postgres' ? [] : ['--ignore-scripts'];
  const npm = spawnSync('npm', ['ci', ...scripts, '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(new URL(`../${folder}/`, import.meta.url)),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (npm.error !== undefined) throw npm.error;
  return npm.status ?? 1;
}

for (const folder of FOLDERS) {
  if (!isInstalled(folder)) process.exitCode ||= install(folder);
}
