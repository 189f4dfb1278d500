import type { ConnectionOptions } from 'node:tls';
import type { DatabaseConfig } from './database-config.ts';

/** libpq's `sslmode`, with libpq's meaning; the driver itself would take `require` for `verify-full`. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export type TlsAttempt = false | ConnectionOptions;

/**
 * The ways to connect that an `sslmode` allows, in order: false is plain text. As in libpq, `require` with a CA
 * verifies the certificate, though not the host name; and to a socket on this machine there is no TLS.
 */
export function tlsAttempts(config: DatabaseConfig): readonly TlsAttempt[] {
  if (config.host.startsWith('/')) return [false];
  const common: ConnectionOptions = {
    host: config.host,
    ...(config.tlsCa !== undefined && { ca: config.tlsCa }),
    ...config.clientCertificate,
  };
  const unverified: TlsAttempt = { ...common, rejectUnauthorized: false };
  const verifiedCa: TlsAttempt = {
    ...common,
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined,
  };
  const verifiedFull: TlsAttempt = { ...common, rejectUnauthorized: true };
  switch (config.tlsMode) {
    case 'disable':
      return [false];
    case 'allow':
      return [false, unverified];
    case 'prefer':
      return [unverified, false];
    case 'require':
      return [config.tlsCa === undefined ? unverified : verifiedCa];
    case 'verify-ca':
      return [verifiedCa];
    case 'verify-full':
      return [verifiedFull];
  }
}
