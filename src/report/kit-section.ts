import type { ShellKind } from '../config.ts';
import { counted, msg, trusted } from '../message.ts';
import { commandsOf, type UnblockCommand } from '../unblock/kit.ts';
import { blocks, code, codeBlock, markdown } from './markdown.ts';
import { plain } from './text.ts';

/** The unblock kit, as it was written. */
export interface WrittenKit {
  /** The shell that wrote it: a runner's files go with its job. */
  readonly shell: ShellKind;
  readonly folder: string;
  /** The text of `workflows.tsv`. */
  readonly list: string;
}

/** The most workflows of the list that the summary holds. */
const LISTED = 50;

/** How to keep the kit, and when its list helps. */
const KEEPING: Readonly<Record<ShellKind, string>> = {
  action: `To keep the script, upload \`\${{ runner.temp }}/dbos-drain-gate-*\` with \`actions/upload-artifact\`. If the runner is gone,`,
  'command-line': 'To keep the script, name a folder with `--artifacts`. If it is gone,',
};

/**
 * The comments at the top of commands: what they need. An interactive zsh, the shell of macOS, knows no comments. There
 * a straight apostrophe would quote the commands below it.
 */
export function needsOf(fits: string): readonly string[] {
  return [
    '# UNBLOCK_DATABASE_URL: the URL of the system database, with the application’s role. The gate’s role can only read.',
    `# DBOS’s command line: ${fits.replace(/^Use /, '').replace(/(?<=\w)'s\b/g, '’s')}`,
  ];
}

const BEFORE_A_FORK =
  ' Before a fork, check that no process still works on what is stuck, and read the comment at the top of the script.';

/** What the kit does, what it needs, and its list: all that it takes to act when the runner and its files are gone. */
export function kitSection({ shell, folder, list }: WrittenKit, newVersion: string | null): string {
  const what: Record<UnblockCommand, string> = {
    inspect: 'shows each workflow and its finished steps',
    cancel: 'cancels them',
    fork: markdown(
      newVersion === null ? trusted('continues them on the new version') : msg`continues them on ${newVersion}`,
    ),
  };
  const commands = commandsOf({ newVersion: newVersion ?? undefined });
  const canFork = commands.includes('fork');
  return blocks(
    `A script for all stuck, asleep and delayed workflows is in ${code(folder, 1000)}${shell === 'action' ? ' on the runner' : ''}. It is a dry run unless you pass \`--yes\`:`,
    commands.map((command) => `- \`sh unblock.sh ${command}\` ${what[command]}`).join('\n'),
    `Once the old processes are gone, add \`--all\` for the queued, waiting and progressing ones. To take only some, pass \`--name PATTERN\` or ids.${canFork ? BEFORE_A_FORK : ''}`,
    'Set `UNBLOCK_DATABASE_URL` to the URL of the system database, with the application’s role. The gate’s role can only read.',
    `With DBOS Conductor, you can also use \`dbosctl workflow cancel\`${canFork ? ' and `dbosctl workflow fork`' : ''} while a process of the application is connected.`,
    `${KEEPING[shell]} save the list below as \`workflows.tsv\`, next to \`dist/unblock.sh\` from the repository of dbos-drain-gate. That script is the same in every run.`,
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
