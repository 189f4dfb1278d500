import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemDatabase } from '../../src/dbos/reader.ts';
import { ReportableError, TransientError } from '../../src/errors.ts';
import { type ConnectionInputs, readDatabaseUrl } from '../../src/postgres/url.ts';
import { config } from '../support/builders.ts';
import { certificateAuthority, withPassphrase } from '../support/certificates.ts';
import { databaseConfig } from '../support/databases.ts';
import { plainRequest, pollAt } from '../support/holding.ts';
import { findPgBouncer } from '../support/pgbouncer/program.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { preflightOn, saidOf } from '../support/preflight.ts';
import {
  createReader,
  type SystemDatabases,
  systemDatabases,
  systemDatabasesOfItsOwn,
  type TestDatabase,
} from '../support/system-databases.ts';

/* Connects to real servers with each `sslmode`. Cases that libpq has too were compared with psql 15. */

const ca = certificateAuthority('The CA of the test');
const wrongCa = certificateAuthority('Another CA');
const ofLocalhost = ca.issue({ name: 'server', hosts: ['localhost'] });
const expired = ca.issue({ name: 'server', hosts: ['localhost'], expired: true });

const tls = (server: typeof ofLocalhost, hba?: string) => ({
  settings: {
    ssl: 'on',
    ssl_cert_file: 'server.crt',
    ssl_key_file: 'server.key',
    ssl_ca_file: 'ca.crt',
  },
  files: {
    'server.crt': server.cert,
    'server.key': server.key,
    'ca.crt': ca.cert,
    ...(hba !== undefined && { 'pg_hba.conf': hba }),
  },
});
const OWNER = 'host all postgres all scram-sha-256';

const both = systemDatabasesOfItsOwn(tls(ofLocalhost));
const plaintext = systemDatabases();
const tlsOnly = systemDatabasesOfItsOwn(tls(ofLocalhost, `${OWNER}\nhostssl all all all scram-sha-256`));
const plainOnly = systemDatabasesOfItsOwn(tls(ofLocalhost, `${OWNER}\nhostnossl all all all scram-sha-256`));
const outdated = systemDatabasesOfItsOwn(tls(expired));
const byAddress = systemDatabasesOfItsOwn(tls(ca.issue({ name: 'server', addresses: ['127.0.0.1'] })));
const byCertificate = systemDatabasesOfItsOwn(
  tls(ofLocalhost, `${OWNER}\nhostssl all all all cert\nhostnossl all /^either all trust`),
);

type Given = Partial<Pick<ConnectionInputs, 'tlsCa' | 'environment'>> & {
  readonly query?: string;
  readonly host?: string;
  /** By path. */
  readonly files?: Readonly<Record<string, string>>;
};

/** Returns how the gate connects: `TLS`, `plain`, or the message of the error. */
async function connects(database: Pick<TestDatabase, 'query'>, url: string, given: Given): Promise<string> {
  const target = Object.assign(new URL(url), {
    hostname: given.host ?? 'localhost',
    search: given.query ?? '',
  });
  const reader = systemDatabase(
    readDatabaseUrl({
      url: target.href,
      schema: 'dbos',
      password: undefined,
      tlsCa: given.tlsCa,
      environment: given.environment ?? {},
      readFile: (path) => given.files?.[path] ?? '',
    }).database,
    config(),
    () => 0,
  );
  try {
    await reader.read(plainRequest, AbortSignal.timeout(30_000));
    const [session] = await database.query(
      `SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'dbos-drain-gate' AND datname = current_database()`,
    );
    return session?.['ssl'] ? 'TLS' : 'plain';
  } catch (error) {
    if (!(error instanceof ReportableError)) throw error;
    // Waiting mends none of this.
    expect(error).not.toBeInstanceOf(TransientError);
    return error.message;
  } finally {
    await reader.close();
  }
}

/** Connects as a role that the last lines of `pg_hba.conf` apply to. */
async function asReader(databases: SystemDatabases) {
  const database = await databases.create();
  const role = await createReader(database);
  return (given: Given) => connects(database, role.url, given);
}

