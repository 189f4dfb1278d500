import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { snippetsOf } from '../sdks/page.ts';

/* Languages without a command line have a program on the page. Their applications run it, in `npm run test:sdks`. */

test.each([
  ['Java', 'java', 'tests/sdks/java/src/main/java/com/example/shop'],
  ['Rust', 'rust', 'tests/sdks/rust/src/bin'],
])('the page shows the program for %s as the suite runs it', (language, kind, folder) => {
  const sources = readdirSync(folder).map((file) => readFileSync(path.join(folder, file), 'utf8'));
  const snippets = snippetsOf(language, kind);
  expect(snippets).toHaveLength(1);
  for (const snippet of snippets) expect(sources.some((source) => source.endsWith(snippet))).toBe(true);
});
