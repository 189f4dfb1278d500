import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SHOP = fileURLToPath(new URL('shop/', import.meta.url));
const COMPILER = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
/** Below the packages of the repository, so that the shop finds the SDK. */
const BUILDS = fileURLToPath(new URL('../../../node_modules/.cache/review/', import.meta.url));

/**
 * Compiles the shop, with files in place of its own, and returns the path of its program.
 *
 * @throws when the compiler finds an error
 */
export function buildShop(files: Readonly<Record<string, string>> = {}): string {
  const folder = `${BUILDS}${randomUUID()}/`;
  mkdirSync(folder, { recursive: true });
  cpSync(SHOP, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}${name}`, text);
  writeFileSync(`${folder}package.json`, '{"type":"module"}');
  const config = { compilerOptions: OPTIONS, include: ['*.ts'] };
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [COMPILER, '-p', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The shop does not compile:\n${stdout}`);
  return `${folder}app.js`;
}

const OPTIONS = {
  target: 'ES2022',
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  experimentalDecorators: true,
  rewriteRelativeImportExtensions: true,
};
