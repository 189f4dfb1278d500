import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ReportFile } from '../../src/report/schema.ts';

/** Whether something is a report by the published schema. The problems are in its `errors`. */
export const isReport = new Ajv2020({
  formats: { 'date-time': (text) => !Number.isNaN(Date.parse(text)) },
}).compile<ReportFile>(JSON.parse(readFileSync('report.schema.json', 'utf8')));

/**
 * Reads a report file, as a program of a user would.
 *
 * @throws when it does not have the published schema
 */
export function readReport(text: string | undefined): ReportFile {
  const report: unknown = JSON.parse(text ?? '');
  if (isReport(report)) return report;
  throw new Error(`This is no report: ${JSON.stringify(isReport.errors)}`);
}
