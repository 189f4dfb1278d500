import { counted, msg, trusted } from '../message.ts';
import { commandsOf, type UnblockCommand } from '../unblock/kit.ts';
import { blocks, code, codeBlock, markdown } from './markdown.ts';
import { plain } from './text.ts';

/** The unblock kit, as it was written. */
export interface WrittenKit {
  readonly folder: string;
  /** The text of `workflows.tsv`. */
  readonly list: string;
}

/** The most workflows of the list that the summary holds. */
const LISTED = 50;

/** The comments at the top of commands: what they need. */
export function needsOf(fits: string): readonly string[] {
  return [
    "# UNBLOCK_DATABASE_URL: the URL of the system database, with the application's role. The gate's role only reads.",
    `# DBOS's command line: ${fits.replace(/^Use /, '')}`,
  ];
}

/** What the kit does, what it needs, and its list: all that it takes to act when the runner and its files are gone. */
export function kitSection({ folder, list }: WrittenKit, newVersion: string | null): string {
  const what: Record<UnblockCommand, string> = {
    inspect: 'prints each of them, with its finished steps',
    cancel: 'cancels them',
    fork: markdown(
      newVersion === null ? trusted('continues them on the new version') : msg`continues them on ${newVersion}`,
    ),
  };
  return blocks(
    'For everything that is stuck, asleep or delayed there is a script. Without `--yes` it prints what it would do, and why each workflow blocks:',
    commandsOf({ newVersion: newVersion ?? undefined })
      .map((command) => `- \`sh unblock.sh ${command}\` ${what[command]}`)
      .join('\n'),
    '`--all` takes the queued, waiting and progressing ones, too: right once the old processes are gone. `--name PATTERN` or ids take only some. The comment at its top says what to check before a fork.',
    '`UNBLOCK_DATABASE_URL` has to hold the URL of the system database, with the application’s role: the gate’s role only reads.',
    'With DBOS Conductor, `dbosctl workflow cancel` and `dbosctl workflow fork` do the same while a process of the application is connected.',
    `It is in ${code(folder, 1000)} on the runner. To keep it, upload the path \`\${{ runner.temp }}/dbos-drain-gate-*\` with \`actions/upload-artifact\`. When the runner is gone, save the list below as \`workflows.tsv\` next to \`dist/unblock.sh\` of this action: that script is the same in every run.`,
    listSection(list),
  );
}

/** The list, as it can be copied. A long one is cut behind a workflow: the rest keeps its meaning. */
function listSection(list: string): string {
  const lines = list.trimEnd().split('\n');
  const rows = lines.flatMap((line, index) => (line === '' || line.startsWith('#') ? [] : [index]));
  const cut = rows[LISTED];
  const shown = cut === undefined ? lines : lines.slice(0, cut);
  const title = cut === undefined ? counted(rows.length, 'workflow') : trusted(`the first ${LISTED} of ${rows.length}`);
  return blocks(
    `<details><summary><code>workflows.tsv</code>: ${plain(title)}</summary>`,
    codeBlock('tsv', shown),
    '</details>',
  );
}
