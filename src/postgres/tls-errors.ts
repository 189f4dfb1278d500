/* How TLS fails, in the words of the driver and the codes of Node and OpenSSL ("TLS" in Node's manual). */

/** The driver's words when the server has no TLS. */
export const NO_TLS = 'The server does not support SSL connections';

/** PgBouncer's words when it insists on TLS (`client_tls_sslmode=require`). */
export const TLS_REQUIRED = 'SSL required';

/** No chain leads from the certificate of the server to a CA that is trusted. */
export const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
] as const;

export const OUT_OF_DATE = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'] as const;

/** What else can be wrong with the certificate of the server, or with one between it and its CA. */
const UNFIT = [
  'CERT_CHAIN_TOO_LONG',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNSPECIFIED',
];

/** The handshake failed, or the certificate of the server did not pass. */
export function isHandshakeFailure(code: string): boolean {
  return /^(EPROTO$|ERR_SSL|ERR_TLS)/.test(code) || [...UNTRUSTED, ...OUT_OF_DATE, ...UNFIT].includes(code);
}

/**
 * The server has refused the certificate of the gate. With TLS 1.3 it does so after the handshake, so that this comes
 * in place of its first answer.
 */
export function isRefusedCertificate(code: string): boolean {
  return /^ERR_SSL_.*ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?!REQUIRED)\w+)$/.test(
    code,
  );
}
