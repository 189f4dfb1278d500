import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DETAILS, type GateConfig, HOSTED_JOB_LIMIT_MS, MODES, type TargetSelection } from './config.ts';
import { codeOf, InputError, inputError } from './errors.ts';
import { cutName } from './long-names.ts';
import { type Message, namesOf, trusted } from './message.ts';
import { describeMissingUrl } from './missing-url.ts';
import { readPasswordFile } from './postgres/password.ts';
import { holdsCertificates } from './postgres/tls.ts';
import { type DatabaseConfig, readDatabaseUrl, type UrlSource } from './postgres/url.ts';
import type { RunContext } from './run-context.ts';
import { durationMs, LONGEST_TIMER_MS } from './time.ts';

export interface ParsedInputs {
  readonly gate: GateConfig;
  readonly database: DatabaseConfig;
  /** The number of parameters of `database-url` that mean nothing here. */
  readonly ignoredParameters: number;
  readonly source: UrlSource;
  /** The check run to publish; undefined where none is asked for. */
  readonly check: CheckInputs | undefined;
}

export interface CheckInputs {
  /** The name of the check run. */
  readonly name: string;
  /** The commit that it stands on, in full; undefined for that of the workflow run. */
  readonly sha: string | undefined;
}

/** A text that `parse` reads. It returns undefined for anything but what is accepted. */
export const parsedText = <T>(parse: (text: string) => T | undefined, accepted: string) =>
  z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: accepted });
    return z.NEVER;
  });

export const duration = (shortestMs: number, shortest: string) =>
  parsedText(
    (text) => {
      const ms = durationMs(text);
      return ms !== undefined && ms >= shortestMs && ms <= LONGEST_TIMER_MS ? ms : undefined;
    },
    acceptedDuration(shortestMs > 0 ? `, from ${shortest}` : ''),
  );

const acceptedDuration = (atLeast: string) =>
  `a duration such as 90s, 30m, 2h, 1h30m or 500ms${atLeast}, below 25 days`;

const unset = z.literal('').transform(() => undefined);

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

/** A list has one item per line, or is a JSON array of strings. */
export const list = parsedText(listItems, 'one item a line, or a JSON array of strings that are not empty');

// A dot makes a pattern match names with their class, so that dots and nothing else would ignore every class.
const ignoreList = list.refine((patterns) => patterns.every((pattern) => !/^[*.]*$/.test(pattern)), {
  error: 'names of workflows, one per line, with * for any text; a lone * would ignore everything, and *.* every class',
});

export const schemaName = z
  .string()
  .refine((name) => name !== '' && Buffer.byteLength(name) <= 63 && !name.includes('\0'), {
    error: 'the name of a schema: 1 to 63 bytes, as it is, without quotes',
  });

// YAML's other words for booleans are refused: GitHub passes them on unchanged.
export const truth = oneOf(['true', 'false']).transform((word) => word === 'true');

/** The inputs but secrets. The runner passes the defaults in `action.yml`, so an empty text was asked for. */
const plainInputs = {
  schema: schemaName,
  application: z.string(),
  'retire-version': list,
  'keep-version': list,
  mode: oneOf(MODES),
  timeout: duration(1000, '1s'),
  'on-timeout': oneOf(['fail', 'warn']),
  'poll-interval': z.union([unset, duration(100, '100ms')], { error: acceptedDuration(', from 100ms') }),
  'poll-timeout': duration(100, '100ms'),
  settle: duration(0, '0s'),
  'fail-fast': truth,
  'stuck-after': duration(1000, '1s'),
  'ignore-workflows': ignoreList,
  'on-unknown': oneOf(['fail', 'pass']),
  'on-live': oneOf(['block', 'latest-only', 'ignore']),
  'on-unversioned': oneOf(['auto', 'block', 'ignore']),
  details: oneOf(DETAILS),
  'check-run': z.string(),
  'check-sha': parsedText(
    (text) => (/^(?:|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text) ? text : undefined),
    'the full SHA of a commit, 40 hexadecimal digits',
  ),
} as const;

/** Inputs whose values are never shown. */
export const SECRET_INPUTS = [
  'database-url',
  'database-password',
  'database-password-file',
  'tls-ca',
  'github-token',
] as const;

