import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ShellKind } from './config.ts';
import type { WorkflowStatus } from './forecast/activity.ts';
import type { Poll } from './hold/hold.ts';
import { blocksTarget, commandLineOf, isInUse, omittedFrom } from './report/blocking.ts';
import type { WrittenKit } from './report/kit-section.ts';
import { reportText } from './report/report-file.ts';
import type { RunReport } from './report/schema.ts';
import type { Shell } from './shell.ts';
import { type BlockingWorkflow, type KitFile, kitFiles } from './unblock/kit.ts';
import { kitStateOf, reasonOf } from './unblock/states.ts';

/** Runs `work`. When it throws, `what` could not be written: it returns undefined, and the run continues. */
export type Attempt = <T>(what: string, work: () => T | Promise<T>) => Promise<T | undefined>;

/** Writes the report file and the unblock kit, each even if the other fails. Without a report file the path is empty. */
export async function writeArtifacts(
  report: RunReport,
  last: Poll | undefined,
  { kind, createFolder }: Pick<Shell, 'kind' | 'createFolder'>,
  attempt: Attempt,
) {
  const folder = await attempt('The report file', createFolder);
  if (folder === undefined) return { reportPath: '', kit: undefined };
  const reportPath = await attempt('The report file', () => {
    const file = path.join(folder, 'report.json');
    writeFileSync(file, reportText(report));
    return file;
  });
  const kit = await attempt('The script next to the report file', () =>
    writeKit(kind, folder, kitFilesOf(report, last)),
  );
  return { reportPath: reportPath ?? '', kit };
}

/** The unblock kit for all that blocks. Empty with `details: names`, and while any target is live or unknown. */
export function kitFilesOf(report: RunReport, last: Poll | undefined): readonly KitFile[] {
  const { verdict, details, blockers, newVersion, database } = report;
  const isAnswer = !['drained', 'no-target', 'unknown-version', 'error'].includes(verdict) && blockers.length === 0;
  if (!isAnswer || isInUse(report) || details === 'names' || last === undefined || database === null) return [];
  const { evaluation, forecast } = last;
  const { detailScan } = forecast.history;
  if (detailScan === undefined) return [];
  const { statuses, observedAt } = detailScan;
  const workflows = detailScan.workflows.filter((workflow) => blocksTarget(workflow, evaluation));
  return kitFiles({
    workflows: workflows.map((workflow) => ({ ...workflow, ...stateOf(statuses.get(workflow.id), observedAt) })),
    omitted: omittedFrom(detailScan, evaluation),
    newVersion: newVersion ?? undefined,
    schema: database.schema,
    commandLine: commandLineOf(last, database.schema),
    observedAt,
  });
}

/** What is not known to be stuck or asleep is not offered. */
function stateOf(status: WorkflowStatus | undefined, now: number): Pick<BlockingWorkflow, 'state' | 'reason'> {
  if (status === undefined) return { state: 'progressing', reason: 'not known' };
  return { state: kitStateOf(status, now), reason: reasonOf(status, now) };
}

function writeKit(shell: ShellKind, folder: string, files: readonly KitFile[]): WrittenKit | undefined {
  for (const { name, text } of files) writeFileSync(path.join(folder, name), text, { mode: 0o700 });
  const list = files.find(({ name }) => name === 'workflows.tsv');
  return list && { shell, folder, list: list.text };
}
