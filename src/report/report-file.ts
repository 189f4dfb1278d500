import { cutName, isCut } from '../long-names.ts';
import { type ReportFile, type RunReport, runReportSchema } from './schema.ts';

/** A report file is below this, whatever names are in it. In bytes. */
export const REPORT_BYTES = 16_000_000;

/** A list that is shortened where the file would be too large. */
interface List {
  readonly name: string;
  readonly of: (file: ReportFile) => unknown[] | undefined;
}

/** What is shortened first comes first. Versions, and the names to tear down, come last. */
const LISTS: readonly List[] = [
  { name: 'workflows', of: ({ workflows }) => workflows.items },
  { name: 'activities', of: ({ activities }) => activities.items },
  { name: 'groups', of: ({ groups }) => groups.items },
  { name: 'newTopLevel', of: ({ newTopLevel }) => newTopLevel },
  { name: 'otherApplications', of: ({ otherApplications }) => otherApplications },
  { name: 'found.applications', of: ({ found }) => found?.applications },
  { name: 'found.versions', of: ({ found }) => found?.versions },
  { name: 'warnings', of: ({ warnings }) => warnings },
  { name: 'versions', of: ({ versions }) => versions },
  { name: 'drainingVersions', of: ({ drainingVersions }) => drainingVersions },
  { name: 'drainedVersions', of: ({ drainedVersions }) => drainedVersions },
];

/** The text of the report file. It says which texts are not whole, and how many entries of which lists are left out. */
export function reportText(report: RunReport, maximum = REPORT_BYTES): string {
  const file = runReportSchema.parse(report);
  const omitted = new Map<string, number>();
  const omit = (list: string, count: number) => {
    if (count > 0) omitted.set(list, (omitted.get(list) ?? 0) + count);
    file.shortened.omitted = [...omitted].map(([each, entries]) => ({ list: each, entries }));
  };
  for (const name of ['drainedVersions', 'drainingVersions'] as const) {
    // Somebody could tear down what stands here: it is a name, or left out.
    const whole = report[name].filter((version) => cutName(version) === version);
    omit(name, report[name].length - whole.length);
    file[name] = whole;
  }
  file.shortened.texts = countCut(file);
  for (const { name, of } of LISTS) {
    for (;;) {
      const text = `${JSON.stringify(file, null, 2)}\n`;
      if (Buffer.byteLength(text) <= maximum) return text;
      const list = of(file) ?? [];
      if (list.length === 0) break;
      omit(name, list.splice(Math.floor(list.length / 2)).length);
    }
  }
  throw new Error('the report is too large without its lists');
}

function countCut(file: ReportFile): number {
  let count = 0;
  JSON.stringify(file, (_, value: unknown) => {
    if (typeof value === 'string' && isCut(value)) count++;
    return value;
  });
  return count;
}
