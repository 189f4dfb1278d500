import { parse } from 'yaml';
import { z } from 'zod';
import { runReportSchema } from '../../src/report/schema.ts';
import { actionMetadata, table } from './contract-tables.ts';

const described = z.object({ description: z.string().optional() });
const object = z.object({ properties: z.record(z.string(), described) });

/** Descriptions of the fields that neither the schema nor `action.yml` describes as they are here. */
const OTHERS: Readonly<Record<string, string>> = {
  schemaVersion: 'Changes only when a field is removed or changes its meaning',
  database: 'The version of the server, the schema, and its DBOS migration',
  warnings: 'What to look at, although it does not block: as in the job summary',
  versions: 'One object per version to retire, with its counts, blockers, diagnosis and forecast',
  drainedVersions: 'The names that can be torn down. Empty if anything blocks the whole gate',
  drainingVersions:
    'The names of all other versions to retire; none where a version to keep is unknown, or the application is wrong',
  shortened: 'How many texts were cut, and how many entries were left out of lists',
};

/** Returns the fields of the report file as a Markdown table. A field that is also an output has its description. */
export function reportTable(actionYml: string): string {
  const { inputs, outputs } = actionMetadata.parse(parse(actionYml));
  const { properties } = object.parse(z.toJSONSchema(runReportSchema, { io: 'output' }));
  const rows = Object.entries(properties).map(([field, { description }]) => {
    const name = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const meaning = OTHERS[field] ?? description ?? outputs[name]?.description.replace(/\.$/, '');
    return [`\`${field}\``, meaning ?? (name in inputs ? `The input \`${name}\`` : '')];
  });
  return table(['Field', 'Meaning'], rows);
}
