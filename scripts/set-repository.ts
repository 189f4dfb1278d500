import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { renamedFiles } from './repository.ts';

/**
 * `node scripts/set-repository.ts owner/name`: writes the repository's new name wherever the old one stands, and builds
 * the bundles, which link to it.
 */
const [to = ''] = process.argv.slice(2);
for (const [path, text] of renamedFiles(to)) {
  writeFileSync(path, text);
  console.log(`Changed ${path}.`);
}
execFileSync(process.execPath, ['scripts/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
console.log('Built dist/.');
