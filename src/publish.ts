import { type Attempt, writeArtifacts } from './artifacts.ts';
import { codeOf, ReportableError } from './errors.ts';
import { type Message, msg, trusted } from './message.ts';
import { annotationsOf } from './report/annotations.ts';
import { type Run, runReportOf } from './report/model.ts';
import { preflightLog } from './report/preflight-text.ts';
import type { RunReport } from './report/schema.ts';
import { summaryOf } from './report/summary.ts';
import { plain } from './report/text.ts';
import type { Shell } from './shell.ts';

/**
 * Publishes the answer in every place of the shell. A place that cannot be written does not silence the others. Returns
 * the report, with a warning for each such place.
 */
export async function publish(run: Run, shell: Shell): Promise<RunReport> {
  const report = runReportOf(run);
  shell.conclude(report);
  const problems: Message[] = [];
  const warn = (problem: Message) => void problems.push(problem);
  const attempt: Attempt = async (what, work) => {
    try {
      return await work();
    } catch (error) {
      const code = trusted(codeOf(error) ?? 'unknown reason');
      const known = error instanceof ReportableError ? error.explanation : undefined;
      warn(known ?? msg`${trusted(what)} could not be written (${code}).`);
      return undefined;
    }
  };
  const withProblems = () => ({ ...report, warnings: [...report.warnings, ...problems] });

  const { reportPath, kit } = await writeArtifacts(report, run.last, shell, attempt);
  await attempt('The outputs', () => shell.writeOutputs(report, reportPath, warn));
  const unpublished = await attempt('The check run', async () => shell.publishCheck?.(report) ?? []);
  for (const problem of unpublished ?? []) warn(problem);
  await attempt('The summary', () => shell.writeSummary(summaryOf(withProblems(), kit, shell.kind)));
  for (const { title, lines } of preflightLog(report.found)) {
    shell.log.line(title);
    for (const line of lines) shell.log.line(line);
  }
  shell.log.line(plain(msg`Verdict ${trusted(report.verdict)}: ${report.headline}`));
  if (kit !== undefined) {
    shell.log.line(plain(msg`The summary lists what blocks. unblock.sh for all of it is in ${kit.folder}.`));
  }
  for (const annotation of annotationsOf(withProblems())) shell.annotate(annotation);
  return withProblems();
}
