import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

/** Builds `dist/` from `src/`, from nothing: TypeScript to `lib/`, and that into one bundle. */
for (const folder of ['lib', 'dist']) rmSync(folder, { recursive: true, force: true });
run('tsc', ['-p', 'tsconfig.build.json']);
run('ncc', ['build', 'lib/index.js', '-o', 'dist', '--license', 'licenses.txt']);

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`${command} failed`);
}