/** Every input that the code reads. `action.yml` declares exactly these. */
export const INPUT_NAMES: readonly string[] = [...SECRET_INPUTS, ...Object.keys(plainInputs)];

/** Every input as it was given, or its default. */
export type RawInputs = Readonly<Record<string, string>>;

/** Reads the inputs that are no secrets; undefined, and added to the problems, where some are wrong. */
export function readPlain<T>(inputs: z.ZodType<T>, trimmed: RawInputs, problems: InputError[]): T | undefined {
  const parsed = inputs.safeParse(trimmed);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    problems.push(
      inputError()`${trusted(`The input \`${name}\``)} is ${shown(trimmed[name])}. Accepted: ${trusted(issue.message)}.`,
    );
  }
  return parsed.data;
}

/** @throws InputError that names every input that is wrong, its value unless secret, and what is accepted. */
export function parseInputs(raw: RawInputs, context: RunContext): ParsedInputs {
  const problems: InputError[] = [];
  const trimmed = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value.trim()]));
  const settings = readPlain(z.object(plainInputs), trimmed, problems);
  const targets = attempt(problems, () => readTargets(trimmed));
  if (settings !== undefined && settings.settle > settings.timeout) {
    const [settle, timeout] = [shown(trimmed['settle']), shown(trimmed['timeout'])];
    problems.push(
      inputError()`The input \`settle\` is ${settle}, longer than \`timeout\`, which is ${timeout}. Accepted: a \`settle\` no longer than \`timeout\`.`,
    );
  }
  const database = attempt(problems, () => readDatabase(raw, context));
  if (problems.length > 0 || settings === undefined || targets === undefined || database === undefined) {
    throw InputError.of(problems);
  }
  const { 'check-run': name, 'check-sha': sha } = settings;
  return {
    ...database,
    check: name === '' ? undefined : { name, sha: sha || undefined },
    gate: {
      targets,
      longNames: (settings['retire-version'] ?? []).filter((name) => cutName(name) !== name),
      application: settings.application || undefined,
      mode: settings.mode,
      timeoutMs: settings.timeout,
      longestRunMs: context.shell === 'action' ? HOSTED_JOB_LIMIT_MS : LONGEST_TIMER_MS,
      onTimeout: settings['on-timeout'],
      pollIntervalMs: settings['poll-interval'],
      pollTimeoutMs: settings['poll-timeout'],
      settleMs: settings.settle,
      failFast: settings['fail-fast'],
      stuckAfterMs: settings['stuck-after'],
      ignoreWorkflows: settings['ignore-workflows'],
      onUnknown: settings['on-unknown'],
      onLive: settings['on-live'],
      onUnversioned: settings['on-unversioned'],
      details: settings.details,
    },
  };
}

/** The database URL from the input or the environment. It is masked before anything else is read. */
export function databaseUrlOf(raw: RawInputs, context: RunContext): string {
  return raw['database-url']?.trim() || context.environment['DBOS_SYSTEM_DATABASE_URL']?.trim() || '';
}

/** The token for GitHub's API; empty where none is given. */
export function githubTokenOf(raw: RawInputs): string {
  return raw['github-token']?.trim() ?? '';
}

/** The password without the line break that a command's output ends in; undefined when it is empty. */
export function databasePasswordOf(raw: RawInputs): string | undefined {
  return raw['database-password']?.replace(/\r?\n$/, '') || undefined;
}

export function readDatabase(raw: RawInputs, context: RunContext): Omit<ParsedInputs, 'gate' | 'check'> {
  const url = databaseUrlOf(raw, context);
  if (url === '') throw new InputError(describeMissingUrl(context), 'input-url-empty');
  const { variables, ...read } = readDatabaseUrl({
    url,
    password: databasePasswordOf(raw),
    passwordFile: usablePasswordFile(raw['database-password-file']?.trim() ?? ''),
    tlsCa: readCa(raw['tls-ca']?.trim() ?? ''),
    schema: raw['schema']?.trim() ?? '',
    environment: context.environment,
    readFile: (path) => readTextFile(path, trusted('A TLS file in `database-url` or a PGSSL variable')),
  });
  return { ...read, source: { url: raw['database-url']?.trim() ? 'input' : 'variable', variables } };
}