const mode = (name: string): Given => ({ query: `?sslmode=${name}` });
const withCa = (name: string, cert = ca.cert): Given => ({
  query: `?sslmode=${name}&sslrootcert=/ca.pem`,
  files: { '/ca.pem': cert },
});
const NO_TLS = /^The server does not accept TLS\. `sslmode=[\w-]+` requires it.*sslmode=prefer/;
const WRONG_CA = /^The server's certificate is not signed by a trusted CA \(\w+\)\..*`tls-ca`/;
const WRONG_NAME = /^The server's certificate is for another host name \(ERR_TLS_CERT_ALTNAME_INVALID\)\./;
const NOT_LET_IN = /^The server rejected this user \(28000\)\./;

type Expected = 'TLS' | 'plain' | RegExp;

function expectOutcome(outcome: string, expected: Expected) {
  if (typeof expected === 'string') expect(outcome).toBe(expected);
  else expect(outcome).toMatch(expected);
}

test('a preflight says whether the connection is encrypted, as it really is', async () => {
  const { config: database } = await both.create();
  for (const [tlsMode, said] of [
    ['prefer', 'Encrypted, and the server is not verified'],
    ['disable', 'Not encrypted, and the server is not verified'],
  ] as const) {
    const { report } = await preflightOn({ config: { ...database, tlsMode } });
    expect(saidOf(report, 'tls')).toContain(said);
  }
});

describe('with libpq’s meaning', () => {
  test.each<[string, SystemDatabases, Given, Expected]>([
    // A server that takes both.
    ['disable: a server with both', both, mode('disable'), 'plain'],
    ['allow: a server with both', both, mode('allow'), 'plain'],
    ['prefer: a server with both', both, mode('prefer'), 'TLS'],
    ['prefer, with its CA: a server with both', both, withCa('prefer'), 'TLS'],
    ['prefer, with another CA: a server with both', both, withCa('prefer', wrongCa.cert), 'plain'],
    ['require: a server with both', both, mode('require'), 'TLS'],
    ['require, with its CA: a server under another name', both, { ...withCa('require'), host: '127.0.0.1' }, 'TLS'],
    ['require, with another CA', both, withCa('require', wrongCa.cert), WRONG_CA],
    ['verify-ca, with its CA', both, withCa('verify-ca'), 'TLS'],
    ['verify-ca, with its CA: under another name', both, { ...withCa('verify-ca'), host: '127.0.0.1' }, 'TLS'],
    ['verify-ca, with another CA', both, withCa('verify-ca', wrongCa.cert), WRONG_CA],
    ['verify-full, with its CA', both, withCa('verify-full'), 'TLS'],
    ['verify-full, with its CA among others', both, withCa('verify-full', wrongCa.cert + ca.cert), 'TLS'],
    ['verify-full, with its CA: under another name', both, { ...withCa('verify-full'), host: '127.0.0.1' }, WRONG_NAME],
    ['verify-full, with its CA: an address', byAddress, { ...withCa('verify-full'), host: '127.0.0.1' }, 'TLS'],
    ['verify-full, with its CA: a name for an address', byAddress, withCa('verify-full'), WRONG_NAME],
    ['verify-full, with another CA', both, withCa('verify-full', wrongCa.cert), WRONG_CA],
    ['verify-full, with the CAs of the runtime', both, mode('verify-full'), WRONG_CA],
    ['verify-full, with sslrootcert=system', both, { query: '?sslrootcert=system' }, WRONG_CA],
    ['tls-ca alone, which is verify-full', both, { tlsCa: ca.cert }, 'TLS'],
    ['tls-ca alone: under another name', both, { tlsCa: ca.cert, host: '127.0.0.1' }, WRONG_NAME],
    ['tls-ca alone, another CA', both, { tlsCa: wrongCa.cert }, WRONG_CA],
    ['channel_binding=require', both, { query: '?sslmode=require&channel_binding=require' }, 'TLS'],
    [
      'channel_binding=require: a server without TLS',
      plaintext,
      { query: '?sslmode=prefer&channel_binding=require' },
      /^The server does not support channel binding/,
    ],
    ['nothing said', both, {}, 'TLS'],
    ['PGSSLMODE', both, { environment: { PGSSLMODE: 'disable' } }, 'plain'],
    [
      'PGSSLROOTCERT',
      both,
      { environment: { PGSSLMODE: 'verify-full', PGSSLROOTCERT: '/ca' }, files: { '/ca': ca.cert } },
      'TLS',
    ],
    [
      'verify-full: an expired certificate',
      outdated,
      withCa('verify-full'),
      /^The server's certificate has expired or is not valid yet \(CERT_HAS_EXPIRED\)\. Renew it/,
    ],
    ['require: an expired certificate', outdated, mode('require'), 'TLS'],
    // A server without TLS.
    ...(['disable', 'allow', 'prefer'] as const).map((name): [string, SystemDatabases, Given, Expected] => [
      `${name}: a server without TLS`,
      plaintext,
      mode(name),
      'plain',
    ]),
    ['require: a server without TLS', plaintext, mode('require'), NO_TLS],
    ['verify-ca: a server without TLS', plaintext, withCa('verify-ca'), NO_TLS],
    ['verify-full: a server without TLS', plaintext, mode('verify-full'), NO_TLS],
    ['tls-ca alone: a server without TLS', plaintext, { tlsCa: ca.cert }, NO_TLS],
    // Servers whose pg_hba.conf has one of them only.
    ['disable: a server that asks for TLS', tlsOnly, mode('disable'), NOT_LET_IN],
    ['allow: a server that asks for TLS', tlsOnly, mode('allow'), 'TLS'],
    ['prefer: a server that asks for TLS', tlsOnly, mode('prefer'), 'TLS'],
    ['allow, with another CA: a server that asks for TLS', tlsOnly, withCa('allow', wrongCa.cert), WRONG_CA],
    ['prefer, with another CA: a server that asks for TLS', tlsOnly, withCa('prefer', wrongCa.cert), WRONG_CA],
    ['prefer: a server that refuses TLS', plainOnly, mode('prefer'), 'plain'],
    ['require: a server that refuses TLS', plainOnly, mode('require'), NOT_LET_IN],
  ])('%s', async (_what, server, given, expected) => {
    const connect = await asReader(server);
    expectOutcome(await connect(given), expected);
  });
});

