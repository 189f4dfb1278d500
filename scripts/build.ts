import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { bundle, compile } from './bundle.ts';

/**
 * Builds `dist/` from scratch: compiles `src/` to `lib/`, then bundles `lib/` into one file for each shell and for the
 * review. The unblock kit's script and the licenses lie beside them, to be read.
 */
remove('lib');
remove('dist');
await compile('lib');
await Promise.all([
  bundle('lib/index.js', 'dist'),
  bundle('lib/bin.js', 'lib/cli'),
  bundle('lib/review/index.js', 'dist/review'),
]);
copyFileSync('src/unblock/unblock.sh', 'dist/unblock.sh');
mkdirSync('dist/cli');
// The file is named so that Node takes it for a module, wherever it lies.
renameSync('lib/cli/index.js', 'dist/cli/dbos-drain-gate.mjs');
renameSync('lib/cli/licenses.txt', 'dist/cli/licenses.txt');

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
