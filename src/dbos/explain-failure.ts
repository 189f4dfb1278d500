import { codeOf, ReportableError } from '../errors.ts';
import { joined, namesOf, own, type Sentence, say } from '../sentence.ts';
import type { DatabaseConfig } from './database-config.ts';
import { quoteIdentifier } from './queries.ts';
import type { MissingPrivilege, ProbeRow } from './schema.ts';

/** Turns what the driver or the server threw into what a person can act upon: the cause and the fix. */
export function explainFailure(error: unknown, config: DatabaseConfig): Error {
  if (error instanceof ReportableError) return error;
  const sentence = sentenceFor(failureOf(error), config);
  if (sentence !== undefined) return new ReportableError(sentence, { cause: error });
  return error instanceof Error ? error : new Error('something that is no error was thrown');
}

interface Failure {
  readonly code: string;
  readonly message: string;
}

/** A failure to connect to a name with several addresses is an AggregateError; its parts have the code. */
function failureOf(error: unknown): Failure {
  if (error instanceof AggregateError && error.errors.length > 0) return failureOf(error.errors[0]);
  if (!(error instanceof Error)) return { code: '', message: '' };
  return { code: codeOf(error) ?? '', message: error.message };
}

const UNTRUSTED_CERTIFICATE = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]);

function sentenceFor({ code, message }: Failure, config: DatabaseConfig): Sentence | undefined {
  const { host, user, database, schema } = config;
  const at = say`${host}, port ${own(String(config.port))}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return say`The host ${host} could not be found (${own(code)}). Check the host in \`database-url\`; a name inside a private network needs a runner inside it.`;
  }
  if (code === 'ECONNREFUSED') {
    return say`Nothing accepts connections at ${at} (ECONNREFUSED). Check host and port, and that the database is running.`;
  }
  if (code === 'ENOENT' || code === 'EACCES') {
    return say`The socket at ${host} could not be opened (${own(code)}). Check the host in \`database-url\`.`;
  }
  if (['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'].includes(code) || message === 'timeout expired') {
    return say`No answer from ${at}. Most often a firewall or a private network that this runner is not in: allow the runner's address, or use a runner inside the network.`;
  }
  if (message === 'Query read timeout') {
    return say`The database did not answer a query in time, not even to say that it took too long. The network to ${at} may be broken.`;
  }
  if (
    ['ECONNRESET', 'EPIPE', '57P01', '57P02', '08006'].includes(code) ||
    /connection terminated/i.test(message)
  ) {
    return say`The connection to ${at} broke off${own(code === '' ? '' : ` (${code})`)}. The server may have been restarted, or something between closed it. Run the gate again.`;
  }
  if (message === 'The server does not support SSL connections') {
    return say`The server at ${at} does not accept TLS, and \`sslmode=${own(config.tlsMode)}\` insists on it. Turn TLS on at the server; or, in a network that you trust, use \`sslmode=prefer\`.`;
  }
  if (UNTRUSTED_CERTIFICATE.has(code)) {
    return say`The server's certificate is not signed by a CA that the gate trusts (${own(code)}). Pass the CA's certificate as \`tls-ca\`, or use an \`sslmode\` that does not verify it.`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return say`The server's certificate was made for another host name than ${host}. Use the name in the certificate in \`database-url\`; \`sslmode=verify-ca\` does not compare names.`;
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return say`The server's certificate has expired. Renew it at the server.`;
  }
  if (
    code === 'EPROTO' ||
    code.startsWith('ERR_SSL') ||
    code.startsWith('ERR_TLS') ||
    code.startsWith('ERR_OSSL')
  ) {
    return say`TLS with ${at} failed (${own(code)}). Check \`tls-ca\`, the client certificate, and that this is a Postgres server.`;
  }
  if (code === '28P01') {
    return say`The server refused the password of the user ${user}. Check the secret; an IAM token lives for minutes only, and a password with special characters must be percent-encoded in a URL, but not in \`database-password\`.`;
  }
  if (/password must be a (non-empty )?string/.test(message)) {
    return say`The server asks for a password of the user ${user}, and none was given. Put it into \`database-url\`, or pass \`database-password\`.`;
  }
  if (code === '28000') {
    return say`The server does not let the user ${user} in: there is no such role, or pg_hba.conf has no entry for this user, database and address${own(
      config.tlsMode === 'disable' ? ' without TLS' : '',
    )}. Check the user, and the TLS settings that the server asks for.`;
  }
  if (code === '3D000') {
    return say`There is no database ${database} on this server. DBOS keeps its tables in the system database, which older SDKs name after the application with \`_dbos_sys\` at the end.`;
  }
  if (code === '53300') {
    return say`The server has no connection left (53300). The gate needs one: raise max_connections, use a pooler, or run the gate when fewer are taken.`;
  }
  if (code === '57P03') {
    return say`The database is starting up or shutting down (57P03). Run the gate again when it is up.`;
  }
  if (code === '42501') {
    return /row-level security/.test(message)
      ? say`Row security would hide rows from the role ${user}, so counts would be too small. Give the role BYPASSRLS, or remove the policies for it.`
      : say`The role ${user} lacks a privilege that the look needs. Grant it USAGE on the schema ${schema} and SELECT on the tables in it.`;
  }
  if (code === '57014') {
    return say`A look took longer than \`look-timeout\` and was stopped. Raise \`look-timeout\`, or find out what slows the database down.`;
  }
  if (code === '55P03') {
    return say`A lock on DBOS's tables blocked the look for longer than \`look-timeout\`: a migration or maintenance may be running. Run the gate again, or raise \`look-timeout\`.`;
  }
  if (/^[0-9A-Z]{5}$/.test(code)) {
    return say`The database answered with an error (SQLSTATE ${own(code)}): ${message}`;
  }
  return undefined;
}

