import { InputError } from '../errors.ts';
import { namesOf, own, say } from '../sentence.ts';
import type { DatabaseConfig } from './database-config.ts';
import { TLS_MODES, type TlsMode } from './tls.ts';

/** What was given about TLS, files not yet read. */
export interface TlsInputs {
  /** Takes a parameter out of the URL. */
  readonly take: (name: string) => string | undefined;
  readonly jdbc: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `tls-ca`, as PEM text. */
  readonly tlsCa: string | undefined;
  readonly readFile: (path: string) => string;
}

/**
 * Reads the TLS parameters as libpq does ("SSL Support" in PostgreSQL's manual), files included. Two things differ:
 * `tls-ca` without an `sslmode` means `verify-full`, and so does JDBC's `ssl=true`, as it does to JDBC; and
 * `verify-full` without a CA goes by those that the runtime brings, where libpq asks for `sslrootcert=system`.
 *
 * @throws InputError when the parameters contradict each other, or would verify less than they seem to.
 */
export function readTlsSettings({
  take,
  jdbc,
  environment,
  tlsCa,
  readFile,
}: TlsInputs): Pick<DatabaseConfig, 'tlsMode' | 'tlsCa' | 'clientCertificate'> {
  const file = (parameter: string) => {
    const path = take(parameter) ?? (environment[`PG${parameter.toUpperCase()}`] || undefined);
    return path === 'system' ? path : path && readFile(path);
  };
  const rootCertificate = file('sslrootcert');
  const system = tlsCa === undefined && rootCertificate === 'system';
  const ca = tlsCa ?? (system ? undefined : rootCertificate);
  const mode = take('sslmode') ?? modeOfSsl(take('ssl'), jdbc) ?? (environment['PGSSLMODE'] || undefined);
  const tlsMode = readMode(mode ?? (system || tlsCa !== undefined ? 'verify-full' : 'prefer'));
  if (system && tlsMode !== 'verify-full') {
    throw new InputError(
      say`\`sslrootcert=system\` goes with \`sslmode=verify-full\` alone, and it is ${own(`\`${tlsMode}\``)}: anybody can have a certificate that a public CA has signed. Use \`sslmode=verify-full\`, or pass the CA as \`tls-ca\`.`,
    );
  }
  if (['disable', 'allow', 'prefer'].includes(tlsMode) && tlsCa !== undefined) {
    throw new InputError(
      say`\`tls-ca\` is given, but with \`sslmode=${own(tlsMode)}\` (of the URL, or of PGSSLMODE) it would verify nothing. Use \`sslmode=verify-full\`, or leave \`tls-ca\` out.`,
    );
  }
  if (tlsMode === 'verify-ca' && ca === undefined) {
    throw new InputError(
      say`\`sslmode=verify-ca\` needs the CA to verify with, and none is given. Pass it as \`tls-ca\`, or use \`sslmode=verify-full\`, which compares the host name too.`,
    );
  }
  const [cert, key] = [file('sslcert'), file('sslkey')];
  const passphrase = take('sslpassword');
  if ((cert === undefined) !== (key === undefined)) {
    throw new InputError(
      say`A client certificate needs both \`sslcert\` and \`sslkey\`. Give the other one, or leave both out.`,
    );
  }
  return {
    tlsMode,
    tlsCa: ca,
    clientCertificate:
      cert === undefined || key === undefined
        ? undefined
        : { cert, key, ...(passphrase !== undefined && { passphrase }) },
  };
}

/** What `ssl=true` means to the drivers that take it: JDBC verifies everything, the others nothing. */
function modeOfSsl(ssl: string | undefined, jdbc: boolean): TlsMode | undefined {
  if (ssl === undefined) return undefined;
  if (/^(false|0|no|off)$/i.test(ssl)) return 'disable';
  return jdbc ? 'verify-full' : 'require';
}

function readMode(mode: string): TlsMode {
  const known = TLS_MODES.find((name) => name === mode);
  if (known !== undefined) return known;
  throw new InputError(
    say`The \`sslmode\` of \`database-url\`, or of PGSSLMODE, is unknown. Accepted: ${namesOf(TLS_MODES, TLS_MODES.length, 6)}.`,
  );
}
