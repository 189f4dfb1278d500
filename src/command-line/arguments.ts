import { type Command, CommanderError } from 'commander';
import { z } from 'zod';
import { INPUTS } from '../embedded.ts';
import { type InputError, inputError } from '../errors.ts';
import { INPUT_NAMES, type RawInputs } from '../inputs.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';
import type { Naming } from '../naming.ts';
import type { Environment } from '../postgres/tls.ts';
import { passwordsIn } from '../postgres/url-secrets.ts';
import { type Flag, flagGroups, NO_FLAGS, variableOf } from './flags.ts';
import { COMMANDS, programFor } from './help.ts';

/** The files and the folder that a run is asked to write to. */
export interface FilePlaces {
  readonly output: string | undefined;
  readonly summary: string | undefined;
  readonly artifacts: string | undefined;
}

/** Where a run is asked to write to. */
export interface Places extends FilePlaces {
  readonly json: boolean;
}

/** What the flags and variables ask for. */
export interface Request {
  readonly raw: RawInputs;
  readonly places: Places;
  /** Names each input by its variable where that is its source, and by its flag elsewhere. */
  readonly naming: Naming;
  readonly warnings: readonly Message[];
}

const parsedOptions = z.record(z.string(), z.union([z.array(z.string()), z.boolean(), z.string()]));

/** The password has a variable and no flag. */
const PASSWORD = 'database-password';

/**
 * Reads flags and variables. Returns a text to print instead, where help or the release is asked for.
 *
 * @param prepare Makes the places ready. It comes before every refusal: what an earlier run left there must not stand
 *   for a run that is refused.
 * @throws InputError for what is no command, flag or place. Nothing of a value is in it.
 */
export function readArguments(
  argv: readonly string[],
  environment: Environment,
  prepare: (places: FilePlaces) => void = () => undefined,
): Request | string {
  let printed = '';
  const program = programFor((text) => {
    printed += text;
  });
  const flags = flagGroups().flatMap((group) => group.flags);
  const { complete, missing } = completed(argv, flags);
  const problem = problemOfParsing(program, complete);
  if (problem?.exitCode === 0) return printed;
  const given = valuesGiven(program, flags);
  const values = new Map([...given].map(([name, all]) => [name, all.join('\n')]));
  const asked = (name: string) => values.get(name) ?? environment[variableOf(name)];
  const isFromVariable = (name: string) => !values.has(name) && environment[variableOf(name)] !== undefined;
  const places = placesOf(asked);
  prepare(places);
  // Before what the parser refuses, which can be the password.
  refusePasswords(program, given);
  if (missing !== undefined)
    throw inputError()`\`${trusted(missing)}\` has no value. Write \`${trusted(missing)}=VALUE\`.`;
  if (problem !== undefined) throw refusal(problem);
  refuseRepeated(flags, given);
  refuseEmptyPlaces(asked, isFromVariable);
  const inputs = INPUT_NAMES.map((name) => [name, asked(name) ?? INPUTS[name]?.default ?? ''] as const);
  return {
    raw: { ...Object.fromEntries(inputs), mode: commandOf(program), 'on-timeout': 'fail' },
    places: { ...places, json: isJson(values.has('json'), environment) },
    naming: namingBy(isFromVariable),
    warnings: unknownVariables(flags, environment),
  };
}

/**
 * Returns the arguments with an empty value for each flag that has none, and the first such flag. Commander takes the next
 * flag for its value, and `--keep-version $UNSET --output gate.env` is then a version named `--output`.
 */
function completed(argv: readonly string[], flags: readonly Flag[]) {
  const known = [...flags.map(({ name }) => `--${name}`), `--${PASSWORD}`];
  const isFlag = (text = '') => known.some((flag) => text === flag || text.startsWith(`${flag}=`));
  const hasNoValue = (text: string, index: number) =>
    flags.some(({ name, value }) => value !== undefined && text === `--${name}`) &&
    (index + 1 === argv.length || isFlag(argv[index + 1]));
  return {
    complete: argv.map((text, index) => (hasNoValue(text, index) ? `${text}=` : text)),
    missing: argv.find(hasNoValue),
  };
}

