import { writeFileSync } from 'node:fs';
import { generatedFiles } from './generators/files.ts';

/** Writes the files that are generated from the source: the report's JSON Schema, and the tables in docs/reference.md. */
for (const { path, content } of generatedFiles()) {
  writeFileSync(path, content);
  console.log(`Wrote ${path}.`);
}