test('a server without TLS that refuses the user is reported for the refusal, not for TLS', async () => {
  const database = await plaintext.create();
  const role = await createReader(database);
  await database.query(`ALTER ROLE ${role.name} NOLOGIN`);
  for (const name of ['allow', 'prefer']) {
    expect(await connects(database, role.url, mode(name))).toMatch(NOT_LET_IN);
  }
});

const pgBouncer = findPgBouncer('`sslmode` means to a pooler that insists on TLS what it means to a server');

test.skipIf(pgBouncer === undefined)('a pooler that insists on TLS gets it, or the error has the fix', async () => {
  // For the pooler's user to read.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'drain-gate-pooler-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const [client_tls_cert_file, client_tls_key_file] = [path.join(folder, 'crt'), path.join(folder, 'key')];
  writeFileSync(client_tls_cert_file, ofLocalhost.cert);
  writeFileSync(client_tls_key_file, ofLocalhost.key);
  const database = await plaintext.create();
  const pooler = await startPgBouncer({
    program: pgBouncer ?? '',
    server: plaintext.server(),
    settings: { client_tls_sslmode: 'require', client_tls_cert_file, client_tls_key_file },
  });
  const through = (name: string) => ({
    config: databaseConfig(`${pooler.through(database.url)}?sslmode=${name}`),
  });
  for (const name of ['allow', 'prefer', 'require']) await pollAt(through(name));
  const refused: unknown = await pollAt(through('disable')).catch((error: unknown) => error);
  expect(refused).not.toBeInstanceOf(TransientError);
  expect(String(refused)).toMatch(/rejected this user \(08P01\)\..*without TLS/);
});