/** No schema, no tables in it, or no privilege to read them: found in the catalogs before anything is read. */
export function unreachableTables(probe: ProbeRow, config: DatabaseConfig): ReportableError | undefined {
  const elsewhere = probe.schemas_with_tables.filter((name) => name !== config.schema);
  const hint =
    elsewhere.length > 0
      ? say` There is a workflow_status table in the ${own(elsewhere.length === 1 ? 'schema' : 'schemas')} ${namesOf(
          elsewhere,
        )}: is that the one? Set \`schema\`.`
      : own(
          ' Is this the system database of the application? Older SDKs name it after the application with `_dbos_sys` at the end.',
        );
  if (!probe.schema_exists) {
    return new ReportableError(say`The database ${config.database} has no schema ${config.schema}.${hint}`);
  }
  if (!probe.schema_usable) {
    return new ReportableError(
      say`The role ${probe.role} may not use the schema ${config.schema}. ${grants(probe.role, config.schema, [])}`,
    );
  }
  const ownsVersions = probe.tables['workflow_status']?.columns.includes('application_name');
  const needed = ['workflow_status', 'operation_outputs', ...(ownsVersions ? ['application_versions'] : [])];
  const odd = Object.keys(probe.tables).filter(
    (table) => table !== 'workflow_status' && probe.tables[table]?.kind !== 'r',
  );
  if (odd.length > 0) {
    return new ReportableError(
      say`${namesOf(odd)} in the schema ${config.schema} ${own(odd.length === 1 ? 'is not an ordinary table' : 'are not ordinary tables')}, so what the gate would read may not be what DBOS runs on. Point \`database-url\` and \`schema\` at the system database itself.`,
    );
  }
  const missing = needed.filter((table) => probe.tables[table] === undefined);
  if (missing.length > 0) {
    return new ReportableError(
      say`The schema ${config.schema} of the database ${config.database} holds no DBOS tables (${namesOf(missing)} missing).${hint}`,
    );
  }
  return undefined;
}

/** The tables are there, but the role may not read all that the look names. */
export function deniedTables(
  probe: ProbeRow,
  missing: readonly MissingPrivilege[],
  config: DatabaseConfig,
): ReportableError | undefined {
  if (missing.length === 0) return undefined;
  const lacking = missing.map(({ table, columns }) => `${table} (${columns.join(', ')})`);
  return new ReportableError(
    say`The role ${probe.role} may not read ${namesOf(lacking)} in the schema ${config.schema}. ${grants(
      probe.role,
      config.schema,
      missing.map(({ table }) => table),
    )}`,
  );
}

function grants(role: string, schema: string, tables: readonly string[]): Sentence {
  const to = quoteIdentifier(role);
  const on = quoteIdentifier(schema);
  const statements =
    tables.length === 0
      ? [`GRANT USAGE ON SCHEMA ${on} TO ${to};`, `GRANT SELECT ON ALL TABLES IN SCHEMA ${on} TO ${to};`]
      : tables.map((table) => `GRANT SELECT ON ${on}.${table} TO ${to};`);
  return joined([own('As the owner, run:'), ...statements.map((typed) => [{ typed }])], '\n');
}
