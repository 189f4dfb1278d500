import { msg, trusted } from '../message.ts';
import { blockersOfAll } from '../rules/decide.ts';
import { type UnblockKit, type UnblockScript, unblockScripts } from '../unblock/kit.ts';
import { commandsFor, firstToUnblock, inspectionSql, newVersionOf } from '../unblock/remedies.ts';
import { code, codeBlock, markdown } from './escape.ts';
import { pastDeadlineOf } from './forecast-text.ts';
import { blockingWorkflows, isRelevant, omitted, type RunReport, targetsOf } from './model.ts';

/** Scripts of the unblock kit, and the folder that they were written to. */
export interface WrittenKit {
  readonly folder: string;
  readonly scripts: readonly UnblockScript[];
}

/** So many lines of a script are shown. */
const LINES_SHOWN = 8;

/**
 * The scripts over all that blocks. None where the answer is about the wrong versions, or about none: to cancel what a
 * misspelt input made a target would end live work.
 */
export function unblockScriptsOf(result: RunReport): readonly UnblockScript[] {
  const kit = kitOf(result);
  return kit === undefined ? [] : unblockScripts(kit);
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

/** Where the scripts are, what each does, and how the one that lets the work go on begins. */
function kitSection(kit: WrittenKit | undefined, newVersion: string | undefined): readonly string[] {
  const shown = kit?.scripts.at(-1);
  if (kit === undefined || shown === undefined) return [];
  const what: Record<UnblockScript['name'], string> = {
    'inspect.sh': 'shows each of them, and the steps it has done',
    'cancel.sh': 'gives them up',
    'fork.sh': markdown(
      newVersion === undefined
        ? trusted('lets the new version go on')
        : msg`lets ${newVersion} go on with them`,
    ),
  };
  const lines = linesOf(shown);
  const more = lines.length - LINES_SHOWN;
  return [
    'For all that block there are scripts beside the report file. They say what they would do, and do it with `--yes`; what has ended by then they leave alone:',
    kit.scripts.map(({ name }) => `- \`${name}\` ${what[name]}`).join('\n'),
    `They are in ${code(kit.folder, 1000)} on the runner. To keep them, upload the path \`\${{ runner.temp }}/dbos-drain-gate-*\` with \`actions/upload-artifact\`. \`${shown.name}\` begins with:`,
    codeBlock('sh', [...lines.slice(0, LINES_SHOWN), ...(more > 0 ? [`# and ${more} more lines`] : [])]),
  ];
}

/** The lines of a script that are about workflows. */
function linesOf({ text }: UnblockScript): readonly string[] {
  const lines = text.split('\n');
  return lines.slice(lines.indexOf('start') + 2, -3);
}
