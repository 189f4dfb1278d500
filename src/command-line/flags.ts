import { INPUTS } from '../embedded.ts';

/* The flags: every input of the action that means something here, and the places to write to. */

/** A flag, or a variable of the same name. */
export interface Flag {
  readonly name: string;
  /** What stands for its value in the help; undefined for a flag without one. */
  readonly value: string | undefined;
  readonly description: string;
  /** Empty where there is none to show. */
  readonly default: string;
  readonly isList: boolean;
}

export interface FlagGroup {
  readonly title: string;
  readonly flags: readonly Flag[];
}

/** What the value of a flag is called, or the words that it can be. */
const VALUES: Readonly<Record<string, string>> = {
  'keep-version': 'version',
  'retire-version': 'version',
  application: 'name',
  'database-url': 'url',
  'database-password-file': 'file',
  'tls-ca': 'file',
  schema: 'name',
  timeout: 'duration',
  settle: 'duration',
  'poll-interval': 'duration',
  'poll-timeout': 'duration',
  'stuck-after': 'duration',
  'fail-fast': 'true|false',
  'on-live': 'block|latest-only|ignore',
  'on-unknown': 'fail|pass',
  'on-unversioned': 'auto|block|ignore',
  details: 'full|names',
  'ignore-workflows': 'pattern',
};

const LISTS = ['keep-version', 'retire-version', 'ignore-workflows'];

/** Where `action.yml` says what is true of a workflow file alone. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  'keep-version':
    'The versions to keep, or the word latest. Every other version is to be retired. Repeat the flag, write one per line, or a JSON array.',
  'retire-version':
    'Instead of `keep-version`: the versions to retire. Repeat the flag, write one per line, or a JSON array.',
  'database-url':
    'The DBOS system database: postgres://, postgresql://, SQLAlchemy (postgresql+psycopg://) or JDBC (jdbc:postgresql://), without a password. Parts that it omits are taken from the PG* variables. Parameters (?host=…) override the parts before them, as in libpq. Defaults to the variable DBOS_SYSTEM_DATABASE_URL.',
  details:
    'What a run shows of the work in flight. `full`: everything. `names`: names, counts and times, but no id or key of a workflow, executor or transaction, in any output or file. Use `names` where more people can read the log than the database.',
  'ignore-workflows':
    'Workflows that never block, and that you accept losing: names, with `*` for any text. Repeat the flag, write one per line, or a JSON array. A pattern without a dot matches the whole name (`ship`), and one with a dot the name or `class.name` (`Orders.ship`, `com.example.*`). In Python the class is in the name (`Till.close`), and in Go the import path (`*/orders.Ship`). What matches is still counted and shown. Children are not ignored with their parents.',
};

/** The inputs by what they are about. Not here: `mode` is the command, a password never is a flag, and the exit code is the verdict, whatever `on-timeout` would say. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  'What to retire': ['keep-version', 'retire-version', 'application'],
  'The database': ['database-url', 'database-password-file', 'tls-ca', 'schema'],
  'How long to hold': ['timeout', 'settle', 'fail-fast', 'poll-interval', 'poll-timeout'],
  'What blocks': ['on-live', 'on-unknown', 'on-unversioned', 'ignore-workflows', 'stuck-after'],
};

/** Inputs of the action that are no flags, and why. */
export const NO_FLAGS: Readonly<Record<string, string>> = {
  mode: 'The command is the mode: wait, check or preflight.',
  'github-token': 'The command line uses no API of GitHub.',
  'check-run': 'Check runs are published by the action.',
  'check-sha': 'Check runs are published by the action.',
  'on-timeout': 'The exit code is the verdict. To let a timeout pass, accept the exit codes 10 and 11.',
};

const ownFlag = (name: string, value: string | undefined, description: string): Flag => {
  return { name, value, description, default: '', isList: false };
};

const OWN_FLAGS: readonly Flag[] = [
  ownFlag('json', undefined, 'Print the report on standard output, as JSON. Everything else goes to standard error.'),
  ownFlag('summary', 'file', 'Write the summary to this file, in Markdown.'),
  ownFlag(
    'output',
    'file',
    "Write the outputs to this file, as lines of name=value below 5,000 bytes: GitLab's dotenv. It is emptied at the start.",
  ),
  ownFlag(
    'artifacts',
    'folder',
    'Write the report and the unblock kit to this folder, and the summary if it has no file. By default: a new folder in the temporary one.',
  ),
];

/** Returns the flags in the order of the help. */
export function flagGroups(): readonly FlagGroup[] {
  const groups = Object.entries(GROUPS).map(([title, names]) => ({ title, flags: names.map(flagOf) }));
  return [...groups, { title: 'What to write', flags: [flagOf('details'), ...OWN_FLAGS] }];
}

function flagOf(name: string): Flag {
  const input = INPUTS[name];
  if (input === undefined) throw new Error(`action.yml has no input ${name}`);
  return {
    name,
    value: VALUES[name],
    description: DESCRIPTIONS[name] ?? input.description,
    default: input.default,
    isList: LISTS.includes(name),
  };
}

/** `DRAIN_GATE_KEEP_VERSION`: the variable for `--keep-version`. */
export function variableOf(name: string): string {
  return `DRAIN_GATE_${name.replaceAll('-', '_').toUpperCase()}`;
}
