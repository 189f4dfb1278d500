import type { TlsMode } from './tls.ts';

/** How to reach the system database. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Absent: the driver looks into the password file, as libpq does. */
  readonly password: string | undefined;
  readonly database: string;
  readonly tlsMode: TlsMode;
  /** PEM text of the certificates to trust. */
  readonly tlsCa: string | undefined;
  readonly clientCertificate:
    | { readonly cert: string; readonly key: string; readonly passphrase?: string }
    | undefined;
  readonly requireChannelBinding: boolean;
  /** Schema of DBOS's tables. */
  readonly schema: string;
}