/** Returns what commander refuses, or prints; undefined where it took everything. It has read the flags all the same. */
function problemOfParsing(program: Command, argv: readonly string[]): CommanderError | undefined {
  try {
    program.parse(argv, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  }
}

function commandOf(program: Command): string {
  const [command] = program.args;
  if (COMMANDS.some((each) => each === command)) return command ?? '';
  const what = command === undefined ? 'No command is given.' : 'The first argument is no command.';
  throw inputError()`${trusted(what)} Accepted: ${trusted(COMMANDS.join(', '))}. See \`dbos-drain-gate --help\`.`;
}

/** The values of each flag that is given, in their order. */
function valuesGiven(program: Command, flags: readonly Flag[]): ReadonlyMap<string, readonly string[]> {
  const options = parsedOptions.parse(program.opts());
  const attributes = new Map(program.options.map((option) => [option.long, option.attributeName()]));
  return new Map(
    flags.flatMap(({ name }) => {
      const values = options[attributes.get(`--${name}`) ?? ''];
      if (values === undefined) return [];
      return [[name, Array.isArray(values) ? values : [String(values)]] as const];
    }),
  );
}

function refuseRepeated(flags: readonly Flag[], values: ReadonlyMap<string, readonly string[]>): void {
  for (const { name, isList } of flags) {
    const times = values.get(name)?.length ?? 0;
    if (times > 1 && !isList) throw inputError()`\`--${trusted(name)}\` is given ${times} times. Accepted: once.`;
  }
}

type Asked = (name: string) => string | undefined;

function placesOf(asked: Asked): FilePlaces {
  const place = (name: keyof FilePlaces) => asked(name) || undefined;
  return { output: place('output'), summary: place('summary'), artifacts: place('artifacts') };
}

function refuseEmptyPlaces(asked: Asked, isFromVariable: (name: string) => boolean): void {
  for (const name of ['output', 'summary', 'artifacts']) {
    if (asked(name) !== '') continue;
    const given = isFromVariable(name) ? variableOf(name) : `--${name}`;
    throw inputError()`\`${trusted(given)}\` is empty. Accepted: a path. Leave it out if nothing is to be written there.`;
  }
}

const SAFE_PLACES = trusted(
  'Anybody on this machine can read it there: `ps` shows it. Change this password. Then pass the URL as `DRAIN_GATE_DATABASE_URL`, or the password as `DRAIN_GATE_DATABASE_PASSWORD`, in `--database-password-file`, or in the file that `PGPASSFILE` names.',
);

function refusePasswords(program: Command, values: ReadonlyMap<string, readonly string[]>): void {
  if (program.getOptionValueSource('databasePassword') !== undefined) {
    throw inputError()`\`--database-password\` is not accepted: a password must not be in a flag. ${SAFE_PLACES}`;
  }
  if ((values.get('database-url') ?? []).flatMap(passwordsIn).some((password) => password !== '')) {
    throw inputError()`\`--database-url\` has a password: a password must not be in a flag. ${SAFE_PLACES}`;
  }
}

function isJson(isFlag: boolean, environment: Environment): boolean {
  const variable = environment[variableOf('json')];
  if (isFlag || variable === undefined) return isFlag;
  if (variable !== 'true' && variable !== 'false') {
    throw inputError()`\`DRAIN_GATE_JSON\` is ${namesOf([variable])}. Accepted: true or false.`;
  }
  return variable === 'true';
}

function namingBy(isFromVariable: (name: string) => boolean): Naming {
  return (input, value) => {
    if (input === 'mode') return value === undefined ? 'the command' : `\`${value}\``;
    if (!INPUT_NAMES.includes(input) || input in NO_FLAGS) return undefined;
    return input === PASSWORD || isFromVariable(input)
      ? `\`${variableOf(input)}${value === undefined ? '' : `=${value}`}\``
      : `\`--${input}${value === undefined ? '' : ` ${value}`}\``;
  };
}

/** Kubernetes sets these for a service that is called drain-gate. */
const OF_KUBERNETES = /^DRAIN_GATE_(SERVICE_|PORT(_|$))/;

function unknownVariables(flags: readonly Flag[], environment: Environment): readonly Message[] {
  const known = new Set([...flags.map(({ name }) => name), PASSWORD].map(variableOf));
  const names = Object.keys(environment).filter((name) => name.startsWith('DRAIN_GATE_') && !known.has(name));
  const strange = names.filter((name) => !OF_KUBERNETES.test(name));
  return strange.map((name) => {
    const why = Object.entries(NO_FLAGS).find(([input]) => variableOf(input) === name)?.[1] ?? 'Is it misspelt?';
    return msg`The variable ${name} means nothing to the gate. ${trusted(why)}`;
  });
}

/** What commander says, without the values that it repeats. */
function refusal({ code, message }: CommanderError): InputError {
  const help = trusted('See `dbos-drain-gate --help`.');
  switch (code) {
    case 'commander.unknownOption': {
      // After one dash everything is a value: `-ps3cret`.
      const [, flag] = /'(--[a-z-]+)/i.exec(message) ?? [];
      if (flag === undefined) return inputError()`There is no flag with one dash but -h. ${help}`;
      if (flag === '--json') return inputError()`\`--json\` takes no value.`;
      const why = NO_FLAGS[flag.replace(/^--/, '')];
      const [, meant] = /\(Did you mean (?:one of )?(--[a-z-]+)/.exec(message) ?? [];
      const hint = why ?? (meant === undefined ? undefined : `Did you mean \`${meant}\`?`);
      return inputError()`There is no flag ${flag}. ${hint === undefined ? help : trusted(hint)}`;
    }
    case 'commander.excessArguments':
      return inputError()`There is more than one argument without a flag. Accepted: one of ${trusted(COMMANDS.join(', '))}. Is a value with blanks not in quotes? ${help}`;
    default:
      return inputError()`The flags cannot be read (${trusted(code.replace('commander.', ''))}). ${help}`;
  }
}
