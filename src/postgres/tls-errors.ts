import { msg, trusted } from '../message.ts';
import type { FailureKind } from './errors.ts';
import { isPasswordRefusal } from './password-errors.ts';

/* How TLS fails: messages of the driver, codes of Node and OpenSSL ("TLS" in Node's manual). */

/** The driver's message when the server has no TLS. */
export const NO_TLS = 'The server does not support SSL connections';

/** PgBouncer's message when it insists on TLS (`client_tls_sslmode=require`). */
export const TLS_REQUIRED = 'SSL required';

/** Codes of OpenSSL for a certificate that does not pass start with these ("Certificate errors" in Node's manual). */
const CERTIFICATE_ERROR =
  /^(CERT_|DEPTH_ZERO_|ERROR_IN_CERT_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|SELF_SIGNED_|UNABLE_TO_|UNSPECIFIED$)/;

/** Returns whether the handshake failed, or the server's certificate did not pass. */
export function isHandshakeFailure(code: string): boolean {
  return /^(EPROTO$|ERR_SSL|ERR_TLS)/.test(code) || CERTIFICATE_ERROR.test(code);
}

/** Returns whether the server refused the gate's certificate. In TLS 1.3 it does so after the handshake. */
export function isRefusedCertificate(code: string): boolean {
  return /^ERR_SSL_.*ALERT_(UNKNOWN_CA|(BAD_|UNSUPPORTED_)CERTIFICATE|CERTIFICATE_(?!REQUIRED)\w+)$/.test(code);
}

/** The ways to fail that are about TLS, in the order in which they are tried. */
export const TLS_FAILURES = {
  'tls-unavailable': {
    what: 'The server does not accept TLS',
    matches: ({ message }) => message === NO_TLS,
    advice: ({ tlsMode }) =>
      msg`\`sslmode=${trusted(tlsMode)}\` requires it. Turn on TLS on the server or, on a trusted network, use \`sslmode=prefer\`.`,
  },
  'certificate-untrusted': {
    what: "The server's certificate is not signed by a trusted CA",
    // No chain leads from the server's certificate to a trusted CA.
    matches: [
      ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
      ...['UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
      ...['CERT_SIGNATURE_FAILURE', 'CERT_UNTRUSTED'],
    ],
    advice: ({ tlsCa }) =>
      tlsCa === undefined
        ? msg`Pass the certificate of its CA as \`tls-ca\`, or use \`sslmode=require\`, which does not verify the certificate.`
        : msg`The given CA did not sign it. Pass the right one as \`tls-ca\`. Without a CA, \`sslmode=require\` does not verify the certificate.`,
  },
  'certificate-of-another-host': {
    what: "The server's certificate is for another host name",
    matches: ['ERR_TLS_CERT_ALTNAME_INVALID'],
    advice: msg`Use the name in the certificate as the host in \`database-url\`; \`sslmode=verify-ca\` does not compare names.`,
  },
  'certificate-out-of-date': {
    what: "The server's certificate has expired or is not valid yet",
    matches: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'],
    advice: msg`Renew it on the server, and check the clock of the machine that runs the gate.`,
  },
  'client-certificate-missing': {
    what: 'The server requires a client certificate',
    matches: ({ code, message }) =>
      (code === '28000' && /requires a valid client certificate/.test(message)) ||
      /^ERR_SSL_.*CERTIFICATE_REQUIRED$/.test(code),
    advice: msg`Set \`sslcert\` and \`sslkey\` in \`database-url\` to the paths of the certificate and its key, and use an \`sslmode\` with TLS.`,
  },
  'client-certificate-refused': {
    what: 'The server rejected the client certificate',
    // In any language: PAM and the like name themselves, and other methods go with no certificate.
    matches: (failure, { clientCertificate }) =>
      isRefusedCertificate(failure.code) ||
      (['28000', '08P01'].includes(failure.code) && /certificate authentication failed/.test(failure.message)) ||
      (failure.code === '28000' &&
        failure.routine === 'auth_failed' &&
        clientCertificate !== undefined &&
        !isPasswordRefusal(failure)),
    advice: msg`It must be signed by a CA that the server trusts (its \`ssl_ca_file\`), be valid now, and be issued for this user.`,
  },
  'certificate-unusable': {
    what: 'The client certificate or key is invalid',
    matches: ({ code }) => code.startsWith('ERR_OSSL') || code === 'ERR_CRYPTO_OPERATION_FAILED',
    advice: msg`Check that \`tls-ca\`, \`sslcert\` and \`sslkey\` are complete PEM files, that the key belongs to the certificate, and that it has no passphrase.`,
  },
  'tls-failed': {
    what: 'TLS failed',
    matches: ({ code }) => isHandshakeFailure(code),
    advice: msg`Check the TLS settings of both sides, and that this is a Postgres server.`,
  },
} satisfies Readonly<Record<string, FailureKind>>;
