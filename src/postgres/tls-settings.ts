import { InputError } from '../errors.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';
import { holdsCertificates } from './certificates.ts';
import type { DatabaseConfig } from './database-config.ts';
import { TLS_MODES, type TlsMode } from './tls.ts';

/** What was given about TLS, files not yet read. */
export interface TlsInputs {
  /** Takes a parameter out of the URL: an empty text where it has no value. */
  readonly take: (name: string) => string | undefined;
  /** The names of all parameters of the URL. */
  readonly names: Iterable<string>;
  readonly jdbc: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `tls-ca`, as PEM text. */
  readonly tlsCa: string | undefined;
  readonly readFile: (path: string) => string;
}

type TlsSettings = Pick<DatabaseConfig, 'tlsMode' | 'tlsCa' | 'clientCertificate' | 'directTls'>;

/** Java's classes that verify what `sslmode` says, or less. */
const LENIENT_FACTORY = /\.(LibPQFactory|NonValidatingFactory)$/;

/**
 * Reads the TLS parameters as libpq does ("SSL Support" in PostgreSQL's manual), files included. Four things differ:
 *
 * - `tls-ca` without an `sslmode` means `verify-full`, and so does JDBC's `ssl=true`, as it does to JDBC.
 * - `verify-full` without a CA goes by those that the runtime brings, where libpq asks for `sslrootcert=system`.
 * - Nothing is read from `~/.postgresql`, and an `sslrootcert` that is not there is an error in every mode.
 * - PGSSLNEGOTIATION is ignored: `sslnegotiation` of the URL is not.
 *
 * @throws InputError when the parameters contradict each other, or would verify less than they seem to.
 */
export function readTlsSettings(inputs: TlsInputs): TlsSettings {
  const { take, names, jdbc, environment, tlsCa, readFile } = inputs;
  refuseOtherSpellings(names);
  const file = (parameter: string) => {
    const path = take(parameter) || environment[`PG${parameter.toUpperCase()}`] || undefined;
    return path === undefined || path === 'system' ? path : readFile(path);
  };
  const rootCertificate = file('sslrootcert');
  const system = tlsCa === undefined && rootCertificate === 'system';
  const ca = tlsCa ?? (system ? undefined : rootCertificate);
  const mode =
    take('sslmode') ?? modeOfSsl(take('ssl'), jdbc) ?? environment['PGSSLMODE'] ?? requiredMode(inputs);
  const tlsMode = readMode(mode ?? (system || tlsCa !== undefined ? 'verify-full' : 'prefer'));
  if (system && tlsMode !== 'verify-full') {
    refuse(
      msg`\`sslrootcert=system\` goes with \`sslmode=verify-full\` alone, and it is ${trusted(`\`${tlsMode}\``)}: anybody can have a certificate that a public CA has signed. Use \`sslmode=verify-full\`, or pass the CA as \`tls-ca\`.`,
    );
  }
  if (['disable', 'allow', 'prefer'].includes(tlsMode) && tlsCa !== undefined) {
    refuse(
      msg`\`tls-ca\` is given, but with \`sslmode=${trusted(tlsMode)}\` (of the URL, or of PGSSLMODE) it would verify nothing. Use \`sslmode=verify-full\`, or leave \`tls-ca\` out.`,
    );
  }
  if (tlsMode === 'verify-ca' && ca === undefined) {
    refuse(
      msg`\`sslmode=verify-ca\` needs the CA to verify with, and none is given. Pass it as \`tls-ca\`, or use \`sslmode=verify-full\`, which compares the host name too.`,
    );
  }
  if (tlsMode !== 'disable' && tlsCa === undefined && ca !== undefined && !holdsCertificates(ca)) {
    refuse(
      msg`The file that \`sslrootcert\` (or PGSSLROOTCERT) names holds no certificate in PEM form that can be read. Name the CA's, or pass it as \`tls-ca\`.`,
    );
  }
  const factory = take('sslfactory');
  if (factory && !LENIENT_FACTORY.test(factory) && tlsMode !== 'disable' && tlsMode !== 'verify-full') {
    refuse(
      msg`\`sslfactory\` names a class of Java's that may verify more than \`sslmode=${trusted(tlsMode)}\` does. Use \`sslmode=verify-full\`, or leave \`sslfactory\` out.`,
    );
  }
  const directTls = take('sslnegotiation') === 'direct';
  if (directTls && ['disable', 'allow', 'prefer'].includes(tlsMode)) {
    refuse(
      msg`\`sslnegotiation=direct\` needs TLS, which \`sslmode=${trusted(tlsMode)}\` does not insist on. Use \`sslmode=require\` or stronger, or leave \`sslnegotiation\` out.`,
    );
  }
  const [cert, key] = [file('sslcert'), file('sslkey')];
  const passphrase = take('sslpassword') || undefined;
  if ((cert === undefined) !== (key === undefined)) {
    refuse(
      msg`A client certificate needs both \`sslcert\` and \`sslkey\`. Give the other one, or leave both out.`,
    );
  }
  return {
    tlsMode,
    tlsCa: ca,
    ...(directTls && { directTls }),
    clientCertificate:
      cert === undefined || key === undefined
        ? undefined
        : { cert, key, ...(passphrase !== undefined && { passphrase }) },
  };
}

/** Other drivers write `sslMode` or `ssl_mode`: passed over, it would leave TLS to the server. */
function refuseOtherSpellings(names: Iterable<string>): void {
  for (const name of names) {
    if (name !== 'sslmode' && name.replaceAll('_', '').toLowerCase() === 'sslmode') {
      refuse(
        msg`\`database-url\` has \`sslmode\` in another spelling. Write it in small letters, as one word.`,
      );
    }
  }
}

/**
 * What `ssl` means to who takes it: JDBC verifies everything when it is true or empty, and leaves it to the server
 * when it is false; libpq takes `ssl=true` for `sslmode=require`; asyncpg knows the names of the modes.
 */
function modeOfSsl(ssl: string | undefined, jdbc: boolean): TlsMode | undefined {
  if (ssl === undefined) return undefined;
  if (/^(false|0|no|off)$/i.test(ssl)) return jdbc ? 'prefer' : 'disable';
  return TLS_MODES.find((name) => name === ssl) ?? (jdbc ? 'verify-full' : 'require');
}

/** What came before `sslmode`, and libpq still takes. */
function requiredMode({ take, environment }: TlsInputs): TlsMode | undefined {
  const required = take('requiressl') ?? environment['PGREQUIRESSL'] ?? '';
  return required.startsWith('1') ? 'require' : undefined;
}

function readMode(mode: string): TlsMode {
  const known = TLS_MODES.find((name) => name === mode);
  if (known !== undefined) return known;
  refuse(
    msg`The \`sslmode\` of \`database-url\`, or of PGSSLMODE, is unknown. Accepted: ${namesOf(TLS_MODES, TLS_MODES.length, 6)}.`,
  );
}

function refuse(sentence: Message): never {
  throw new InputError(sentence);
}
