import { isIP } from 'node:net';
import { inputError } from '../errors.ts';
import { trusted } from '../message.ts';
import { type PasswordSources, passfileOf } from './password.ts';
import { refuseOtherPlaces } from './place-words.ts';
import { refuseOtherSecurity } from './security-words.ts';
import { readTlsSettings, type TlsInputs, type TlsSettings } from './tls.ts';
import { readParameters } from './url-parameters.ts';
import { decoded, partsOf, readPort, severalHosts } from './url-parts.ts';

/** How to reach the system database. */
export interface DatabaseConfig extends TlsSettings, PasswordSources {
  readonly host: string;
  readonly port: number;
  readonly user: string;
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
  /** The path of `database-password-file`. */
  readonly passwordFile?: string | undefined;
  readonly schema: string;
}

/** Where the parts of the URL are from. No values: they are shown only after a server has accepted them. */
export interface UrlSource {
  readonly url: 'input' | 'variable';
  /** The `PG*` variables that gave user, host, port or database. */
  readonly variables: readonly string[];
}

/** Parameters that other drivers act on, and that cannot matter to the gate's own connection. */
const HARMLESS = ['application_name', 'fallback_application_name', 'connect_timeout', 'uselibpqcompat'];

const portInHost = () =>
  inputError(
    'input-host-colon',
  )`The host in \`database-url\` or PGHOST contains a colon. Set the port with \`port\` or PGPORT.`;

/**
 * Reads a database URL in the spellings that DBOS's SDKs take: `postgres://`, `postgresql://`, SQLAlchemy's and
 * JDBC's. Parts that it omits come from the `PG*` variables.
 *
 * A mistyped URL can parse with a part of the password as the host or the database. So the shape is checked
 * strictly, and no error quotes text that could be a part of the password.
 *
 * @returns the configuration, the number of URL parameters that were ignored, and the variables that gave parts.
 * @throws InputError when the URL has no known shape, is incomplete, or asks for security that the gate does not have.
 */
export function readDatabaseUrl(inputs: ConnectionInputs) {
  const { environment } = inputs;
  const { query, ...parts } = partsOf(inputs.url);
  const { all, take, rest } = readParameters(query);
  refuseOtherSecurity(all, environment);
  refuseOtherPlaces(all, environment);
  const variables: string[] = [];
  /** A parameter wins over the part before the `?`, as in libpq, and both win over the variable. */
  const given = (name: string, part: string | undefined, variable: string) => {
    const value = take(name);
    const other = part || environment[variable] || undefined;
    if (value === undefined && !part && other !== undefined) variables.push(variable);
    if (value !== '' || other === undefined) return value ?? other;
    throw inputError(
      'input-parameter-empty',
    )`The parameter ${trusted(`\`${name}\``)} in \`database-url\` is empty, but the part before the ? or ${trusted(variable)} has a value for it. Drivers disagree on which one counts. Remove the parameter, or set its value.`;
  };
  const password = onePassword(take('password') || decoded(parts.secret), inputs);
  const tls = readTlsSettings({ ...inputs, take });
  const user = given('user', decoded(parts.user), 'PGUSER');
  if (!user) throw inputError('input-no-user')`\`database-url\` has no user. Add one, or set PGUSER.`;
  const host = given('host', parts.host, 'PGHOST') || 'localhost';
  if (host.includes(',')) throw severalHosts();
  if (host.includes(':') && !host.startsWith('/') && isIP(host) === 0) throw portInHost();
  const config: DatabaseConfig = {
    host,
    port: readPort(given('port', parts.port, 'PGPORT') || '5432'),
    user,
    passwordFile: inputs.passwordFile,
    password: inputs.passwordFile === undefined ? password || environment['PGPASSWORD'] || undefined : undefined,
    passfile: passfileOf(take('passfile'), environment),
    database: given('dbname', decoded(parts.database), 'PGDATABASE') || user,
    ...tls,
    requireChannelBinding: readChannelBinding(
      take('channel_binding', 'channelBinding') || environment['PGCHANNELBINDING'],
    ),
    schema: inputs.schema,
  };
  const ignored = rest().filter((name) => !HARMLESS.includes(name));
  return { database: config, ignoredParameters: ignored.length, variables };
}

type GivenPassword = Pick<ConnectionInputs, 'password' | 'passwordFile'>;

function onePassword(
  ofUrl: string | undefined,
  { password: ofInput, passwordFile }: GivenPassword,
): string | undefined {
  if (passwordFile !== undefined && (ofUrl || ofInput !== undefined)) {
    const other = trusted(ofInput === undefined ? 'a password in `database-url`' : '`database-password`');
    throw inputError(
      'input-password-twice',
    )`\`database-password-file\` and ${other} are both set. Set one of them: the file if the password changes during the run.`;
  }
  if (ofInput === undefined || !ofUrl || ofInput === ofUrl) return ofInput ?? ofUrl;
  throw inputError(
    'input-passwords-differ',
  )`\`database-url\` and \`database-password\` have different passwords. Set one of them.`;
}

function readChannelBinding(value: string | undefined): boolean {
  if (!value || ['disable', 'prefer', 'require'].includes(value)) return value === 'require';
  throw inputError(
    'input-channel-binding',
  )`The \`channel_binding\` in \`database-url\` or PGCHANNELBINDING is unknown. Accepted: disable, prefer or require.`;
}
