import { writeFileSync } from 'node:fs';
import { generatedFiles } from './generated/files.ts';

/** Writes what is generated from the source: the JSON Schema of the report, and the tables in the README. */
for (const { path, content } of generatedFiles()) {
  writeFileSync(path, content);
  console.log(`Wrote ${path}.`);
}
