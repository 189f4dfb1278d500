import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { z } from 'zod';
import { runReportSchema } from '../../src/report/schema.ts';

/**
 * The JSON Schema of the report file, formatted as the linter wants it. It is open: a later release may add
 * fields.
 */
export function reportJsonSchema(): string {
  const schema = z.toJSONSchema(runReportSchema, {
    target: 'draft-2020-12',
    io: 'output',
    override: ({ jsonSchema }) => {
      delete jsonSchema.additionalProperties;
    },
  });
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  return execFileSync(process.execPath, [biome, 'format', '--stdin-file-path=report.schema.json'], {
    input: JSON.stringify(schema),
    encoding: 'utf8',
  });
}
