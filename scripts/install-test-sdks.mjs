/**
 * Installs the SDK releases that the tests run, unless they are installed already. They have a folder and a
 * lock file of their own, since they do not resolve beside the test runner.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../tests/sdks/', import.meta.url);

/**
 * npm writes what it has installed into `node_modules/.package-lock.json`, in the end, when all is there. It
 * is the lock file without its entry for the project itself.
 */
function isInstalled() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  delete wanted[''];
  const isRequiredHere = ([, entry]) => entry.optional !== true;
  return Object.entries(wanted)
    .filter(isRequiredHere)
    .every(([path, entry]) => installed[path]?.integrity === entry.integrity);
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(new URL(file, folder), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

if (!isInstalled()) {
  console.log('Installing the DBOS SDK releases of the tests (tests/sdks).');
  // No install scripts: the only one, of protobufjs, does nothing but print a notice about versions.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: fileURLToPath(folder),
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (npm.error !== undefined) throw npm.error;
  process.exitCode = npm.status ?? 1;
}
