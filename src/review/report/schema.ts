import { z } from 'zod';
import { count, message, name, text, time } from '../../report/schema-parts.ts';
import { FINDING_KINDS } from '../judge/finding.ts';
import { conclusionOf, type ReviewRun } from '../run.ts';
import { cut, headlineOf, nameOf, sentencesOf } from './words.ts';

/** Longer lists end here. */
const LISTED = 1000;
const SUGGESTION_CHARACTERS = 4000;

const findingSchema = z.object({
  severity: z.enum(['error', 'notice']).describe('`error`: it breaks without anybody’s act'),
  kind: z.enum(FINDING_KINDS),
  workflow: name,
  className: text,
  application: text,
  versions: z.array(z.object({ version: text, inFlight: count })),
  path: name,
  line: count,
  endLine: count,
  message,
});

/** The report file of a review. */
export const reviewReportSchema = z.object({
  schemaVersion: z.literal(1),
  conclusion: z.enum(['pass', 'fail']),
  headline: message,
  observedAt: time.describe('When the work in flight was counted'),
  findings: z.array(findingSchema.extend({ suggestion: z.string().nullable() })),
  accepted: z.array(findingSchema.extend({ reason: name })).describe('Findings that a comment in the code turns off'),
  changedWorkflows: z.array(z.object({ workflow: name, className: text })),
  inFlight: count.nullable().describe('Executions in flight of the changed workflows. Null without a review'),
  files: z.object({ changed: count, read: count }).nullable(),
  limits: z.array(message).describe('What the review could not follow'),
  problems: z.array(z.object({ id: z.string(), message })),
  omitted: count.describe('Entries left out of the lists above, in all'),
});

type FindingInput = z.input<typeof findingSchema>;

/** The text of the report file. */
export function reportText(run: ReviewRun): string {
  return `${JSON.stringify(reviewReportSchema.parse(reportOf(run)), null, 2)}\n`;
}

function reportOf(run: ReviewRun): z.input<typeof reviewReportSchema> {
  const { review, observedAt, files, problems, failure } = run;
  let omitted = 0;
  const most = <T>(list: readonly T[] = []): T[] => {
    omitted += Math.max(0, list.length - LISTED);
    return list.slice(0, LISTED);
  };
  const told = problems.map(({ id, explanation }) => ({ id, message: explanation }));
  return {
    schemaVersion: 1,
    conclusion: conclusionOf(run),
    headline: headlineOf(run),
    observedAt: observedAt ?? null,
    findings: most(review?.findings).map((finding) => ({
      ...findingOf(finding),
      suggestion: finding.suggestion === undefined ? null : cut(finding.suggestion, SUGGESTION_CHARACTERS),
    })),
    accepted: most(review?.accepted).map((finding) => ({ ...findingOf(finding), reason: finding.reason })),
    changedWorkflows: most(review?.changedWorkflows).map((each) => ({
      workflow: each.name,
      className: each.className,
    })),
    inFlight: review?.inFlight ?? null,
    files: files ?? null,
    limits: most(review?.limits),
    problems: [...(failure === undefined ? [] : [{ id: failure.kind, message: failure.message }]), ...told],
    omitted,
  };
}

function findingOf(finding: NonNullable<ReviewRun['review']>['findings'][number]): FindingInput {
  const { severity, kind, workflow, application, versions, path, line, endLine } = finding;
  return {
    ...{ severity, kind, workflow: workflow.name, className: workflow.className, application, path, line, endLine },
    versions: versions.map((each) => ({ ...each })),
    message: sentencesOf(finding),
  };
}

/** GitHub takes 1 MB of outputs per job. Other steps have outputs too. In bytes. */
const LIST_BYTES = 200 * 1024;

/** The outputs in `review/action.yml` that a review sets. */
export function outputsOf(run: ReviewRun, reportPath: string): Readonly<Record<string, string>> {
  const { review } = run;
  const findings = z.array(findingSchema).parse((review?.findings ?? []).map(findingOf));
  return {
    findings: fitting(findings),
    'changed-workflows': fitting((review?.changedWorkflows ?? []).map(nameOf)),
    'in-flight': String(review?.inFlight ?? ''),
    'inventory-path': run.inventoryPath,
    'report-path': reportPath,
  };
}

/** A JSON array of the entries that fit. Where some do not, the last entry is their number. */
function fitting(entries: readonly unknown[]): string {
  const texts: string[] = [];
  let bytes = JSON.stringify({ omitted: entries.length }).length + 2;
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > LIST_BYTES) break;
    texts.push(text);
  }
  const omitted = entries.length - texts.length;
  return `[${[...texts, ...(omitted > 0 ? [JSON.stringify({ omitted })] : [])].join(',')}]`;
}
