import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

/** Compiles `src/` into a folder, and puts the values of `embedded.ts` in. */
export async function compile(folder: string): Promise<void> {
  await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', folder]);
  const embedded = Object.entries({ ...(await import('../src/embedded.ts')) });
  const lines = embedded.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
  writeFileSync(`${folder}/embedded.js`, lines.join(''));
}

/** Bundles a compiled entry with everything that it imports. What it imports dynamically gets files of its own. */
export function bundle(entry: string, folder: string): Promise<void> {
  return run('ncc', ['build', entry, '-o', folder, '--license', 'licenses.txt', '--quiet']);
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${command} failed`);
}
