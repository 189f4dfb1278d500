import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { repositorySlug, withSlug } from './repository.ts';

/** `node scripts/set-repository.ts owner/name`: writes the repository's new name wherever the old one stands. */
const [to = ''] = process.argv.slice(2);
const from = repositorySlug();
const files = execFileSync('git', ['grep', '--name-only', '-I', '-i', '-F', from], { encoding: 'utf8' }).trim();
for (const path of files.split('\n')) {
  const text = readFileSync(path, 'utf8');
  const changed = withSlug(text, from, to);
  if (changed === text) continue;
  writeFileSync(path, changed);
  console.log(`Changed ${path}.`);
}
