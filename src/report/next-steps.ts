import { msg, trusted } from '../message.ts';
import { commandsOf, type UnblockCommand } from '../unblock/kit.ts';
import { COMMANDS_BY_ID, commandsFor, inspectionSql } from '../unblock/remedies.ts';
import { blocks, code, codeBlock, markdown } from './markdown.ts';
import type { RunReport } from './schema.ts';

/** The unblock kit, as it was written. */
export interface WrittenKit {
  readonly folder: string;
  /** The text of `workflows.tsv`. */
  readonly list: string;
}

const LINES_SHOWN = 8;

/** What a person can do now. */
export function nextSteps(report: RunReport, kit: WrittenKit | undefined): string {
  const { verdict, details, database, firstToUnblock, newVersion, workflows } = report;
  if (verdict === 'drained') {
    return '### What to do next\n\nTear the old version down. The answer holds for the time of the last poll: a process of the old version that still takes work could start more. From the teardown on, do not resume or rewind a workflow of that version, not even a finished one: it would wait for a process that is gone. Fork it to another version instead.';
  }
  if (database === null) return '';
  const query = [
    'The work in flight, as the gate counts it:',
    codeBlock('sql', inspectionSql(report, database.schema)),
  ];
  if (details === 'names' && workflows.items.length > 0) return withoutIds(query);
  if (firstToUnblock === null) return '';
  const commands = commandsFor({ id: firstToUnblock }) ?? [
    '# The id of that workflow holds characters that cannot be shown or typed safely:',
    '# take it from the query below.',
  ];
  return blocks(
    '### What to do next',
    verdict === 'cannot-drain'
      ? 'To unblock a workflow, with DBOS’s own command line, here for the one that lasts longest:'
      : 'Waiting is right when the work is moving. To unblock a workflow that is not, with DBOS’s own command line, here for the one to begin with:',
    codeBlock('sh', commands),
    database.schema === 'dbos'
      ? ''
      : "TypeScript's command line reads the schema `dbos` only; with another, use Python's (`dbos workflow … --schema`) or the DBOS client.",
    kit === undefined ? '' : kitSection(kit, newVersion),
    ...query,
  );
}

/** For whoever may read the database: nothing on this page names a workflow by its id. */
function withoutIds(query: readonly string[]): string {
  return blocks(
    '### What to do next',
    'With `details: names`, no ids are shown and there is no script: take the ids from this query, with an account of your own.',
    ...query,
    'To unblock a workflow, with DBOS’s own command line:',
    codeBlock('sh', COMMANDS_BY_ID),
  );
}

/** Where the kit is, what each command does, and how the list starts. */
function kitSection({ folder, list }: WrittenKit, newVersion: string | null): string {
  const what: Record<UnblockCommand, string> = {
    inspect: 'shows each of them, and the steps it has done',
    cancel: 'gives them up',
    fork: markdown(
      newVersion === null ? trusted('lets the new version go on') : msg`lets ${newVersion} go on with them`,
    ),
  };
  // The list starts with comments. Columns are shown with blanks between them.
  const all = list.trimEnd().split('\n');
  const lines = all.slice(all.indexOf('') + 1).map((line) => line.replaceAll('\t', '  '));
  const more = lines.length - LINES_SHOWN;
  return blocks(
    'For all that block there is a script beside the report file. It says what it would do, and does it with `--yes`; what has ended by then it leaves alone:',
    commandsOf({ newVersion: newVersion ?? undefined })
      .map((command) => `- \`sh unblock.sh ${command}\` ${what[command]}`)
      .join('\n'),
    `It is in ${code(folder, 1000)} on the runner. To keep it, upload the path \`\${{ runner.temp }}/dbos-drain-gate-*\` with \`actions/upload-artifact\`. Its list of workflows, \`workflows.tsv\`, begins with:`,
    codeBlock('text', [...lines.slice(0, LINES_SHOWN), ...(more > 0 ? [`# and ${more} more lines`] : [])]),
  );
}
