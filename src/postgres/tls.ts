import { X509Certificate } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import { type InputError, inputError } from '../errors.ts';
import { trusted } from '../message.ts';
import { readTlsMode, type TlsMode } from './tls-mode.ts';

/** How to use TLS. Certificates and keys are PEM texts. */
export interface TlsSettings {
  readonly tlsMode: TlsMode;
  /** The certificates to trust. */
  readonly tlsCa: string | undefined;
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined;
}

/** The variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What was given about TLS, files not yet read. */
export interface TlsInputs {
  /** Takes a parameter out of the URL: an empty text where it has no value. */
  readonly take: (name: string) => string | undefined;
  readonly environment: Environment;
  /** `tls-ca`, as PEM text. */
  readonly tlsCa: string | undefined;
  readonly readFile: (path: string) => string;
}

/**
 * Reads the TLS parameters as libpq does ("SSL Support" in PostgreSQL's manual), files included. Three things differ:
 *
 * - `tls-ca` without an `sslmode` or PGSSLMODE means `verify-full`.
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
  const ofUrl = file('sslrootcert');
  const ca = tlsCa ?? ofUrl;
  const byDefault = tlsCa !== undefined || ca === 'system' ? 'verify-full' : 'prefer';
  const tlsMode = readTlsMode(take, environment['PGSSLMODE']) ?? byDefault;
  const contradiction = tlsCa === undefined ? contradictionOf(tlsMode, ofUrl) : contradictionOfInput(tlsMode);
  if (contradiction !== undefined) throw contradiction;
  const isCertificateSent = (take('sslcertmode') ?? environment['PGSSLCERTMODE']) !== 'disable';
  const [cert, key] = isCertificateSent ? [file('sslcert'), file('sslkey')] : [];
  if ((cert === undefined) !== (key === undefined)) {
    throw inputError(
      'input-client-certificate',
    )`A client certificate needs both \`sslcert\` and \`sslkey\`. Set both, or neither. In a Prisma URL, \`sslcert\` is the CA: pass it as \`tls-ca\`.`;
  }
  const clientCertificate = cert === undefined || key === undefined ? undefined : { cert, key };
  return { tlsMode, tlsCa: ca === 'system' ? undefined : ca, clientCertificate };
}

/** Explains why a mode would verify less with `tls-ca` than it seems to. */
function contradictionOfInput(tlsMode: TlsMode): InputError | undefined {
  if (!['disable', 'allow', 'prefer'].includes(tlsMode)) return undefined;
  return inputError(
    'input-tls-ca-unused',
  )`\`tls-ca\` is set, but with \`sslmode=${trusted(tlsMode)}\` (from the URL or PGSSLMODE) nothing is verified. Use \`sslmode=verify-full\`, or remove \`tls-ca\`.`;
}

/** Explains why a mode would verify less with `sslrootcert` (`system`, PEM text, or none) than it seems to. */
function contradictionOf(tlsMode: TlsMode, rootCertificate: string | undefined): InputError | undefined {
  if (rootCertificate === 'system') {
    if (tlsMode === 'verify-full') return undefined;
    return inputError(
      'input-system-ca',
    )`\`sslrootcert=system\` requires \`sslmode=verify-full\`, but it is ${trusted(`\`${tlsMode}\``)}. Anybody can get a certificate from a public CA. Use \`sslmode=verify-full\`, or pass the CA as \`tls-ca\`.`;
  }
  if (rootCertificate === undefined) {
    if (tlsMode !== 'verify-ca') return undefined;
    return inputError(
      'input-no-ca',
    )`\`sslmode=verify-ca\` needs a CA, and none is set. Pass it as \`tls-ca\`, or use \`sslmode=verify-full\`, which also checks the host name.`;
  }
  if (tlsMode === 'disable' || holdsCertificates(rootCertificate)) return undefined;
  return inputError(
    'input-sslrootcert',
  )`The file in \`sslrootcert\` or PGSSLROOTCERT has no readable certificate in PEM form. Set the CA's file, or pass the CA as \`tls-ca\`.`;
}

/**
 * Returns whether a text has certificates in PEM form, all of them readable. Node ignores certificates that it cannot
 * read. It takes an empty text for no CA, and then trusts every public one (`ca` of its `tls.createSecureContext`).
 */
export function holdsCertificates(pem: string): boolean {
  const parts = pem.split(/(?=-----BEGIN )/);
  const certificates = parts.filter((part) => /^-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(part));
  try {
    return certificates.length > 0 && certificates.every((each) => new X509Certificate(each).raw.length > 0);
  } catch {
    return false;
  }
}

/** What shows whether the server has to prove that it is the one meant. */
export type ServerProof = Pick<TlsSettings, 'tlsMode' | 'tlsCa'> & {
  readonly host: string;
  readonly requireChannelBinding: boolean;
};

/** A host on this machine: a folder of a socket, or a name or an address of the loopback. */
const THIS_MACHINE = /^(\/.*|(.+\.)?localhost\.?|127(\.\d{1,3}){1,3}|(::ffff:)?127(\.\d{1,3}){3}|::1)$/i;

/** What makes sure of the server: the certificate with or without the host name, or the password. `none`: nothing does. */
export type ServerCheck = 'this-machine' | 'channel-binding' | 'full' | 'ca' | 'none';

/**
 * Returns what makes sure of the server. A CA proves nothing with `allow` and `prefer`, which end in plain text where it
 * did not sign. Channel binding proves that the server at the end of TLS knows the password.
 */
export function serverCheck({ host, tlsMode, tlsCa, requireChannelBinding }: ServerProof): ServerCheck {
  if (THIS_MACHINE.test(host)) return 'this-machine';
  if (tlsMode === 'verify-full') return 'full';
  if (requireChannelBinding) return 'channel-binding';
  return tlsMode === 'verify-ca' || (tlsMode === 'require' && tlsCa !== undefined) ? 'ca' : 'none';
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
  const { host, tlsMode, tlsCa, clientCertificate } = config;
  if (host.startsWith('/')) return [false];
  const verifiedFull = { host, ca: tlsCa, ...clientCertificate, rejectUnauthorized: true };
  const verifiedCa = { ...verifiedFull, checkServerIdentity: () => undefined };
  const asGiven = tlsCa === undefined ? { ...verifiedFull, rejectUnauthorized: false } : verifiedCa;
  const attempts: Readonly<Record<TlsMode, readonly TlsAttempt[]>> = {
    disable: [false],
    allow: [false, asGiven],
    prefer: [asGiven, false],
    require: [asGiven],
    'verify-ca': [verifiedCa],
    'verify-full': [verifiedFull],
  };
  return attempts[tlsMode];
}
