import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * The Node that the runner would run a `node24` action with: this one if it is a 24, else the one that the
 * `node` package of npm brings.
 *
 * @throws when its install script did not run, with the fix
 */
export function node24(): string {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const folder = path.dirname(createRequire(import.meta.url).resolve('node/package.json'));
  const binary = path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    throw new Error('Run `npm rebuild --ignore-scripts=false`: the `node` package has no Node 24.');
  }
  return binary;
}
