import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { z } from 'zod';

/** A JSON Schema, formatted as the linter wants it. It is open: a later release may add fields. */
export function openJsonSchema(of: z.ZodType): string {
  const schema = z.toJSONSchema(of, {
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
