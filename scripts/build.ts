import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';

/** Builds `dist/` from scratch: compiles `src/` to `lib/`, then bundles `lib/` into one file. ncc copies the script. */
remove('lib');
run('tsc', ['-p', 'tsconfig.build.json']);
copyFileSync('src/unblock/unblock.sh', 'lib/unblock/unblock.sh');
remove('dist');
run('ncc', ['build', 'lib/index.js', '-o', 'dist', '--license', 'licenses.txt']);

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`${command} failed`);
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
