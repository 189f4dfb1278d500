import { InputError, inputError } from '../errors.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';
import { type Environment, readTlsSettings, type TlsInputs, type TlsSettings } from './tls.ts';

/** How to reach the system database. */
export interface DatabaseConfig extends TlsSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absent: the driver reads the password file, as libpq does. */
  readonly password: string | undefined;
  readonly database: string;
  readonly requireChannelBinding: boolean;
  /** Schema of DBOS's tables. */
  readonly schema: string;
}

/** What the user gave about the connection, files already read. */
export interface ConnectionInputs extends Omit<TlsInputs, 'take'> {
  readonly url: string;
  /** `database-password`. */
  readonly password: string | undefined;
  readonly schema: string;
}

const SHAPE =
  /^(?:jdbc:)?postgres(?:ql)?(?:\+[a-z0-9_]+)?:\/\/(?:(?<user>[^:@/?#]*)(?::(?<secret>[^@/?#]*))?@)?(?<hosts>[^@/?#]*)(?:\/(?<database>[^@/?#]*))?(?:\?(?<query>[^@#]*))?$/;
const HOST = /^(?<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\]|%2[Ff][A-Za-z0-9._%-]*)(?::(?<port>\d*))?$/;

const SEVERAL_HOSTS = msg`\`database-url\` names several hosts. Name the primary alone.`;

/** Parameters that other drivers act on, and that cannot matter to the gate's own connection. */
const HARMLESS = ['application_name', 'fallback_application_name', 'connect_timeout', 'uselibpqcompat'];

/**
 * Reads a database URL in the spellings that DBOS's SDKs take: `postgres://`, `postgresql://`, SQLAlchemy's and
 * JDBC's. Parts that it omits come from the `PG*` variables.
 *
 * A mistyped URL can parse with a part of the password as the host or the database. So the shape is checked
 * strictly, and no error quotes text that could be a part of the password.
 *
 * @returns the configuration, and the number of URL parameters that were ignored.
 * @throws InputError when the URL has no known shape, is incomplete, or asks for security that the gate does not have.
 */
export function readDatabaseUrl(inputs: ConnectionInputs) {
  const { environment } = inputs;
  const { parameters, ...parts } = partsOf(inputs.url);
  refuseOtherSecurity(parameters.keys(), environment);
  const take = (name: string) => {
    const value = parameters.get(name);
    parameters.delete(name);
    return value;
  };
  const password = onePassword(decoded(parts.secret) || take('password'), inputs.password);
  const tls = readTlsSettings({ ...inputs, take });
  const user = decoded(parts.user) || take('user') || environment['PGUSER'];
  if (!user) throw new InputError(msg`\`database-url\` names no user. Add one to it, or set PGUSER.`);
  const host = parts.host || take('host') || environment['PGHOST'] || 'localhost';
  if (host.includes(',')) throw new InputError(SEVERAL_HOSTS);
  const config: DatabaseConfig = {
    host,
    port: readPort(parts.port || take('port') || environment['PGPORT'] || '5432'),
    user,
    password: password || environment['PGPASSWORD'] || undefined,
    database: decoded(parts.database) || take('dbname') || environment['PGDATABASE'] || user,
    ...tls,
    requireChannelBinding: readChannelBinding(take('channel_binding') || environment['PGCHANNELBINDING']),
    schema: inputs.schema,
  };
  const ignored = [...parameters.keys()].filter((name) => !HARMLESS.includes(name));
  return { database: config, ignoredParameters: ignored.length };
}

/** Splits a URL. `user`, `secret` and `database` are still percent-encoded. */
function partsOf(url: string) {
  const groups = SHAPE.exec(url.trim())?.groups;
  if (groups === undefined) throw new InputError(describeMisshapen(url));
  const { user = '', secret = '', hosts = '', database = '', query = '' } = groups;
  if (hosts.includes(',')) throw new InputError(SEVERAL_HOSTS);
  const parameters = readParameters(query);
  const address = HOST.exec(hosts)?.groups;
  if (address === undefined) throw new InputError(notAsExpected('host'));
  const host = decoded(address['host'] ?? '').replace(/^\[|\]$/g, '');
  return { user, secret, host, port: address['port'], database, parameters };
}

/** The parameters about security that the gate follows. */
const FOLLOWED = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'channel_binding'];

/** How parameters about security start, in libpq and other drivers, without underscores. */
const SECURITY = /^(?:ssl|tls|gss|channelbinding|require(?:auth|peer|ssl))/;

/** Parameters that an error can show. Any other name can be a part of a password with a raw `&`. */
const KNOWN = new Set([
  ...['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword', 'sslcrl', 'sslcrldir'],
  ...['sslnegotiation', 'sslfactory', 'sslminprotocolversion', 'sslcertmode', 'sslsni'],
  ...['channelbinding', 'gssencmode', 'requireauth', 'requirepeer', 'requiressl'],
]);

/** libpq's variables that can ask for more security than the gate has, and the values that do not ask. */
const DEMANDING = [
  ...['PGREQUIRESSL', 'PGREQUIREAUTH', 'PGREQUIREPEER', 'PGGSSENCMODE'],
  ...['PGSSLCRL', 'PGSSLCRLDIR', 'PGSSLMINPROTOCOLVERSION'],
];
const UNDEMANDING = ['', '0', 'disable', 'prefer'];

/** Refuses all other words about security: to ignore one could make the connection weaker than the user asked. */
function refuseOtherSecurity(names: Iterable<string>, environment: Environment): void {
  const ofUrl = [...names].flatMap((name) => {
    const word = name.replaceAll('_', '').toLowerCase();
    if (FOLLOWED.includes(name) || !SECURITY.test(word)) return [];
    return KNOWN.has(word) ? [name] : [`${word.slice(0, 3)}…`];
  });
  const refused = [...ofUrl, ...DEMANDING.filter((name) => !UNDEMANDING.includes(environment[name] ?? ''))];
  if (refused.length === 0) return;
  throw inputError`\`database-url\`, or a variable of libpq, asks for ${namesOf(refused)}, which the gate cannot keep. Leave it out. Accepted, in this spelling: ${trusted(FOLLOWED.join(', '))}. The strictest is \`sslmode=verify-full\` with \`channel_binding=require\`.`;
}

function onePassword(ofUrl: string | undefined, ofInput: string | undefined): string | undefined {
  if (ofInput === undefined || !ofUrl || ofInput === ofUrl) return ofInput ?? ofUrl;
  throw inputError`\`database-url\` and \`database-password\` carry two different passwords. Pass one.`;
}

/**
 * Returns every secret in what the user gave, raw and decoded, to be masked before the first line is printed. Never
 * throws: a mistyped or refused URL has to be masked as well.
 */
export function secretsIn(url: string, password: string | undefined, environment: Environment): readonly string[] {
  const afterScheme = url.replace(/^[^/]*\/+/, '');
  const authority = afterScheme.includes('@') ? afterScheme.slice(0, afterScheme.lastIndexOf('@')) : '';
  const fromAuthority = authority.includes(':') ? authority.slice(authority.indexOf(':') + 1) : '';
  const inQuery = /[?&](?:ssl_?)?password=(?=(.*))([^&#]*)/gi;
  const fromQuery = [...url.matchAll(inQuery)].flatMap((match) => match.slice(1));
  const raw = [url, url.trim(), fromAuthority, ...fromQuery, password ?? '', environment['PGPASSWORD'] ?? ''];
  const all = raw.flatMap((secret) => [secret, ...secret.split(/\r?\n/), tryDecoded(secret) ?? '']);
  return [...new Set(all)].filter((secret) => secret.trim() !== '');
}

function describeMisshapen(url: string): Message {
  if (/^(jdbc:)?sqlite/i.test(url.trim())) {
    return msg`\`database-url\` is an SQLite URL. The gate reads DBOS system databases on Postgres: an SQLite file is on the machine that runs the application, and no runner can see it.`;
  }
  return msg`\`database-url\` is not a Postgres URL that the gate can read (its text is not shown, since it may hold a password). Accepted: postgresql://user:password@host:5432/database, the same with postgres://, postgresql+psycopg:// or jdbc:postgresql://. Characters such as @ / # ? in the password must be percent-encoded; or pass the password as \`database-password\`, where nothing is encoded.`;
}

function readChannelBinding(value: string | undefined): boolean {
  if (!value || ['disable', 'prefer', 'require'].includes(value)) return value === 'require';
  throw inputError`The \`channel_binding\` of \`database-url\`, or of PGCHANNELBINDING, is unknown. Accepted: disable, prefer or require.`;
}

function notAsExpected(part: string): Message {
  return msg`The ${trusted(part)} in \`database-url\` is not one (its text is not shown, since it may be a part of the password). If the password holds @ / : # or ?, percent-encode it, or pass it as \`database-password\`.`;
}

function readParameters(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const { name, value } = /^(?<name>[A-Za-z_]+)=(?<value>.*)$/s.exec(pair)?.groups ?? {};
    if (name === undefined) throw new InputError(notAsExpected('list of parameters'));
    parameters.set(name, decoded(value ?? ''));
  }
  return parameters;
}

function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InputError(notAsExpected('port'));
  return port;
}

function decoded(text: string): string {
  const plain = tryDecoded(text);
  if (plain !== undefined) return plain;
  throw inputError`\`database-url\` holds a % that begins no percent-encoded character. Write %25 for a % in the password, or pass it as \`database-password\`.`;
}

function tryDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
