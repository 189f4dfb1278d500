import { msg, trusted } from '../message.ts';
import { blockersOfAll } from '../rules/decide.ts';
import { commandsOf, type KitFile, kitFiles, type UnblockCommand, type UnblockKit } from '../unblock/kit.ts';
import { commandsFor, firstToUnblock, inspectionSql, newVersionOf } from '../unblock/remedies.ts';
import { code, codeBlock, markdown } from './escape.ts';
import { pastDeadlineOf } from './forecast-text.ts';
import { blockingWorkflows, isRelevant, omitted, type RunReport, targetsOf } from './model.ts';

/** Files of the unblock kit, and the folder that they were written to. */
export interface WrittenKit {
  readonly folder: string;
  readonly files: readonly KitFile[];
}

/** How many lines of the list are shown. */
const LINES_SHOWN = 8;

/**
 * Returns the unblock kit for all that blocks. Empty where the answer is about the wrong versions, or about none: to
 * cancel what a misspelt input made a target would end live work.
 */
export function kitFilesOf(result: RunReport): readonly KitFile[] {
  const kit = kitOf(result);
  return kit === undefined ? [] : kitFiles(kit);
}

function kitOf(result: RunReport): UnblockKit | undefined {
  const { last, verdict } = result;
  const detailScan = last?.forecast.history.detailScan;
  const isAnswer = !['drained', 'unknown-version', 'error'].includes(verdict);
  if (
    detailScan === undefined ||
    last === undefined ||
    !isAnswer ||
    blockersOfAll(last.evaluation).length > 0
  )
    return undefined;
  return {
    workflows: detailScan.workflows.filter((workflow) => isRelevant(workflow, result)),
    omitted: omitted(detailScan, result),
    newVersion: newVersionOf(result),
    schema: result.schema ?? 'dbos',
    observedAt: detailScan.observedAt,
  };
}

/** What a person can do now. */
export function nextSteps(result: RunReport, kit: WrittenKit | undefined): string {
  if (result.verdict === 'drained') {
    return targetsOf(result).length === 0
      ? ''
      : '### What to do next\n\nTear the old version down. The answer holds for the time of the last poll: a process of the old version that still takes work could start more.';
  }
  const workflow = firstToUnblock(
    blockingWorkflows(result),
    result.last?.forecast.statuses ?? new Map(),
    pastDeadlineOf(result)?.earliestEnds[0],
  );
  if (workflow === undefined) return '';
  const commands = commandsFor(workflow) ?? [
    '# The id of that workflow holds characters that cannot be shown or typed safely:',
    '# take it from the query below.',
  ];
  const customSchema =
    result.schema === undefined || result.schema === 'dbos'
      ? []
      : [
          "TypeScript's command line reads the schema `dbos` only; with another, use Python's (`dbos workflow … --schema`) or the DBOS client.",
        ];
  return [
    '### What to do next',
    result.verdict === 'cannot-drain'
      ? 'To unblock a workflow, with DBOS’s own command line, here for the one that lasts longest:'
      : 'Waiting is right when the work is moving. To unblock a workflow that is not, with DBOS’s own command line, here for the one to begin with:',
    codeBlock('sh', commands),
    ...customSchema,
    ...kitSection(kit, newVersionOf(result)),
    'The work in flight, as the gate counts it:',
    codeBlock('sql', inspectionSql(result)),
  ].join('\n\n');
}

/** Returns where the kit is, what each command does, and how the list starts. */
function kitSection(kit: WrittenKit | undefined, newVersion: string | undefined): readonly string[] {
  const list = kit?.files.find(({ name }) => name === 'workflows.tsv');
  if (kit === undefined || list === undefined) return [];
  const what: Record<UnblockCommand, string> = {
    inspect: 'shows each of them, and the steps it has done',
    cancel: 'gives them up',
    fork: markdown(
      newVersion === undefined
        ? trusted('lets the new version go on')
        : msg`lets ${newVersion} go on with them`,
    ),
  };
  const lines = linesOf(list);
  const more = lines.length - LINES_SHOWN;
  return [
    'For all that block there is a script beside the report file. It says what it would do, and does it with `--yes`; what has ended by then it leaves alone:',
    commandsOf({ newVersion })
      .map((command) => `- \`sh unblock.sh ${command}\` ${what[command]}`)
      .join('\n'),
    `It is in ${code(kit.folder, 1000)} on the runner. To keep it, upload the path \`\${{ runner.temp }}/dbos-drain-gate-*\` with \`actions/upload-artifact\`. Its list of workflows, \`workflows.tsv\`, begins with:`,
    codeBlock('text', [...lines.slice(0, LINES_SHOWN), ...(more > 0 ? [`# and ${more} more lines`] : [])]),
  ];
}

/** Returns the lines of the list that are about workflows. Columns are shown with blanks between them. */
function linesOf({ text }: KitFile): readonly string[] {
  const lines = text.trimEnd().split('\n');
  return lines.slice(lines.indexOf('') + 1).map((line) => line.replaceAll('\t', '  '));
}
