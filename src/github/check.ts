import { markdown } from '../report/markdown.ts';
import type { RunReport } from '../report/schema.ts';
import { pageOf, type Section } from '../report/summary.ts';
import { plain } from '../report/text.ts';
import { iso } from '../time.ts';

/** A check run as it is meant to be. */
export interface Check {
  readonly status: 'in_progress' | 'completed';
  /** Only where it is completed. */
  readonly conclusion?: 'success' | 'failure' | 'neutral' | 'cancelled';
  readonly output: { readonly title: string; readonly summary: string; readonly text?: string };
}

/** GitHub refuses a longer title, in characters. */
export const TITLE_CHARACTERS = 255;
/** Its description says 65,535 characters, and the server counts bytes (github/docs issue 35252). */
export const OUTPUT_BYTES = 65_535;

/** The check while the gate holds. */
export function liveCheck(report: RunReport, run: string | undefined): Check {
  const next = 'It continues, and updates this check run when a count or the diagnosis changes.';
  return { status: 'in_progress', output: outputOf(report, origin(report, run, next), '⏳') };
}

/** The check when the gate has ended. What `report` mode finds blocked stays in progress, for a later run to complete. */
export function finalCheck(report: RunReport, run: string | undefined): Check {
  const conclusion = conclusionOf(report);
  if (conclusion !== undefined) {
    return { status: 'completed', conclusion, output: outputOf(report, origin(report, run)) };
  }
  const next = 'No job waits. A later run for the same versions updates this check run, or completes it.';
  return { status: 'in_progress', output: outputOf(report, origin(report, run, next)) };
}

/** A check in the place of which a newer one comes: GitHub would call it stale soon, or two runs have started one each. */
export const RENEWED: Check = {
  status: 'completed',
  conclusion: 'cancelled',
  output: {
    title: 'A newer check run of this name continues it',
    summary:
      'The gate updates the newest check run of a name. It starts another after 13 days, since GitHub ends one after 14, and when two runs meet.',
  },
};

function conclusionOf({ verdict, conclusion }: RunReport): Check['conclusion'] | undefined {
  if (verdict === 'cancelled') return 'cancelled';
  if (conclusion === 'fail') return 'failure';
  if (conclusion === 'warn' || verdict === 'no-target') return 'neutral';
  return verdict === 'drained' ? 'success' : undefined;
}

function outputOf(report: RunReport, origin: string, icon?: string): Check['output'] {
  const { page, folded } = pageOf(report, undefined, icon);
  const summary = fitted([...page, { title: 'the link to the run', text: origin }]);
  const text = fitted(folded);
  return { title: titleOf(report), summary, ...(text === '' ? {} : { text }) };
}

/** Who looked, and when: the page says how long ago things were, and can be read days later. And what comes next. */
function origin({ observedAt }: RunReport, run: string | undefined, next = ''): string {
  const who = run === undefined ? 'The run that looked last' : `[The run that looked last](${run})`;
  const at = iso(observedAt);
  return `${who}${at === null ? ' observed nothing' : ` observed this at ${at} (database time)`}. ${next}`.trimEnd();
}

/** The answer in a line. What is cut stands in the summary's heading. */
function titleOf({ headline }: RunReport): string {
  const title = plain(headline);
  if (title.length <= TITLE_CHARACTERS) return title;
  return `${title.slice(0, TITLE_CHARACTERS - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** The sections that fit, in their order. A last line names those that do not. */
function fitted(sections: readonly Section[]): string {
  const texts = sections.filter(({ text }) => text !== '');
  // Room for a line that names them all.
  let left = OUTPUT_BYTES - Buffer.byteLength(omittedLine(texts)) - 4;
  const kept: Section[] = [];
  const omitted: Section[] = [];
  for (const section of texts) {
    const bytes = Buffer.byteLength(section.text) + 2;
    (bytes <= left ? kept : omitted).push(section);
    if (bytes <= left) left -= bytes;
  }
  const lines = kept.map(({ text }) => text);
  return [...lines, ...(omitted.length > 0 ? [omittedLine(omitted)] : [])].join('\n\n');
}

function omittedLine(sections: readonly Section[]): string {
  const titles = sections.map(({ title }) => title).join(', ');
  return markdown([`_Left out, to fit GitHub’s size limit: ${titles}. The job summary and the report file have it._`]);
}
