import { InputError } from '../errors.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';
import type { DatabaseConfig } from './database-config.ts';
import { readTlsSettings } from './tls-settings.ts';

/** What the user gave about the connection, files already read. */
export interface ConnectionInputs {
  readonly url: string;
  /** `database-password`. */
  readonly password: string | undefined;
  /** `tls-ca`, as PEM text. */
  readonly tlsCa: string | undefined;
  readonly schema: string;
  /** `PGHOST`, `PGUSER` and so on: what the URL leaves out comes from here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reads a file that the URL names (`sslrootcert`, `sslcert`, `sslkey`). */
  readonly readFile: (path: string) => string;
}

const SHAPE =
  /^(?<jdbc>jdbc:)?(?<scheme>postgres(?:ql)?)(?:\+[a-z0-9_]+)?:\/\/(?:(?<userinfo>[^@/?#]*)@)?(?<hosts>[^@/?#]*)(?:\/(?<database>[^@/?#]*))?(?:\?(?<query>[^@#]*))?$/;
const HOST = /^(?<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]|%2[Ff][A-Za-z0-9._%-]*)(?::(?<port>\d*))?$/;
/** Parameters that mean something to other drivers and nothing to the gate's own connection. */
const HARMLESS = ['application_name', 'fallback_application_name', 'connect_timeout', 'uselibpqcompat'];

/** Parameters that ask for more security than the gate has: to pass them over would be to weaken the connection. */
const DEMANDING = ['require_auth', 'sslcrl', 'sslcrldir', 'ssl_min_protocol_version', 'requirepeer'];

/**
 * Reads a database URL in the spellings that DBOS's SDKs take: `postgres://`, `postgresql://`, SQLAlchemy's and
 * JDBC's. What it leaves out comes from the `PG*` variables.
 *
 * A mistyped URL can parse with a part of the password as the host or the database, so the shape is checked
 * strictly and no error quotes what could be a part of it.
 *
 * @returns the configuration, and how many parameters of the URL were passed over.
 * @throws InputError when the URL is of no known shape, or leaves out what the environment does not bring.
 */
export function readDatabaseUrl(inputs: ConnectionInputs): {
  readonly database: DatabaseConfig;
  readonly ignoredParameters: number;
} {
  const { environment, readFile } = inputs;
  const match = SHAPE.exec(inputs.url.trim());
  if (match?.groups === undefined) throw new InputError(describeMisshapen(inputs.url));
  const { userinfo = '', hosts = '', database = '', query = '' } = match.groups;
  if (hosts.includes(',')) throw new InputError(severalHosts());
  const parameters = readParameters(query);
  const takeAsGiven = (name: string) => {
    const value = parameters.get(name);
    parameters.delete(name);
    return value;
  };
  const take = (name: string) => takeAsGiven(name) || undefined;
  const hostMatch = HOST.exec(hosts);
  if (hostMatch?.groups === undefined) throw new InputError(notAsExpected('host'));
  const [userText, ...passwordText] = userinfo.split(':');
  const urlPassword = decoded(passwordText.join(':')) || take('password');
  if (inputs.password !== undefined && urlPassword !== undefined && inputs.password !== urlPassword) {
    throw new InputError(
      msg`\`database-url\` and \`database-password\` carry two different passwords. Pass one.`,
    );
  }

  const tls = readTlsSettings({
    take: takeAsGiven,
    names: parameters.keys(),
    jdbc: match.groups['jdbc'] !== undefined,
    environment,
    tlsCa: inputs.tlsCa,
    readFile,
  });

  const user = decoded(userText ?? '') || take('user') || environment['PGUSER'];
  if (!user) throw new InputError(msg`\`database-url\` names no user. Add one to it, or set PGUSER.`);
  const host =
    decoded(hostMatch.groups['host'] ?? '').replace(/^\[|\]$/g, '') ||
    take('host') ||
    environment['PGHOST'] ||
    'localhost';
  const demanded = DEMANDING.filter((name) => parameters.has(name));
  if (demanded.length > 0) {
    throw new InputError(
      msg`\`database-url\` asks for ${namesOf(demanded)}, which the gate cannot keep. Leave it out, and use \`sslmode=verify-full\`, with \`channel_binding=require\` if no password may be sent in another way.`,
    );
  }
  if (host.includes(',')) throw new InputError(severalHosts());
  const config: DatabaseConfig = {
    host,
    port: readPort(hostMatch.groups['port'] || take('port') || environment['PGPORT'] || '5432'),
    user,
    password: inputs.password ?? urlPassword ?? (environment['PGPASSWORD'] || undefined),
    database: decoded(database) || take('dbname') || environment['PGDATABASE'] || user,
    ...tls,
    requireChannelBinding: readChannelBinding(take('channel_binding') ?? environment['PGCHANNELBINDING']),
    schema: inputs.schema,
  };
  return {
    database: config,
    ignoredParameters: [...parameters.keys()].filter((name) => !HARMLESS.includes(name)).length,
  };
}

/**
 * Every secret in what the user gave, raw and decoded, to be masked before the first line is printed. Never
 * throws: a mistyped URL has to be masked as well.
 */
export function secretsIn(
  url: string,
  password: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const afterScheme = url.replace(/^[^/]*\/+/, '');
  const authority = afterScheme.includes('@') ? afterScheme.slice(0, afterScheme.lastIndexOf('@')) : '';
  const fromAuthority = authority.includes(':') ? authority.slice(authority.indexOf(':') + 1) : '';
  const fromQuery = [...url.matchAll(/[?&](?:ssl)?password=(?=(.*))([^&#]*)/gi)].flatMap(
    ([, rest, value]) => [rest ?? '', value ?? ''],
  );
  const raw = [url, url.trim(), fromAuthority, ...fromQuery, password ?? '', environment['PGPASSWORD'] ?? ''];
  const all = raw.flatMap((secret) => [secret, ...secret.split(/\r?\n/), tryDecoded(secret)]);
  return [...new Set(all)].filter((secret) => secret.trim() !== '');
}

function describeMisshapen(url: string): Message {
  if (/^(jdbc:)?sqlite/i.test(url.trim())) {
    return msg`\`database-url\` is an SQLite URL. The gate reads DBOS system databases on Postgres: an SQLite file is on the machine that runs the application, and no runner can see it.`;
  }
  return msg`\`database-url\` is not a Postgres URL that the gate can read (its text is not shown, since it may hold a password). Accepted: postgresql://user:password@host:5432/database, the same with postgres://, postgresql+psycopg:// or jdbc:postgresql://. Characters such as @ / # ? in the password must be percent-encoded; or pass the password as \`database-password\`, where nothing is encoded.`;
}

function readChannelBinding(value: string | undefined): boolean {
  if (value && !['disable', 'prefer', 'require'].includes(value)) {
    throw new InputError(
      msg`The \`channel_binding\` of \`database-url\`, or of PGCHANNELBINDING, is unknown. Accepted: disable, prefer or require.`,
    );
  }
  return value === 'require';
}

function severalHosts(): Message {
  return msg`\`database-url\` names several hosts. Name the primary alone.`;
}

function notAsExpected(part: string): Message {
  return msg`The ${trusted(part)} in \`database-url\` is not one (its text is not shown, since it may be a part of the password). If the password holds @ / : # or ?, percent-encode it, or pass it as \`database-password\`.`;
}

function readParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [name = '', ...value] = pair.split('=');
    if (!/^[A-Za-z_]+$/.test(name) || value.length === 0)
      throw new InputError(notAsExpected('list of parameters'));
    parameters.set(name, decoded(value.join('=')));
  }
  return parameters;
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InputError(notAsExpected('port'));
  return port;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InputError(
      msg`\`database-url\` holds a % that begins no percent-encoded character. Write %25 for a % in the password, or pass it as \`database-password\`.`,
    );
  }
}

function tryDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
