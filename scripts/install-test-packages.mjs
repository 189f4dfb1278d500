/**
 * Installs the packages that only tests and the demo use, unless they are installed already. They have folders and lock files
 * of their own: the SDK releases do not resolve beside the test runner, and what renders Markdown and charts is large.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Those that the command line names, or all. */
const FOLDERS =
  process.argv.length > 2 ? process.argv.slice(2) : ['tests/sdks', 'tests/rendering', 'tests/mermaid'];

/**
 * npm writes what it has installed into `node_modules/.package-lock.json`, in the end, when all is there. It
 * is the lock file without its entry for the project itself.
 */
function isInstalled(folder) {
  const wanted = packagesIn(folder, 'package-lock.json');
  const installed = packagesIn(folder, 'node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  delete wanted[''];
  const isRequiredHere = ([, entry]) => entry.optional !== true;
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
  // No install scripts: the only one, of protobufjs, does nothing but print a notice about versions.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
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