test('PGSSLNEGOTIATION is ignored: TLS is asked for in plain text first', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void listener.close());
  await once(listener, 'listening');
  const address = listener.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const first = once(listener, 'connection').then(async ([socket]) => {
    const [bytes] = await once(socket, 'data');
    socket.destroy();
    return bytes[0];
  });
  const environment = { PGSSLNEGOTIATION: 'direct' };
  Object.assign(process.env, environment);
  onTestFinished(() => {
    for (const name of Object.keys(environment)) delete process.env[name];
  });
  const { database } = readDatabaseUrl({
    ...{ url: `postgres://u@127.0.0.1:${port}/d?sslmode=require`, schema: 'dbos', password: undefined },
    ...{ tlsCa: undefined, environment, readFile: () => '' },
  });
  const reader = systemDatabase(database, config(), () => 0);
  await expect(reader.read(plainRequest, AbortSignal.timeout(30_000))).rejects.toBeInstanceOf(TransientError);
  expect(await first).toBe(0);
});

describe('a client certificate', () => {
  const PARAMETERS = 'sslmode=require&sslcert=/c&sslkey=/k';
  const files = ({ cert, key }: { cert: string; key: string }) => ({ '/c': cert, '/k': key });

  async function asCertified(who?: string) {
    const database = await byCertificate.create();
    const role = await createReader(database, who);
    const url = Object.assign(new URL(role.url), { password: '' }).href;
    const name = role.config.user;
    return { name, connect: (given: Given) => connects(database, url, given) };
  }

  test('lets the gate in without a password', async () => {
    const { name, connect } = await asCertified();
    expect(await connect({ query: `?${PARAMETERS}`, files: files(ca.issue({ name })) })).toBe('TLS');
    const environment = { PGSSLMODE: 'require', PGSSLCERT: '/c', PGSSLKEY: '/k' };
    expect(await connect({ environment, files: files(ca.issue({ name })) })).toBe('TLS');
  });

  test('cannot have a key with a passphrase', async () => {
    const { name, connect } = await asCertified();
    const certificate = ca.issue({ name });
    const locked = files({ cert: certificate.cert, key: withPassphrase(certificate, 'open/sesame') });
    const UNUSABLE = /^The client certificate or key is invalid \(\w+\)\..*no passphrase/;
    expect(await connect({ query: `?${PARAMETERS}`, files: locked })).toMatch(UNUSABLE);
  });

  test('that is refused does not lead to plain text', async () => {
    const { name, connect } = await asCertified('either');
    expect(await connect(mode('prefer'))).toBe('plain');
    expect(await connect({ query: '?sslcert=/c&sslkey=/k', files: files(wrongCa.issue({ name })) })).toMatch(
      /^The server rejected the client certificate \(\w+\)\./,
    );
  });

  test.each<[string, RegExp, (name: string) => Given]>([
    [
      'that is missing',
      /^The server requires a client certificate \(28000\)\..*`sslcert` and `sslkey`/,
      () => mode('require'),
    ],
    [
      'that is missing, and plain text would do for the gate',
      /^The server requires a client certificate \(28000\)\./,
      () => mode('prefer'),
    ],
    [
      'that is missing, and the gate tries plain text first',
      /^The server requires a client certificate \(28000\)\./,
      () => mode('allow'),
    ],
    [
      'of a CA that the server does not trust',
      /^The server rejected the client certificate \(\w+\)\./,
      (name) => ({ query: `?${PARAMETERS}`, files: files(wrongCa.issue({ name })) }),
    ],
    [
      'that has expired',
      /^The server rejected the client certificate \([\w/]+\)\./,
      (name) => ({ query: `?${PARAMETERS}`, files: files(ca.issue({ name, expired: true })) }),
    ],
    [
      'of another user',
      /^The server rejected the client certificate \(28000\)\..*issued for this user/,
      () => ({ query: `?${PARAMETERS}`, files: files(ca.issue({ name: 'somebody' })) }),
    ],
    [
      'with the key of another one',
      /^The client certificate or key is invalid \(\w+\)\./,
      (name) => ({
        query: `?${PARAMETERS}`,
        files: files({ cert: ca.issue({ name }).cert, key: ca.issue({ name }).key }),
      }),
    ],
    [
      'that is no certificate',
      /^The client certificate or key is invalid \(\w+\)\./,
      (name) => ({ query: `?${PARAMETERS}`, files: files({ cert: 'garbage', key: ca.issue({ name }).key }) }),
    ],
  ])('%s is reported with its fix', async (_what, expected, given) => {
    const { name, connect } = await asCertified();
    expect(await connect(given(name))).toMatch(expected);
  });
});
