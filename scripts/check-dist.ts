import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Fails unless the committed `dist/` is what the sources build. Builds it again in place and compares all files, new
 * and deleted ones included. The new build stays, ready to be committed.
 */
const before = hashes('dist');
execFileSync(process.execPath, ['scripts/build.ts'], { stdio: ['ignore', 'ignore', 'inherit'] });
const after = hashes('dist');
const differing = [...new Set([...before.keys(), ...after.keys()])].filter(
  (file) => before.get(file) !== after.get(file),
);
if (differing.length > 0) {
  console.error(`dist/ was out of date: ${differing.join(', ')}. It has been rebuilt: commit it.`);
  process.exitCode = 1;
} else {
  console.log(`dist/ is up to date (${after.size} files).`);
}

function hashes(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(folder, file), createHash('sha256').update(readFileSync(file)).digest('hex')];
    }),
  );
}
