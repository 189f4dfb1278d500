import type { ConnectionOptions } from 'node:tls';
import type { DatabaseConfig } from './database-config.ts';

/** libpq's `sslmode`, with libpq's meaning; the driver itself would take `require` for `verify-full`. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export type TlsAttempt = false | ConnectionOptions;

/**
 * The ways to connect that an `sslmode` allows, in order: false is plain text. As in libpq, a CA that is given is used:
 * `require`, and the TLS that `allow` and `prefer` try, then verify the certificate, though not the host name
 * (`sslrootcert` in its manual, `initialize_SSL` in its source); and to a socket on this machine there is no TLS.
 *
 * `verify-full` without a CA goes by those that the runtime brings. libpq would look for a file in the home directory.
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
