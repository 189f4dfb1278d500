import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

/* Languages without a command line have programs on the page. Their applications run them, in `npm run test:sdks`. */

const PROGRAMS = {
  java: 'tests/sdks/java/src/main/java/com/example/shop',
  rust: 'tests/sdks/rust/src/bin',
};

const page = readFileSync('docs/sdks.md', 'utf8');

test.each(Object.entries(PROGRAMS))('the page shows %s programs as the suites run them', (language, folder) => {
  const blocks = [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map(([, code = '']) => code);
  const sources = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'));
  expect(blocks).not.toHaveLength(0);
  expect(blocks.filter((code) => !sources.some((source) => source.endsWith(code)))).toEqual([]);
});
