import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Builds `dist/` from scratch: compiles `src/` to `lib/`, puts the values of `embedded.ts` in, then bundles `lib/` into
 * one file for each shell and for the review. The unblock kit's script and the licenses lie beside them, to be read.
 */
remove('lib');
remove('dist');
await run('tsc', ['-p', 'tsconfig.build.json']);
const embedded = Object.entries({ ...(await import('../src/embedded.ts')) });
const lines = embedded.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
writeFileSync('lib/embedded.js', lines.join(''));

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

function bundle(entry: string, folder: string): Promise<void> {
  return run('ncc', ['build', entry, '-o', folder, '--license', 'licenses.txt']);
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${command} failed`);
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
