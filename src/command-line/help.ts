import { Command, Option } from 'commander';
import { RELEASE } from '../embedded.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { type Flag, flagGroups } from './flags.ts';

/** What the gate can be asked for: the mode, as the first word. */
export const COMMANDS = ['wait', 'check', 'preflight'] as const;

const DESCRIPTION = `Answers whether versions of a DBOS application can be torn down without stranding workflows.

Commands:
  wait       holds until they have drained
  check      decides now
  preflight  takes no version, and reports whether the gate can work here`;

const NOTES = `
Environment:
  Every flag has a variable: DRAIN_GATE_KEEP_VERSION is --keep-version. A flag wins over its variable.
  PG* variables and libpq's password file apply as they do to psql. NO_COLOR turns colors off.

Passwords:
  A password in a flag is refused, because ps shows it to everybody on the machine. Use
  DRAIN_GATE_DATABASE_URL, DRAIN_GATE_DATABASE_PASSWORD, --database-password-file or PGPASSFILE.

Exit codes:
${EXIT_CODES.map(([code, meaning]) => `  ${code.padEnd(5)}${meaning.replaceAll('`', '')}`).join('\n')}

Example:
  dbos-drain-gate wait --keep-version "$VERSION" --timeout 45m --output gate.env`;

/** Returns the parser of the command line. It prints and exits by throwing: see `exitOverride`. */
export function programFor(print: (text: string) => void): Command {
  const program = new Command('dbos-drain-gate')
    .usage(`${COMMANDS.join('|')} [flags]`)
    .description(DESCRIPTION)
    .argument('[command]')
    .version(RELEASE, '--version', 'print the number of this release')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .configureHelp({ visibleArguments: () => [] })
    .addHelpText('after', NOTES);
  for (const { title, flags } of flagGroups()) {
    for (const flag of flags) program.addOption(optionOf(flag).helpGroup(`${title}:`));
  }
  // To be refused in the gate's own words, with its value unread.
  return program.addOption(new Option('--database-password [password]').hideHelp());
}

function optionOf({ name, value, description, default: usual }: Flag): Option {
  const flag = value === undefined ? `--${name}` : `--${name} <${value}>`;
  const text = `${inWords(description)}${usual === '' ? '' : ` (default: ${usual})`}`;
  const option = new Option(flag, text);
  return value === undefined ? option : option.argParser(collected);
}

function collected(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** A description without marks of Markdown, its flags as they are typed. */
function inWords(description: string): string {
  const names = flagGroups().flatMap(({ flags }) => flags.map(({ name }) => name));
  return description.replace(/`([^`]+)`/g, (_, text: string) => (names.includes(text) ? `--${text}` : text));
}