/** The path of a file that gives a password now. It is read again at each connection. */
function usablePasswordFile(path: string): string | undefined {
  if (path === '') return undefined;
  try {
    readPasswordFile(path);
    return path;
  } catch (error) {
    throw inputError(
      'input-password-file',
    )`The input \`database-password-file\` names a file without a password (${trusted(codeOf(error) ?? 'unknown')}). Accepted: the path of a UTF-8 text file with nothing but the password. Does a step before the gate write it? Pass a password itself as \`database-password\`.`;
  }
}

function readTargets(trimmed: Readonly<Record<string, string>>): TargetSelection {
  const { mode, 'retire-version': version = '', 'keep-version': keepVersion = '' } = trimmed;
  if (mode === 'preflight') {
    if (trimmed['check-run']) {
      throw inputError()`The input \`mode\` is preflight, which judges no version, but \`check-run\` is set: a check that passes would say that something has drained. Accepted: preflight without \`check-run\`, or another mode.`;
    }
    if (version === '' && keepVersion === '') return { kind: 'none' };
    throw inputError()`The input \`mode\` is preflight, which takes no version, but \`retire-version\` or \`keep-version\` is set. Accepted: preflight without them, or another mode.`;
  }
  if (version !== '' && keepVersion !== '') {
    throw inputError()`The inputs \`retire-version\` (${shown(version)}) and \`keep-version\` (${shown(keepVersion)}) exclude each other. Accepted: \`retire-version\` for the versions to retire, or \`keep-version\` for the versions that stay.`;
  }
  if (version === '' && keepVersion === '') {
    throw inputError()`Neither \`retire-version\` nor \`keep-version\` is set. Accepted: \`retire-version\` with the versions to retire, one per line, or \`keep-version\` with the versions that stay, or the word latest.`;
  }
  if (version !== '') return { kind: 'named', versions: [...new Set((listItems(version) ?? []).map(cutName))] };
  if (keepVersion === 'latest') return { kind: 'all-but-latest' };
  const keep = listItems(keepVersion) ?? [];
  if (!keepVersion.startsWith('[') && keep.includes('latest')) {
    throw inputError()`The input \`keep-version\` is ${shown(keepVersion)}. Accepted: the word latest alone, or names of versions. Write a version whose name is latest as a JSON array.`;
  }
  return { kind: 'all-but', keep: [...new Set(keep.map(cutName))] };
}

function listItems(text: string): readonly string[] | undefined {
  if (text.startsWith('[')) {
    return z.array(z.string().min(1)).min(1).safeParse(parsedJson(text)).data;
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readCa(text: string): string | undefined {
  if (text === '') return undefined;
  const given = certificatesIn(text);
  if (given !== undefined) return given;
  // Base64 of a PEM text starts with the first of the last two, and of a certificate in DER form with the other.
  if (/\n|-----|^LS0t|^MII/.test(text)) {
    throw inputError(
      'input-tls-ca',
    )`The input \`tls-ca\` is not a readable certificate. Accepted: PEM text from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, with its line breaks, base64 of the whole text, or the path of such a file.`;
  }
  const pem = certificatesIn(readTextFile(text, trusted('The file in `tls-ca`')));
  if (pem !== undefined) return pem;
  throw inputError()`The file in \`tls-ca\` has no readable certificate in PEM form.`;
}

/** Returns a PEM text, decoded where it is base64, as secrets often are; undefined for anything else. */
function certificatesIn(text: string): string | undefined {
  if (holdsCertificates(text)) return text;
  const plain = /^[A-Za-z0-9+/=\s]+$/.test(text) ? Buffer.from(text, 'base64').toString('utf8') : '';
  return holdsCertificates(plain) ? plain : undefined;
}

function readTextFile(path: string, what: Message): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw inputError()`${what} cannot be read (${trusted(codeOf(error) ?? 'unknown')}). Is the path right, and does the file exist on this machine?`;
  }
}

export function attempt<T>(problems: InputError[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(error);
    return undefined;
  }
}

export function shown(value = ''): Message {
  return value === '' ? trusted('empty') : namesOf([value]);
}
