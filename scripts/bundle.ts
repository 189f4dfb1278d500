import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Compiles `src/` into a folder, and puts the values of `embedded.ts` in. */
export async function compile(folder: string): Promise<void> {
  await run('tsc', ['-p', 'tsconfig.build.json', '--outDir', folder]);
  const embedded = Object.entries({ ...(await import('../src/embedded.ts')) });
  const lines = embedded.map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`);
  writeFileSync(`${folder}/embedded.js`, lines.join(''));
}

/**
 * Bundles a compiled entry with everything that it imports. What it imports dynamically gets files of its own. The
 * licenses of all of them are in `licenses.txt`.
 */
export async function bundle(entry: string, folder: string): Promise<void> {
  await run('ncc', ['build', entry, '-o', folder, '--license', 'licenses-[name].txt', '--quiet']);
  // There is a list per file. With one name for all, the last would take the place of the others.
  const lists = readdirSync(folder).filter((name) => /^licenses-\w+\.txt$/.test(name));
  const paths = lists.toSorted().map((name) => path.join(folder, name));
  const texts = paths.map((list) => readFileSync(list, 'utf8').trim());
  writeFileSync(path.join(folder, 'licenses.txt'), `${texts.join('\n\n')}\n`);
  for (const list of paths) rmSync(list);
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`${command} failed`);
}
