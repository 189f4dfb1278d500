import { trusted } from '../message.ts';
import type { CommandLine } from '../unblock/command-line.ts';
import { commandsById, commandsFor, inspectionSql } from '../unblock/remedies.ts';
import { isInUse } from './blocking.ts';
import { kitSection, needsOf, type WrittenKit } from './kit-section.ts';
import { blocks, codeBlock, markdown } from './markdown.ts';
import type { RunReport } from './schema.ts';

/** The commands for one workflow, the script for all, and the query that lists them. */
export function nextSteps(report: RunReport, kit: WrittenKit | undefined): string {
  const { verdict, details, database, firstToUnblock, commandLine, newVersion, workflows, blockers } = report;
  if (verdict === 'drained' || database === null || commandLine === null) return '';
  const query = ['The workflows in flight, as SQL:', codeBlock('sql', inspectionSql(report, database.schema))];
  // The answer cannot be trusted, or the targets are not what was meant: their work can be live.
  if (blockers.length > 0) return blocks(...query);
  if (details === 'names' && workflows.items.length > 0) return withoutIds(query, commandLine, database.schema);
  if (workflows.items.length === 0 && firstToUnblock === null) return '';
  if (kit === undefined && isInUse(report)) return blocks(IN_USE, ...query);
  return blocks(
    ...(firstToUnblock === null ? [ALL_AT_WORK] : first(firstToUnblock, report, commandLine, database.schema)),
    database.schema === 'dbos'
      ? ''
      : "TypeScript's command line reads the schema `dbos` only. With another one, use Python's (`dbos workflow … --schema`) or the DBOS client.",
    kit === undefined ? '' : kitSection(kit, newVersion),
    ...query,
  );
}

const ALL_AT_WORK =
  'The workflows that were read are running, queued, or wake within a minute. Let them finish: cancel or fork nothing while processes of this version run.';

const IN_USE =
  'New work is still sent to a version to retire, or its name is not known here. Check the name, and move the traffic first. Until then, cancelling or forking would hit live work.';

/** In place of commands. */
const UNTYPED = [
  '# The id of that workflow, or the name of the schema, holds characters that cannot be shown or typed safely:',
  '# take it from the query.',
];

function first(
  id: string,
  { verdict }: Pick<RunReport, 'verdict'>,
  commandLine: CommandLine,
  schema: string,
): readonly string[] {
  const commands = commandsFor({ id }, commandLine, schema) ?? UNTYPED;
  const which =
    verdict === 'cannot-drain'
      ? 'One workflow by hand, with the DBOS command line. This one lasts longest:'
      : 'One workflow by hand, with the DBOS command line. Start with this one:';
  return [which, codeBlock('sh', [...needsOf(commandLine.fits), ...commands])];
}

/** For people who can read the database: nothing on this page names a workflow by its id. */
function withoutIds(query: readonly string[], commandLine: CommandLine, schema: string): string {
  return blocks(
    markdown(
      trusted(
        'With `details: names`, no ids are shown and there is no script. Take the ids from this query, with your own account:',
      ),
    ),
    ...query,
    'To unblock a workflow with the DBOS command line:',
    codeBlock('sh', [...needsOf(commandLine.fits), ...(commandsById(commandLine, schema) ?? UNTYPED)]),
  );
}
