import { readFileSync } from 'node:fs';
import { runReportSchema } from '../../src/report/schema.ts';
import { PERMISSIONS } from '../../src/review/pull-request/problems.ts';
import { reviewReportSchema } from '../../src/review/report/schema.ts';
import { LANGUAGES } from '../../tests/sdks/languages.ts';
import { readRan } from '../ran.ts';
import { flagTable } from './command-line-table.ts';
import { exitCodeTable, inputTable, outputTable, table, verdictTable } from './contract-tables.ts';
import { withSections } from './marked-sections.ts';
import { ranTables } from './ran-table.ts';
import { openJsonSchema } from './report-json-schema.ts';
import { reportTable } from './report-table.ts';

export interface GeneratedFile {
  /** Relative to the root of the repository, where npm runs scripts and tests. */
  readonly path: string;
  readonly content: string;
}

const REFERENCE = 'docs/reference.md';
const COMMAND_LINE = 'docs/command-line.md';

/** Returns every file that is generated from the source, in whole or in part, with its current content. */
export function generatedFiles(): readonly GeneratedFile[] {
  const actionYml = readFileSync('action.yml', 'utf8');
  const reviewYml = readFileSync('review/action.yml', 'utf8');
  const reference = withSections(readFileSync(REFERENCE, 'utf8'), {
    inputs: inputTable(actionYml),
    outputs: outputTable(actionYml),
    verdicts: verdictTable(),
    'exit-codes': exitCodeTable(),
    report: reportTable(actionYml),
    'review-inputs': inputTable(reviewYml),
    'review-outputs': outputTable(reviewYml),
    'review-permissions': permissionTable(),
    ran: ranTables(readRan(), LANGUAGES),
  });
  const commandLine = withSections(readFileSync(COMMAND_LINE, 'utf8'), { flags: flagTable() });
  return [
    { path: REFERENCE, content: reference },
    { path: COMMAND_LINE, content: commandLine },
    { path: 'report.schema.json', content: openJsonSchema(runReportSchema) },
    { path: 'review.schema.json', content: openJsonSchema(reviewReportSchema) },
  ];
}

/** Returns the permissions of the review's token as a Markdown table. */
function permissionTable(): string {
  const rows = Object.entries(PERMISSIONS).map(([permission, purpose]) => [`\`${permission}\``, purpose]);
  return table(['Permission', 'Purpose'], rows);
}
