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
  /** TLS from the first byte on, without asking for it in plain text: libpq's `sslnegotiation=direct`. */
  readonly directTls?: boolean;
  readonly clientCertificate:
    | { readonly cert: string; readonly key: string; readonly passphrase?: string }
    | undefined;
  readonly requireChannelBinding: boolean;
  /** Schema of DBOS's tables. */
  readonly schema: string;
}
