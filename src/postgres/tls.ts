import { X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { InputError } from '../errors.ts';
import { type Message, msg, namesOf, trusted } from '../message.ts';

/** libpq's `sslmode`, with libpq's meaning. The driver itself would read `require` as `verify-full`. */
const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type TlsMode = (typeof TLS_MODES)[number];

export interface TlsSettings {
  readonly tlsMode: TlsMode;
  /** PEM text of the certificates to trust. */
  readonly tlsCa: string | undefined;
  /** PEM texts. */
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined;
}

/** What was given about TLS, files not yet read. */
export interface TlsInputs {
  /** Takes a parameter out of the URL: an empty text where it has no value. */
  readonly take: (name: string) => string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `tls-ca`, as PEM text. */
  readonly tlsCa: string | undefined;
  readonly readFile: (path: string) => string;
}

/**
 * Reads the TLS parameters as libpq does ("SSL Support" in PostgreSQL's manual), files included. Three things differ:
 *
 * - `tls-ca` without an `sslmode` means `verify-full`.
 * - `verify-full` without a CA trusts the CAs that the runtime brings. libpq needs `sslrootcert=system` for that.
 * - Nothing is read from `~/.postgresql`, and a missing `sslrootcert` file is an error in every mode.
 *
 * @throws InputError when the parameters contradict each other, or would verify less than they seem to.
 */
export function readTlsSettings({ take, environment, tlsCa, readFile }: TlsInputs): TlsSettings {
  const file = (parameter: string) => {
    const path = take(parameter) || environment[`PG${parameter.toUpperCase()}`] || undefined;
    return path === undefined || path === 'system' ? path : readFile(path);
  };
  const rootCertificate = file('sslrootcert');
  const system = tlsCa === undefined && rootCertificate === 'system';
  const fromFile = system || tlsCa !== undefined ? undefined : rootCertificate;
  const byDefault = system || tlsCa !== undefined ? 'verify-full' : 'prefer';
  const tlsMode = readMode(take('sslmode') ?? environment['PGSSLMODE'] ?? byDefault);
  const contradiction = contradictionIn({ tlsMode, system, tlsCa, fromFile });
  if (contradiction !== undefined) throw new InputError(contradiction);
  const [cert, key] = [file('sslcert'), file('sslkey')];
  if ((cert === undefined) !== (key === undefined)) {
    throw new InputError(
      msg`A client certificate needs both \`sslcert\` and \`sslkey\`. Give the other one, or leave both out.`,
    );
  }
  const clientCertificate = cert === undefined || key === undefined ? undefined : { cert, key };
  return { tlsMode, tlsCa: tlsCa ?? fromFile, clientCertificate };
}

function readMode(mode: string): TlsMode {
  const known = TLS_MODES.find((name) => name === mode);
  if (known !== undefined) return known;
  throw new InputError(
    msg`The \`sslmode\` of \`database-url\`, or of PGSSLMODE, is unknown. Accepted: ${namesOf(TLS_MODES, TLS_MODES.length, 6)}.`,
  );
}

interface Trust {
  readonly tlsMode: TlsMode;
  /** Trust the CAs of the runtime, because `sslrootcert` asks for it. */
  readonly system: boolean;
  readonly tlsCa: string | undefined;
  /** The text of the file that `sslrootcert` names. */
  readonly fromFile: string | undefined;
}

/** Explains why a mode and a CA would verify less together than they seem to. */
function contradictionIn({ tlsMode, system, tlsCa, fromFile }: Trust): Message | undefined {
  if (system && tlsMode !== 'verify-full') {
    return msg`\`sslrootcert=system\` goes with \`sslmode=verify-full\` alone, and it is ${trusted(`\`${tlsMode}\``)}: anybody can have a certificate that a public CA has signed. Use \`sslmode=verify-full\`, or pass the CA as \`tls-ca\`.`;
  }
  if (tlsCa !== undefined && ['disable', 'allow', 'prefer'].includes(tlsMode)) {
    return msg`\`tls-ca\` is given, but with \`sslmode=${trusted(tlsMode)}\` (of the URL, or of PGSSLMODE) it would verify nothing. Use \`sslmode=verify-full\`, or leave \`tls-ca\` out.`;
  }
  if (tlsMode === 'verify-ca' && tlsCa === undefined && fromFile === undefined) {
    return msg`\`sslmode=verify-ca\` needs the CA to verify with, and none is given. Pass it as \`tls-ca\`, or use \`sslmode=verify-full\`, which compares the host name too.`;
  }
  if (tlsMode !== 'disable' && fromFile !== undefined && !holdsCertificates(fromFile)) {
    return msg`The file that \`sslrootcert\` (or PGSSLROOTCERT) names holds no certificate in PEM form that can be read. Name the CA's, or pass it as \`tls-ca\`.`;
  }
  return undefined;
}

/**
 * Returns whether a text has certificates in PEM form, all of them readable. Node ignores certificates that it cannot
 * read. It takes an empty text for no CA, and then trusts every public one (`ca` of its `tls.createSecureContext`).
 */
export function holdsCertificates(pem: string): boolean {
  const certificates = pem
    .split(/(?=-----BEGIN )/)
    .filter((part) => /^-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(part));
  return certificates.length > 0 && certificates.every(isReadable);
}

function isReadable(certificate: string): boolean {
  try {
    return new X509Certificate(certificate).raw.length > 0;
  } catch {
    return false;
  }
}

/** One way to connect: with TLS, or false for plain text. */
export type TlsAttempt = false | ConnectionOptions;

/**
 * Returns the ways to connect that an `sslmode` allows, in the order to try them.
 *
 * As in libpq, a CA that is given is used: `require`, and the TLS that `allow` and `prefer` try, then verify the
 * certificate, but not the host name (`sslrootcert` in its manual, `initialize_SSL` in its source). A socket on this
 * machine has no TLS.
 */
export function tlsAttempts(config: TlsSettings & { readonly host: string }): readonly TlsAttempt[] {
  if (config.host.startsWith('/')) return [false];
  const common: ConnectionOptions = {
    host: config.host,
    ...(config.tlsCa !== undefined && { ca: config.tlsCa }),
    ...config.clientCertificate,
  };
  const unverified: TlsAttempt = { ...common, rejectUnauthorized: false };
  const verifiedFull: TlsAttempt = { ...common, rejectUnauthorized: true };
  const verifiedCa: TlsAttempt = { ...verifiedFull, checkServerIdentity: () => undefined };
  const asGiven = config.tlsCa === undefined ? unverified : verifiedCa;
  switch (config.tlsMode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, asGiven];
    case 'prefer':
      return [asGiven, false];
    case 'require':
      return [asGiven];
    case 'verify-ca':
      return [verifiedCa];
    case 'verify-full':
      return [verifiedFull];
  }
}
